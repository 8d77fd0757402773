"""Events that are too large for a queue: what is left of them, and that it can be read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpe.errors import ProtocolError
from cpe.protocol import ActivityRef, Event, EventType, WorkflowRef, decode_event, encode_event
from cpe.protocol.references import PayloadPlace, Reference
from cpe.protocol.schema import validator
from cpe.protocol.shorten import shorten

LARGE = "ü" * 40_000
MOST = 16_384
REFERENCE = PayloadPlace(bucket="cpe-payloads").refer("{}", client="ClientA")
FAILURE = {"reason": "BROKEN", "details": LARGE, "attempt": 2, "willRetry": False}


def event(kind: EventType, details: dict[str, Any]) -> Event:
    return Event(
        type=kind,
        time=1.5,
        event_id="r1:7",
        job_id="j1",
        workflow=None
        if kind is EventType.COMMAND_REJECTED
        else WorkflowRef(workflow_id="ClientA.j1", run_id="r1"),
        activity=ActivityRef(activity_id="Step", name="Work", version="v1") if kind.is_activity else None,
        details=details,
    )


EVENTS = [
    (
        event(
            EventType.WORKFLOW_SCHEDULED,
            {"workflowType": {"name": "Works", "version": "1"}, "input": {"text": LARGE}},
        ),
        {"workflowType": {"name": "Works", "version": "1"}, "input": None},
    ),
    (
        event(EventType.COMMAND_REJECTED, {"command": None, "reason": "R", "details": LARGE}),
        {"command": None, "reason": "R", "details": None},
    ),
    (
        event(
            EventType.WORKFLOW_FAILED, {"reason": "R", "details": "why", "failedSteps": [{"details": LARGE}]}
        ),
        {"reason": "R", "details": "why", "failedSteps": None},
    ),
    (event(EventType.WORKFLOW_COMPLETED, {"result": [LARGE]}), {"result": None}),
    (event(EventType.ACTIVITY_STARTED, {"input": LARGE}), {"input": None}),
    (event(EventType.ACTIVITY_PROGRESS, {"result": {"note": LARGE}}), {"result": None}),
    (
        event(EventType.ACTIVITY_COMPLETED, {"result": {"a": LARGE}, "attempt": 2}),
        {"result": None, "attempt": 2},
    ),
    (event(EventType.ACTIVITY_FAILED, {"result": FAILURE}), {"result": {**FAILURE, "details": None}}),
]


@pytest.mark.parametrize("reference", [REFERENCE, None], ids=["referred", "dropped"])
@pytest.mark.parametrize(("whole", "left"), EVENTS, ids=[str(whole.type) for whole, _ in EVENTS])
def test_the_largest_details_give_way(
    whole: Event, left: dict[str, Any], reference: Reference | None
) -> None:
    text = encode_event(shorten(whole, MOST, reference=reference))
    assert len(text) <= MOST
    validator(whole.type).validate(json.loads(text))
    read = decode_event(text)
    assert read.details == {**left, "truncated": True}
    assert read.reference == reference
    assert (read.type, read.event_id, read.job_id) == (whole.type, whole.event_id, whole.job_id)
    assert (read.workflow, read.activity) == (whole.workflow, whole.activity)
    assert encode_event(read) == text
    assert ("$ref" in json.loads(text)) is (reference is not None)


def test_no_more_is_left_out_than_must_be() -> None:
    small = event(
        EventType.ACTIVITY_TIMEOUT, {"input": LARGE, "note": "x" * 1000, "timeoutType": "HEARTBEAT"}
    )
    assert shorten(small, MOST, reference=None).details == {
        "input": None,
        "note": "x" * 1000,
        "timeoutType": "HEARTBEAT",
        "truncated": True,
    }


@given(
    details=st.dictionaries(
        st.sampled_from(["input", "result", "details", "more"]), st.text(max_size=200), max_size=4
    ),
    most=st.integers(1024, 4096),
    kind=st.sampled_from([kind for kind in EventType if kind is not EventType.WORKFLOW_SCHEDULED]),
)
def test_a_short_event_always_fits(details: dict[str, str], most: int, kind: EventType) -> None:
    assert len(encode_event(shorten(event(kind, details), most, reference=REFERENCE))) <= most


@pytest.mark.parametrize("size", [-1, "1", None])
def test_what_only_looks_like_a_reference_is_left_alone(size: object) -> None:
    body = json.loads(encode_event(event(EventType.COMMAND_REJECTED, {"command": None, "reason": "R"})))
    read = decode_event(json.dumps(body | {"$ref": "s3://bucket/key", "size": size, "sha256": "0" * 64}))
    assert read.reference is None
    assert read.details["size"] == size


@pytest.mark.parametrize(
    ("field", "value"), [("$ref", "https://bucket/key"), ("size", -1), ("sha256", "0"), ("size", None)]
)
def test_the_schema_knows_what_a_reference_is(field: str, value: object) -> None:
    short = shorten(event(EventType.WORKFLOW_COMPLETED, {"result": LARGE}), MOST, reference=REFERENCE)
    body = json.loads(encode_event(short))
    assert validator(short.type).is_valid(body)
    assert not validator(short.type).is_valid(body | {field: value})


def test_what_is_nested_too_deeply_gives_way_before_what_is_large() -> None:
    deep: Any = None
    for _ in range(100):
        deep = [deep]
    whole = event(EventType.ACTIVITY_TIMEOUT, {"input": deep, "note": "ü" * 1000, "attempt": 1})
    with pytest.raises(ProtocolError, match="deeper"):
        encode_event(whole)
    short = shorten(whole, MOST, reference=None)
    assert short.details == {"input": None, "note": "ü" * 1000, "attempt": 1, "truncated": True}
    assert decode_event(encode_event(short)).details == short.details
