"""Requests checked against the service model: what is refused, how, and what is let through."""

from __future__ import annotations

import re
import time
from typing import Any

import botocore.loaders
import pytest
from botocore.model import ServiceModel

from cpe.local.swf.faults import SwfFault
from cpe.local.swf.model import MEMBER_PATTERNS, PATTERNS, operations, read_json

START = {
    "domain": "media",
    "workflowId": "ClientA-job.1",
    "workflowType": {"name": "Encode", "version": "1.0"},
    "taskList": {"name": "deciders"},
    "taskPriority": "-5",
    "input": "x" * 500,
    "executionStartToCloseTimeout": "3600",
    "taskStartToCloseTimeout": "NONE",
    "tagList": ["one", "two"],
    "childPolicy": "TERMINATE",
}
NAMES = ("a:b", "a/b", "a|b", "a\x1fb", "a\x9fb", "arn")

DESCRIPTION = botocore.loaders.create_loader().load_service_model("swf", "service-2")
SERVICE = ServiceModel(DESCRIPTION, "swf")


def refused(operation: str, params: Any) -> SwfFault:
    with pytest.raises(SwfFault) as caught:
        operations()[operation].admit(params)
    return caught.value


def problems(operation: str, params: Any) -> list[str]:
    """The path of each member that broke a constraint."""
    fault = refused(operation, params)
    assert fault.name == "ValidationException"
    found = re.findall(r" at '([^']+)' failed to satisfy constraint", fault.message)
    assert fault.message.startswith(
        f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: "
    )
    return found


def decided(**decision: Any) -> dict[str, Any]:
    return {"taskToken": "t", "decisions": [decision]}


def timer(**attributes: Any) -> dict[str, Any]:
    return decided(decisionType="StartTimer", startTimerDecisionAttributes=attributes)


def test_every_operation_of_the_model_is_there() -> None:
    assert set(operations()) == set(SERVICE.operation_names)
    for name, operation in operations().items():
        assert operation.faults == tuple(shape.name for shape in SERVICE.operation_model(name).error_shapes)


def test_a_good_request_comes_through_as_it_is() -> None:
    assert operations()["StartWorkflowExecution"].admit(dict(START)) == START


def test_what_the_service_ignores_is_taken_out() -> None:
    params = {**START, "unknown": 1, "lambdaRole": None, "taskStartToCloseTimeout": ""}
    admitted = operations()["StartWorkflowExecution"].admit(params)
    assert admitted == {name: START[name] for name in START if name != "taskStartToCloseTimeout"}


def test_all_problems_are_named_at_once_with_their_paths() -> None:
    params = {"workflowType": {"name": "", "version": "1" * 65}, "childPolicy": "KILL", "tagList": ["t"] * 6}
    assert sorted(problems("StartWorkflowExecution", params)) == [
        *("childPolicy", "domain", "tagList", "workflowId", "workflowType.name", "workflowType.version")
    ]


@pytest.mark.parametrize(
    ("member", "value", "constraint"),
    [
        ("domain", "", "length greater than or equal to 1"),
        ("domain", "d" * 257, "length less than or equal to 256"),
        ("domain", " d", "regular expression"),
        *(("workflowId", name, "regular expression") for name in NAMES),
        ("input", "x" * 32769, "length less than or equal to 32768"),
        ("childPolicy", "KILL", r"enum value set: \[ABANDON, REQUEST_CANCEL, TERMINATE\]"),
        ("taskPriority", "high", "whole number from -2147483648 to 2147483647"),
        ("taskPriority", "2147483648", "whole number"),
        ("taskPriority", "9" * 5000, "whole number"),
        ("taskStartToCloseTimeout", "-1", "regular expression"),
        ("taskStartToCloseTimeout", "1.5", "regular expression"),
        ("taskStartToCloseTimeout", "none", "regular expression"),
        ("taskStartToCloseTimeout", "1" * 9, "length less than or equal to 8"),
        ("executionStartToCloseTimeout", "NONE", "regular expression"),
        ("taskList", {"name": "t "}, "regular expression"),
    ],
)
def test_constraints_of_values(member: str, value: Any, constraint: str) -> None:
    fault = refused("StartWorkflowExecution", {**START, member: value})
    assert fault.name == "ValidationException"
    assert re.search(constraint, fault.message)


@pytest.mark.parametrize("value", ["arnold", "a.b-c_d ü", "x" * 256, "a\u00a0b"])
def test_names_that_are_allowed(value: str) -> None:
    operations()["StartWorkflowExecution"].admit({**START, "workflowId": value})


@pytest.mark.parametrize(
    ("operation", "params", "message"),
    [
        ("StartWorkflowExecution", [], "list can not be converted to a Structure"),
        ("StartWorkflowExecution", None, "NoneType can not be converted to a Structure"),
        ("StartWorkflowExecution", {**START, "domain": 5}, "int at domain can not be converted to a String"),
        ("StartWorkflowExecution", {**START, "tagList": "one"}, "str at tagList .* a List"),
        ("StartWorkflowExecution", {**START, "tagList": [5]}, r"int at tagList\.1\.member .* a String"),
        ("StartWorkflowExecution", {**START, "workflowType": "Encode"}, "workflowType .* a Structure"),
        ("StartWorkflowExecution", {**START, "input": "\ud800"}, "input .* whole characters"),
        ("ListDomains", {"registrationStatus": "REGISTERED", "maximumPageSize": "5"}, "an Integer"),
        ("ListDomains", {"registrationStatus": "REGISTERED", "maximumPageSize": True}, "an Integer"),
        ("ListDomains", {"registrationStatus": "REGISTERED", "reverseOrder": "yes"}, "a Boolean"),
        ("CountOpenWorkflowExecutions", {"startTimeFilter": {"oldestDate": "2026-01-31"}}, "a Timestamp"),
        ("StartWorkflowExecution", {**START, "taskPriority": 5}, "taskPriority .* a String"),
    ],
)
def test_values_of_the_wrong_type_cannot_be_read(operation: str, params: Any, message: str) -> None:
    fault = refused(operation, params)
    assert fault.name == "SerializationException"
    assert re.search(message, fault.message)


def test_page_sizes_have_a_range() -> None:
    for size in (-1, 1001):
        params = {"registrationStatus": "REGISTERED", "maximumPageSize": size}
        assert problems("ListDomains", params) == ["maximumPageSize"]


@pytest.mark.parametrize(
    ("params", "path"),
    [
        (decided(decisionType="StartLunch"), "decisions.1.member.decisionType"),
        (decided(), "decisions.1.member.decisionType"),
        (decided(decisionType="StartTimer"), "decisions.1.member.startTimerDecisionAttributes"),
        (timer(timerId="t"), "decisions.1.member.startTimerDecisionAttributes.startToFireTimeout"),
        (
            timer(timerId="t", startToFireTimeout="NONE"),
            "decisions.1.member.startTimerDecisionAttributes.startToFireTimeout",
        ),
        (
            timer(timerId="arn", startToFireTimeout="5"),
            "decisions.1.member.startTimerDecisionAttributes.timerId",
        ),
        ({"taskToken": "t", "decisions": [None]}, "decisions.1.member"),
        ({"taskToken": "t" * 1025}, "taskToken"),
    ],
)
def test_decisions_are_checked_too(params: dict[str, Any], path: str) -> None:
    assert problems("RespondDecisionTaskCompleted", params) == [path]


@pytest.mark.parametrize(
    "kind",
    [f"{verb}WorkflowExecution" for verb in ("Complete", "Fail", "Cancel", "ContinueAsNew")],
)
def test_decisions_that_need_no_attributes(kind: str) -> None:
    operations()["RespondDecisionTaskCompleted"].admit(decided(decisionType=kind))


def test_long_values_are_not_repeated_whole() -> None:
    assert len(refused("StartWorkflowExecution", {**START, "input": "x" * 100_000}).message) < 1000


@pytest.mark.parametrize(
    "body", [b"{", b"\xff", b"{'a': 1}", b'{"a": NaN}', b'{"a": Infinity}', b"[" * 100_000, b'{"a":1} x']
)
def test_what_is_no_json_cannot_be_read(body: bytes) -> None:
    with pytest.raises(SwfFault) as caught:
        read_json(body)
    assert caught.value.name == "SerializationException"


def test_no_body_is_an_empty_request() -> None:
    assert read_json(b"") == {}


def test_the_patterns_name_what_the_model_has() -> None:
    shapes = DESCRIPTION["shapes"]
    assert set(PATTERNS) <= set(shapes)
    for structure, member in MEMBER_PATTERNS:
        assert member in shapes[structure]["members"]


def test_names_are_restricted_wherever_the_documentation_says_so() -> None:
    """The restriction stands in words only: each place that says it must have a pattern that keeps it."""
    for structure, shape in DESCRIPTION["shapes"].items():
        for member, reference in shape.get("members", {}).items():
            if "vertical bar" not in reference.get("documentation", ""):
                continue
            kind = reference["shape"]
            pattern = MEMBER_PATTERNS[kind, "name"] if kind == "TaskList" else PATTERNS[kind]
            for name in NAMES:
                assert pattern.fullmatch(name) is None, f"{structure}.{member} takes {name!r}"


def test_none_is_refused_wherever_the_documentation_says_so() -> None:
    for structure, shape in DESCRIPTION["shapes"].items():
        for member, reference in shape.get("members", {}).items():
            if "cannot specify a value of" in reference.get("documentation", ""):
                assert MEMBER_PATTERNS[structure, member].fullmatch("NONE") is None


def test_a_check_takes_next_to_nothing() -> None:
    admit = operations()["StartWorkflowExecution"].admit
    fastest = min(timed(lambda: admit(START)) for _ in range(200))
    assert fastest < 30e-6


def timed(call: Any) -> float:
    before = time.perf_counter()
    call()
    return time.perf_counter() - before
