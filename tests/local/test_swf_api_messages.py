"""Signals and requests to cancel, from outside and from other executions, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.swf_world import DOMAIN, World, complete, decision

OTHER = {"taskList": {"name": "others"}}


def external(world: World, kind: str, **attributes: Any) -> tuple[str, str]:
    """Let the execution *order* decide something about *other*; returns both run ids."""
    other = world.start("other", **OTHER)
    world.decide(task_list="others")
    order = world.start()
    world.decide(decision(kind, workflowId="other", **attributes))
    return order, other


@pytest.mark.proves("SignalWorkflowExecution", "WorkflowExecutionSignaled")
def test_a_signal_is_recorded_and_needs_a_decision(world: World) -> None:
    run_id = world.start()
    world.decide()
    world.swf.signal_workflow_execution(
        domain=DOMAIN, workflowId="order", runId=run_id, signalName="add", input="a box"
    )
    assert world.event("WorkflowExecutionSignaled", run_id) == {
        "eventId": 5,
        "signalName": "add",
        "input": "a box",
        "externalInitiatedEventId": 0,
    }
    assert world.pending_decisions() == 1


@pytest.mark.proves("SignalWorkflowExecution:UnknownResourceFault")
def test_only_open_executions_are_signaled(world: World) -> None:
    first = world.start()
    world.decide(complete())
    for run in ({}, {"runId": first}):
        with world.refused("UnknownResourceFault", "order"):
            world.swf.signal_workflow_execution(domain=DOMAIN, workflowId="order", signalName="add", **run)
    second = world.start()
    with world.refused("UnknownResourceFault"):
        world.swf.signal_workflow_execution(domain=DOMAIN, workflowId="order", runId=first, signalName="add")
    world.swf.signal_workflow_execution(domain=DOMAIN, workflowId="order", signalName="add")
    assert "WorkflowExecutionSignaled" in world.kinds(second)


@pytest.mark.proves("RequestCancelWorkflowExecution", "WorkflowExecutionCancelRequested")
def test_a_request_to_cancel_is_recorded_and_the_decider_may_follow_it(world: World) -> None:
    run_id = world.start()
    world.decide()
    world.swf.request_cancel_workflow_execution(domain=DOMAIN, workflowId="order", runId=run_id)
    requested = world.event("WorkflowExecutionCancelRequested", run_id)
    assert requested == {"eventId": 5, "externalInitiatedEventId": 0}
    assert world.describe(run_id)["executionInfo"]["cancelRequested"] is True
    world.decide(decision("CancelWorkflowExecution"))
    assert world.status(run_id) == "CANCELED"


@pytest.mark.proves("RequestCancelWorkflowExecution:UnknownResourceFault")
def test_only_open_executions_are_asked_to_cancel(world: World) -> None:
    with world.refused("UnknownResourceFault", "order"):
        world.swf.request_cancel_workflow_execution(domain=DOMAIN, workflowId="order")
    run_id = world.start()
    with world.refused("UnknownResourceFault"):
        world.swf.request_cancel_workflow_execution(domain=DOMAIN, workflowId="order", runId="another")
    assert world.describe(run_id)["executionInfo"]["cancelRequested"] is False


@pytest.mark.proves(
    "SignalExternalWorkflowExecution",
    "SignalExternalWorkflowExecutionInitiated",
    "ExternalWorkflowExecutionSignaled",
)
def test_an_execution_signals_another(world: World) -> None:
    kind = "SignalExternalWorkflowExecution"
    order, other = external(world, kind, signalName="add", input="a box", control="mine")
    assert world.event(f"{kind}Initiated", order) == {
        "eventId": 5,
        "workflowId": "other",
        "signalName": "add",
        "input": "a box",
        "control": "mine",
        "decisionTaskCompletedEventId": 4,
    }
    assert world.event("ExternalWorkflowExecutionSignaled", order) == {
        "eventId": 6,
        "workflowExecution": {"workflowId": "other", "runId": other},
        "initiatedEventId": 5,
    }
    assert world.event("WorkflowExecutionSignaled", other, "other") == {
        "eventId": 5,
        "signalName": "add",
        "input": "a box",
        "externalWorkflowExecution": {"workflowId": "order", "runId": order},
        "externalInitiatedEventId": 5,
    }
    assert (world.pending_decisions(), world.pending_decisions("others")) == (1, 1)


@pytest.mark.proves(
    "RequestCancelExternalWorkflowExecution",
    "RequestCancelExternalWorkflowExecutionInitiated",
    "ExternalWorkflowExecutionCancelRequested",
)
def test_an_execution_asks_another_to_cancel(world: World) -> None:
    kind = "RequestCancelExternalWorkflowExecution"
    order, other = external(world, kind, control="mine")
    assert world.event(f"{kind}Initiated", order) == {
        "eventId": 5,
        "workflowId": "other",
        "control": "mine",
        "decisionTaskCompletedEventId": 4,
    }
    assert world.event("ExternalWorkflowExecutionCancelRequested", order) == {
        "eventId": 6,
        "workflowExecution": {"workflowId": "other", "runId": other},
        "initiatedEventId": 5,
    }
    assert world.event("WorkflowExecutionCancelRequested", other, "other") == {
        "eventId": 5,
        "externalWorkflowExecution": {"workflowId": "order", "runId": order},
        "externalInitiatedEventId": 5,
    }
    assert (world.pending_decisions(), world.pending_decisions("others")) == (1, 1)


@pytest.mark.proves(
    "SignalExternalWorkflowExecutionFailed",
    "SignalExternalWorkflowExecutionFailed:UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION",
    "RequestCancelExternalWorkflowExecutionFailed",
    "RequestCancelExternalWorkflowExecutionFailed:UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION",
)
@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("SignalExternalWorkflowExecution", {"signalName": "add"}),
        ("RequestCancelExternalWorkflowExecution", {}),
    ],
)
@pytest.mark.parametrize("run", [{}, {"runId": "another"}])
def test_nobody_is_reached_who_is_not_open(
    world: World, kind: str, more: dict[str, str], run: dict[str, str]
) -> None:
    workflow_id = "other" if run else "nobody"
    world.start("other", **OTHER)
    order = world.start()
    world.decide(decision(kind, workflowId=workflow_id, control="mine", **more, **run))
    assert world.event(f"{kind}Failed", order) == {
        "eventId": 6,
        "workflowId": workflow_id,
        **run,
        "control": "mine",
        "cause": "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION",
        "initiatedEventId": 5,
        "decisionTaskCompletedEventId": 4,
    }
    assert world.pending_decisions() == 1


def test_an_execution_may_signal_itself(world: World) -> None:
    run_id = world.start()
    world.decide(decision("SignalExternalWorkflowExecution", workflowId="order", signalName="again"))
    kinds = world.kinds(run_id)
    assert "WorkflowExecutionSignaled" in kinds
    assert "ExternalWorkflowExecutionSignaled" in kinds
    assert kinds.count("DecisionTaskScheduled") == 2
