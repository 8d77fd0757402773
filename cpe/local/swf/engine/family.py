"""What executions do to each other: parents and children, external signals and requests to cancel.

Each of these is recorded first with the one who asks ("Initiated"), happens afterwards, and is told to the
one who asked if that is still open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from cpe.local.swf.engine.execution import Execution
from cpe.local.swf.engine.fold import ATTRIBUTES
from cpe.local.swf.engine.parts import Child
from cpe.local.swf.engine.starting import begin
from cpe.local.swf.engine.world import ExecutionEnded, World

Attributes = Mapping[str, Any]


def start_child(world: World, parent: Execution, initiated_id: int, at: float) -> None:
    """Start the child that was initiated, or tell that its workflow id is in use."""
    asked = _initiated(parent, initiated_id)
    workflow_id, kind = asked["workflowId"], asked["workflowType"]
    if world.find(parent.domain, workflow_id) is not None:
        failed = {
            **_pick(asked, "workflowId", "workflowType", "control"),
            "cause": "WORKFLOW_ALREADY_RUNNING",
            "initiatedEventId": initiated_id,
            "decisionTaskCompletedEventId": asked["decisionTaskCompletedEventId"],
        }
        tell(world, parent, "StartChildWorkflowExecutionFailed", failed, at)
        return
    attributes = {name: value for name, value in asked.items() if name not in _NOT_THE_CHILDS}
    attributes["parentWorkflowExecution"] = parent.reference
    attributes["parentInitiatedEventId"] = initiated_id
    run_id = begin(world, parent.domain, workflow_id, attributes, at)
    started = {
        "workflowExecution": {"workflowId": workflow_id, "runId": run_id},
        "workflowType": kind,
        "initiatedEventId": initiated_id,
    }
    tell(world, parent, "ChildWorkflowExecutionStarted", started, at)


def signal_external(world: World, source: Execution, initiated_id: int, at: float) -> None:
    """Deliver the signal that was initiated."""
    asked = _initiated(source, initiated_id)
    signal = {
        **_pick(asked, "signalName", "input"),
        "externalWorkflowExecution": source.reference,
        "externalInitiatedEventId": initiated_id,
    }
    _deliver(world, source, initiated_id, ("WorkflowExecutionSignaled", signal), at)


def request_cancel_external(world: World, source: Execution, initiated_id: int, at: float) -> None:
    """Deliver the request to cancel that was initiated."""
    request = {"externalWorkflowExecution": source.reference, "externalInitiatedEventId": initiated_id}
    _deliver(world, source, initiated_id, ("WorkflowExecutionCancelRequested", request), at)


def after_closing(world: World, execution: Execution, children: Sequence[Child], at: float) -> None:
    """Apply the child policy if it is due, and tell the parent; once an execution has closed.

    SWF applies the policy when a parent was terminated or timed out. The children of one that closed
    otherwise go on.
    """
    kind = execution.events[-1]["eventType"]
    attributes = execution.events[-1][ATTRIBUTES[kind]]
    if kind in _POLICY_IS_DUE:
        for child in children:
            world.afterwards(partial(_apply_policy, world, execution, attributes["childPolicy"], child, at))
    if kind in _TOLD_TO_PARENT and "parentWorkflowExecution" in execution.start:
        world.afterwards(partial(_tell_parent, world, execution, kind, attributes, at))


def tell(world: World, execution: Execution, kind: str, attributes: Attributes, at: float) -> None:
    """Add an event that comes from elsewhere, if the execution is open, and see that it is decided upon."""
    if execution.is_open:
        world.record(execution, kind, attributes, at)
        world.settle(execution, at)


def _deliver(
    world: World, source: Execution, initiated_id: int, event: tuple[str, Attributes], at: float
) -> None:
    """Add an event to the execution that a decision of another named, and tell that other how it went."""
    asked = _initiated(source, initiated_id)
    request = source.events[initiated_id - 1]["eventType"].removesuffix("Initiated")
    target = world.find(source.domain, asked["workflowId"], asked.get("runId"))
    if target is not None:
        try:
            tell(world, target, *event, at)
        except ExecutionEnded:
            target = None
    if target is None:
        failed = {
            **_pick(asked, "workflowId", "runId", "control", "decisionTaskCompletedEventId"),
            "cause": "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION",
            "initiatedEventId": initiated_id,
        }
        tell(world, source, f"{request}Failed", failed, at)
        return
    delivered = {"workflowExecution": target.reference, "initiatedEventId": initiated_id}
    tell(world, source, _DELIVERED[request], delivered, at)


def _apply_policy(world: World, parent: Execution, policy: str, child: Child, at: float) -> None:
    execution = world.find(parent.domain, child.workflow_id)
    if execution is None or execution.start.get("parentWorkflowExecution") != parent.reference:
        return
    if policy == "TERMINATE":
        own = {"childPolicy": execution.start["childPolicy"], "cause": "CHILD_POLICY_APPLIED"}
        world.close(execution, "WorkflowExecutionTerminated", own, at)
    elif policy == "REQUEST_CANCEL":
        request = {
            "externalWorkflowExecution": parent.reference,
            "externalInitiatedEventId": 0,
            "cause": "CHILD_POLICY_APPLIED",
        }
        tell(world, execution, "WorkflowExecutionCancelRequested", request, at)


def _tell_parent(world: World, child: Execution, kind: str, attributes: Attributes, at: float) -> None:
    parent = world.runs.get(child.start["parentWorkflowExecution"]["runId"])
    initiated_id = child.start["parentInitiatedEventId"]
    known = parent.children.get(initiated_id) if parent is not None else None
    if parent is None or known is None:
        return
    ended = {
        **_pick(attributes, *_TOLD_TO_PARENT[kind]),
        "workflowExecution": child.reference,
        "workflowType": child.start["workflowType"],
        "initiatedEventId": initiated_id,
        "startedEventId": known.started_id,
    }
    tell(world, parent, f"Child{kind}", ended, at)


def _initiated(source: Execution, initiated_id: int) -> Attributes:
    event = source.events[initiated_id - 1]
    attributes: Attributes = event[ATTRIBUTES[event["eventType"]]]
    return attributes


def _pick(attributes: Attributes, *names: str) -> dict[str, Any]:
    return {name: attributes[name] for name in names if name in attributes}


#: What an initiating event has that is not for the child's own first event.
_NOT_THE_CHILDS = frozenset({"workflowId", "control", "decisionTaskCompletedEventId"})

_DELIVERED = {
    "SignalExternalWorkflowExecution": "ExternalWorkflowExecutionSignaled",
    "RequestCancelExternalWorkflowExecution": "ExternalWorkflowExecutionCancelRequested",
}

_POLICY_IS_DUE = frozenset({"WorkflowExecutionTerminated", "WorkflowExecutionTimedOut"})

#: The endings that a parent hears of, and what of each it hears. One that continues as new has not ended.
_TOLD_TO_PARENT: Mapping[str, tuple[str, ...]] = {
    "WorkflowExecutionCompleted": ("result",),
    "WorkflowExecutionFailed": ("reason", "details"),
    "WorkflowExecutionCanceled": ("details",),
    "WorkflowExecutionTimedOut": ("timeoutType",),
    "WorkflowExecutionTerminated": (),
}
