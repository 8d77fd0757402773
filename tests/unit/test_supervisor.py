"""The supervisor, with small programs of Python."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from cpe.stack.supervisor import Patience, Program, Supervisor

DEADLINE = 100.0
ECHO = "print('up', flush=True); import signal; signal.pause()"
POLITE = "import signal; signal.signal(15, lambda *_: exit(print('bye', flush=True))); " + ECHO
STUBBORN = (
    "import signal; signal.signal(15, signal.SIG_IGN); print('up', flush=True)\nwhile True: signal.pause()"
)
HURRIED = """
import signal, sys
signals = []
signal.signal(15, lambda *_: signals.append(15))
print("up", flush=True)
while len(signals) < 2:
    signal.pause()
print("handed back", flush=True)
"""


def program(code: str, name: str = "child") -> Program:
    return Program(name=name, argv=(sys.executable, "-c", code))


class Running:
    """A supervisor in a thread, and what it says."""

    def __init__(self, *programs: Program, patience: Patience | None = None) -> None:
        self.said: queue.SimpleQueue[tuple[str, ...]] = queue.SimpleQueue()
        self.exit_code: int | None = None
        self.supervisor = Supervisor(
            programs,
            on_line=lambda name, line: self.said.put((name, line)),
            on_event=lambda name, event, note: self.said.put((name, event, note)),
            patience=patience or Patience(drain=0.2, abort=0.2),
        )
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        self.exit_code = self.supervisor.run()

    def wait_for(self, *words: str) -> None:
        """Read what is said until something starts with these words."""
        while self.said.get(timeout=DEADLINE)[: len(words)] != words:
            pass

    def stop(self) -> None:
        self.supervisor.stop()
        self.thread.join(timeout=DEADLINE)
        assert not self.thread.is_alive()


@contextmanager
def running(*programs: Program, patience: Patience | None = None) -> Iterator[Running]:
    run = Running(*programs, patience=patience)
    run.thread.start()
    try:
        yield run
    finally:
        run.stop()


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until_dead(pid: int) -> None:
    deadline = time.monotonic() + DEADLINE
    while is_alive(pid):
        assert time.monotonic() < deadline, f"process {pid} lives on"
        time.sleep(0.01)


def test_output_arrives_line_by_line_with_the_programs_name() -> None:
    code = "import sys; print('ä', flush=True); print('oops', file=sys.stderr, flush=True); " + ECHO
    with running(program(code, "a"), program(ECHO, "b")) as run:
        said = {run.said.get(timeout=DEADLINE) for _ in range(4)}
    assert said == {("a", "ä"), ("a", "oops"), ("a", "up"), ("b", "up")}


def test_a_polite_program_ends_by_itself() -> None:
    with running(program(POLITE), patience=Patience(drain=60, abort=10)) as run:
        run.wait_for("child", "up")
    run.wait_for("child", "bye")
    assert run.exit_code == 0


def test_the_second_signal_hurries() -> None:
    with running(program(HURRIED), patience=Patience(drain=0.1, abort=60)) as run:
        run.wait_for("child", "up")
    run.wait_for("child", "handed back")


def test_a_stubborn_program_is_killed_in_bounded_time() -> None:
    with running(program(STUBBORN)) as run:
        run.wait_for("child", "up")


def test_a_second_stop_does_not_wait() -> None:
    with running(program(STUBBORN), patience=Patience(drain=60, abort=60)) as run:
        run.wait_for("child", "up")
        for _ in range(3):
            run.supervisor.stop()
        run.thread.join(timeout=DEADLINE)
        assert not run.thread.is_alive()


def test_what_a_program_started_ends_with_it() -> None:
    code = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print(child.pid, flush=True)
"""
    with running(program(code)) as run:
        _, pid = run.said.get(timeout=DEADLINE)
        run.wait_for("child", "program_died")
        wait_until_dead(int(pid))


def test_a_program_that_dies_is_started_again_later_each_time() -> None:
    with running(program("exit(3)")) as run:
        run.wait_for("child", "program_died", "it ended with exit code 3; it is started again in 0.5 s")
        run.wait_for("child", "program_died", "it ended with exit code 3; it is started again in 1 s")


def test_a_killed_program_comes_back() -> None:
    code = "import os; print(os.getpid(), flush=True); " + POLITE
    with running(program(code)) as run:
        _, pid = run.said.get(timeout=DEADLINE)
        os.kill(int(pid), signal.SIGKILL)
        run.wait_for("child", "program_died", "it was killed by SIGKILL; it is started again in 0.5 s")
        _, second = run.said.get(timeout=DEADLINE)
        assert second != pid


def test_a_refused_configuration_stops_everything() -> None:
    with running(program("print('no such plan'); exit(2)", "decider"), program(POLITE, "worker")) as run:
        run.wait_for("decider", "program_refused")
        run.thread.join(timeout=DEADLINE)
        assert not run.thread.is_alive()
    assert run.exit_code == 2


def test_nobody_reading_ends_it() -> None:
    def broken(_name: str, _line: str) -> None:
        raise BrokenPipeError

    supervisor = Supervisor([program(POLITE)], on_line=broken, on_event=lambda *_: None)
    assert supervisor.run() == 0


LAUNCHER = """
import os, subprocess, sys
child = subprocess.Popen(
    [sys.executable, "-m", "cpe.stack.launch", "launched:main", "program", "--flag", "x"],
    stdin=subprocess.PIPE, process_group=0,
)
child.wait()
"""
LAUNCHED = """
import os, signal, subprocess, sys
def main():
    helper = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    print(os.getpid(), helper.pid, *sys.argv, repr(sys.stdin.read()), flush=True)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        signal.pause()
"""


def test_a_launched_program_dies_with_whoever_started_it(tmp_path: Path) -> None:
    (tmp_path / "launched.py").write_text(LAUNCHED)
    repository = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{repository}"}
    with subprocess.Popen(
        [sys.executable, "-c", LAUNCHER], stdout=subprocess.PIPE, text=True, env=environment
    ) as starter:
        assert starter.stdout is not None
        pid, helper, *rest = starter.stdout.readline().split()
        assert rest == ["program", "--flag", "x", "''"]
        assert is_alive(int(pid))
        starter.kill()
        wait_until_dead(int(pid))
        wait_until_dead(int(helper))


@pytest.mark.parametrize("name", ["a", "b"])
def test_each_program_has_a_group_of_its_own(name: str) -> None:
    code = "import os; print(os.getpgrp() == os.getpid() != os.getppid(), flush=True); " + ECHO
    with running(program(code, name)) as run:
        run.wait_for(name, "True")
