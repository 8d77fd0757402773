"""The process in which strangers' pictures and documents are read: what it cannot do to the worker."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from PIL import Image

from activities.sandbox.bounded import Bench
from cpe.activity import Cancellation
from cpe.errors import ActivityError, InvalidInput, LeaseLost

_WORK = "activities.pictures.picture_work"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    Image.new("RGB", (90, 90)).save(tmp_path / "small", "PNG")
    os.mkfifo(tmp_path / "endless")  # whoever reads it waits for ever
    return Bench(directory=tmp_path, cancellation=Cancellation(), seconds=60)


def _bench(like: Bench, **changes: object) -> Bench:
    values = {name: getattr(like, name) for name in ("directory", "cancellation", "seconds", "memory")}
    return Bench(**(values | changes))


@contextmanager
def _once_it_runs(act: object) -> Iterator[None]:
    """Do something with the process as soon as it is there."""
    assert callable(act)

    def watch() -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for child in psutil.Process().children(recursive=True):
                if any(part.endswith("bounded_child.py") for part in _command(child)):
                    act(child)
                    return

    thread = threading.Thread(target=watch)
    thread.start()
    yield
    thread.join()


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:  # it has just ended
        return []


def test_it_answers(bench: Bench) -> None:
    assert bench.run(_WORK, {"file": "small"})["width"] == 90


def test_time_is_limited(bench: Bench) -> None:
    with pytest.raises(InvalidInput, match=r"within 0\.05 s") as caught:
        _bench(bench, seconds=0.05).run(_WORK, {"file": "endless"})
    assert caught.value.code == "INPUT_TOO_COMPLEX"


def test_memory_is_limited(bench: Bench) -> None:
    Image.new("RGB", (9000, 9000)).save(bench.directory / "large", "PNG", compress_level=1)
    with pytest.raises(InvalidInput, match="more memory") as caught:
        _bench(bench, memory=250 * 1024**2).run(_WORK, {"file": "large"})
    assert caught.value.code == "INPUT_TOO_COMPLEX"
    assert _bench(bench, memory=250 * 1024**2).run(_WORK, {"file": "small"})["height"] == 90


@pytest.mark.parametrize(
    ("number", "code", "retryable"),
    [
        (signal.SIGSEGV, "INPUT_UNDECODABLE", False),
        (signal.SIGABRT, "INPUT_UNDECODABLE", False),
        (signal.SIGKILL, "PROCESS_KILLED", True),
    ],
)
def test_a_crash_stays_there(bench: Bench, number: signal.Signals, code: str, retryable: bool) -> None:
    with (
        _once_it_runs(lambda child: child.send_signal(number)),
        pytest.raises(ActivityError) as caught,
    ):
        bench.run(_WORK, {"file": "endless"})
    assert (caught.value.code, caught.value.retryable) == (code, retryable)


def test_it_stops_when_the_task_does(bench: Bench) -> None:
    others = set(psutil.Process().children())  # daemons of other tests in this process
    with (
        _once_it_runs(lambda child: bench.cancellation.request(LeaseLost("the lease is gone"))),
        pytest.raises(LeaseLost),
    ):
        bench.run(_WORK, {"file": "endless"})
    assert not [child for child in set(psutil.Process().children()) - others if child.is_running()]


def test_it_does_no_other_work(bench: Bench) -> None:
    with pytest.raises(ActivityError, match="does no such work") as caught:
        bench.run("os", {"file": "small"})
    assert caught.value.code == "PROCESS_FAILED"


def test_a_fault_of_ours_is_told_as_such(bench: Bench) -> None:
    with pytest.raises(ActivityError, match="No such file") as caught:
        bench.run(_WORK, {"file": "missing"})
    assert caught.value.code == "PROCESS_FAILED"
