"""What holds for every text: a value or a ProtocolError; what is written, is read and fits its schema."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cpe.errors import ProtocolError
from cpe.protocol import (
    ActivityRef,
    Command,
    CommandType,
    Event,
    EventType,
    WorkflowRef,
    decode_command,
    decode_event,
    encode_command,
    encode_event,
)
from cpe.protocol.schema import validator

any_text = st.text(st.characters(exclude_categories=()), max_size=20)
clean_text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
name = st.from_regex(r"[A-Za-z0-9_. -]{2,20}", fullmatch=True).filter(lambda text: text != "arn")
time = st.floats(min_value=0, max_value=2e9)


def json_values(texts: st.SearchStrategy[str], *, nan: bool) -> st.SearchStrategy[Any]:
    scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=nan, allow_infinity=nan) | texts
    return st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4)
    )


anything = json_values(any_text, nan=True)
keys = st.sampled_from(["time", "type", "jobId", "data", "eventId", "workflowId", "runId"])
types = st.sampled_from([*CommandType, *EventType]).map(str)
fields = st.fixed_dictionaries(
    {},
    optional={
        "name": anything | name,
        "version": anything | name,
        "workflowId": anything | name,
        "runId": anything | name,
        "activityId": anything | name,
        "activityType": anything,
        "executionStartToCloseTimeout": anything | st.integers(),
    },
)
nearly = st.fixed_dictionaries(
    {},
    optional={
        "time": anything | time,
        "type": anything | types,
        "jobId": anything | name,
        "eventId": anything | name,
        "data": anything | st.fixed_dictionaries({}, optional={"workflow": fields, "activity": fields}),
        "workflowId": anything | name,
        "runId": anything | name,
    },
)


@given(any_text | anything.map(json.dumps) | nearly.map(json.dumps))
def test_whatever_the_text_the_answer_is_a_value_or_a_protocol_error(text: str) -> None:
    for decode in (decode_command, decode_event):
        try:
            decode(text)
        except ProtocolError as error:
            assert error.code.isupper()
            error.message.encode()


data = st.dictionaries(clean_text, json_values(clean_text, nan=False), max_size=3)
workflow_request = st.fixed_dictionaries(
    {"name": name, "version": name | st.integers(0, 99)},
    optional={
        "domain": name,
        "taskList": name,
        "executionStartToCloseTimeout": st.integers(1, 31_536_000) | st.integers(1, 31_536_000).map(str),
    },
)


@st.composite
def commands(draw: st.DrawFn) -> Command:
    command_type = draw(st.sampled_from(CommandType))
    payload = draw(data)
    if command_type is CommandType.START_JOB:
        payload["workflow"] = draw(workflow_request)
    elif command_type in {CommandType.CANCEL_ACTIVITY, CommandType.GET_ACTIVITY_STATUS}:
        payload["activityId"] = draw(name)
    elif command_type is CommandType.SIGNAL_JOB:
        payload["signal"] = draw(name)
    return Command(
        type=command_type, time=draw(time), job_id=draw(name), data=payload, request_id=draw(st.none() | name)
    )


@given(commands())
def test_a_written_command_fits_its_schema_and_reads_back(command: Command) -> None:
    text = encode_command(command)
    validator(command.type).validate(json.loads(text))
    assert decode_command(text) == command


result = json_values(any_text, nan=True)
details: dict[EventType, st.SearchStrategy[dict[str, Any]]] = {
    EventType.WORKFLOW_SCHEDULED: st.fixed_dictionaries(
        {"workflowType": st.fixed_dictionaries({"name": name, "version": name}), "input": data}
    ),
    EventType.COMMAND_REJECTED: st.fixed_dictionaries(
        {"command": st.none() | name, "reason": st.just("MISSING_FIELD"), "details": any_text}
    ),
    EventType.WORKFLOW_CONTINUED: st.fixed_dictionaries({"newRunId": name}),
    EventType.WORKFLOW_COMPLETED: st.fixed_dictionaries({}, optional={"result": result}),
    EventType.WORKFLOW_FAILED: st.fixed_dictionaries({"reason": any_text, "details": any_text}),
    EventType.ACTIVITY_STARTED: st.fixed_dictionaries({"input": result}),
    EventType.ACTIVITY_PROGRESS: st.fixed_dictionaries(
        {"result": st.fixed_dictionaries({"progress": st.floats(0, 100), "eta": st.floats()})}
    ),
    EventType.ACTIVITY_COMPLETED: st.fixed_dictionaries({"result": result}),
    EventType.ACTIVITY_FAILED: st.fixed_dictionaries(
        {"result": st.fixed_dictionaries({"reason": any_text, "details": st.none() | any_text})}
    ),
    EventType.ACTIVITY_TIMEOUT: st.fixed_dictionaries({"timeoutType": st.just("HEARTBEAT"), "input": result}),
}


activity = st.fixed_dictionaries(
    {
        "activityId": name,
        "activityType": st.fixed_dictionaries({"name": name, "version": name}),
        "status": st.sampled_from(["SCHEDULED", "STARTED", "FAILED"]),
        "attempt": st.integers(1, 9),
        "scheduled": st.none() | time,
        "started": st.none() | time,
        "ended": st.none() | time,
        "cancelRequested": st.booleans(),
    },
    optional={"reason": any_text, "details": any_text},
)
summary = {
    "jobId": name,
    "workflowId": name,
    "runId": name,
    "workflowType": st.fixed_dictionaries({"name": name, "version": name}),
    "status": st.sampled_from(["RUNNING", "COMPLETED", "TERMINATED"]),
    "started": time,
    "closed": st.none() | time,
}
job = st.fixed_dictionaries(
    {**summary, "cancelRequested": st.booleans(), "activities": st.lists(activity, max_size=2)},
    optional={"result": result, "reason": any_text},
)
details |= {
    EventType.JOB_SIGNALED: st.fixed_dictionaries({"signal": name}, optional={"requestId": name}),
    EventType.JOB_STATUS: st.fixed_dictionaries({"job": job}, optional={"requestId": name}),
    EventType.JOB_LIST: st.fixed_dictionaries(
        {"jobs": st.lists(st.fixed_dictionaries(summary), max_size=2), "page": st.none() | name}
    ),
    EventType.ACTIVITY_LIST: st.fixed_dictionaries({"activities": st.lists(activity, max_size=2)}),
    EventType.ACTIVITY_STATUS: st.tuples(activity, result).map(
        lambda drawn: {
            "result": drawn[1],
            **{key: value for key, value in drawn[0].items() if not key.startswith("activity")},
        }
    ),
}
without_workflow = {EventType.COMMAND_REJECTED, EventType.JOB_LIST}


@st.composite
def events(draw: st.DrawFn) -> Event:
    event_type = draw(st.sampled_from(EventType))
    return Event(
        type=event_type,
        time=draw(time),
        event_id=draw(name),
        job_id=draw(name),
        workflow=None
        if event_type in without_workflow
        else WorkflowRef(workflow_id=draw(name), run_id=draw(name)),
        activity=ActivityRef(activity_id=draw(name), name=draw(name), version=draw(name))
        if event_type.is_activity
        else None,
        details=draw(details.get(event_type, st.just({}))),
    )


@given(events())
def test_a_written_event_fits_its_schema_and_reads_back(event: Event) -> None:
    text = encode_event(event)
    validator(event.type).validate(json.loads(text))
    read = decode_event(text)
    assert (read.type, read.time, read.event_id, read.job_id) == (
        event.type,
        event.time,
        event.event_id,
        event.job_id,
    )
    assert (read.workflow, read.activity) == (event.workflow, event.activity)
    assert encode_event(read) == text


@given(anything.map(json.dumps))
def test_encoding_what_was_read_never_fails_otherwise(text: str) -> None:
    with contextlib.suppress(ProtocolError):
        encode_command(decode_command(text))
