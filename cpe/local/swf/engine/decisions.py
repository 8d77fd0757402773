"""Decisions: what each type does, in one table.

A decision that cannot be carried out leaves an event that says why; the decider hears of it with a decision
task of its own. Only a list that contradicts itself is refused as a whole, before any of it is carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from cpe.local.swf.engine import family
from cpe.local.swf.engine.configuration import CannotConfigure, configure
from cpe.local.swf.engine.execution import Execution
from cpe.local.swf.engine.starting import begin
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
    if any(decision["decisionType"] in CLOSING for decision in decisions[:-1]):
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


def _schedule_activity(context: Context, attributes: Attributes) -> None:
    execution, world = context.execution, context.world
    try:
        chosen = _activity_configuration(context, attributes)
    except CannotConfigure as problem:
        failed = _pick(attributes, "activityType", "activityId")
        context.record("ScheduleActivityTaskFailed", {**failed, "cause": problem.cause})
        return
    given = _pick(attributes, "activityType", "activityId", "input", "control")
    scheduled_id = context.record("ActivityTaskScheduled", {**given, **chosen})
    world.enqueue("activity", execution, execution.activities[scheduled_id])


def _activity_configuration(context: Context, attributes: Attributes) -> dict[str, Any]:
    execution, world = context.execution, context.world
    chosen = configure(world.registry, "activity", execution.domain, attributes["activityType"], attributes)
    if attributes["activityId"] in execution.activity_ids:
        raise CannotConfigure("ACTIVITY_ID_ALREADY_IN_USE", attributes["activityId"])
    if len(execution.activities) >= world.limits.open_activities:
        raise CannotConfigure("OPEN_ACTIVITIES_LIMIT_EXCEEDED", attributes["activityId"])
    return chosen


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
    try:
        configuration = _child_configuration(context, attributes)
    except CannotConfigure as problem:
        failed = _pick(attributes, "workflowId", "workflowType", "control")
        failed = {**failed, "cause": problem.cause, "initiatedEventId": 0}
        context.record("StartChildWorkflowExecutionFailed", failed)
        return
    given = _pick(attributes, "workflowId", "workflowType", "control", "input", "tagList")
    initiated_id = context.record("StartChildWorkflowExecutionInitiated", {**given, **configuration})
    world.afterwards(partial(family.start_child, world, execution, initiated_id, context.at))


def _child_configuration(context: Context, attributes: Attributes) -> dict[str, Any]:
    execution, world = context.execution, context.world
    chosen = configure(world.registry, "workflow", execution.domain, attributes["workflowType"], attributes)
    if len(execution.children) >= world.limits.open_children:
        raise CannotConfigure("OPEN_CHILDREN_LIMIT_EXCEEDED", attributes["workflowId"])
    # Those that the same answer asked for before begin once the answer has been carried out.
    to_begin = sum(not child.started_id for child in execution.children.values())
    if world.count(execution.domain) + to_begin >= world.limits.open_executions:
        raise CannotConfigure("OPEN_WORKFLOWS_LIMIT_EXCEEDED", attributes["workflowId"])
    return chosen


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
        configuration = configure(world.registry, "workflow", execution.domain, kind, attributes)
    except CannotConfigure as problem:
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
