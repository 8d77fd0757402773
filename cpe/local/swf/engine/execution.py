"""One execution: its history, and what follows from it.

Everything in here but the last heartbeats is a fold of the events (:mod:`cpe.local.swf.engine.fold`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cpe.local.swf.engine.changes import Event, ExecutionInfo
from cpe.local.swf.engine.parts import ActivityTask, Child, DecisionTask, Timer


class Execution:
    """An execution as its events tell.

    Args:
        domain: The domain's name.
        workflow_id: The id its starter chose.
        run_id: The id the service chose.
        number: Its place in the order of starting; decides between things due at the same time.
    """

    __slots__ = (
        "activities",
        "activity_ids",
        "cancel_requested",
        "children",
        "close_status",
        "decision",
        "domain",
        "events",
        "execution_context",
        "latest_activity_at",
        "number",
        "override",
        "previous_started_id",
        "run_id",
        "start",
        "task_list",
        "timer_ids",
        "timers",
        "wants_decision",
        "workflow_id",
    )

    def __init__(self, domain: str, workflow_id: str, run_id: str, number: int) -> None:
        self.domain = domain
        self.workflow_id = workflow_id
        self.run_id = run_id
        self.number = number
        self.events: list[Event] = []
        self.start: Mapping[str, Any] = {}
        """The attributes of WorkflowExecutionStarted."""
        self.close_status: str | None = None
        self.cancel_requested = False
        self.execution_context: str | None = None
        self.latest_activity_at: float | None = None
        self.task_list = ""
        """Where decision tasks go, unless an override is in force."""
        self.override: tuple[str, str] | None = None
        """A temporary task list and its schedule-to-start time-out."""
        self.decision: DecisionTask | None = None
        self.wants_decision = False
        """Something happened that no decider has been given yet."""
        self.previous_started_id = 0
        """Start of the last decision task that was completed."""
        self.activities: dict[int, ActivityTask] = {}
        self.activity_ids: dict[str, ActivityTask] = {}
        self.timers: dict[int, Timer] = {}
        self.timer_ids: dict[str, Timer] = {}
        self.children: dict[int, Child] = {}

    @property
    def is_open(self) -> bool:
        """Whether it runs."""
        return self.close_status is None

    @property
    def is_deciding(self) -> bool:
        """Whether a decision task is open, waiting or started."""
        return self.decision is not None

    @property
    def last_at(self) -> float:
        """When the last event happened."""
        return float(self.events[-1]["eventTimestamp"])

    @property
    def reference(self) -> dict[str, str]:
        """SWF's WorkflowExecution."""
        return {"workflowId": self.workflow_id, "runId": self.run_id}

    @property
    def priority(self) -> str | None:
        """The priority of its decision tasks, if one was given."""
        return self.start.get("taskPriority")

    def info(self) -> ExecutionInfo:
        """Tell what the visibility operations tell."""
        kind, parent = self.start["workflowType"], self.start.get("parentWorkflowExecution")
        return ExecutionInfo(
            domain=self.domain,
            workflow_id=self.workflow_id,
            run_id=self.run_id,
            type_name=kind["name"],
            type_version=kind["version"],
            started_at=self.events[0]["eventTimestamp"],
            closed_at=None if self.is_open else self.last_at,
            close_status=self.close_status,
            parent=(parent["workflowId"], parent["runId"]) if parent else None,
            tags=tuple(self.start.get("tagList", ())),
            cancel_requested=self.cancel_requested,
        )
