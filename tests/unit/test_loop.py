"""The loop of all daemons, with time that tests move."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from structlog.testing import capture_logs

from cpe.daemons.backoff import Backoff, persist
from cpe.daemons.loop import Loop, Stop
from cpe.errors import AwsError, ConfigError
from cpe.logs import get_logger

PASSING = AwsError("throttled", code="THROTTLED", retryable=True)
FINAL = AwsError("not allowed", code="ACCESS_DENIED")


class Time:
    """A clock that only waiting moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def run(
    answers: Iterable[str | Exception | None],
    handle: Callable[[str], None] = lambda _: None,
    *,
    poll_seconds: float = 60.0,
) -> tuple[Time, list[Any]]:
    """Run a loop whose polls give these answers; the last poll comes with the stop."""
    time, stop, pending = Time(), Stop(), list(answers)

    def poll() -> str | None:
        time.now += poll_seconds
        answer = pending.pop(0)
        if not pending:
            stop.drain()
        if isinstance(answer, Exception):
            raise answer
        return answer

    with capture_logs() as logs:
        Loop(
            name="test",
            poll=poll,
            handle=handle,
            stop=stop,
            log=get_logger(),
            backoff=Backoff(first=1, most=8, draw=lambda: 1.0),
            clock=time,
            wait=time.wait,
        ).run()
    assert not pending
    return time, logs


def test_items_are_handled_in_order() -> None:
    seen: list[str] = []
    time, logs = run(["a", None, "b", "c"], seen.append)
    assert seen == ["a", "b", "c"]  # the last one came with the stop: it is ours all the same
    assert (time.waits, logs) == ([], [])


def test_passing_faults_are_waited_out_longer_and_longer() -> None:
    time, logs = run([PASSING] * 6)
    assert time.waits == [1, 2, 4, 8, 8, 8]
    assert {(line["event"], line["log_level"], line["code"]) for line in logs} == {
        ("poll_failed", "warning", "THROTTLED")
    }


def test_an_answer_ends_the_backing_off() -> None:
    time, _ = run([PASSING, PASSING, None, PASSING])
    assert time.waits == [1, 2, 1]


def test_a_refusal_is_an_error_and_waits_longest() -> None:
    time, logs = run([FINAL, FINAL])
    assert time.waits == [8, 8]
    assert {line["log_level"] for line in logs} == {"error"}


def test_an_endpoint_that_answers_at_once_does_not_make_it_spin() -> None:
    time, _ = run([None] * 3, poll_seconds=0.25)
    assert time.waits == [0.75] * 3


def test_what_only_an_operator_can_mend_ends_the_loop() -> None:
    with pytest.raises(ConfigError):
        run([ConfigError("credentials refused"), None])


@pytest.mark.parametrize(("error", "wait"), [(ValueError("bug"), 0), (PASSING, 1), (FINAL, 0)])
def test_a_fault_in_one_item_ends_nothing(error: Exception, wait: float) -> None:
    seen: list[str] = []

    def handle(item: str) -> None:
        seen.append(item)
        if item == "bad":
            raise error

    time, logs = run(["bad", "good"], handle)
    assert seen == ["bad", "good"]
    assert [line["event"] for line in logs] == ["handle_failed"]
    assert time.waits == [wait]


def test_jitter_draws_from_the_upper_half() -> None:
    assert Backoff(first=2, draw=lambda: 0.0).next() == 1
    assert Backoff(first=2, draw=lambda: 0.5).next() == 1.5


def test_backing_off_never_overflows() -> None:
    backoff = Backoff(most=30, draw=lambda: 1.0)
    assert {backoff.next() for _ in range(2000)} == {0.5, 1, 2, 4, 8, 16, 30}


def failing(*errors: AwsError) -> Callable[[], str]:
    pending = list(errors)

    def call() -> str:
        if pending:
            raise pending.pop(0)
        return "done"

    return call


def test_persist_outlasts_passing_faults() -> None:
    time = Time()
    assert persist(failing(PASSING, PASSING), attempts=3, wait=time.wait) == "done"
    assert len(time.waits) == 2


@pytest.mark.parametrize(("errors", "waits"), [((FINAL,), 0), ((PASSING, PASSING, PASSING), 2)])
def test_persist_gives_up(errors: tuple[AwsError, ...], waits: int) -> None:
    time = Time()
    with pytest.raises(AwsError):
        persist(failing(*errors), attempts=3, wait=time.wait)
    assert len(time.waits) == waits
