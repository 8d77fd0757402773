"""How an execution starts: by request, as a child, or as the continuation of another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cpe.local.swf.engine.durations import check_duration
from cpe.local.swf.engine.world import World
from cpe.local.swf.faults import SwfFault, invalid, unknown_resource

#: Parameter, the registered default in its place, and the cause of a decision that lacks both.
REQUIRED = (
    (
        "executionStartToCloseTimeout",
        "defaultExecutionStartToCloseTimeout",
        "DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED",
    ),
    ("taskList", "defaultTaskList", "DEFAULT_TASK_LIST_UNDEFINED"),
    (
        "taskStartToCloseTimeout",
        "defaultTaskStartToCloseTimeout",
        "DEFAULT_TASK_START_TO_CLOSE_TIMEOUT_UNDEFINED",
    ),
    ("childPolicy", "defaultChildPolicy", "DEFAULT_CHILD_POLICY_UNDEFINED"),
)
OPTIONAL = (("taskPriority", "defaultTaskPriority"), ("lambdaRole", "defaultLambdaRole"))

#: An execution runs for a year at most (API reference of StartWorkflowExecution).
LONGEST_EXECUTION = 31_536_000


class CannotStart(Exception):
    """An execution cannot start; `cause` as failed decisions name it."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause
        self.message = message


def configure(world: World, domain: str, kind: Mapping[str, str], given: Mapping[str, Any]) -> dict[str, Any]:
    """Settle an execution's configuration: what is given, else the type's defaults.

    Args:
        world: Where the registry is.
        domain: The domain's name.
        kind: The workflow type's name and version.
        given: The request's or decision's parameters.

    Raises:
        CannotStart: The type is unknown or deprecated, or something required has no default.
    """
    registered = world.registry.find_type("workflow", domain, kind["name"], kind["version"])
    if registered is None:
        text = f"Unknown type: WorkflowType=[name={kind['name']}, version={kind['version']}]"
        raise CannotStart("WORKFLOW_TYPE_DOES_NOT_EXIST", text)
    if registered.deprecated is not None:
        raise CannotStart("WORKFLOW_TYPE_DEPRECATED", str(registered))
    chosen: dict[str, Any] = {}
    for name, default, cause in REQUIRED:
        value = given.get(name) or registered.defaults.get(default)
        if value is None:
            raise CannotStart(cause, f"Neither {name} nor a {default} is set")
        chosen[name] = value
    for name, default in OPTIONAL:
        value = given.get(name) or registered.defaults.get(default)
        if value is not None:
            chosen[name] = value
    return chosen


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
    _check_durations(params)
    try:
        configuration = configure(world, domain, params["workflowType"], params)
    except CannotStart as problem:
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


def _check_durations(params: Mapping[str, Any]) -> None:
    total = params.get("executionStartToCloseTimeout")
    check_duration("executionStartToCloseTimeout", total, unlimited=False)
    if total is not None and int(total) > LONGEST_EXECUTION:
        raise invalid(f"executionStartToCloseTimeout is at most {LONGEST_EXECUTION} seconds")
    check_duration("taskStartToCloseTimeout", params.get("taskStartToCloseTimeout"))


def _undefined(message: str) -> SwfFault:
    return SwfFault("DefaultUndefinedFault", message)


def _deprecated(message: str) -> SwfFault:
    return SwfFault("TypeDeprecatedFault", message)


_FAULTS = {"WORKFLOW_TYPE_DOES_NOT_EXIST": unknown_resource, "WORKFLOW_TYPE_DEPRECATED": _deprecated}
