"""Trying again, with real daemons on the local SWF, whose clock is moved."""

from __future__ import annotations

import os
import signal

from cpe.protocol import EventType
from tests.acceptance.jobs import Jobs, pid_of
from tests.acceptance.stack import until


def test_the_time_between_attempts_grows_up_to_its_limit(jobs: Jobs) -> None:
    job_id = jobs.start("Patient", {"try": {"fail_times": 5, "value": 42}})
    for attempt, seconds in enumerate((60, 180, 540, 1000, 1000), start=1):
        failed = jobs.event(job_id, EventType.ACTIVITY_FAILED, "Try", attempt).details["result"]
        assert (failed["reason"], failed["attempt"], failed["willRetry"]) == ("NOT_YET", attempt, True)
        assert jobs.happened(job_id, "TimerStarted", attempt)["startToFireTimeout"] == str(seconds)
        # The clock goes on by itself besides.
        jobs.stack.advance(seconds - 50)
        kinds = [event["eventType"] for event in jobs.history(job_id)]
        assert kinds.count("TimerFired") == attempt - 1
        jobs.stack.advance(50)
    closed = jobs.closed(job_id)
    assert (closed.type, closed.details["result"]) == (EventType.WORKFLOW_COMPLETED, 42)
    assert jobs.state(job_id).activities["Try"].attempt == 6


def test_only_the_reasons_that_the_plan_names_are_tried_again(jobs: Jobs) -> None:
    job_id = jobs.start("Patient", {"try": {"fail": "BROKEN"}})
    assert jobs.closed(job_id).details["reason"] == "Try: BROKEN"
    (failed,) = jobs.heard(job_id, EventType.ACTIVITY_FAILED)
    assert failed.details["result"]["willRetry"] is False


def test_an_activity_is_tried_again_until_it_succeeds(jobs: Jobs) -> None:
    job_id = jobs.start("Again", {"try": {"fail_times": 2, "value": 42}})
    closed = jobs.closed(job_id)
    failed = [event.details["result"] for event in jobs.heard(job_id, EventType.ACTIVITY_FAILED)]
    assert [(one["reason"], one["attempt"], one["willRetry"]) for one in failed] == [
        ("NOT_YET", 1, True),
        ("NOT_YET", 2, True),
    ]
    assert (closed.type, closed.details["result"]) == (EventType.WORKFLOW_COMPLETED, 42)


def test_a_reason_that_is_never_tried_again_ends_the_job(jobs: Jobs) -> None:
    job_id = jobs.start("Again", {"try": {"fail": "BROKEN"}})
    assert jobs.closed(job_id).details["reason"] == "Try: BROKEN"
    assert len(jobs.heard(job_id, EventType.ACTIVITY_FAILED)) == 1


def test_what_a_stopped_worker_hands_back_has_not_failed(jobs: Jobs) -> None:
    job_id = jobs.start("Endless")  # whose activity is never tried again after a failure
    jobs.event(job_id, EventType.ACTIVITY_STARTED, "Long")
    worker = pid_of(jobs.happened(job_id, "ActivityTaskStarted"))
    stopping = len(jobs.stack.logged("daemon_stopping"))
    os.kill(worker, signal.SIGTERM)
    until(lambda: len(jobs.stack.logged("daemon_stopping")) > stopping, what="the first stop")
    os.kill(worker, signal.SIGTERM)
    failed = jobs.event(job_id, EventType.ACTIVITY_FAILED, "Long").details["result"]
    assert (failed["reason"], failed["attempt"], failed["willRetry"]) == ("WORKER_STOPPED", 1, True)
    jobs.event(job_id, EventType.ACTIVITY_STARTED, "Long", 2)
    jobs.cancel(job_id)
    assert jobs.closed(job_id).type is EventType.WORKFLOW_CANCELED
