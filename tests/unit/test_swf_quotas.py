"""The quotas that are too large to be reached over HTTP in a test."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from cpe.local.swf.engine.engine import Engine
from cpe.local.swf.engine.limits import Limits
from cpe.local.swf.faults import SwfFault
from cpe.local.swf.paging import PageTokens
from cpe.local.swf.registered import Kind
from cpe.local.swf.registry import MOST_TYPES, Registry
from cpe.local.swf.store.memory import MemoryStore

DOMAIN = "domain"
WORKFLOW = {"name": "Order", "version": "1"}
LIST = {"name": "decisions"}
NOW = 1_800_000_000.0


@pytest.fixture
def registry() -> Registry:
    """A registry with one domain."""
    registry = Registry(PageTokens(b"secret"))
    registry.register_domain({"name": DOMAIN, "workflowExecutionRetentionPeriodInDays": "1"}, NOW)
    return registry


@pytest.fixture
def engine(registry: Registry) -> Engine:
    """An engine with one workflow type, that allows two open executions in a domain."""
    defaults = {
        "defaultTaskList": LIST,
        "defaultChildPolicy": "ABANDON",
        "defaultTaskStartToCloseTimeout": "NONE",
        "defaultExecutionStartToCloseTimeout": "60",
    }
    registry.register_type("workflow", {"domain": DOMAIN, **WORKFLOW, **defaults}, NOW)
    numbers = count()
    return Engine(
        MemoryStore(),
        registry=registry,
        new_run_id=lambda: f"run-{next(numbers)}",
        secret=b"secret",
        limits=Limits(open_executions=2),
    )


def start(engine: Engine, workflow_id: str) -> str:
    params = {"domain": DOMAIN, "workflowId": workflow_id, "workflowType": WORKFLOW}
    return engine.start_workflow_execution(params, NOW)["runId"]


def test_the_quotas_are_those_of_the_service() -> None:
    assert Limits() == Limits(
        events=25_000,
        open_executions=100_000,
        open_activities=1_000,
        open_timers=1_000,
        open_children=1_000,
    )


@pytest.mark.proves("StartWorkflowExecution:LimitExceededFault")
def test_a_domain_has_so_many_open_executions_at_most(engine: Engine) -> None:
    start(engine, "a")
    start(engine, "b")
    with pytest.raises(SwfFault) as caught:
        start(engine, "c")
    assert caught.value.name == "LimitExceededFault"
    engine.terminate_workflow_execution({"domain": DOMAIN, "workflowId": "a"}, NOW)
    start(engine, "c")


@pytest.mark.proves("StartChildWorkflowExecutionFailed:OPEN_WORKFLOWS_LIMIT_EXCEEDED")
def test_children_count_as_well(engine: Engine) -> None:
    run_id = start(engine, "a")
    task = engine.poll_for_decision_task({"domain": DOMAIN, "taskList": LIST}, NOW)
    assert task is not None
    children: list[dict[str, Any]] = [
        {
            "decisionType": "StartChildWorkflowExecution",
            "startChildWorkflowExecutionDecisionAttributes": {"workflowId": name, "workflowType": WORKFLOW},
        }
        for name in ("b", "c")
    ]
    engine.respond_decision_task_completed({"taskToken": task["taskToken"], "decisions": children}, NOW)
    execution = {"workflowId": "a", "runId": run_id}
    events = engine.get_workflow_execution_history({"domain": DOMAIN, "execution": execution}, NOW)["events"]
    (failed,) = [event for event in events if event["eventType"] == "StartChildWorkflowExecutionFailed"]
    attributes = failed["startChildWorkflowExecutionFailedEventAttributes"]
    assert (attributes["workflowId"], attributes["cause"]) == ("c", "OPEN_WORKFLOWS_LIMIT_EXCEEDED")


@pytest.mark.proves("RegisterWorkflowType:LimitExceededFault", "RegisterActivityType:LimitExceededFault")
@pytest.mark.parametrize("kind", ["workflow", "activity"])
def test_a_domain_has_ten_thousand_types_of_a_kind_at_most(registry: Registry, kind: Kind) -> None:
    assert MOST_TYPES == 10_000

    params = {"domain": DOMAIN, "name": "First", "version": "1"}
    registry.register_type(kind, params, NOW)
    first = registry.type(kind, **params)
    registry.restore(replace(first, name=f"T{number}") for number in range(MOST_TYPES - 2))
    registry.register_type(kind, {**params, "name": "Last"}, NOW)
    with pytest.raises(SwfFault) as caught:
        registry.register_type(kind, {**params, "name": "One too many"}, NOW)
    assert caught.value.name == "LimitExceededFault"
