"""What happens when something falls due: a timer, a task's time-out, an execution's."""

from __future__ import annotations

from typing import Any

from cpe.local.swf.engine.deadlines import Key
from cpe.local.swf.engine.execution import Execution
from cpe.local.swf.engine.parts import ActivityTask, DecisionTask
from cpe.local.swf.engine.world import EXECUTION_DEADLINE, World


def fire(world: World, key: Key, due: float) -> None:
    """Let what a deadline stands for happen, at the very time it was due."""
    number, event_id = key
    execution = world.numbered[number]
    if event_id == EXECUTION_DEADLINE:
        attributes = {"timeoutType": "START_TO_CLOSE", "childPolicy": execution.start["childPolicy"]}
        world.close(execution, "WorkflowExecutionTimedOut", attributes, due)
        return
    if event_id in execution.timers:
        fired = {"timerId": execution.timers[event_id].timer_id, "startedEventId": event_id}
        world.record(execution, "TimerFired", fired, due)
    elif event_id in execution.activities:
        _activity_timed_out(world, execution, execution.activities[event_id], due)
    elif execution.decision is not None:
        _decision_timed_out(world, execution, execution.decision, due)
    world.settle(execution, due)


def _activity_timed_out(world: World, execution: Execution, task: ActivityTask, due: float) -> None:
    attributes = _timed_out(task)
    if task.heartbeat_details is not None:
        attributes["details"] = task.heartbeat_details
    world.release("activity", execution, task)
    world.record(execution, "ActivityTaskTimedOut", attributes, due)


def _decision_timed_out(world: World, execution: Execution, task: DecisionTask, due: float) -> None:
    attributes = _timed_out(task)
    world.release("decision", execution, task)
    world.record(execution, "DecisionTaskTimedOut", attributes, due)


def _timed_out(task: ActivityTask | DecisionTask) -> dict[str, Any]:
    expiry = task.expiry()
    assert expiry is not None  # noqa: S101 - its deadline has just passed
    return {
        "timeoutType": expiry[1],
        "scheduledEventId": task.scheduled_id,
        "startedEventId": task.started_id,
    }
