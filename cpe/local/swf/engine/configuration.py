"""What an execution or an activity task is configured with: what is given, else its type's defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cpe.local.swf.registered import Kind
from cpe.local.swf.registry import Registry

Rules = tuple[tuple[str, str, str | None], ...]
"""Parameter, the registered default in its place, and the cause for want of both; None: it may be absent."""

WORKFLOW: Rules = (
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
    ("taskPriority", "defaultTaskPriority", None),
    ("lambdaRole", "defaultLambdaRole", None),
)

ACTIVITY: Rules = (
    ("taskList", "defaultTaskList", "DEFAULT_TASK_LIST_UNDEFINED"),
    (
        "scheduleToStartTimeout",
        "defaultTaskScheduleToStartTimeout",
        "DEFAULT_SCHEDULE_TO_START_TIMEOUT_UNDEFINED",
    ),
    (
        "scheduleToCloseTimeout",
        "defaultTaskScheduleToCloseTimeout",
        "DEFAULT_SCHEDULE_TO_CLOSE_TIMEOUT_UNDEFINED",
    ),
    ("startToCloseTimeout", "defaultTaskStartToCloseTimeout", "DEFAULT_START_TO_CLOSE_TIMEOUT_UNDEFINED"),
    ("heartbeatTimeout", "defaultTaskHeartbeatTimeout", "DEFAULT_HEARTBEAT_TIMEOUT_UNDEFINED"),
    ("taskPriority", "defaultTaskPriority", None),
)

_RULES: Mapping[Kind, Rules] = {"workflow": WORKFLOW, "activity": ACTIVITY}


class CannotConfigure(Exception):
    """There is no such type, it is deprecated, or something it needs is not set.

    Args:
        cause: As failed decisions name it.
        message: What is wrong, as a person reads it.
    """

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause
        self.message = message


def configure(
    registry: Registry, kind: Kind, domain: str, named: Mapping[str, str], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Settle a configuration.

    Args:
        registry: Has the type and its defaults.
        kind: Whether an execution or an activity task is configured.
        domain: The domain's name.
        named: The type's name and version.
        given: The request's or decision's parameters.

    Raises:
        CannotConfigure: There is none.
    """
    name, version = named["name"], named["version"]
    registered = registry.find_type(kind, domain, name, version)
    if registered is None:
        cause = f"{kind.upper()}_TYPE_DOES_NOT_EXIST"
        raise CannotConfigure(
            cause, f"Unknown type: {kind.capitalize()}Type=[name={name}, version={version}]"
        )
    if registered.deprecated is not None:
        raise CannotConfigure(f"{kind.upper()}_TYPE_DEPRECATED", str(registered))
    chosen: dict[str, Any] = {}
    for parameter, default, undefined in _RULES[kind]:
        value = given.get(parameter) or registered.defaults.get(default)
        if value is not None:
            chosen[parameter] = value
        elif undefined is not None:
            raise CannotConfigure(undefined, f"Neither {parameter} nor a {default} is set")
    return chosen
