"""Runs FFmpeg and FFprobe. Nothing else in the activities starts a process.

A run has a list of arguments and no shell, an environment of its own with no credentials, no standard input,
a session and process group of its own, and a time limit. It ends

- at once when its activity is cancelled: TERM to the group, KILL two seconds later;
- with the worker, ``kill -9`` included: ``child.py`` asks the kernel for it (PR_SET_PDEATHSIG). The kernel
  looks at the *thread* that started the process. That is the thread in :func:`run`, which leaves only after
  the process has ended, so a worker's thread that ends never takes a running FFmpeg with it.

What a run may use and reach is limited by the kernel, see :mod:`activities.sandbox`.
"""

from __future__ import annotations

import errno
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from activities.sandbox.limits import Limits, described
from activities.sandbox.quota import QuotaWatch, disk_full, quota_exceeded
from cpe.activity import Cancellation
from cpe.errors import ActivityError

_CHILD = Path(__file__).with_name("child.py")
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

_TERM_GRACE = 2.0
"""Seconds between TERM and KILL."""

_TICK = 0.5
"""Seconds between looks at the clock while FFmpeg says nothing."""

_PROCESSOR_GRACE = 60
"""Seconds of processor time beyond all that there can be within the time limit."""

_CHUNK = 65_536
_MAX_OUTPUT = 16 * 1024 * 1024
"""Bytes of standard output that are kept; FFprobe's answer to a hostile file must not fill the memory."""

_STDERR_KEPT = 16_384
_TAIL_LINES = 4
_TAIL_LENGTH = 600

_STATUSES = 256
_WORDS = {
    errno.ENOSPC: ("No space left on device",),
    errno.EFBIG: ("File too large",),
    errno.ENOMEM: ("Cannot allocate memory", "Out of memory"),
}


class FFmpegError(ActivityError):
    """A run that did not succeed.

    `tail` is the end of what it said, fit for people; `status` its exit status, negative for a signal.
    """

    default_code = "FFMPEG_FAILED"

    def __init__(
        self,
        message: str,
        *,
        tail: str,
        code: str | None = None,
        retryable: bool = False,
        status: int | None = None,
    ) -> None:
        super().__init__(f"{message}: {tail}" if tail else f"{message}.", code=code, retryable=retryable)
        self.tail = tail
        self.status = status


def run(
    program: Path,
    arguments: Sequence[str],
    *,
    directory: Path,
    cancellation: Cancellation,
    time_limit: float,
    limits: Limits | None = None,
    environment: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] | None = None,
) -> str:
    """Run a program to its end, in the sandbox, and return its standard output.

    Args:
        program: The program's path.
        arguments: Its arguments.
        directory: Where it runs, and the one place where it may write; file names among the arguments are
            relative to it.
        cancellation: Stops it at once.
        time_limit: Seconds after which it is stopped.
        limits: What it may use; None for as much as there is.
        environment: Variables that it has besides ``PATH``, ``LC_ALL`` and ``TZ``.
        on_line: Takes each line of standard output as it comes; nothing is returned then. What it raises
            stops the program.

    Raises:
        ActivityError: The reason of the cancellation.
        FFmpegError: It failed (``FFMPEG_FAILED``), took too long (``FFMPEG_TIMEOUT``), wanted more memory
            than it may have (``FFMPEG_OUT_OF_MEMORY``), or was killed by somebody (``FFMPEG_KILLED``,
            retryable).
        ActivityError: The disk is full (``DISK_FULL``, retryable), or its directory holds more than it may
            (``DISK_QUOTA``).
    """
    limits = limits or Limits()
    cancellation.check()
    words = described(
        limits,
        program=program,
        directory=directory,
        processor_seconds=int(time_limit * (os.cpu_count() or 1)) + _PROCESSOR_GRACE,
    )
    child = (sys.executable, "-I", "-S", str(_CHILD), str(os.getpid()), *words, "--")
    process = subprocess.Popen(
        [*child, str(program), *arguments],
        cwd=directory,
        env={**_ENVIRONMENT, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    group = _Group(process)
    output = _Output(on_line)
    try:
        with cancellation.calling(group.terminate):
            timed_out = _follow(
                process,
                group,
                output,
                cancellation=cancellation,
                time_limit=time_limit,
                quota=QuotaWatch(directory, limits.scratch),
            )
    except BaseException:
        group.kill()
        raise
    finally:
        group.end()
    cancellation.check()
    if timed_out:
        raise FFmpegError(
            f"{program.name} did not end within {time_limit:g} s and was stopped",
            tail=output.tail,
            code="FFMPEG_TIMEOUT",
        )
    if process.returncode != 0:
        raise _failure(program.name, process.returncode, output.tail, limits)
    return output.text


def _follow(
    process: subprocess.Popen[bytes],
    group: _Group,
    output: _Output,
    *,
    cancellation: Cancellation,
    time_limit: float,
    quota: QuotaWatch,
) -> bool:
    """Read both pipes until the process closed them; return whether its time was up."""
    deadline = time.monotonic() + time_limit
    kill_at: float | None = None
    timed_out = False
    with selectors.DefaultSelector() as selector:
        for pipe, take in ((process.stdout, output.take), (process.stderr, output.complain)):
            if pipe is not None:
                selector.register(pipe.fileno(), selectors.EVENT_READ, take)
        while selector.get_map():
            for key, _ in selector.select(_TICK):
                data = os.read(key.fd, _CHUNK)
                if data:
                    key.data(data)
                else:
                    selector.unregister(key.fd)
            now = time.monotonic()
            quota.check(now)
            if kill_at is None and (cancellation.requested or now >= deadline):
                timed_out = not cancellation.requested
                group.terminate()
                kill_at = now + _TERM_GRACE
            elif kill_at is not None and now >= kill_at:
                group.kill()
    return timed_out


class _Group:
    """The process group of one run.

    A process id may go to somebody else once its process was waited for. So signals and the waiting exclude
    each other, and no signal is sent after it.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._lock = threading.Lock()

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def end(self) -> None:
        """Wait for the process, which has closed its pipes or was killed."""
        with self._lock:
            try:
                self._process.wait(timeout=_TERM_GRACE)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def _send(self, number: signal.Signals) -> None:
        with self._lock:
            if self._process.returncode is None:
                # macOS refuses a signal to a group whose only member has just ended.
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, number)


class _Output:
    """What one run prints: standard output whole or line by line, the end of standard error."""

    def __init__(self, on_line: Callable[[str], None] | None) -> None:
        self._on_line = on_line
        self._stdout = bytearray()
        self._stderr = bytearray()

    def take(self, data: bytes) -> None:
        self._stdout += data
        if self._on_line is not None:
            *lines, rest = self._stdout.split(b"\n")
            self._stdout = rest
            for line in lines:
                self._on_line(line.decode("utf-8", "replace"))
        if len(self._stdout) > _MAX_OUTPUT:
            raise FFmpegError("FFmpeg printed more than can be read", tail="", code="FFMPEG_OUTPUT_TOO_LONG")

    def complain(self, data: bytes) -> None:
        self._stderr = (self._stderr + data)[-_STDERR_KEPT:]

    @property
    def text(self) -> str:
        return "" if self._on_line else self._stdout.decode("utf-8", "replace")

    @property
    def tail(self) -> str:
        """The last different lines of standard error, printable, in one line.

        They hold nothing secret: FFmpeg sees names in the scratch directory only, no addresses and no keys.
        """
        lines = self._stderr.decode("utf-8", "replace").splitlines()
        last = list(dict.fromkeys(line.strip() for line in lines if line.strip()))[-_TAIL_LINES:]
        text = "; ".join(last)[-_TAIL_LENGTH:]
        return "".join(character if character.isprintable() else "?" for character in text)


def _failure(name: str, status: int, tail: str, limits: Limits) -> ActivityError:
    if _is(errno.ENOSPC, status, tail):
        return disk_full()
    if _is(errno.EFBIG, status, tail) and limits.scratch is not None:
        return quota_exceeded(limits.scratch)
    if _is(errno.ENOMEM, status, tail):
        return FFmpegError(
            f"{name} wants more memory than it may have; raise max_memory_bytes in the activity's settings, "
            "or make fewer or smaller outputs in one job",
            tail=tail,
            code="FFMPEG_OUT_OF_MEMORY",
            status=status,
        )
    if status < 0:
        return FFmpegError(
            f"{name} was killed by signal {-status}; the machine may be short of memory",
            tail=tail,
            code="FFMPEG_KILLED",
            retryable=True,
            status=status,
        )
    return FFmpegError(f"{name} failed with status {status}", tail=tail, status=status)


def _is(number: int, status: int, tail: str) -> bool:
    """Tell whether FFmpeg ended with an error of the system, by its exit status or its words."""
    # The words are those of the C library that it was linked with.
    return status == _STATUSES - number or any(words in tail for words in _WORDS[number])
