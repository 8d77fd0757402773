"""Time-outs of every kind, with real daemons on the local SWF, whose clock is moved."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from cpe.client import JobStatus
from cpe.protocol import EventType
from tests.acceptance.jobs import Jobs, pid_of, workflow_id
from tests.acceptance.site import PLANS
from tests.acceptance.stack import until

TIMEOUTS = {"Taken": "SCHEDULE_TO_START", "Done": "SCHEDULE_TO_CLOSE", "Worked": "START_TO_CLOSE"}
"""The steps of `Late`, and which time of theirs runs out."""


def test_an_activity_that_is_late_is_tried_again_and_then_fails_the_job(jobs: Jobs) -> None:
    started = {step: jobs.start("Late", {"step": step}) for step in TIMEOUTS}
    for attempt in (1, 2):
        for step, job_id in started.items():
            jobs.event(job_id, EventType.ACTIVITY_SCHEDULED, step, attempt)
        jobs.event(started["Worked"], EventType.ACTIVITY_STARTED, "Worked", attempt)
        jobs.stack.advance(100)
        for step, job_id in started.items():
            details = jobs.event(job_id, EventType.ACTIVITY_TIMEOUT, step, attempt).details
            told = (details["timeoutType"], details["attempt"], details["willRetry"])
            assert told == (TIMEOUTS[step], attempt, attempt == 1)
        if attempt == 1:
            for job_id in started.values():
                assert jobs.happened(job_id, "TimerStarted")["startToFireTimeout"] == "5"
            jobs.stack.advance(5)
    for step, job_id in started.items():
        closed = jobs.closed(job_id)
        assert closed.type is EventType.WORKFLOW_FAILED
        assert closed.details["reason"] == f"{step}: TIMEOUT_{TIMEOUTS[step]}"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_worker_that_is_gone_or_stands_still_loses_its_task(
    jobs: Jobs, tmp_path: Path, number: signal.Signals
) -> None:
    release = tmp_path / "go on"
    job_id = jobs.start("Late", {"step": "Alive", "until": str(release)})
    jobs.event(job_id, EventType.ACTIVITY_STARTED, "Alive")
    worker = pid_of(jobs.happened(job_id, "ActivityTaskStarted"))
    os.kill(worker, number)
    try:
        jobs.stack.advance(100)
        details = jobs.event(job_id, EventType.ACTIVITY_TIMEOUT, "Alive").details
        assert (details["timeoutType"], details["attempt"], details["willRetry"]) == ("HEARTBEAT", 1, True)
        jobs.happened(job_id, "TimerStarted")
        jobs.stack.advance(5)
        jobs.event(job_id, EventType.ACTIVITY_STARTED, "Alive", 2)
        assert pid_of(jobs.happened(job_id, "ActivityTaskStarted", 2)) != worker
        release.touch()
        assert jobs.closed(job_id).type is EventType.WORKFLOW_COMPLETED
    finally:
        if number is signal.SIGSTOP:
            os.kill(worker, signal.SIGCONT)
    if number is signal.SIGSTOP:
        until(lambda: "task_lost" in logged_of(jobs, job_id), what="the stopped worker's awakening")
    assert len(jobs.heard(job_id, EventType.ACTIVITY_COMPLETED)) == 1
    assert jobs.state(job_id).activities["Alive"].attempt == 2


def test_a_job_that_takes_too_long_is_given_up(jobs: Jobs) -> None:
    job_id = jobs.start("Endless", timeout=1000)
    jobs.event(job_id, EventType.ACTIVITY_STARTED, "Long")
    jobs.stack.advance(1000)
    # A decider that starts looks at once for what no decider has seen; those that run do so now and then.
    with jobs.stack.deciders("nothing", PLANS):
        assert jobs.closed(job_id).type is EventType.WORKFLOW_TIMED_OUT
    assert jobs.state(job_id).status is JobStatus.TIMED_OUT
    ended = until(lambda: logged_of(jobs, job_id).get("task_ended"), what="the end of the task")
    assert ended == "abandoned"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_decider_that_is_gone_or_stands_still_loses_its_decision(
    jobs: Jobs, number: signal.Signals
) -> None:
    with jobs.stack.deciders(f"two-{number}", PLANS, count=2):
        with jobs.stack.faults("swf.RespondDecisionTaskCompleted.timeout=1,limit=1,ms=8000") as hits:
            job_id = jobs.start("Late", {"step": "Taken"}, task_list=f"two-{number}")
            victim = pid_of(jobs.happened(job_id, "DecisionTaskStarted"))
            until(hits, what="the answer that hangs")
            os.kill(victim, number)
        try:
            # What else the victim polled for may still be given to it.
            lost = 0
            while pid_of(jobs.happened(job_id, "DecisionTaskStarted", lost + 1)) == victim:
                lost += 1
                jobs.stack.advance(30)
            assert jobs.happened(job_id, "DecisionTaskTimedOut", lost)["timeoutType"] == "START_TO_CLOSE"
            jobs.event(job_id, EventType.ACTIVITY_SCHEDULED, "Taken")
        finally:
            if number is signal.SIGSTOP:
                os.kill(victim, signal.SIGCONT)
        if number is signal.SIGSTOP:
            until(lambda: "decision_lost" in logged_of(jobs, job_id), what="the stopped decider's awakening")
        jobs.cancel(job_id)
        assert jobs.closed(job_id).type is EventType.WORKFLOW_CANCELED
    assert len(jobs.heard(job_id, EventType.ACTIVITY_SCHEDULED)) == 1


def test_a_signal_that_does_not_come_in_time_fails_its_step(jobs: Jobs) -> None:
    job_id = jobs.start("Approved")
    assert jobs.happened(job_id, "TimerStarted")["startToFireTimeout"] == "600"
    jobs.stack.advance(600)
    failed = jobs.event(job_id, EventType.ACTIVITY_FAILED, "Ask").details["result"]
    assert (failed["reason"], failed["willRetry"]) == ("TIMEOUT_SIGNAL", False)
    closed = jobs.closed(job_id)
    assert (closed.type, closed.details["reason"]) == (EventType.WORKFLOW_FAILED, "Ask: TIMEOUT_SIGNAL")


def logged_of(jobs: Jobs, job_id: str) -> dict[str, str | None]:
    """What daemons logged of a job: the newest verdict by the name of the record."""
    names = ("task_lost", "task_ended", "decision_lost")
    return {
        name: entry.get("verdict")
        for name in names
        for entry in jobs.stack.logged(name)
        if entry["workflowId"] == workflow_id(job_id)
    }
