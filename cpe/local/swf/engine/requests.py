"""What anybody may ask of an open execution: signal it, request its cancellation, terminate it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cpe.local.swf.engine.execution import Execution
from cpe.local.swf.engine.family import tell
from cpe.local.swf.engine.histories import unknown_execution
from cpe.local.swf.engine.world import World


def signal_workflow_execution(world: World, params: Mapping[str, Any], at: float) -> None:
    """Answer SignalWorkflowExecution."""
    execution = _named(world, params)
    signal: dict[str, Any] = {"signalName": params["signalName"], "externalInitiatedEventId": 0}
    if params.get("input") is not None:
        signal["input"] = params["input"]
    tell(world, execution, "WorkflowExecutionSignaled", signal, at)


def request_cancel_workflow_execution(world: World, params: Mapping[str, Any], at: float) -> None:
    """Answer RequestCancelWorkflowExecution."""
    execution = _named(world, params)
    tell(world, execution, "WorkflowExecutionCancelRequested", {"externalInitiatedEventId": 0}, at)


def terminate_workflow_execution(world: World, params: Mapping[str, Any], at: float) -> None:
    """Answer TerminateWorkflowExecution."""
    execution = _named(world, params)
    attributes = {name: params[name] for name in ("reason", "details") if params.get(name) is not None}
    attributes["childPolicy"] = params.get("childPolicy") or execution.start["childPolicy"]
    attributes["cause"] = "OPERATOR_INITIATED"
    world.close(execution, "WorkflowExecutionTerminated", attributes, at)


def _named(world: World, params: Mapping[str, Any]) -> Execution:
    world.registry.domain(params["domain"])
    execution = world.find(params["domain"], params["workflowId"], params.get("runId"))
    if execution is None:
        raise unknown_execution(params["workflowId"], params.get("runId"))
    return execution
