"""Commands: what is taken, what is refused, and how the refusal names the place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cpe.errors import ProtocolError
from cpe.protocol import Command, CommandType, WorkflowRequest, decode_command, encode_command
from cpe.protocol.body import MAX_BODY_BYTES
from cpe.protocol.requests import (
    JobFilter,
    ListRequest,
    SignalRequest,
    list_request,
    requested_activity,
    requested_run,
    retried_steps,
    signal_request,
    workflow_request,
)

ORIGINAL = """
{ "time": 1437447258.9809, "type": "START_JOB", "jobId": "954e8de9",
  "data": {
    "workflow": { "name": "Transcode", "version": "1.0", "domain": "SADomain", "taskList": "basic_transcode",
                  "executionStartToCloseTimeout": 2592000 },
    "client":   { "name": "ClientA", "queues": { "input": "https://in", "output": "https://out" } },
    "input_asset": { "type": "VIDEO" }, "output_asset": { "type": "VIDEO" } } }
"""


def body(**changes: Any) -> str:
    """A good START_JOB, with some of its top-level fields changed; `...` takes one away."""
    message: dict[str, Any] = {
        "time": 1437447258.9809,
        "type": "START_JOB",
        "jobId": "954e8de9",
        "data": {"workflow": {"name": "Transcode", "version": "1.0"}},
    } | changes
    return json.dumps({key: value for key, value in message.items() if value is not ...})


def workflow_body(**workflow: Any) -> str:
    return body(data={"workflow": {"name": "Transcode", "version": "1.0"} | workflow})


def refused(text: str) -> tuple[str, str]:
    with pytest.raises(ProtocolError) as caught:
        decode_command(text)
    return caught.value.code, caught.value.message


def test_the_originals_command_is_taken_as_it_stands() -> None:
    command = decode_command(ORIGINAL)
    assert command.type is CommandType.START_JOB
    assert command.time == 1437447258.9809
    assert command.job_id == "954e8de9"
    assert command.data == json.loads(ORIGINAL)["data"]
    assert workflow_request(command) == WorkflowRequest(
        name="Transcode",
        version="1.0",
        task_list="basic_transcode",
        domain="SADomain",
        execution_start_to_close_timeout="2592000",
    )


@pytest.mark.parametrize("written", ["start_job", "START_JOB", "Start_Job"])
def test_the_type_is_read_in_any_case(written: str) -> None:
    assert decode_command(body(type=written)).type is CommandType.START_JOB


@pytest.mark.parametrize("written", [1437447258, 1437447258.0, "1437447258", "1437447258.0"])
def test_time_is_a_number_or_its_text(written: object) -> None:
    assert decode_command(body(time=written)).time == 1437447258.0


@pytest.mark.parametrize(
    ("written", "read"), [("1.10", "1.10"), ("2", "2"), ('"1.0"', "1.0"), ("1e1", "1e1")]
)
def test_a_version_given_as_a_number_is_its_text(written: str, read: str) -> None:
    command = decode_command(body().replace('"1.0"', written))
    assert workflow_request(command).version == read


@pytest.mark.parametrize("written", [60, "60", "060"])
def test_the_timeout_is_a_number_or_its_text(written: object) -> None:
    command = decode_command(workflow_body(executionStartToCloseTimeout=written))
    assert workflow_request(command).execution_start_to_close_timeout == "60"


def test_what_is_left_out_is_none() -> None:
    assert workflow_request(decode_command(body())) == WorkflowRequest(name="Transcode", version="1.0")


@pytest.mark.parametrize("data", [..., {}, None])
def test_only_start_job_needs_data(data: object) -> None:
    assert decode_command(body(type="GET_JOB_STATUS", data=data)).data == {}
    assert refused(body(data=data))[0] == "MISSING_FIELD"


@pytest.mark.parametrize("field", ["time", "type", "jobId", "data"])
@pytest.mark.parametrize("absent", [..., None, "", {}, []])
def test_a_missing_or_empty_field_is_named(field: str, absent: object) -> None:
    code, message = refused(body(**{field: absent}))
    assert code == "MISSING_FIELD"
    assert message.startswith(field)


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        (body(type=7), "INVALID_FIELD", "type"),
        (body(type="EXPLODE"), "UNKNOWN_COMMAND", "'EXPLODE'"),
        (body(type="START_JOB\n"), "UNKNOWN_COMMAND", "'START_JOB\\n'"),
        (body(time=True), "INVALID_FIELD", "time"),
        (body(time="soon"), "INVALID_FIELD", "time"),
        (body(time="1_0"), "INVALID_FIELD", "time"),
        (body(time="١٢"), "INVALID_FIELD", "time"),
        (body(time=-1), "INVALID_FIELD", "time"),
        (body(time=10**400), "INVALID_FIELD", "time"),
        (body(time=1437447258980.9), "INVALID_FIELD", "time"),
        (body(jobId=12), "INVALID_FIELD", "jobId"),
        (body(data=[1]), "INVALID_FIELD", "data"),
        (body(data="text"), "INVALID_FIELD", "data"),
        (body(data={"a": 1}), "MISSING_FIELD", "data.workflow"),
        (body(data={"workflow": "Transcode"}), "INVALID_FIELD", "data.workflow"),
        (workflow_body(name=""), "MISSING_FIELD", "data.workflow.name"),
        (workflow_body(name=1), "INVALID_FIELD", "data.workflow.name"),
        (workflow_body(name="a/b"), "INVALID_FIELD", "data.workflow.name"),
        (workflow_body(name="n" * 257), "INVALID_FIELD", "data.workflow.name"),
        (workflow_body(version=None), "MISSING_FIELD", "data.workflow.version"),
        (workflow_body(version=True), "INVALID_FIELD", "data.workflow.version"),
        (workflow_body(version="v" * 65), "INVALID_FIELD", "data.workflow.version"),
        (workflow_body(taskList={"name": "x"}), "INVALID_FIELD", "data.workflow.taskList"),
        (workflow_body(domain="a:b"), "INVALID_FIELD", "data.workflow.domain"),
        (workflow_body(executionStartToCloseTimeout=0), "INVALID_FIELD", "data.workflow.executionStart"),
        (workflow_body(executionStartToCloseTimeout=-5), "INVALID_FIELD", "data.workflow.executionStart"),
        (workflow_body(executionStartToCloseTimeout=1.5), "INVALID_FIELD", "data.workflow.executionStart"),
        (workflow_body(executionStartToCloseTimeout="NONE"), "INVALID_FIELD", "data.workflow.executionStart"),
        (workflow_body(executionStartToCloseTimeout=10**9), "INVALID_FIELD", "data.workflow.executionStart"),
    ],
)
def test_a_wrong_field_is_named(text: str, code: str, place: str) -> None:
    found, message = refused(text)
    assert found == code
    assert place in message


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "hello",
        "{",
        '{"a": 1,}',
        "[]",
        '"START_JOB"',
        "null",
        "17",
        body()[:-1] + ', "more": NaN}',
        body()[:-1] + ', "more": -Infinity}',
        body()[:-1] + ', "more": 1e999}',
        body()[:-1] + ', "more": ' + "9" * 5000 + "}",
        body()[:-1] + ', "jobId": "another"}',
        "\ufeff" + body(),
        body().replace("954e8de9", "a\x00b"),
    ],
)
def test_what_is_no_json_object_is_refused(text: str) -> None:
    assert refused(text)[0] == "INVALID_JSON"


@pytest.mark.parametrize("poison", ["\x00", "\ud800", "\udfff\ud800"])
def test_text_that_is_no_text_is_refused_wherever_it_stands(poison: str) -> None:
    asset = {"workflow": {"name": "T", "version": "1"}, "input_asset": {"files": ["a", poison]}}
    assert refused(body(data=asset)) == (
        "INVALID_FIELD",
        "data.input_asset.files[1] holds NUL or half a surrogate pair, which is no text",
    )
    code, message = refused(body(data={"workflow": {poison: 1}}))
    assert code == "INVALID_FIELD"
    assert "a key of data.workflow" in message


def test_a_lone_surrogate_in_the_raw_text_is_refused() -> None:
    assert refused(body().replace("954e8de9", "\udc80"))[0] == "INVALID_FIELD"


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("depth", [100, 100_000])
def test_deep_nesting_is_refused(opening: str, depth: int) -> None:
    closing = "]" if opening == "[" else "}"
    text = body()[:-1] + ', "more": ' + opening * depth + "1" + closing * depth + "}"
    assert refused(text)[0] == "TOO_DEEP"


def test_what_sqs_does_not_carry_is_refused() -> None:
    asset = {"workflow": {"name": "T", "version": "1"}, "note": "x" * MAX_BODY_BYTES}
    assert refused(body(data=asset))[0] == "TOO_LARGE"
    wide = json.dumps(json.loads(body(note="é" * (MAX_BODY_BYTES // 2))), ensure_ascii=False)
    assert len(wide) < MAX_BODY_BYTES
    assert refused(wide)[0] == "TOO_LARGE"


def test_unknown_keys_are_left_alone() -> None:
    assert decode_command(body(trace="abc")).job_id == "954e8de9"


def test_a_command_reads_back_as_written() -> None:
    command = Command(
        type=CommandType.START_JOB,
        time=1437447258.9809,
        job_id="Jörg 🎬",
        data={"workflow": {"name": "Transcode", "version": "1.0"}, "note": "ü"},
    )
    text = encode_command(command)
    assert text.isascii()
    assert decode_command(text) == command


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({}, "MISSING_FIELD"),
        ({"workflow": {"name": "T"}}, "MISSING_FIELD"),
        ({"workflow": {"name": "T", "version": "1"}, "x": float("nan")}, "INVALID_FIELD"),
        ({"workflow": {"name": "T", "version": "1"}, "x": b"bytes"}, "INVALID_FIELD"),
        ({"workflow": {"name": "T", "version": "1"}, "x": {1: 2}}, "INVALID_FIELD"),
        ({"workflow": {"name": "T", "version": "1"}, "x": "\ud800"}, "INVALID_FIELD"),
        ({"workflow": {"name": "T", "version": "1"}, "x": "a" * MAX_BODY_BYTES}, "TOO_LARGE"),
    ],
)
def test_a_command_that_would_be_refused_is_not_written(data: dict[str, Any], code: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        encode_command(Command(type=CommandType.START_JOB, time=1.0, job_id="j", data=data))
    assert caught.value.code == code


def command_body(kind: str, **data: Any) -> str:
    return body(type=kind, data=data)


def test_the_requests_of_the_other_commands_are_read() -> None:
    assert requested_run(decode_command(command_body("CANCEL_JOB", runId="r1"))) == "r1"
    assert requested_run(decode_command(command_body("CANCEL_JOB"))) is None
    assert requested_activity(decode_command(command_body("CANCEL_ACTIVITY", activityId="A"))) == "A"
    wanted = decode_command(command_body("GET_JOB_LIST", status="failed", since="7", limit=3, page="p"))
    assert list_request(wanted) == ListRequest(status=JobFilter.FAILED, since=7.0, limit=3, page="p")
    assert list_request(decode_command(command_body("GET_JOB_LIST"))) == ListRequest()
    told = decode_command(command_body("SIGNAL_JOB", signal="go", input={"a": [1]}))
    assert signal_request(told) == SignalRequest(name="go", input={"a": [1]})
    assert retried_steps(decode_command(command_body("RETRY_JOB"))) == ()
    assert retried_steps(decode_command(command_body("RETRY_JOB", **{"from": "A"}))) == ("A",)
    assert retried_steps(decode_command(command_body("RETRY_JOB", **{"from": ["A", "B"]}))) == ("A", "B")


def test_a_request_id_is_kept() -> None:
    assert decode_command(body(requestId="q1")).request_id == "q1"
    assert decode_command(body()).request_id is None


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        (body(requestId=7), "INVALID_FIELD", "requestId"),
        (body(requestId="x" * 129), "INVALID_FIELD", "requestId"),
        (command_body("CANCEL_JOB", runId=7), "INVALID_FIELD", "data.runId"),
        (command_body("CANCEL_ACTIVITY"), "MISSING_FIELD", "data.activityId"),
        (command_body("GET_ACTIVITY_STATUS", activityId=[]), "MISSING_FIELD", "data.activityId"),
        (command_body("GET_JOB_LIST", status="LOST"), "INVALID_FIELD", "data.status"),
        (command_body("GET_JOB_LIST", since="soon"), "INVALID_FIELD", "data.since"),
        (command_body("GET_JOB_LIST", limit=0), "INVALID_FIELD", "data.limit"),
        (command_body("GET_JOB_LIST", limit=101), "INVALID_FIELD", "data.limit"),
        (command_body("GET_JOB_LIST", limit=True), "INVALID_FIELD", "data.limit"),
        (command_body("GET_JOB_LIST", page="p" * 1025), "INVALID_FIELD", "data.page"),
        (command_body("SIGNAL_JOB"), "MISSING_FIELD", "data.signal"),
        (command_body("SIGNAL_JOB", signal="s" * 257), "INVALID_FIELD", "data.signal"),
        (command_body("RETRY_JOB", **{"from": [7]}), "INVALID_FIELD", "data.from"),
        (command_body("RETRY_JOB", **{"from": []}), "MISSING_FIELD", "data.from"),
        (command_body("RETRY_JOB", **{"from": {"a": 1}}), "INVALID_FIELD", "data.from"),
    ],
)
def test_what_a_command_asks_for_is_checked(text: str, code: str, place: str) -> None:
    assert refused(text) == (code, refused(text)[1])
    assert place in refused(text)[1]
