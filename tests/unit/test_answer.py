"""How an attempt ended, as SWF is told."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from cpe.daemons.answer import Answer, Verdict
from cpe.daemons.heartbeat import heartbeat_interval
from cpe.errors import ActivityCancelled, ActivityError, InvalidInput, LeaseLost, WorkerStopped
from cpe.protocol.references import MAX_SWF_DATA


def test_a_result_is_compact_json() -> None:
    answer = Answer.of_result({"name": "Zoë", "sizes": (1, 2)})
    assert (answer.verdict, answer.result) == (Verdict.COMPLETED, '{"name":"Zoë","sizes":[1,2]}')


@pytest.mark.parametrize("result", [object(), float("nan"), {"a": b"bytes"}, "\ud800"])
def test_what_is_no_json_fails(result: Any) -> None:
    answer = Answer.of_result(result)
    assert (answer.verdict, answer.reason) == (Verdict.FAILED, "RESULT_INVALID")


def test_a_result_has_swfs_room() -> None:
    assert Answer.of_result("x" * (MAX_SWF_DATA - 2)).packed(lambda text: text).verdict is Verdict.COMPLETED
    answer = Answer.of_result("x" * (MAX_SWF_DATA - 1)).packed(lambda text: text)
    assert (answer.verdict, answer.reason) == (Verdict.FAILED, "RESULT_TOO_LARGE")
    assert "CPE_PAYLOADS" in answer.details


def test_a_large_result_goes_by_reference() -> None:
    answer = Answer.of_result("x" * MAX_SWF_DATA).packed(lambda text: f"[{len(text)}]")
    assert (answer.verdict, answer.result) == (Verdict.COMPLETED, f"[{MAX_SWF_DATA + 2}]")


def test_a_failure_is_not_packed() -> None:
    answer = Answer.failed("BROKEN", "x" * MAX_SWF_DATA)
    assert answer.packed(lambda _: "") == answer


@pytest.mark.parametrize(
    ("error", "reason", "details"),
    [
        (InvalidInput("no such preset"), "INPUT_INVALID", "no such preset"),
        (ActivityError("no", code="FFMPEG_FAILED"), "FFMPEG_FAILED", "no"),
        # Not asked for by anybody: SWF takes a cancellation only after it was requested.
        (ActivityCancelled("stop"), "ACTIVITY_CANCELLED", "stop"),
        (OSError(errno.ENOSPC, "No space"), "SCRATCH_FULL", "the worker's scratch directory is full"),
    ],
)
def test_errors(error: Exception, reason: str, details: str) -> None:
    assert Answer.of_error(error) == Answer(verdict=Verdict.FAILED, reason=reason, details=details)


def test_the_text_of_an_unforeseen_error_is_not_told() -> None:
    answer = Answer.of_error(RuntimeError("password=hunter2"))
    assert answer.reason == "ACTIVITY_FAILED"
    assert "RuntimeError" in answer.details
    assert "hunter2" not in answer.details


@pytest.mark.parametrize(
    ("reason", "verdict"),
    [
        (ActivityCancelled("stop"), Verdict.CANCELED),
        (LeaseLost("gone"), Verdict.ABANDONED),
        (WorkerStopped("bye"), Verdict.FAILED),
    ],
)
def test_stops(reason: ActivityError, verdict: Verdict) -> None:
    answer = Answer.of_stop(reason)
    assert (answer.verdict, answer.reason) == (verdict, reason.code)


@pytest.mark.parametrize(
    ("timeout", "seconds"), [("15", 5), ("60", 10), ("3600", 10), ("1", 1), ("NONE", 10), (None, 10)]
)
def test_heartbeat_intervals(timeout: str | None, seconds: float) -> None:
    assert heartbeat_interval(timeout) == seconds
