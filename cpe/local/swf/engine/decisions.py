"""Decisions: what each type does, in one table.

A decision that cannot be carried out leaves an event that says why; the decider hears of it with a decision
task of its own. Only a list that contradicts itself is refused as a whole, before any of it is carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from cpe.local.swf.engine import family
from cpe.local.swf.engine.durations import check_duration
from cpe.local.swf.engine.execution import Execution
from cpe.local.swf.engine.starting import CannotStart, begin, configure
from cpe.local.swf.engine.world import World
from cpe.local.swf.faults import invalid

Attributes = Mapping[str, Any]


class Context(NamedTuple):
    """What a decision is carried out in."""

    world: World
    execution: Execution
    completed_id: int
    """The DecisionTaskCompleted event it came with."""
    unseen: bool
    """Whether something happened while the decision task was with its decider."""
    at: float

    def record(self, kind: str, attributes: Attributes) -> int:
        """Add an event that names the decision's origin."""
        origin = {"decisionTaskCompletedEventId": self.completed_id}
        return self.world.record(self.execution, kind, {**attributes, **origin}, self.at)

    def close(self, kind: str, attributes: Attributes) -> None:
        """Close the execution."""
        origin = {"decisionTaskCompletedEventId": self.completed_id}
        self.world.close(self.execution, kind, {**attributes, **origin}, self.at)


def check(decisions: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a list of decisions that cannot be carried out as it stands.

    Raises:
        SwfFault: ``ValidationException``.
    """
    for index, decision in enumerate(decisions):
        kind = decision["decisionType"]
        name = attributes_of(kind)
        if name not in decision:
            if kind not in CLOSING:
                raise invalid(f"{name} is missing in decision {index + 1}, a {kind}")
            continue
        for field in DURATIONS.get(kind, ()):
            check_duration(f"{name}.{field}", decision[name].get(field), unlimited=kind != "StartTimer")
        if kind in CLOSING and index + 1 < len(decisions):
            raise invalid("Close must be last decision in list")


def carry_out(context: Context, decision: Mapping[str, Any]) -> None:
    """Carry out one decision."""
    kind = decision["decisionType"]
    attributes = decision.get(attributes_of(kind), {})
    if kind in CLOSING and context.unseen:
        context.record(f"{kind}Failed", {"cause": "UNHANDLED_DECISION"})
    else:
        DECISIONS[kind](context, attributes)


def attributes_of(kind: str) -> str:
    """Name the member of a decision that holds the attributes of its type.

    Example:
        >>> attributes_of("StartTimer")
        'startTimerDecisionAttributes'
    """
    return f"{kind[0].lower()}{kind[1:]}DecisionAttributes"


def _pick(attributes: Attributes, *names: str) -> dict[str, Any]:
    return {name: attributes[name] for name in names if attributes.get(name) is not None}


# Activities

#: Parameter, the registered default in its place, and the cause for want of both.
ACTIVITY_DEFAULTS = (
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
)


def _schedule_activity(context: Context, attributes: Attributes) -> None:
    execution, world = context.execution, context.world
    kind = attributes["activityType"]
    cause, chosen = _activity_configuration(context, attributes)
    if cause is not None:
        failed = {"activityType": kind, "activityId": attributes["activityId"], "cause": cause}
        context.record("ScheduleActivityTaskFailed", failed)
        return
    given = _pick(attributes, "activityType", "activityId", "input", "control")
    scheduled_id = context.record("ActivityTaskScheduled", {**given, **chosen})
    world.enqueue("activity", execution, execution.activities[scheduled_id])


def _activity_configuration(context: Context, attributes: Attributes) -> tuple[str | None, dict[str, Any]]:
    """Settle an activity task's configuration, or say for what cause there is none."""
    execution, world = context.execution, context.world
    kind = attributes["activityType"]
    registered = world.registry.find_type("activity", execution.domain, kind["name"], kind["version"])
    if registered is None:
        return "ACTIVITY_TYPE_DOES_NOT_EXIST", {}
    if registered.deprecated is not None:
        return "ACTIVITY_TYPE_DEPRECATED", {}
    if attributes["activityId"] in execution.activity_ids:
        return "ACTIVITY_ID_ALREADY_IN_USE", {}
    if len(execution.activities) >= world.limits.open_activities:
        return "OPEN_ACTIVITIES_LIMIT_EXCEEDED", {}
    chosen: dict[str, Any] = {}
    for name, default, cause in ACTIVITY_DEFAULTS:
        value = attributes.get(name) or registered.defaults.get(default)
        if value is None:
            return cause, {}
        chosen[name] = value
    priority = attributes.get("taskPriority") or registered.defaults.get("defaultTaskPriority")
    if priority is not None:
        chosen["taskPriority"] = priority
    return None, chosen


def _request_cancel_activity(context: Context, attributes: Attributes) -> None:
    named = _pick(attributes, "activityId")
    task = context.execution.activity_ids.get(attributes["activityId"])
    if task is None:
        context.record("RequestCancelActivityTaskFailed", {**named, "cause": "ACTIVITY_ID_UNKNOWN"})
        return
    cancel_id = context.record("ActivityTaskCancelRequested", named)
    if task.started_id:
        return  # its worker hears of it with the next heartbeat
    canceled = {
        "scheduledEventId": task.scheduled_id,
        "startedEventId": 0,
        "latestCancelRequestedEventId": cancel_id,
    }
    context.world.release("activity", context.execution, task)
    context.world.record(context.execution, "ActivityTaskCanceled", canceled, context.at)


# Timers and markers


def _start_timer(context: Context, attributes: Attributes) -> None:
    execution = context.execution
    named = _pick(attributes, "timerId")
    if attributes["timerId"] in execution.timer_ids:
        context.record("StartTimerFailed", {**named, "cause": "TIMER_ID_ALREADY_IN_USE"})
    elif len(execution.timers) >= context.world.limits.open_timers:
        context.record("StartTimerFailed", {**named, "cause": "OPEN_TIMERS_LIMIT_EXCEEDED"})
    else:
        started = context.record(
            "TimerStarted", _pick(attributes, "timerId", "control", "startToFireTimeout")
        )
        context.world.deadlines.set((execution.number, started), execution.timers[started].due)


def _cancel_timer(context: Context, attributes: Attributes) -> None:
    execution = context.execution
    named = _pick(attributes, "timerId")
    timer = execution.timer_ids.get(attributes["timerId"])
    if timer is None:
        context.record("CancelTimerFailed", {**named, "cause": "TIMER_ID_UNKNOWN"})
        return
    context.world.deadlines.drop((execution.number, timer.started_id))
    context.record("TimerCanceled", {**named, "startedEventId": timer.started_id})


def _record_marker(context: Context, attributes: Attributes) -> None:
    context.record("MarkerRecorded", _pick(attributes, "markerName", "details"))


# Other executions


def _start_child(context: Context, attributes: Attributes) -> None:
    execution, world = context.execution, context.world
    cause, configuration = None, {}
    try:
        configuration = configure(world, execution.domain, attributes["workflowType"], attributes)
    except CannotStart as problem:
        cause = problem.cause
    if cause is None and len(execution.children) >= world.limits.open_children:
        cause = "OPEN_CHILDREN_LIMIT_EXCEEDED"
    if cause is None and world.count(execution.domain) >= world.limits.open_executions:
        cause = "OPEN_WORKFLOWS_LIMIT_EXCEEDED"
    if cause is not None:
        failed = _pick(attributes, "workflowId", "workflowType", "control")
        context.record("StartChildWorkflowExecutionFailed", {**failed, "cause": cause, "initiatedEventId": 0})
        return
    given = _pick(attributes, "workflowId", "workflowType", "control", "input", "tagList")
    initiated_id = context.record("StartChildWorkflowExecutionInitiated", {**given, **configuration})
    world.afterwards(partial(family.start_child, world, execution, initiated_id, context.at))


def _signal_external(context: Context, attributes: Attributes) -> None:
    given = _pick(attributes, "workflowId", "runId", "signalName", "input", "control")
    initiated_id = context.record("SignalExternalWorkflowExecutionInitiated", given)
    signal = family.signal_external
    context.world.afterwards(partial(signal, context.world, context.execution, initiated_id, context.at))


def _request_cancel_external(context: Context, attributes: Attributes) -> None:
    given = _pick(attributes, "workflowId", "runId", "control")
    initiated_id = context.record("RequestCancelExternalWorkflowExecutionInitiated", given)
    deliver = partial(
        family.request_cancel_external, context.world, context.execution, initiated_id, context.at
    )
    context.world.afterwards(deliver)


def _schedule_lambda(context: Context, attributes: Attributes) -> None:
    failed = _pick(attributes, "id", "name")
    context.record(
        "ScheduleLambdaFunctionFailed", {**failed, "cause": "LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION"}
    )


# Closings


def _complete(context: Context, attributes: Attributes) -> None:
    context.close("WorkflowExecutionCompleted", _pick(attributes, "result"))


def _fail(context: Context, attributes: Attributes) -> None:
    context.close("WorkflowExecutionFailed", _pick(attributes, "reason", "details"))


def _cancel(context: Context, attributes: Attributes) -> None:
    context.close("WorkflowExecutionCanceled", _pick(attributes, "details"))


def _continue_as_new(context: Context, attributes: Attributes) -> None:
    execution, world = context.execution, context.world
    started = execution.start
    kind = dict(started["workflowType"])
    if attributes.get("workflowTypeVersion"):
        kind["version"] = attributes["workflowTypeVersion"]
    try:
        configuration = configure(world, execution.domain, kind, attributes)
    except CannotStart as problem:
        context.record("ContinueAsNewWorkflowExecutionFailed", {"cause": problem.cause})
        return
    run_id = world.new_run_id()
    common = {**_pick(attributes, "input", "tagList"), "workflowType": kind, **configuration}
    context.close("WorkflowExecutionContinuedAsNew", {**common, "newExecutionRunId": run_id})
    new = {
        **common,
        "continuedExecutionRunId": execution.run_id,
        **_pick(started, "parentWorkflowExecution", "parentInitiatedEventId"),
    }
    begin(world, execution.domain, execution.workflow_id, new, context.at, run_id=run_id)


DECISIONS: Mapping[str, Callable[[Context, Attributes], None]] = {
    "ScheduleActivityTask": _schedule_activity,
    "RequestCancelActivityTask": _request_cancel_activity,
    "StartTimer": _start_timer,
    "CancelTimer": _cancel_timer,
    "RecordMarker": _record_marker,
    "StartChildWorkflowExecution": _start_child,
    "SignalExternalWorkflowExecution": _signal_external,
    "RequestCancelExternalWorkflowExecution": _request_cancel_external,
    "ScheduleLambdaFunction": _schedule_lambda,
    "CompleteWorkflowExecution": _complete,
    "FailWorkflowExecution": _fail,
    "CancelWorkflowExecution": _cancel,
    "ContinueAsNewWorkflowExecution": _continue_as_new,
}

CLOSING = frozenset(
    {
        "CompleteWorkflowExecution",
        "FailWorkflowExecution",
        "CancelWorkflowExecution",
        "ContinueAsNewWorkflowExecution",
    }
)

_EXECUTION_DURATIONS = ("executionStartToCloseTimeout", "taskStartToCloseTimeout")

#: The durations in the attributes of each type.
DURATIONS: Mapping[str, tuple[str, ...]] = {
    "ScheduleActivityTask": (
        "scheduleToStartTimeout",
        "scheduleToCloseTimeout",
        "startToCloseTimeout",
        "heartbeatTimeout",
    ),
    "StartTimer": ("startToFireTimeout",),
    "StartChildWorkflowExecution": _EXECUTION_DURATIONS,
    "ContinueAsNewWorkflowExecution": _EXECUTION_DURATIONS,
}
