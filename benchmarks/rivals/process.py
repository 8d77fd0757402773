"""A decider's processes: started, watched, ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

_TAIL = 500
_QUIET, _PATIENCE = 0.3, 10.0


class DeciderProcess:
    """One decider, with all processes that it starts.

    Args:
        process: What was started.
        log: Takes what it prints.
    """

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def running(self) -> bool:
        """False once it has ended by itself."""
        return self._process.poll() is None

    def last_words(self) -> str:
        """Tell the end of what it printed."""
        return self._log.read_text(errors="replace")[-_TAIL:].strip()

    def cpu_seconds(self) -> float:
        """Tell the CPU time used so far, in user and system mode, that of its children included."""
        return sum(map(_cpu_seconds, self._tree()))

    def wait_until_idle(self) -> None:
        """Wait until it has used no CPU for a moment: it has written its logs, reaped its children, polls."""
        end = time.monotonic() + _PATIENCE
        before = -1.0
        while (now := self.cpu_seconds()) > before and time.monotonic() < end:
            before = now
            time.sleep(_QUIET)

    def end(self) -> None:
        """Kill it and what it started: they are a process group of their own."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _tree(self) -> list[psutil.Process]:
        if not self.running:
            return []
        root = psutil.Process(self._process.pid)
        return [root, *root.children(recursive=True)]


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Iterator[DeciderProcess]:
    """Run a command for a block."""
    log = folder / "decider.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    decider = DeciderProcess(process, log)
    try:
        yield decider
    finally:
        decider.end()


def _cpu_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:  # its parent has its time now
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)
