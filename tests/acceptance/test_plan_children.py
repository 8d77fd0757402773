"""Child workflows, with real daemons on the local SWF."""

from __future__ import annotations

from typing import Any

from cpe.client import JobStatus
from cpe.protocol import EventType
from tests.acceptance.jobs import Jobs, child_of, workflow_id
from tests.acceptance.site import PLANS

FOR_EVER = {"for_ever": True}


def parent(jobs: Jobs, what: dict[str, Any]) -> tuple[str, str]:
    """Start a job with a child that does what it is told; returns the ids of both."""
    job_id = jobs.start("Parent", {"try": what})
    return job_id, child_of(job_id, "Child")


def test_a_child_that_completes_gives_its_result(jobs: Jobs) -> None:
    job_id, child_id = parent(jobs, {"value": [1, 2]})
    assert jobs.closed(job_id).details["result"] == [1, 2]
    child = jobs.closed(child_id)
    assert (child.type, child.details["result"]) == (EventType.WORKFLOW_COMPLETED, [1, 2])
    assert child.workflow is not None
    assert child.workflow.workflow_id == workflow_id(child_id) == f"ClientA.{job_id}~Child"
    # The parent's events name the child as an activity, with its run.
    completed = jobs.event(job_id, EventType.ACTIVITY_COMPLETED, "Child")
    assert completed.details["childWorkflow"] == {
        "workflowId": child.workflow.workflow_id,
        "runId": child.workflow.run_id,
    }
    assert jobs.state(child_id).status is JobStatus.COMPLETED
    assert jobs.state(child_id).activities.keys() == {"Try"}
    assert jobs.state(job_id).activities.keys() == {"Child"}


def test_a_child_whose_result_is_large_gives_it_too(jobs: Jobs) -> None:
    job_id, _ = parent(jobs, {"characters": 50_000})
    assert len(jobs.closed(job_id).details["result"]) == 50_000


def test_a_child_that_fails_fails_its_step(jobs: Jobs) -> None:
    job_id, child_id = parent(jobs, {"fail": "BROKEN"})
    assert jobs.closed(job_id).details["reason"] == "Child: Try: BROKEN"
    assert jobs.closed(child_id).details["reason"] == "Try: BROKEN"
    (failed,) = jobs.heard(job_id, EventType.ACTIVITY_FAILED)
    assert failed.details["result"]["willRetry"] is False


def test_a_child_that_was_terminated_is_tried_again_if_the_plan_says_so(jobs: Jobs) -> None:
    job_id, child_id = parent(jobs, FOR_EVER)
    for attempt in (1, 2):
        jobs.event(child_id, EventType.ACTIVITY_STARTED, "Try", attempt)
        jobs.terminate(child_id)
        failed = jobs.event(job_id, EventType.ACTIVITY_FAILED, "Child", attempt).details["result"]
        told = (failed["reason"], failed["attempt"], failed["willRetry"])
        assert told == ("CHILD_TERMINATED", attempt, attempt == 1)
        if attempt == 1:
            jobs.happened(job_id, "TimerStarted")
            jobs.stack.advance(5)
    assert jobs.closed(job_id).details["reason"] == "Child: CHILD_TERMINATED"


def test_a_child_that_takes_too_long_is_given_up_and_tried_again(jobs: Jobs) -> None:
    job_id, child_id = parent(jobs, FOR_EVER)
    jobs.event(child_id, EventType.ACTIVITY_STARTED, "Try")
    jobs.stack.advance(300)
    late = jobs.event(job_id, EventType.ACTIVITY_TIMEOUT, "Child").details
    assert (late["timeoutType"], late["willRetry"]) == ("START_TO_CLOSE", True)
    jobs.happened(job_id, "TimerStarted")
    jobs.stack.advance(5)
    jobs.event(child_id, EventType.ACTIVITY_STARTED, "Try", 2)
    jobs.cancel(job_id)
    assert jobs.closed(job_id).type is EventType.WORKFLOW_CANCELED
    # The first run of the child closed without a decider's knowledge: one that starts tells of it.
    with jobs.stack.deciders("nothing more", PLANS):
        jobs.event(child_id, EventType.WORKFLOW_TIMED_OUT)


def test_a_child_that_somebody_else_cancels_fails_its_step(jobs: Jobs) -> None:
    job_id, child_id = parent(jobs, FOR_EVER)
    jobs.event(child_id, EventType.ACTIVITY_STARTED, "Try")
    jobs.cancel(child_id)
    assert jobs.closed(child_id).type is EventType.WORKFLOW_CANCELED
    closed = jobs.closed(job_id)
    assert (closed.type, closed.details["reason"]) == (EventType.WORKFLOW_FAILED, "Child: CHILD_CANCELED")


def test_the_end_of_a_parent_ends_its_child(jobs: Jobs) -> None:
    job_id, child_id = parent(jobs, FOR_EVER)
    jobs.event(child_id, EventType.ACTIVITY_STARTED, "Try")
    jobs.terminate(job_id)
    with jobs.stack.deciders("nothing else", PLANS):
        assert jobs.closed(job_id).type is EventType.WORKFLOW_TERMINATED
        assert jobs.closed(child_id).type is EventType.WORKFLOW_TERMINATED


def test_a_child_runs_for_each_item(jobs: Jobs) -> None:
    items: list[dict[str, Any]] = [{"value": number} for number in range(6)]
    items[2] = {"fail": "BROKEN"}
    job_id = jobs.start("Family", {"list": items})
    assert jobs.closed(job_id).details["result"] == [0, 1, None, 3, 4, 5]
    ends = {index: jobs.closed(child_of(job_id, f"Children[{index}]")).type for index in range(6)}
    assert {index for index, kind in ends.items() if kind is EventType.WORKFLOW_FAILED} == {2}


def test_children_of_items_that_failed_too_often_are_cancelled(jobs: Jobs) -> None:
    job_id = jobs.start("Family", {"list": [{"fail": "BROKEN"}, FOR_EVER, {"fail": "BROKEN"}, {"value": 3}]})
    closed = jobs.closed(job_id)
    assert (closed.type, closed.details["reason"]) == (EventType.WORKFLOW_FAILED, "Children: Try: BROKEN")
    assert jobs.closed(child_of(job_id, "Children[1]")).type is EventType.WORKFLOW_CANCELED
