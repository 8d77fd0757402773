"""Keeps programs running until told to stop.

Each program is a process with a process group of its own, so that a Ctrl-C in the terminal reaches the
supervisor alone. Two threads stand by each process: one passes its output on line by line, one waits for
its end. Everything else happens in the thread that calls `Supervisor.run`.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import monotonic

RESTART_FIRST = 0.5
RESTART_MOST = 30.0
"""Seconds until a program that died is started again: the first time, and at most."""

SETTLED = 30.0
"""A program that ran so many seconds counts as sound: its next restart is quick again."""

KILL_WAIT = 5.0
"""Seconds that the end of a killed process is waited for."""

EXIT_CONFIGURATION = 2
"""The exit code of CPE's daemons for what an operator has to correct: no restart can mend it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run: a name for people, and the whole command line."""

    name: str
    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a stop waits, in seconds, before it gets rougher.

    Attributes:
        drain: From the first SIGTERM (finish what runs) to the second.
        abort: From the second SIGTERM (hand back what runs) to SIGKILL.
    """

    drain: float = 3.0
    abort: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A process that ended: its exit code, negative for a signal."""

    name: str
    exit_code: int


class Stopped:
    """Somebody called `Supervisor.stop`."""


class Supervisor:
    """Starts programs, starts them again when they die, stops them in order.

    Args:
        programs: What to run; started in this order, stopped in reverse.
        on_line: Gets each line of output, standard error included: the program's name and the line. Several
            threads call it.
        on_event: Gets what happens to a program: its name, a stable event name, a note for people.
        patience: How long a stop waits.

    Example:
        >>> supervisor = Supervisor(
        ...     [Program(name="clock", argv=("date",))], on_line=print, on_event=print
        ... )  # doctest: +SKIP
        >>> supervisor.run()  # doctest: +SKIP
    """

    def __init__(
        self,
        programs: Iterable[Program],
        *,
        on_line: Callable[[str, str], None],
        on_event: Callable[[str, str, str], None],
        patience: Patience | None = None,
    ) -> None:
        self._programs = {program.name: program for program in programs}
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self._readers: list[threading.Thread] = []
        self._started: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._restarts: dict[str, float] = {}
        # SimpleQueue.put may be called from a signal handler.
        self._news: queue.SimpleQueue[Ended | type[Stopped]] = queue.SimpleQueue()
        self._on_line = on_line
        self._on_event = on_event
        self._patience = patience or Patience()

    def stop(self) -> None:
        """Ask `run` to return. Safe in a signal handler; each further call skips a stage of `Patience`."""
        self._news.put(Stopped)

    def run(self, *, before_stop: Callable[[], None] = lambda: None) -> int:
        """Run all programs until `stop`, or until one cannot run at all.

        Args:
            before_stop: Called once every program was asked to end, before they are waited for.

        Returns:
            0, or the exit code of the program that refused its configuration.
        """
        try:
            for name in self._programs:
                self._start(name)
            exit_code = self._supervise()
        finally:
            self._stop_all(before_stop)
        return exit_code

    def _supervise(self) -> int:
        while True:
            news = self._next()
            if news is Stopped:
                return 0
            if isinstance(news, Ended):
                self._forget(news.name)
                if news.exit_code == EXIT_CONFIGURATION:
                    self._on_event(news.name, "program_refused", "it cannot run like this; everything stops")
                    return news.exit_code
                self._plan_restart(news)
            for name in [name for name, moment in self._restarts.items() if moment <= monotonic()]:
                del self._restarts[name]
                self._start(name)

    def _next(self) -> Ended | type[Stopped] | None:
        """Wait for news, or until a restart is due."""
        due = min(self._restarts.values(), default=None)
        try:
            return self._news.get(timeout=None if due is None else max(0.0, due - monotonic()))
        except queue.Empty:
            return None

    def _start(self, name: str) -> None:
        process = subprocess.Popen(
            self._programs[name].argv,
            stdin=subprocess.PIPE,  # cpe.stack.launch watches it: it closes when this process ends
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            process_group=0,
        )
        self._processes[name] = process
        self._started[name] = monotonic()
        reader = threading.Thread(target=self._read, args=(name, process), daemon=True)
        self._readers = [*(thread for thread in self._readers if thread.is_alive()), reader]
        reader.start()
        threading.Thread(target=self._wait, args=(name, process), daemon=True).start()

    def _read(self, name: str, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None  # noqa: S101 - Popen was asked for a pipe
        with process.stdout as lines:
            for line in lines:
                try:
                    self._on_line(name, line.rstrip("\n"))
                except BrokenPipeError:  # nobody reads what is written any more
                    self.stop()

    def _wait(self, name: str, process: subprocess.Popen[str]) -> None:
        self._news.put(Ended(name=name, exit_code=process.wait()))

    def _plan_restart(self, ended: Ended) -> None:
        if monotonic() - self._started[ended.name] >= SETTLED:
            self._failures[ended.name] = 0
        failures = self._failures.get(ended.name, 0)
        delay = min(RESTART_FIRST * 2.0 ** min(failures, 16), RESTART_MOST)
        self._failures[ended.name] = failures + 1
        self._restarts[ended.name] = monotonic() + delay
        self._on_event(
            ended.name, "program_died", f"it {_how(ended.exit_code)}; it is started again in {delay:g} s"
        )

    def _stop_all(self, before_stop: Callable[[], None]) -> None:
        self._restarts.clear()
        self._signal(signal.SIGTERM)
        before_stop()
        self._await_all(self._patience.drain, hurry=True)
        self._signal(signal.SIGTERM)
        self._await_all(self._patience.abort, hurry=True)
        # The group too: what a program left behind ends with it.
        self._signal(signal.SIGKILL)
        self._await_all(KILL_WAIT, hurry=False)
        for reader in self._readers:
            reader.join(timeout=1.0)

    def _await_all(self, seconds: float, *, hurry: bool) -> None:
        """Wait until every process has ended, but at most so long; with `hurry`, a `stop` cuts it short."""
        deadline = monotonic() + seconds
        while self._processes:
            try:
                news = self._news.get(timeout=max(0.0, deadline - monotonic()))
            except queue.Empty:
                return
            if isinstance(news, Ended):
                self._forget(news.name)
            elif hurry:
                return

    def _forget(self, name: str) -> None:
        """Let go of a process that has ended, and kill what it left behind in its group."""
        process = self._processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        if process.stdin is not None:
            process.stdin.close()

    def _signal(self, number: signal.Signals) -> None:
        for process in reversed(list(self._processes.values())):
            if number != signal.SIGKILL:
                process.send_signal(number)
                continue
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)


def _how(exit_code: int) -> str:
    if exit_code < 0:
        return f"was killed by {signal.Signals(-exit_code).name}"
    return f"ended with exit code {exit_code}"
