"""SWF in a simulation: CPE's own engine, in this thread, with a clock that is moved."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from cpe.local.swf.engine import Engine
from cpe.local.swf.engine.changes import Event, EventsRecorded
from cpe.local.swf.engine.durations import seconds
from cpe.local.swf.engine.execution import Execution
from cpe.local.swf.engine.fold import CLOSE_STATUS
from cpe.local.swf.engine.parts import ActivityTask
from cpe.local.swf.engine.tasks import TaskKind, TaskList
from cpe.local.swf.model import operations
from cpe.local.swf.paging import PageTokens
from cpe.local.swf.registry import Registry
from cpe.local.swf.store.memory import MemoryStore

DOMAIN = "simulation"
DECISIONS = "decisions"
"""The task list of decisions where a plan names no other."""

CLOSINGS = frozenset(CLOSE_STATUS)
"""The types of events that close an execution."""

Operation: TypeAlias = Callable[[dict[str, Any], float], Any]

_SECRET = b"nothing here is secret: tokens last as long as the simulation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A history event, and whose it is."""

    workflow_id: str
    run_id: str
    event: Event


class SimulatedSwf:
    """Answers as SWF does, requests checked against AWS's model; the same calls give the same histories.

    Args:
        start: The time at the beginning, in seconds since the epoch.
        seed: Run ids are made of it.

    Attributes:
        now: Seconds since the epoch; moved by :meth:`move_to` alone.
        recorded: All events, in the order in which they came about.
    """

    def __init__(self, *, start: float, seed: int) -> None:
        self.now = start
        self.recorded: list[Recorded] = []
        self._histories: dict[str, list[Event]] = {}
        self._seed = seed
        self._runs = 0
        self._store = MemoryStore()
        self._registry = Registry(PageTokens(_SECRET))
        self._engine = _Engine(
            self._store, registry=self._registry, new_run_id=self._new_run_id, secret=_SECRET
        )
        self._waiting: dict[TaskKind, Counter[str]] = {"decision": Counter(), "activity": Counter()}
        self._registry.register_domain(
            {"name": DOMAIN, "workflowExecutionRetentionPeriodInDays": "90"}, start
        )

    # Types

    def register_workflow(self, name: str, version: str, *, timeout: str, task_timeout: str) -> None:
        """Register a workflow type, unless it is known."""
        if self._registry.find_type("workflow", DOMAIN, name, version) is None:
            defaults = {
                "defaultTaskList": {"name": DECISIONS},
                "defaultExecutionStartToCloseTimeout": timeout,
                "defaultTaskStartToCloseTimeout": task_timeout,
                "defaultChildPolicy": "TERMINATE",
            }
            self._register("workflow", name, version, defaults)

    def register_activity(self, name: str, version: str) -> None:
        """Register an activity type, unless it is known; whoever schedules one says all that it needs."""
        if self._registry.find_type("activity", DOMAIN, name, version) is None:
            self._register("activity", name, version, {})

    # Executions

    def start(self, workflow_id: str, name: str, version: str, **params: Any) -> str:
        """Start an execution; gives its run id."""
        kind = {"name": name, "version": version}
        answer = self._call(
            "StartWorkflowExecution",
            self._engine.start_workflow_execution,
            workflowId=workflow_id,
            workflowType=kind,
            **params,
        )
        return str(answer["runId"])

    def signal(self, workflow_id: str, name: str, text: str | None) -> None:
        """Signal the open execution of a workflow id."""
        given = {} if text is None else {"input": text}
        self._call(
            "SignalWorkflowExecution",
            self._engine.signal_workflow_execution,
            workflowId=workflow_id,
            signalName=name,
            **given,
        )

    def request_cancel(self, workflow_id: str) -> None:
        """Ask the open execution of a workflow id to stop."""
        self._call(
            "RequestCancelWorkflowExecution",
            self._engine.request_cancel_workflow_execution,
            workflowId=workflow_id,
        )

    def is_open(self, workflow_id: str) -> bool:
        """Tell whether an execution of a workflow id runs."""
        return self._engine.open_execution(DOMAIN, workflow_id) is not None

    def is_idle(self) -> bool:
        """Tell whether nothing is open in any execution: no task, no timer."""
        counts = ("openActivityTasks", "openDecisionTasks", "openTimers")
        for info in self._engine.open_executions(DOMAIN):
            params = {"domain": DOMAIN, "execution": info.as_swf()["execution"]}
            described = self._engine.describe_workflow_execution(params, self.now)
            if any(described["openCounts"][count] for count in counts):
                return False
        return True

    def history(self, run_id: str) -> list[Event]:
        """Give all events of an execution, open or closed."""
        return self._histories[run_id]

    # Tasks

    def waiting(self, kind: TaskKind) -> list[str]:
        """Name the task lists in which a task may wait."""
        return list(self._waiting[kind])

    def poll_decision(self, task_list: str) -> dict[str, Any] | None:
        """Take a decision task, without its history."""
        params = {"taskList": {"name": task_list}, "maximumPageSize": 1}
        return self._poll("decision", task_list, self._engine.poll_for_decision_task, params)

    def poll_activity(self, task_list: str) -> dict[str, Any] | None:
        """Take an activity task."""
        params = {"taskList": {"name": task_list}}
        return self._poll("activity", task_list, self._engine.poll_for_activity_task, params)

    def answer_decision(self, token: str, decisions: list[dict[str, Any]], **params: Any) -> None:
        """Answer a decision task."""
        self._call(
            "RespondDecisionTaskCompleted",
            self._engine.respond_decision_task_completed,
            taskToken=token,
            decisions=decisions,
            **params,
        )

    def complete_activity(self, token: str, result: str) -> None:
        """Answer an activity task with its result."""
        self._call(
            "RespondActivityTaskCompleted",
            self._engine.respond_activity_task_completed,
            taskToken=token,
            result=result,
        )

    def fail_activity(self, token: str, reason: str, details: str) -> None:
        """Answer an activity task with a failure."""
        self._call(
            "RespondActivityTaskFailed",
            self._engine.respond_activity_task_failed,
            taskToken=token,
            reason=reason,
            details=details,
        )

    def cancel_activity(self, token: str, details: str) -> None:
        """Answer an activity task that was cancelled."""
        self._call(
            "RespondActivityTaskCanceled",
            self._engine.respond_activity_task_canceled,
            taskToken=token,
            details=details,
        )

    def heartbeat(self, token: str) -> bool:
        """Send a heartbeat; True: somebody asked for the activity to stop."""
        return bool(
            self._call(
                "RecordActivityTaskHeartbeat", self._engine.record_activity_task_heartbeat, taskToken=token
            )["cancelRequested"]
        )

    def withhold(self, run_id: str, scheduled_id: int) -> None:
        """Keep a waiting activity task from all pollers."""
        self._engine.withhold(run_id, scheduled_id)

    def offer(self, run_id: str, scheduled_id: int) -> None:
        """Give a task that was kept from the pollers back to them, if it still waits."""
        self._engine.offer(run_id, scheduled_id)
        self._take_in()

    def keep(self, run_id: str, scheduled_id: int) -> None:
        """Let a task's worker send heartbeats from now on, without playing each of them."""
        self._engine.keep(run_id, scheduled_id)

    def abandon(self, run_id: str, scheduled_id: int, *, last_beat: float) -> None:
        """Let a task's worker send no more heartbeats."""
        self._engine.abandon(run_id, scheduled_id, last_beat)

    # Time

    def move_to(self, moment: float) -> None:
        """Move the clock, and let everything happen that is due by then."""
        self.now = max(self.now, moment)
        self._engine.advance(self.now)
        self._take_in()

    def next_due(self) -> float | None:
        """Tell when SWF itself does the next thing; None: it never will."""
        return self._engine.next_due()

    def _register(self, kind: Any, name: str, version: str, defaults: Mapping[str, Any]) -> None:
        params = {"domain": DOMAIN, "name": name, "version": version, **defaults}
        self._registry.register_type(kind, params, self.now)

    def _poll(
        self, kind: TaskKind, task_list: str, poll: Operation, params: dict[str, Any]
    ) -> dict[str, Any] | None:
        task: dict[str, Any] | None = poll({"domain": DOMAIN, **params}, self.now)
        self._take_in()
        waiting = self._waiting[kind]
        waiting[task_list] -= 1
        if task is None or not waiting[task_list]:  # one that timed out may have been counted
            del waiting[task_list]
        return task

    def _call(self, operation: str, carry_out: Operation, **params: Any) -> Any:
        if "taskToken" not in params:
            params["domain"] = DOMAIN
        admitted = operations()[operation].admit(params)
        try:
            return carry_out(admitted, self.now)
        finally:
            self._take_in()

    def _take_in(self) -> None:
        """Note what came about: events, and tasks that wait."""
        changes = self._engine.take_changes()
        self._store.save(changes)
        for change in changes:
            if isinstance(change, EventsRecorded):
                self._histories.setdefault(change.run_id, []).extend(change.events)
                self.recorded += [
                    Recorded(workflow_id=change.workflow_id, run_id=change.run_id, event=event)
                    for event in change.events
                ]
        for where in self._engine.take_ready():
            self._waiting[where.kind][where.name] += 1

    def _new_run_id(self) -> str:
        self._runs += 1
        return hashlib.sha256(f"{self._seed}:{self._runs}".encode()).hexdigest()[:32]


class _Engine(Engine):
    """The engine, with what SWF has no word for: fleets that are away, and heartbeats beyond number."""

    def withhold(self, run_id: str, scheduled_id: int) -> None:
        execution, task = self._find(run_id, scheduled_id)
        self._world.tasks.remove(TaskList("activity", DOMAIN, task.task_list), task, execution)

    def offer(self, run_id: str, scheduled_id: int) -> None:
        if run_id in self._world.runs and scheduled_id in self._world.runs[run_id].activities:
            execution, task = self._find(run_id, scheduled_id)
            self._world.tasks.put(TaskList("activity", DOMAIN, task.task_list), task, execution)

    def keep(self, run_id: str, scheduled_id: int) -> None:
        execution, task = self._find(run_id, scheduled_id)
        task.heartbeat = None
        self._world.watch(execution, task)

    def abandon(self, run_id: str, scheduled_id: int, last_beat: float) -> None:
        execution, task = self._find(run_id, scheduled_id)
        task.heartbeat = seconds(task.attributes["heartbeatTimeout"])
        task.heartbeat_at = last_beat
        self._world.watch(execution, task)

    def _find(self, run_id: str, scheduled_id: int) -> tuple[Execution, ActivityTask]:
        execution = self._world.runs[run_id]
        return execution, execution.activities[scheduled_id]
