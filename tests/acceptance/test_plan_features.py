"""What plans can do, with real daemons on the local SWF: cancelling, trying again, signals, results."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from cpe.client import Client, JobStatus
from cpe.protocol import EventType
from tests.acceptance.stack import Stack, follow_events, until

ACTIVITY = '''
import pathlib
import threading

from cpe.activity import Activity
from cpe.errors import ActivityError


class Work(Activity):
    """Does what its input says: fails, fails a number of times, or runs until it is stopped."""

    def run(self, context):
        what = context.input
        if "fail" in what:
            raise ActivityError("as asked", code=what["fail"])
        if "fail_times" in what:
            with pathlib.Path(what["counter"]).open("a") as counter:
                counter.write("x")
            if pathlib.Path(what["counter"]).stat().st_size <= what["fail_times"]:
                raise ActivityError("not yet", code="NOT_YET")
        if "for_ever" in what:
            stop = threading.Event()
            with context.cancellation.calling(stop.set):
                stop.wait(60)
            context.check()
        return {"value": what.get("value")}
'''
PLANS = """
name: Parallel
version: "1.0"
activities: [{ name: Work, version: v1 }]
steps:
  - { name: Long, activity: Work, input: '{"for_ever": true}' }
  - { name: Bad, activity: Work, input: '{"fail": "BROKEN"}' }
---
name: Endless
version: "1.0"
activities: [{ name: Work, version: v1 }]
steps: [{ name: Long, activity: Work, input: '{"for_ever": true}' }]
---
name: Again
version: "1.0"
activities: [{ name: Work, version: v1, outputs_spec: { value: "$.value" } }]
result: '{{Try.value}}'
steps:
  - name: Try
    activity: Work
    retry: { max_attempts: 4, interval: 1, backoff: 1, never: ["BROKEN"] }
    input: '{{__input__.try}}'
---
name: Each
version: "1.0"
activities: [{ name: Work, version: v1, outputs_spec: { value: "$.value" } }]
result: '{{Do}}'
steps:
  - name: Do
    activity: Work
    for_each: "{{__input__.list}}"
    max_parallel: 3
    tolerate: 1
    input: '{{item}}'
---
name: Approved
version: "1.0"
activities: [{ name: Work, version: v1, outputs_spec: { value: "$.value" } }]
result: '{ "by": {{Ask.by}}, "value": {{Do.value}} }'
steps:
  - { name: Ask, signal: approve, timeout: 600 }
  - { name: Do, activity: Work, requires: [[Ask, succeeded]], when: "$.Ask.ok", input: '{"value": 7}' }
"""


@pytest.fixture(scope="module")
def _plan_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("plans")
    (folder / "work.py").write_text(ACTIVITY)
    entry = {
        "name": "Work",
        "version": "v1",
        "file": "work.py",
        "class": "Work",
        "defaultTaskHeartbeatTimeout": "6",
    }
    (folder / "config.json").write_text(json.dumps({"activities": [entry]}))
    (folder / "plans").mkdir()
    for number, text in enumerate(PLANS.split("---")):
        (folder / "plans" / f"{number}.yml").write_text(text)
    options = ("--config", str(folder / "config.json"), "--plan", str(folder / "plans"), "--workers", "2")
    with Stack(folder / "stack", *options).running() as stack:
        yield stack


@pytest.fixture
def stack(_plan_stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    for name, value in _plan_stack.environment.items():
        monkeypatch.setenv(name, value)
    return _plan_stack


def order(workflow: str, **data: Any) -> dict[str, Any]:
    return {"workflow": {"name": workflow, "version": "1.0", "taskList": "basic_transcode"}, **data}


def running(client: Client, workflow: str, step: str | None) -> tuple[str, str]:
    """Start a job and wait for its workflow, or for a step of it, to run; returns job id and workflow id."""
    job_id = client.start_job(order(workflow))
    wanted = EventType.ACTIVITY_STARTED if step else EventType.WORKFLOW_SCHEDULED
    for event in client.events():
        client.tracker.apply(event)
        if event.job_id == job_id and event.type is wanted and event.workflow:
            return job_id, event.workflow.workflow_id
    raise AssertionError


def test_a_failure_cancels_what_runs_beside_it(stack: Stack) -> None:
    events = follow_events(stack.client(), order("Parallel"))
    kinds = [(event.type.value, event.activity.activity_id if event.activity else None) for event in events]
    assert ("ACTIVITY_FAILED", "Bad") in kinds
    assert ("ACTIVITY_CANCELED", "Long") in kinds
    assert kinds[-1] == ("WORKFLOW_FAILED", None)
    assert events[-1].details["reason"] == "Bad: BROKEN"


def test_an_activity_is_tried_again_until_it_succeeds(stack: Stack, tmp_path: Path) -> None:
    tries = {"fail_times": 2, "counter": str(tmp_path / "counter"), "value": 42}
    events = follow_events(stack.client(), order("Again", **{"try": tries}))
    failed = [event.details["result"] for event in events if event.type is EventType.ACTIVITY_FAILED]
    assert [(one["reason"], one["attempt"], one["willRetry"]) for one in failed] == [
        ("NOT_YET", 1, True),
        ("NOT_YET", 2, True),
    ]
    assert events[-1].type is EventType.WORKFLOW_COMPLETED
    assert events[-1].details["result"] == 42


def test_a_reason_that_is_never_tried_again_ends_the_job(stack: Stack) -> None:
    events = follow_events(stack.client(), order("Again", **{"try": {"fail": "BROKEN"}}))
    assert [event.type for event in events].count(EventType.ACTIVITY_FAILED) == 1
    assert events[-1].details["reason"] == "Try: BROKEN"


def test_an_activity_runs_for_each_item(stack: Stack) -> None:
    items = [{"value": number} for number in range(6)] + [{"fail": "BROKEN"}]
    events = follow_events(stack.client(), order("Each", list=items))
    assert events[-1].type is EventType.WORKFLOW_COMPLETED
    assert events[-1].details["result"] == [{"value": number} for number in range(6)] + [None]
    started = {
        event.activity.activity_id
        for event in events
        if event.type is EventType.ACTIVITY_STARTED and event.activity
    }
    assert started == {f"Do[{index}]" for index in range(7)}


def test_a_signal_lets_a_job_go_on(stack: Stack) -> None:
    client = stack.client()
    job_id, workflow_id = running(client, "Approved", None)
    boto3.client("swf").signal_workflow_execution(
        domain="SADomain", workflowId=workflow_id, signalName="approve", input='{"by": "Ann", "ok": true}'
    )
    state = client.job(job_id).wait(timeout=30)
    assert state.status is JobStatus.COMPLETED
    assert state.result == {"by": "Ann", "value": 7}


def test_a_job_that_is_asked_to_stop_stops_what_runs(stack: Stack) -> None:
    client = stack.client()
    job_id, workflow_id = running(client, "Endless", "Long")
    boto3.client("swf").request_cancel_workflow_execution(domain="SADomain", workflowId=workflow_id)
    state = client.job(job_id).wait(timeout=30)
    assert state.status is JobStatus.CANCELED
    ended = until(
        lambda: [entry for entry in stack.logged("task_ended") if entry["workflowId"] == workflow_id],
        20,
        "the end of the task",
    )
    assert [entry["verdict"] for entry in ended] == ["canceled"]
