"""How an execution starts: by request, as a child, or as the continuation of another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cpe.local.swf.engine.configuration import CannotConfigure, configure
from cpe.local.swf.engine.world import World
from cpe.local.swf.faults import SwfFault, invalid, unknown_resource

#: An execution runs for a year at most (API reference of StartWorkflowExecution).
LONGEST_EXECUTION = 31_536_000


def begin(
    world: World,
    domain: str,
    workflow_id: str,
    attributes: Mapping[str, Any],
    at: float,
    *,
    run_id: str | None = None,
) -> str:
    """Start an execution; nothing with its workflow id may be open.

    Args:
        world: Where.
        domain: The domain's name.
        workflow_id: The id its starter chose.
        attributes: Those of its WorkflowExecutionStarted event.
        at: When.
        run_id: Its run id when it is known already.

    Returns:
        Its run id.
    """
    execution = world.add(domain, workflow_id, run_id or world.new_run_id())
    world.record(execution, "WorkflowExecutionStarted", attributes, at)
    world.arm(execution)
    world.settle(execution, at)
    return execution.run_id


def start_workflow_execution(world: World, params: Mapping[str, Any], at: float) -> dict[str, str]:
    """Answer StartWorkflowExecution."""
    domain, workflow_id = params["domain"], params["workflowId"]
    registered = world.registry.domain(domain)
    if int(params.get("executionStartToCloseTimeout") or 0) > LONGEST_EXECUTION:
        raise invalid(f"executionStartToCloseTimeout is at most {LONGEST_EXECUTION} seconds")
    try:
        configuration = configure(world.registry, "workflow", domain, params["workflowType"], params)
    except CannotConfigure as problem:
        raise _FAULTS.get(problem.cause, _undefined)(problem.message) from None
    if registered.deprecated:
        raise SwfFault("DomainDeprecatedFault", domain)
    if world.find(domain, workflow_id) is not None:
        raise SwfFault("WorkflowExecutionAlreadyStartedFault", "Already Started")
    if world.count(domain) >= world.limits.open_executions:
        raise SwfFault("LimitExceededFault", f"Too many open executions in domain {domain}")
    attributes = {
        **{name: params[name] for name in ("input", "tagList") if params.get(name) is not None},
        "workflowType": params["workflowType"],
        **configuration,
        "parentInitiatedEventId": 0,
    }
    return {"runId": begin(world, domain, workflow_id, attributes, at)}


def _undefined(message: str) -> SwfFault:
    return SwfFault("DefaultUndefinedFault", message)


def _deprecated(message: str) -> SwfFault:
    return SwfFault("TypeDeprecatedFault", message)


_FAULTS = {"WORKFLOW_TYPE_DOES_NOT_EXIST": unknown_resource, "WORKFLOW_TYPE_DEPRECATED": _deprecated}
