"""What plans can do, with real daemons on the local SWF: failures, items, signals."""

from __future__ import annotations

from cpe.client import JobStatus
from cpe.protocol import EventType
from tests.acceptance.jobs import Jobs


def test_a_failure_cancels_what_runs_beside_it(jobs: Jobs) -> None:
    job_id = jobs.start("Parallel")
    closed = jobs.closed(job_id)
    # That it was started is told by the input poller, and may be heard after all else.
    kinds = [
        (event.type.value, event.activity and event.activity.activity_id)
        for event in jobs.heard(job_id)
        if event.type is not EventType.WORKFLOW_SCHEDULED
    ]
    assert ("ACTIVITY_FAILED", "Bad") in kinds
    assert ("ACTIVITY_CANCELED", "Long") in kinds
    assert kinds[-1] == ("WORKFLOW_FAILED", None)
    assert closed.details["reason"] == "Bad: BROKEN"


def test_an_activity_runs_for_each_item(jobs: Jobs) -> None:
    items = [{"value": number} for number in range(6)] + [{"fail": "BROKEN"}]
    job_id = jobs.start("Each", {"list": items})
    closed = jobs.closed(job_id)
    assert closed.type is EventType.WORKFLOW_COMPLETED
    assert closed.details["result"] == [{"value": number} for number in range(6)] + [None]
    started = {
        event.activity.activity_id
        for event in jobs.heard(job_id, EventType.ACTIVITY_STARTED)
        if event.activity
    }
    assert started == {f"Do[{index}]" for index in range(7)}


def test_a_signal_lets_a_job_go_on(jobs: Jobs) -> None:
    job_id = jobs.start("Approved")
    jobs.run_id(job_id)
    jobs.signal(job_id, "approve", '{"by": "Ann", "ok": true}')
    jobs.closed(job_id)
    state = jobs.state(job_id)
    assert state.status is JobStatus.COMPLETED
    assert state.result == {"by": "Ann", "value": 7}


def test_a_condition_that_does_not_hold_skips_its_step(jobs: Jobs) -> None:
    job_id = jobs.start("Approved")
    jobs.run_id(job_id)
    jobs.signal(job_id, "approve", '{"by": "Bob", "ok": false}')
    closed = jobs.closed(job_id)
    # The result uses what the skipped step would have made.
    assert (closed.type, closed.details["reason"]) == (EventType.WORKFLOW_FAILED, "TEMPLATE_MISSING_VALUE")
    assert not jobs.heard(job_id, EventType.ACTIVITY_SCHEDULED)


def test_a_wait_lets_time_pass(jobs: Jobs) -> None:
    job_id = jobs.start("Waits")
    assert jobs.happened(job_id, "TimerStarted")["startToFireTimeout"] == "3600"
    jobs.stack.advance(3600)
    assert jobs.closed(job_id).details["result"] == "rested"
