"""Runs side by side: what becomes of the others when one fails."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from activities.ffmpeg.crew import Crew
from activities.ffmpeg.tools import Tools
from activities.ffmpeg.workshop import Workshop
from cpe.activity import Cancellation
from cpe.errors import ActivityCancelled, ActivityError, LeaseLost

_NOWHERE = Path("/nonexistent")
_LONG = 60.0


def _workshop() -> Workshop:
    return Workshop(
        tools=Tools(ffmpeg=_NOWHERE, ffprobe=_NOWHERE),
        directory=_NOWHERE,
        cancellation=Cancellation(),
        encode_seconds=_LONG,
    )


def _until_cancelled(workshop: Workshop, began: threading.Event | None = None) -> str:
    stopped = threading.Event()
    with workshop.cancellation.calling(stopped.set):
        if began is not None:
            began.set()
        assert stopped.wait(_LONG)
    workshop.cancellation.check()
    return "went on"


def test_results_come_in_order() -> None:
    with Crew.of(_workshop(), 2) as crew:
        assert crew.all_of([lambda: 1, lambda: 2, lambda: 3]) == [1, 2, 3]


def test_one_failure_ends_the_others_and_is_the_one_told() -> None:
    def fail() -> str:
        raise ActivityError("no such codec", code="FFMPEG_FAILED")

    with Crew.of(_workshop(), 2) as crew, pytest.raises(ActivityError) as caught:
        crew.all_of([lambda: _until_cancelled(crew.workshop), fail, fail])
    assert caught.value.code == "FFMPEG_FAILED"


def test_the_task_s_cancellation_ends_all_for_its_reason() -> None:
    workshop, began = _workshop(), threading.Event()

    def cancel() -> str:
        assert began.wait(_LONG)
        workshop.cancellation.request(LeaseLost("heartbeat refused"))
        return "cancelled"

    with Crew.of(workshop, 2) as crew, pytest.raises(LeaseLost):
        crew.all_of([lambda: _until_cancelled(crew.workshop, began), cancel])


def test_a_failure_cancels_the_crew_only() -> None:
    workshop = _workshop()

    def fail() -> None:
        raise ActivityCancelled("asked to")

    with Crew.of(workshop, 1) as crew, pytest.raises(ActivityCancelled):
        crew.all_of([fail])
    assert not workshop.cancellation.requested
