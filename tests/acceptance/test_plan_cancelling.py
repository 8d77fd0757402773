"""Jobs that are asked to stop, wherever they stand, with real daemons on the local SWF."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cpe.client import JobStatus
from cpe.protocol import Event, EventType
from tests.acceptance.jobs import Jobs, child_of, pid_of, workflow_id
from tests.acceptance.site import PLANS
from tests.acceptance.stack import standing_still, until

FOR_EVER = {"for_ever": True}


def canceled(jobs: Jobs, job_id: str) -> Event:
    """Wait for the job's end; see that it was told once."""
    closed = jobs.closed(job_id)
    assert closed.type is EventType.WORKFLOW_CANCELED
    assert [event for event in jobs.heard(job_id) if event.type.closes_job] == [closed]
    assert jobs.state(job_id).status is JobStatus.CANCELED
    return closed


def activities(jobs: Jobs, job_id: str, kind: EventType) -> set[str]:
    """The activities that something was told of."""
    return {event.activity.activity_id for event in jobs.heard(job_id, kind) if event.activity}


def test_before_the_first_decision(jobs: Jobs) -> None:
    job_id = jobs.start("Endless", task_list="later")
    jobs.run_id(job_id)
    jobs.cancel(job_id)
    with jobs.stack.deciders("later", PLANS):
        canceled(jobs, job_id)
    assert not jobs.heard(job_id, EventType.ACTIVITY_SCHEDULED)


def test_an_activity_that_waits_for_a_worker(jobs: Jobs) -> None:
    job_id = jobs.start("Late", {"step": "Taken"})
    jobs.event(job_id, EventType.ACTIVITY_SCHEDULED, "Taken")
    jobs.cancel(job_id)
    canceled(jobs, job_id)
    assert activities(jobs, job_id, EventType.ACTIVITY_CANCELED) == {"Taken"}
    assert not jobs.heard(job_id, EventType.ACTIVITY_STARTED)


def test_an_activity_that_runs_is_stopped_though_it_is_asked_twice(jobs: Jobs) -> None:
    job_id = jobs.start("Endless")
    jobs.event(job_id, EventType.ACTIVITY_STARTED, "Long")
    # It hears of the first only after the second.
    with standing_still(pid_of(jobs.happened(job_id, "ActivityTaskStarted"))):
        jobs.cancel(job_id)
        jobs.happened(job_id, "ActivityTaskCancelRequested")
        jobs.cancel(job_id)
    canceled(jobs, job_id)
    kinds = [event["eventType"] for event in jobs.history(job_id)]
    assert kinds.count("WorkflowExecutionCancelRequested") == 2
    assert kinds.count("ActivityTaskCancelRequested") == kinds.count("ActivityTaskCanceled") == 1
    ended = until(
        lambda: [
            entry for entry in jobs.stack.logged("task_ended") if entry["workflowId"] == workflow_id(job_id)
        ],
        what="the end of the task",
    )
    assert [entry["verdict"] for entry in ended] == ["canceled"]


@pytest.mark.parametrize(
    ("workflow", "data"),
    [
        pytest.param("Patient", {"try": {"fail_times": 5}}, id="a pause between attempts"),
        pytest.param("Waits", {}, id="a wait"),
        pytest.param("Approved", {}, id="a signal"),
    ],
)
def test_a_job_that_waits_for_a_timer(jobs: Jobs, workflow: str, data: dict[str, Any]) -> None:
    job_id = jobs.start(workflow, data)
    jobs.happened(job_id, "TimerStarted")
    jobs.cancel(job_id)
    canceled(jobs, job_id)
    assert len(jobs.heard(job_id, EventType.ACTIVITY_SCHEDULED)) == (workflow == "Patient")


def test_items_that_are_done_and_running_and_queued_and_not_begun(jobs: Jobs) -> None:
    # Three at once, two workers: one item is done, two run, one is queued, two are not begun.
    items = [{"value": 1}, FOR_EVER, FOR_EVER, {"value": 2}, {"value": 3}, {"value": 4}]
    job_id = jobs.start("Each", {"list": items})
    for index in (1, 2):
        jobs.event(job_id, EventType.ACTIVITY_STARTED, f"Do[{index}]")
    jobs.event(job_id, EventType.ACTIVITY_SCHEDULED, "Do[3]")
    jobs.cancel(job_id)
    canceled(jobs, job_id)
    assert activities(jobs, job_id, EventType.ACTIVITY_COMPLETED) == {"Do[0]"}
    assert activities(jobs, job_id, EventType.ACTIVITY_CANCELED) == {"Do[1]", "Do[2]", "Do[3]"}
    assert activities(jobs, job_id, EventType.ACTIVITY_STARTED) == {"Do[0]", "Do[1]", "Do[2]"}
    assert activities(jobs, job_id, EventType.ACTIVITY_SCHEDULED) == {f"Do[{index}]" for index in range(4)}


def test_a_child_that_runs_is_cancelled_too(jobs: Jobs) -> None:
    job_id = jobs.start("Parent", {"try": FOR_EVER})
    child_id = child_of(job_id, "Child")
    jobs.event(child_id, EventType.ACTIVITY_STARTED, "Try")
    jobs.cancel(job_id)
    canceled(jobs, job_id)
    canceled(jobs, child_id)
    assert activities(jobs, child_id, EventType.ACTIVITY_CANCELED) == {"Try"}
    assert activities(jobs, job_id, EventType.ACTIVITY_CANCELED) == {"Child"}


def test_a_job_that_cleans_up_is_not_disturbed(jobs: Jobs, tmp_path: Path) -> None:
    release = tmp_path / "go on"
    job_id = jobs.start("Cleans", {"long": FOR_EVER, "remove": {"until": str(release)}})
    jobs.event(job_id, EventType.ACTIVITY_STARTED, "Long")
    jobs.cancel(job_id)
    jobs.event(job_id, EventType.ACTIVITY_STARTED, "Remove")
    jobs.cancel(job_id)
    jobs.happened(job_id, "WorkflowExecutionCancelRequested", 2)
    release.touch()
    closed = canceled(jobs, job_id)
    # What was begun is cleaned up after, in any order; what was not begun is not. A clean-up may fail.
    assert activities(jobs, job_id, EventType.ACTIVITY_SCHEDULED) == {"First", "Long", "Remove", "Never"}
    assert activities(jobs, job_id, EventType.ACTIVITY_COMPLETED) == {"First", "Remove"}
    assert activities(jobs, job_id, EventType.ACTIVITY_CANCELED) == {"Long"}
    assert "Never failed: BROKEN" in closed.details["details"]


def test_a_job_that_is_not_cancelled_cleans_nothing_up(jobs: Jobs) -> None:
    job_id = jobs.start("Cleans", {"long": {"value": 1}, "remove": {"value": 1}})
    assert jobs.closed(job_id).type is EventType.WORKFLOW_COMPLETED
    assert activities(jobs, job_id, EventType.ACTIVITY_SCHEDULED) == {"First", "Long", "Other"}
