"""Several deciders and several plans at once, and what becomes of jobs when these change."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections import Counter
from pathlib import Path

from cpe.protocol import EventType
from tests.acceptance.jobs import Jobs, workflow_id
from tests.acceptance.site import PLANS
from tests.acceptance.stack import until

SECONDS = 10
"""What the plans of these tests give a decision."""

THREADS = 4
"""Decisions that a decider makes at once, unless it is told otherwise."""

ONCE = {
    EventType.WORKFLOW_SCHEDULED: 1,
    EventType.ACTIVITY_SCHEDULED: 3,
    EventType.ACTIVITY_STARTED: 3,
    EventType.ACTIVITY_COMPLETED: 3,
    EventType.WORKFLOW_COMPLETED: 1,
}
"""What is told of a job with three items, each thing once."""


def crowd(jobs: Jobs, count: int, task_list: str) -> list[str]:
    """Start jobs with three items each; returns their ids."""
    return [
        jobs.start("Each", {"list": [{"value": number}] * 3}, task_list=task_list) for number in range(count)
    ]


def told(jobs: Jobs, job_id: str) -> Counter[EventType]:
    """What was told of a job that has closed; that it was started may be told last."""
    jobs.event(job_id, EventType.WORKFLOW_SCHEDULED)
    return Counter(event.type for event in jobs.heard(job_id))


def tasks_of(jobs: Jobs, job_ids: list[str]) -> Counter[tuple[str, str]]:
    """How often each activity of some jobs was run by a worker."""
    wanted = {workflow_id(job_id) for job_id in job_ids}
    return Counter(
        (entry["workflowId"], entry["activityId"])
        for entry in jobs.stack.logged("task_started")
        if entry["workflowId"] in wanted
    )


def test_a_decider_that_is_killed_among_many_jobs_takes_nothing_along(jobs: Jobs) -> None:
    with jobs.stack.deciders("crowd", PLANS, count=2) as (victim, _):
        # All answers of both hang, so that the one dies in the middle of its decisions.
        with jobs.stack.faults("swf.RespondDecisionTaskCompleted.timeout=1,ms=3000") as hits:
            job_ids = crowd(jobs, 20, "crowd")
            until(lambda: hits() >= 2 * THREADS, what="answers that hang")
            victim.kill()
        with jobs.stack.deciders("crowd", PLANS):
            jobs.push(*job_ids, seconds=SECONDS + 1)
    for number, job_id in enumerate(job_ids):
        assert jobs.closed(job_id).details["result"] == [{"value": number}] * 3
        assert told(jobs, job_id) == ONCE
    assert set(tasks_of(jobs, job_ids).values()) == {1}
    assert any(
        event["eventType"] == "DecisionTaskTimedOut" for job_id in job_ids for event in jobs.history(job_id)
    )


def test_deciders_are_replaced_under_load_without_a_trace(jobs: Jobs) -> None:
    job_ids = []
    with contextlib.ExitStack() as opened:

        def another() -> subprocess.Popen[bytes]:
            (process,) = opened.enter_context(jobs.stack.deciders("rolling", PLANS))
            return process

        old = another()
        for _ in range(2):
            new = another()
            job_ids += crowd(jobs, 5, "rolling")
            old.send_signal(signal.SIGTERM)
            # It still takes what it has asked for; there is always something.
            while old.poll() is None:
                assert len(job_ids) < 500
                job_ids += crowd(jobs, 1, "rolling")
                jobs.event(job_ids[-1], EventType.WORKFLOW_SCHEDULED)
            assert old.returncode == 0
            old = new
        for job_id in job_ids:
            assert jobs.closed(job_id).type is EventType.WORKFLOW_COMPLETED
    for job_id in job_ids:
        assert told(jobs, job_id) == ONCE
        assert "DecisionTaskTimedOut" not in {event["eventType"] for event in jobs.history(job_id)}
    assert set(tasks_of(jobs, job_ids).values()) == {1}


def test_two_versions_of_a_plan_run_side_by_side(jobs: Jobs) -> None:
    results = {"1.0": 42, "2.0": {"again": 42}}
    started = {
        (version, number): jobs.start("Again", {"try": {"value": 42}}, version=version)
        for number in range(5)
        for version in results
    }
    for (version, _), job_id in started.items():
        assert jobs.closed(job_id).details["result"] == results[version]


CHANGING = """
name: Changing
version: "1.0"
default_task_start_to_close_timeout: 10
activities: [{{ name: Work, version: v1, outputs_spec: {{ value: "$.value" }} }}]
result: '{result}'
steps:
  - {{ name: First, activity: Work, input: '{{"until": {{{{__input__.until}}}}, "value": 1}}' }}
  - {{ name: {other}, activity: Work, input: '{{"value": {value}}}' }}
  - {{ name: Last, activity: Work, requires: [First, {other}], input: '{{"value": {value}}}' }}
"""


def test_what_was_decided_stays_when_a_plan_changes(jobs: Jobs, tmp_path: Path) -> None:
    plan, release = tmp_path / "plan.yml", tmp_path / "go on"
    plan.write_text(CHANGING.format(other="Extra", value=2, result="{{First.value}}"))
    with jobs.stack.deciders("changing", plan):
        job_id = jobs.start("Changing", {"until": str(release)}, task_list="changing")
        jobs.event(job_id, EventType.ACTIVITY_STARTED, "First")
        jobs.event(job_id, EventType.ACTIVITY_COMPLETED, "Extra")
    plan.write_text(CHANGING.format(other="Instead", value=3, result="[{{First.value}}, {{Last.value}}]"))
    with jobs.stack.deciders("changing", plan):
        release.touch()
        jobs.push(job_id, seconds=SECONDS + 1)
    assert jobs.closed(job_id).details["result"] == [1, 3]
    scheduled = [
        event.activity.activity_id
        for event in jobs.heard(job_id, EventType.ACTIVITY_SCHEDULED)
        if event.activity
    ]
    assert scheduled == ["Extra", "First", "Instead", "Last"]
    changed = [entry for entry in jobs.stack.logged("plan_changed") if entry["jobId"] == job_id]
    assert "plan Changing 1.0 is now" in changed[0]["changes"][0]
    assert changed[0]["changes"][1:] == ["Extra was scheduled, and is no longer in the plan"]
    assert len(changed) == 1
