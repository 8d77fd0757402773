"""Runs a command line so that it cannot outlive whoever started it.

``python -m cpe.stack.launch MODULE:FUNCTION PROGRAM ARGUMENT…`` calls the function as the program's console
script would. Standard input is a pipe whose other end only the starter holds. When the starter ends, by
whatever signal, the pipe closes and this process is killed with all of its process group.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading


def main() -> None:
    """Tie this process to its starter, then run the command line."""
    target, *sys.argv = sys.argv[1:]
    threading.Thread(target=_await_starter, args=(_take_stdin(),), name="launch", daemon=True).start()
    module, _, function = target.partition(":")
    getattr(importlib.import_module(module), function)()


def _take_stdin() -> int:
    """Keep the pipe from the program and from whatever it starts."""
    pipe = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return pipe


def _await_starter(pipe: int) -> None:
    while os.read(pipe, 1):
        pass
    # A process that leads no group shares it with strangers.
    kill = os.killpg if os.getpgrp() == os.getpid() else os.kill
    kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
