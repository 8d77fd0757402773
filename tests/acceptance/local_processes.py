"""`cpe local` in processes that are killed at the end."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# Takes lines of arguments, and runs `cpe` with them in a fork each; an empty line waits for the last one's end.
NURSERY = """
import os, sys
import cpe.cli.main, cpe.local.server
print("ready", flush=True)
for line in sys.stdin:
    if line.strip():
        child = os.fork()
        if child == 0:
            sys.argv = ["cpe", *line.split()]
            cpe.cli.main.main()
            os._exit(0)
        print(child, flush=True)
    else:
        os.waitpid(child, 0)
        print("gone", flush=True)
"""


class Nursery:
    """Runs `cpe` in processes that need not import it first."""

    def __init__(self) -> None:
        self._mother = subprocess.Popen(
            [sys.executable, "-c", NURSERY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._read() == "ready"

    @contextmanager
    def server(self, *arguments: str) -> Iterator[Server]:
        """A server; killed at the end of the block."""
        self._write(" ".join(arguments))
        pid = int(self._read())
        assert self._mother.stdout is not None
        try:
            yield Server(pid, self._mother.stdout)
        finally:
            os.kill(pid, signal.SIGKILL)
            self._write("")
            # What it wrote before its end, if nobody has read it.
            while self._read() != "gone":
                continue

    def close(self) -> None:
        with self._mother as mother:
            assert mother.stdin is not None
            mother.stdin.close()

    def _write(self, line: str) -> None:
        assert self._mother.stdin is not None
        self._mother.stdin.write(f"{line}\n")
        self._mother.stdin.flush()

    def _read(self) -> str:
        assert self._mother.stdout is not None
        return self._mother.stdout.readline().strip()


class Server:
    """A running `cpe local`."""

    def __init__(self, pid: int, output: Any) -> None:
        self.pid = pid
        self._output = output

    def endpoint(self) -> str:
        line = self._output.readline()
        assert line.startswith("{"), line
        return str(json.loads(line)["endpoint"])

    def starts_within(self, seconds: float) -> None:
        """Let it start for a moment."""
        select.select([self._output], [], [], seconds)


@contextmanager
def command(*arguments: str) -> Iterator[Server]:
    """A server as its users start it; killed at the end of the block."""
    with subprocess.Popen(
        [sys.executable, "-m", "cpe.cli.main", *arguments], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Server(process.pid, process.stdout)
        finally:
            process.kill()
