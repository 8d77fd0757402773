"""Starts workers quickly: takes lines of arguments, and runs ``cpe-worker`` with them in a fork each.

Prints ``ready``, then the id of each process. They write to standard error.
"""

from __future__ import annotations

import os
import signal
import sys

import cpe.cli.worker
import cpe.daemons.assembly

__all__ = ["main"]


def main() -> None:
    """Serve until standard input ends."""
    # Those that are killed are not waited for.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)  # noqa: T201 - the pipe is the interface
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(2, 1)
            sys.argv = ["cpe-worker", *line.split()]
            cpe.cli.worker.main()
            os._exit(0)
        print(child, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
