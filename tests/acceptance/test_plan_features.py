"""What plans can do, with real daemons on the local SWF: cancelling, trying again, signals, results."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from cpe.client import Client, JobStatus
from cpe.protocol import EventType
from tests.acceptance.stack import REPOSITORY, Stack, follow_events, until

PLANS = REPOSITORY / "tests" / "plans"


@pytest.fixture(scope="module")
def _plan_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("plans")
    entry = {
        "name": "Work",
        "version": "v1",
        "file": str(PLANS / "work.py"),
        "class": "Work",
        "defaultTaskHeartbeatTimeout": "6",
    }
    (folder / "config.json").write_text(json.dumps({"activities": [entry]}))
    options = ("--config", str(folder / "config.json"), "--plan", str(PLANS), "--workers", "2")
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


def test_an_activity_is_tried_again_until_it_succeeds(stack: Stack) -> None:
    tries = {"fail_times": 2, "value": 42}
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
