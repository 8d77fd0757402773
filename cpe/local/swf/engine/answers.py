"""What deciders and workers answer about the tasks they were given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cpe.local.swf.engine import decisions
from cpe.local.swf.engine.execution import Execution
from cpe.local.swf.engine.parts import ActivityTask
from cpe.local.swf.engine.tokens import TaskReference, TaskTokens
from cpe.local.swf.engine.world import World
from cpe.local.swf.faults import unknown_resource


class Answers:
    """Takes answers.

    Args:
        world: Where the tasks' executions are.
        tokens: Reads the task tokens.
    """

    def __init__(self, world: World, tokens: TaskTokens) -> None:
        self._world = world
        self._tokens = tokens

    def decision_completed(self, params: Mapping[str, Any], at: float) -> None:
        """Answer RespondDecisionTaskCompleted: all decisions are carried out, in order."""
        reference = self._tokens.read("decision", params["taskToken"])
        execution = self._execution(reference)
        task = execution.decision
        if task is None or task.started_id != reference.started_id:
            raise unknown_resource(f"Unknown decision task, scheduledEventId = {reference.scheduled_id}")
        made = params.get("decisions") or ()
        decisions.check(made)
        unseen = execution.wants_decision
        completed = {"scheduledEventId": task.scheduled_id, "startedEventId": task.started_id}
        for name in ("executionContext", "taskList", "taskListScheduleToStartTimeout"):
            if params.get(name) is not None:
                completed[name] = params[name]
        self._world.release("decision", execution, task)
        completed_id = self._world.record(execution, "DecisionTaskCompleted", completed, at)
        context = decisions.Context(self._world, execution, completed_id, unseen, at)
        for decision in made:
            decisions.carry_out(context, decision)
        self._world.settle(execution, at)

    def activity_completed(self, params: Mapping[str, Any], at: float) -> None:
        """Answer RespondActivityTaskCompleted."""
        self._end_activity(params, "ActivityTaskCompleted", ("result",), at)

    def activity_failed(self, params: Mapping[str, Any], at: float) -> None:
        """Answer RespondActivityTaskFailed."""
        self._end_activity(params, "ActivityTaskFailed", ("reason", "details"), at)

    def activity_canceled(self, params: Mapping[str, Any], at: float) -> None:
        """Answer RespondActivityTaskCanceled."""
        self._end_activity(params, "ActivityTaskCanceled", ("details",), at)

    def heartbeat(self, params: Mapping[str, Any], at: float) -> dict[str, bool]:
        """Answer RecordActivityTaskHeartbeat."""
        execution, task = self._activity(params)
        self._world.beat(execution, task, at, params.get("details"))
        return {"cancelRequested": task.cancel_id != 0}

    def _end_activity(self, params: Mapping[str, Any], kind: str, given: tuple[str, ...], at: float) -> None:
        execution, task = self._activity(params)
        attributes = {name: params[name] for name in given if params.get(name) is not None}
        attributes["scheduledEventId"], attributes["startedEventId"] = task.scheduled_id, task.started_id
        if kind == "ActivityTaskCanceled" and task.cancel_id:
            attributes["latestCancelRequestedEventId"] = task.cancel_id
        self._world.release("activity", execution, task)
        self._world.record(execution, kind, attributes, at)
        self._world.settle(execution, at)

    def _activity(self, params: Mapping[str, Any]) -> tuple[Execution, ActivityTask]:
        reference = self._tokens.read("activity", params["taskToken"])
        execution = self._execution(reference)
        task = execution.activities.get(reference.scheduled_id)
        if task is None or task.started_id != reference.started_id:
            raise unknown_resource(f"Unknown activity, scheduledEventId = {reference.scheduled_id}")
        return execution, task

    def _execution(self, reference: TaskReference) -> Execution:
        execution = self._world.runs.get(reference.run_id)
        if execution is None:
            raise unknown_resource(f"Unknown execution: WorkflowExecution=[runId={reference.run_id}]")
        return execution
