"""Polls: a waiting task is given out, and starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cpe.local.swf.engine.execution import Execution
from cpe.local.swf.engine.histories import DecisionTaskReference, Histories
from cpe.local.swf.engine.tasks import TaskKind, TaskList
from cpe.local.swf.engine.tokens import TaskReference, TaskTokens
from cpe.local.swf.engine.world import ExecutionEnded, World


class Polling:
    """Answers polls.

    Args:
        world: Where tasks wait.
        histories: Cuts histories into pages.
        tokens: Issues the task tokens.
    """

    def __init__(self, world: World, histories: Histories, tokens: TaskTokens) -> None:
        self._world = world
        self._tokens = tokens
        self._histories = histories

    def decision_task(self, params: Mapping[str, Any], at: float) -> dict[str, Any] | None:
        """Answer PollForDecisionTask: a task, the next page of one, or None."""
        if params.get("nextPageToken"):
            return self._histories.next_task_page(params, at)
        started = self._start("decision", params, at)
        if started is None:
            return None
        execution, scheduled_id, started_id = started
        task = DecisionTaskReference(
            workflow_id=execution.workflow_id,
            run_id=execution.run_id,
            scheduled_id=scheduled_id,
            started_id=started_id,
            previous_started_id=execution.previous_started_id,
        )
        return self._histories.first_task_page(params, task, at)

    def activity_task(self, params: Mapping[str, Any], at: float) -> dict[str, Any] | None:
        """Answer PollForActivityTask: a task, or None."""
        started = self._start("activity", params, at)
        if started is None:
            return None
        execution, scheduled_id, started_id = started
        attributes = execution.activities[scheduled_id].attributes
        reference = TaskReference(execution.run_id, scheduled_id, started_id)
        task = {
            "taskToken": self._tokens.issue("activity", reference),
            "activityId": attributes["activityId"],
            "startedEventId": started_id,
            "workflowExecution": execution.reference,
            "activityType": attributes["activityType"],
        }
        if "input" in attributes:
            task["input"] = attributes["input"]
        return task

    def _start(
        self, kind: TaskKind, params: Mapping[str, Any], at: float
    ) -> tuple[Execution, int, int] | None:
        """Start the first task that can be started."""
        self._world.registry.domain(params["domain"])
        where = TaskList(kind, params["domain"], params["taskList"]["name"])
        while (found := self._world.tasks.take(where)) is not None:
            execution, scheduled_id = found
            attributes: dict[str, Any] = {"scheduledEventId": scheduled_id}
            if params.get("identity"):
                attributes["identity"] = params["identity"]
            event_type = "DecisionTaskStarted" if kind == "decision" else "ActivityTaskStarted"
            try:
                started_id = self._world.record(execution, event_type, attributes, at)
            except ExecutionEnded:
                self._world.drain()
                continue
            task = execution.decision if kind == "decision" else execution.activities[scheduled_id]
            assert task is not None  # noqa: S101 - the event was about it
            self._world.watch(execution, task)
            return execution, scheduled_id, started_id
        return None
