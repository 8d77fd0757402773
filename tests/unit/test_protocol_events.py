"""Events: their layout on the wire, the original's messages, and details that are no clean JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cpe.errors import ProtocolError
from cpe.protocol import ActivityRef, Event, EventType, WorkflowRef, decode_event, encode_event

WORKFLOW = WorkflowRef(workflow_id="ClientA.j1", run_id="run1")
ACTIVITY = ActivityRef(activity_id="TranscodeAssetStep", name="TranscodeAsset", version="v2")


def event(event_type: EventType, **details: Any) -> Event:
    return Event(
        type=event_type,
        time=1437447260.5,
        event_id="run1:7",
        job_id="j1",
        workflow=None if event_type in {EventType.COMMAND_REJECTED, EventType.JOB_LIST} else WORKFLOW,
        activity=ACTIVITY if event_type.is_activity else None,
        details=details,
    )


def on_the_wire(value: Event) -> Any:
    return json.loads(encode_event(value))


HEAD = {"time": 1437447260.5, "eventId": "run1:7", "jobId": "j1", "version": "2.0"}


def test_workflow_scheduled_is_flat() -> None:
    scheduled = event(
        EventType.WORKFLOW_SCHEDULED,
        workflowType={"name": "Transcode", "version": "1.0"},
        input={"input_asset": {"type": "VIDEO"}},
    )
    assert on_the_wire(scheduled) == HEAD | {
        "type": "WORKFLOW_SCHEDULED",
        "runId": "run1",
        "workflowId": "ClientA.j1",
        "workflowType": {"name": "Transcode", "version": "1.0"},
        "input": {"input_asset": {"type": "VIDEO"}},
    }


def test_an_activitys_details_lie_in_the_activity() -> None:
    assert on_the_wire(event(EventType.ACTIVITY_PROGRESS, result={"progress": 12.5})) == HEAD | {
        "type": "ACTIVITY_PROGRESS",
        "data": {
            "workflow": {"workflowId": "ClientA.j1", "runId": "run1"},
            "activity": {
                "activityId": "TranscodeAssetStep",
                "activityType": {"name": "TranscodeAsset", "version": "v2"},
                "result": {"progress": 12.5},
            },
        },
    }


def test_activity_scheduled_has_the_bare_name() -> None:
    assert on_the_wire(event(EventType.ACTIVITY_SCHEDULED))["data"]["activity"] == {
        "activityId": "TranscodeAssetStep",
        "activityType": "TranscodeAsset",
        "activityVersion": "v2",
    }


def test_a_workflows_details_lie_beside_it() -> None:
    assert on_the_wire(event(EventType.WORKFLOW_FAILED, reason="STEP_FAILED", details="why"))["data"] == {
        "workflow": {"workflowId": "ClientA.j1", "runId": "run1"},
        "reason": "STEP_FAILED",
        "details": "why",
    }


def test_command_rejected_is_flat() -> None:
    rejected = event(EventType.COMMAND_REJECTED, command="START_JOB", reason="MISSING_FIELD", details="why")
    assert on_the_wire(rejected) == HEAD | {
        "type": "COMMAND_REJECTED",
        "command": "START_JOB",
        "reason": "MISSING_FIELD",
        "details": "why",
    }


@pytest.mark.parametrize("event_type", list(EventType))
def test_every_event_reads_back_as_written(event_type: EventType) -> None:
    written = event(event_type, result={"a": [1, 2.5, None, "é"]}, reason="X", details="why")
    text = encode_event(written)
    assert text.isascii()
    assert decode_event(text) == written


ORIGINAL_SCHEDULED = """
{ "time": 1437447259.1, "type": "WORKFLOW_SCHEDULED", "jobId": "954e8de9", "runId": "r1", "workflowId": "w1",
  "workflowType": { "name": "Transcode", "version": "1.0" }, "input": { "input_asset": {} } }
"""
ORIGINAL_PROGRESS = """
{ "time": "1437447260", "type": "ACTIVITY_PROGRESS",
  "data": { "workflow": { "workflowId": "w1", "runId": "r1" },
            "activity": { "activityId": "TranscodeAssetStep",
                          "activityType": { "name": "TranscodeAsset", "version": "v2" },
                          "result": { "progress": 50 } } } }
"""


def test_the_originals_events_are_read() -> None:
    scheduled = decode_event(ORIGINAL_SCHEDULED)
    assert scheduled.job_id == "954e8de9"
    assert scheduled.workflow == WorkflowRef(workflow_id="w1", run_id="r1")
    progress = decode_event(ORIGINAL_PROGRESS)
    assert progress.job_id is None
    assert progress.activity == ACTIVITY
    assert progress.details == {"result": {"progress": 50}}


def test_an_event_without_an_id_gets_the_same_one_each_time() -> None:
    first, second = decode_event(ORIGINAL_PROGRESS), decode_event(ORIGINAL_PROGRESS)
    assert first.event_id == second.event_id
    assert first.event_id.startswith("sha256:")
    assert first.event_id != decode_event(ORIGINAL_SCHEDULED).event_id


def test_details_are_mended_and_not_held_back() -> None:
    broken = event(
        EventType.ACTIVITY_FAILED,
        result={
            "reason": "X",
            "details": "a\udc80\x00b 🎬",
            "eta": float("inf"),
            "k\udc80": (1, float("nan")),
        },
    )
    assert decode_event(encode_event(broken)).details["result"] == {
        "reason": "X",
        "details": "a\ufffd\ufffdb 🎬",
        "eta": None,
        "k\ufffd": [1, None],
    }


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (event(EventType.ACTIVITY_COMPLETED, result=b"bytes"), "INVALID_FIELD"),
        (event(EventType.ACTIVITY_COMPLETED, result={1: 2}), "INVALID_FIELD"),
        (event(EventType.ACTIVITY_COMPLETED, activityId="another"), "INVALID_FIELD"),
        (event(EventType.WORKFLOW_COMPLETED, workflow="another"), "INVALID_FIELD"),
        (event(EventType.WORKFLOW_SCHEDULED, runId="another"), "INVALID_FIELD"),
        (Event(type=EventType.WORKFLOW_FAILED, time=1.0, event_id="e"), "MISSING_FIELD"),
        (Event(type=EventType.ACTIVITY_STARTED, time=1.0, event_id="e", workflow=WORKFLOW), "MISSING_FIELD"),
        (Event(type=EventType.COMMAND_REJECTED, time=float("nan"), event_id="e"), "INVALID_FIELD"),
    ],
)
def test_an_event_that_makes_no_sense_is_not_written(broken: Event, code: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        encode_event(broken)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("old", "new", "code", "place"),
    [
        ('"ACTIVITY_PROGRESS"', '"ACTIVITY_EXPLODED"', "UNKNOWN_EVENT", "ACTIVITY_EXPLODED"),
        ('"runId": "r1"', '"runId": ""', "MISSING_FIELD", "data.workflow.runId"),
        ('"runId": "r1"', '"runId": 7', "INVALID_FIELD", "data.workflow.runId"),
        ('"activity":', '"other":', "MISSING_FIELD", "data.activity"),
        ('"name": "TranscodeAsset"', '"name": []', "MISSING_FIELD", "data.activity.activityType.name"),
        ('"1437447260"', '"now"', "INVALID_FIELD", "time"),
        ('"data":', '"jobId": 5, "data":', "INVALID_FIELD", "jobId"),
        ('"data":', '"eventId": [], "data":', "MISSING_FIELD", "eventId"),
    ],
)
def test_a_wrong_field_is_named(old: str, new: str, code: str, place: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        decode_event(ORIGINAL_PROGRESS.replace(old, new))
    assert caught.value.code == code
    assert place in caught.value.message


def test_a_request_id_lies_on_the_top_level() -> None:
    answer = event(EventType.JOB_SIGNALED, signal="go", requestId="q1")
    written = on_the_wire(answer)
    assert (written["requestId"], written["data"]["signal"]) == ("q1", "go")
    assert decode_event(encode_event(answer)) == answer
