"""Starting an execution: what it is configured with, and why one may not start."""

from __future__ import annotations

from typing import Any

import pytest

from cpe.local.swf.engine.limits import Limits
from cpe.local.swf.faults import SwfFault
from tests.unit.swf_engine import DOMAIN, WORKFLOW_DEFAULTS, Driver, complete

JOB = {"name": "job", "version": "1"}


@pytest.mark.proves("StartWorkflowExecution", "WorkflowExecutionStarted", "DecisionTaskScheduled")
def test_the_types_defaults_hold_where_nothing_is_given() -> None:
    swf = Driver()
    run_id = swf.start(input="film", tagList=["a", "b"])
    assert swf.last(run_id, "WorkflowExecutionStarted") == {
        "input": "film",
        "tagList": ["a", "b"],
        "workflowType": JOB,
        "executionStartToCloseTimeout": "3600",
        "taskStartToCloseTimeout": "60",
        "taskList": {"name": "deciders"},
        "childPolicy": "TERMINATE",
        "parentInitiatedEventId": 0,
    }
    assert swf.last(run_id, "DecisionTaskScheduled") == {
        "taskList": {"name": "deciders"},
        "startToCloseTimeout": "60",
        "scheduleToStartTimeout": "NONE",
    }


def test_what_is_given_goes_before_the_defaults() -> None:
    swf = Driver()
    given: dict[str, Any] = {
        "executionStartToCloseTimeout": "10",
        "taskStartToCloseTimeout": "NONE",
        "taskList": {"name": "mine"},
        "childPolicy": "ABANDON",
        "taskPriority": "-7",
        "lambdaRole": "arn:aws:iam::1:role/r",
    }
    run_id = swf.start(**given)
    started = swf.last(run_id, "WorkflowExecutionStarted")
    assert {name: started[name] for name in given} == given
    assert swf.last(run_id, "DecisionTaskScheduled") == {
        "taskList": {"name": "mine"},
        "startToCloseTimeout": "NONE",
        "scheduleToStartTimeout": "NONE",
        "taskPriority": "-7",
    }
    assert swf.describe(run_id)["executionConfiguration"] == given


def test_an_empty_input_is_an_input() -> None:
    swf = Driver()
    assert swf.last(swf.start(input=""), "WorkflowExecutionStarted")["input"] == ""


@pytest.mark.proves("StartWorkflowExecution:WorkflowExecutionAlreadyStartedFault")
def test_a_workflow_id_is_open_once() -> None:
    swf = Driver()
    first = swf.start()
    with pytest.raises(SwfFault, match="WorkflowExecutionAlreadyStartedFault"):
        swf.start()
    swf.decide(complete())
    assert swf.start() != first


@pytest.mark.proves("StartWorkflowExecution:UnknownResourceFault")
@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"workflowType": {"name": "job", "version": "2"}}, r"WorkflowType=\[name=job, version=2\]"),
        ({"domain": "nowhere"}, "Unknown domain: nowhere"),
    ],
)
def test_types_and_domains_must_exist(params: dict[str, object], message: str) -> None:
    swf = Driver()
    request = {"domain": DOMAIN, "workflowId": "w", "workflowType": JOB, **params}
    with pytest.raises(SwfFault, match=message) as refused:
        swf.engine.start_workflow_execution(request, swf.now)
    assert refused.value.name == "UnknownResourceFault"


@pytest.mark.proves("StartWorkflowExecution:TypeDeprecatedFault")
def test_a_deprecated_type_starts_nothing_new_and_lets_live_what_runs() -> None:
    swf = Driver()
    run_id = swf.start("old")
    swf.registry.deprecate_type("workflow", {"domain": DOMAIN, "workflowType": JOB}, swf.now)
    with pytest.raises(SwfFault, match="TypeDeprecatedFault"):
        swf.start("new")
    swf.decide(complete())
    assert swf.types(run_id, "old")[-1] == "WorkflowExecutionCompleted"


@pytest.mark.proves("StartWorkflowExecution:DefaultUndefinedFault")
@pytest.mark.parametrize("missing", sorted(WORKFLOW_DEFAULTS))
def test_a_missing_default_is_a_fault(missing: str) -> None:
    swf = Driver()
    rest = {name: value for name, value in WORKFLOW_DEFAULTS.items() if name != missing}
    swf.register_workflow("bare", **rest)
    with pytest.raises(SwfFault, match=missing) as refused:
        swf.start(workflowType={"name": "bare", "version": "1"})
    assert refused.value.name == "DefaultUndefinedFault"


@pytest.mark.proves("StartWorkflowExecution:LimitExceededFault")
def test_a_domain_has_so_many_open_executions() -> None:
    swf = Driver(limits=Limits(open_executions=2))
    swf.start("a")
    swf.start("b")
    with pytest.raises(SwfFault, match="LimitExceededFault"):
        swf.start("c")


def test_an_execution_lasts_a_year_at_most() -> None:
    swf = Driver()
    swf.start("long", executionStartToCloseTimeout="31536000")
    with pytest.raises(SwfFault, match="executionStartToCloseTimeout is at most") as refused:
        swf.start("longer", executionStartToCloseTimeout="31536001")
    assert refused.value.name == "ValidationException"


def test_open_executions_are_told_newest_first() -> None:
    swf = Driver()
    for workflow_id in ("a", "b", "c"):
        swf.start(workflow_id, tagList=["t"])
    infos = list(swf.engine.open_executions(DOMAIN))
    assert [info.workflow_id for info in infos] == ["c", "b", "a"]
    assert infos[0].as_swf() == {
        "execution": {"workflowId": "c", "runId": "run-3"},
        "workflowType": JOB,
        "startTimestamp": swf.now,
        "executionStatus": "OPEN",
        "cancelRequested": False,
        "tagList": ["t"],
    }
    oldest_first = swf.engine.open_executions(DOMAIN, newest_first=False)
    assert [info.workflow_id for info in oldest_first] == ["a", "b", "c"]
    assert swf.engine.count_open_executions(DOMAIN) == 3
    found = swf.engine.open_execution(DOMAIN, "b")
    assert found is not None
    assert found.run_id == "run-2"
    assert swf.engine.open_execution(DOMAIN, "z") is None
