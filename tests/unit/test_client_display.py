"""The words in which the example clients show jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from client_example.client_poller import jobs_view
from client_example.demo_view import ActivityBars, outputs_table
from client_example.display import event_line
from cpe.client import Tracker
from cpe.protocol import ActivityRef, Event, EventType, WorkflowRef

RUN = WorkflowRef(workflow_id="ClientA.j1", run_id="r1")
STEP = ActivityRef(activity_id="Step", name="TranscodeAsset", version="v2")


def event(event_type: EventType, *, job_id: str | None = "j1", number: int = 1, **details: Any) -> Event:
    return Event(
        type=event_type,
        time=1_700_000_000.0 + number,
        event_id=f"e{number}",
        job_id=job_id,
        workflow=None if event_type in {EventType.COMMAND_REJECTED, EventType.JOB_LIST} else RUN,
        activity=STEP if event_type.is_activity else None,
        details=details,
    )


REPORT = {"output": "a.mp4", "duration": 10.0, "done": 4.2, "progress": 42, "speed": 3.14, "eta": 2.2}


@pytest.mark.parametrize(
    ("told", "line"),
    [
        (event(EventType.WORKFLOW_SCHEDULED, workflowType={}), "j1 WORKFLOW_SCHEDULED"),
        (event(EventType.ACTIVITY_STARTED), "j1 ACTIVITY_STARTED Step"),
        (
            event(EventType.ACTIVITY_PROGRESS, result=REPORT),
            "j1 ACTIVITY_PROGRESS Step 42% 4.2 of 10.0 s, 3.1x, 2 s left",
        ),
        (event(EventType.ACTIVITY_PROGRESS, result="odd"), "j1 ACTIVITY_PROGRESS Step working"),
        (event(EventType.ACTIVITY_COMPLETED, result={}), "j1 ACTIVITY_COMPLETED Step 100%"),
        (
            event(EventType.ACTIVITY_FAILED, result={"reason": "X", "details": "two\nlines"}),
            "j1 ACTIVITY_FAILED Step X: two lines",
        ),
        (event(EventType.WORKFLOW_FAILED, reason="Step: X"), "j1 WORKFLOW_FAILED Step: X"),
        (
            event(EventType.COMMAND_REJECTED, command="CANCEL_JOB", reason="NO", details="why"),
            "j1 COMMAND_REJECTED CANCEL_JOB NO: why",
        ),
        (
            event(
                EventType.COMMAND_REJECTED, job_id=None, command=None, reason="INVALID_JSON", details="why"
            ),
            "- COMMAND_REJECTED - INVALID_JSON: why",
        ),
    ],
)
def test_an_event_is_a_line(told: Event, line: str) -> None:
    assert event_line(told, Tracker().apply(told)) == f"2023-11-14T22:13:21Z {line}"


def test_jobs_are_shown_with_their_activities() -> None:
    tracker = Tracker()
    tracker.apply(event(EventType.WORKFLOW_SCHEDULED, workflowType={"name": "Transcode", "version": "1.0"}))
    tracker.apply(event(EventType.ACTIVITY_STARTED, number=2, input={"output_assets": [{}, {}]}))
    tracker.apply(event(EventType.ACTIVITY_PROGRESS, number=3, result=REPORT))
    tracker.apply(event(EventType.ACTIVITY_STARTED, number=4, job_id="[red]j2"))
    lines = shown(jobs_view(tracker.jobs()))
    assert lines[0] == "[red]j2  RUNNING"
    assert lines[2] == "j1  Transcode 1.0  RUNNING"
    assert lines[3].endswith("output 1 of 2: 4.2 of 10.0 s, 3.1x, 2 s left")


def test_the_demo_shows_a_bar_per_activity() -> None:
    console = Console(force_terminal=True, width=100)
    with console.capture() as capture, ActivityBars(console) as bars:
        tracker = Tracker()
        for told in (
            event(EventType.ACTIVITY_STARTED, number=1),
            event(EventType.ACTIVITY_PROGRESS, number=2, result=REPORT),
            event(EventType.ACTIVITY_FAILED, number=3, result={"reason": "X", "details": "why"}),
        ):
            state = tracker.apply(told)
            assert state is not None
            bars.show(state)
    assert "42%" in capture.get()
    assert "failed: X" in capture.get()


def test_the_demo_shows_what_was_made() -> None:
    video = {"size": 3 * 1024 * 1024, "width": 640, "height": 360, "duration": 65.5}
    outputs: list[dict[str, Any]] = [
        video | {"codecs": {"video": "h264", "audio": "aac"}},
        {"size": 2048, "width": 640, "height": 360, "duration": None, "codecs": {"video": "mjpeg"}},
    ]
    table = "\n".join(shown(outputs_table(outputs, [Path("a.mp4"), Path("a.jpg")])))
    assert "3.0 MiB │ h264, aac │ 640x360    │  1:05.50" in table
    assert "2.0 KiB │ mjpeg     │ 640x360    │        -" in table


def test_the_demo_breaks_no_name_on_a_usual_terminal() -> None:
    video = {"size": 470 * 1024, "width": 1280, "height": 720, "duration": 65.5, "codecs": {"video": "h264"}}
    made = Path("demo-output") / "bigbuckbunny-360p.mp4"
    table = shown(outputs_table([video], [made]), width=80)
    assert any("bigbuckbunny-360p.mp4" in line for line in table)
    assert table[0].strip() == "demo-output"


def shown(renderable: Any, *, width: int = 160) -> list[str]:
    console = Console(width=width, force_terminal=False)
    with console.capture() as capture:
        console.print(renderable)
    return [line.rstrip() for line in capture.get().splitlines()]
