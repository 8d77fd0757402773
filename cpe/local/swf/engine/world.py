"""The world: all open executions, what waits and what falls due, and the one way to add an event.

Executions reach each other only through :meth:`World.afterwards`, so that one is done before the next begins:
a chain of a thousand children that ends does so in a loop, not in a thousand nested calls.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from cpe.local.swf.engine.changes import Change, Event, EventsRecorded, ExecutionClosed, HeartbeatRecorded
from cpe.local.swf.engine.deadlines import Deadlines
from cpe.local.swf.engine.durations import later, seconds
from cpe.local.swf.engine.execution import Execution
from cpe.local.swf.engine.fold import ATTRIBUTES, CLOSE_STATUS, apply_event
from cpe.local.swf.engine.limits import Limits
from cpe.local.swf.engine.parts import ActivityTask, Child, DecisionTask
from cpe.local.swf.engine.tasks import TaskKind, TaskList, TaskLists
from cpe.local.swf.registry import Registry

#: A workflow's own deadline hangs on its first event.
EXECUTION_DEADLINE = 1


AfterClosing: TypeAlias = Callable[["World", Execution, Sequence[Child], float], None]


class ExecutionEnded(Exception):
    """The execution ran into the limit of its history and was terminated; what it was about to do is void."""


class World:
    """All open executions.

    Args:
        registry: The domains and types.
        limits: The quotas.
        new_run_id: Makes a run id that no run ever had.
        after_closing: Is told of each execution that closed, with the children it had and the time.
    """

    def __init__(
        self, registry: Registry, limits: Limits, new_run_id: Callable[[], str], after_closing: AfterClosing
    ) -> None:
        self.registry = registry
        self.limits = limits
        self.new_run_id = new_run_id
        self._after_closing = after_closing
        self.runs: dict[str, Execution] = {}
        """By run id."""
        self.numbered: dict[int, Execution] = {}
        self.named: dict[str, dict[str, Execution]] = {}
        """By domain and workflow id; in each domain in the order of starting."""
        self.deadlines = Deadlines()
        self.tasks = TaskLists()
        self._next_number = 1
        self._afterwards: deque[Callable[[], None]] = deque()
        self._recorded: dict[str, tuple[Execution, int]] = {}
        self._closed: list[Execution] = []
        self._beats: dict[tuple[str, int], HeartbeatRecorded] = {}

    # Executions

    def add(self, domain: str, workflow_id: str, run_id: str) -> Execution:
        """Make room for an execution that starts, or comes back."""
        execution = Execution(domain, workflow_id, run_id, self._next_number)
        self._next_number += 1
        self.runs[run_id] = self.numbered[execution.number] = execution
        self.named.setdefault(domain, {})[workflow_id] = execution
        return execution

    def find(self, domain: str, workflow_id: str, run_id: str | None = None) -> Execution | None:
        """Find an open execution; without a run id, the one of that workflow id."""
        execution = self.named.get(domain, {}).get(workflow_id)
        if execution is None or run_id not in (None, execution.run_id):
            return None
        return execution

    def count(self, domain: str) -> int:
        """Count a domain's open executions."""
        return len(self.named.get(domain, ()))

    # Events

    def record(self, execution: Execution, kind: str, attributes: Mapping[str, Any], at: float) -> int:
        """Add an event; all that changes in an execution changes here.

        Args:
            execution: Whose.
            kind: The event's type.
            attributes: Those of its type; only what is set.
            at: When; an event never comes before the one before it.

        Returns:
            Its id.

        Raises:
            ExecutionEnded: The history is full. The execution was terminated instead.
        """
        events = execution.events
        event_id = len(events) + 1
        if event_id >= self.limits.events and kind not in CLOSE_STATUS:
            policy = execution.start["childPolicy"]
            self.close(
                execution,
                "WorkflowExecutionTerminated",
                {"childPolicy": policy, "cause": "EVENT_LIMIT_EXCEEDED"},
                at,
            )
            raise ExecutionEnded
        if events:
            at = max(at, execution.last_at)
        event: Event = {
            "eventTimestamp": at,
            "eventType": kind,
            "eventId": event_id,
            ATTRIBUTES[kind]: attributes,
        }
        if execution.run_id not in self._recorded:
            self._recorded[execution.run_id] = (execution, event_id - 1)
        apply_event(execution, event)
        return event_id

    def close(self, execution: Execution, kind: str, attributes: Mapping[str, Any], at: float) -> None:
        """Add the event that closes an execution, and let go of it."""
        self._disarm(execution)
        children = tuple(execution.children.values())
        self.record(execution, kind, attributes, at)
        del self.runs[execution.run_id], self.numbered[execution.number]
        named = self.named[execution.domain]
        del named[execution.workflow_id]
        if not named:
            del self.named[execution.domain]
        self._closed.append(execution)
        self._after_closing(self, execution, children, execution.last_at)

    def beat(self, execution: Execution, task: ActivityTask, at: float, details: str | None) -> None:
        """Note a heartbeat, the one thing that is no event."""
        task.heartbeat_at, task.heartbeat_details = at, details
        self.watch(execution, task)
        self._beats[execution.run_id, task.scheduled_id] = HeartbeatRecorded(
            run_id=execution.run_id, scheduled_event_id=task.scheduled_id, at=at, details=details
        )

    def settle(self, execution: Execution, at: float) -> None:
        """Schedule a decision task if there is news and no decision task is open."""
        if not execution.wants_decision or execution.is_deciding:
            return
        name, timeout = execution.override or (execution.task_list, "NONE")
        attributes = {
            "taskList": {"name": name},
            "startToCloseTimeout": execution.start["taskStartToCloseTimeout"],
            "scheduleToStartTimeout": timeout,
        }
        if execution.priority is not None:
            attributes["taskPriority"] = execution.priority
        self.record(execution, "DecisionTaskScheduled", attributes, at)
        assert execution.decision is not None  # noqa: S101 - the event has just made it
        self.enqueue("decision", execution, execution.decision)

    # What waits and what falls due

    def enqueue(self, kind: TaskKind, execution: Execution, task: DecisionTask | ActivityTask) -> None:
        """Let a task wait for a poller, and its time run."""
        self.tasks.put(TaskList(kind, execution.domain, task.task_list), task, execution)
        self.watch(execution, task)

    def watch(self, execution: Execution, task: DecisionTask | ActivityTask) -> None:
        """Set the deadline of an open task as it stands now."""
        expiry, key = task.expiry(), (execution.number, task.scheduled_id)
        if expiry is None:
            self.deadlines.drop(key)
        else:
            self.deadlines.set(key, expiry[0])

    def release(self, kind: TaskKind, execution: Execution, task: DecisionTask | ActivityTask) -> None:
        """Let a task neither wait nor fall due."""
        self.deadlines.drop((execution.number, task.scheduled_id))
        if not task.started_id:
            self.tasks.remove(TaskList(kind, execution.domain, task.task_list), task, execution)

    def arm(self, execution: Execution) -> None:
        """Set everything an execution waits for; once, when it starts or comes back."""
        started_at = execution.events[0]["eventTimestamp"]
        due = later(started_at, seconds(execution.start.get("executionStartToCloseTimeout")))
        if due is not None:
            self.deadlines.set((execution.number, EXECUTION_DEADLINE), due)
        for timer in execution.timers.values():
            self.deadlines.set((execution.number, timer.started_id), timer.due)
        for task in execution.activities.values():
            self._resume("activity", execution, task)
        if execution.decision is not None:
            self._resume("decision", execution, execution.decision)

    def _resume(self, kind: TaskKind, execution: Execution, task: DecisionTask | ActivityTask) -> None:
        if task.started_id:
            self.watch(execution, task)
        else:
            self.enqueue(kind, execution, task)

    def _disarm(self, execution: Execution) -> None:
        self.deadlines.drop((execution.number, EXECUTION_DEADLINE))
        for timer in execution.timers.values():
            self.deadlines.drop((execution.number, timer.started_id))
        for task in execution.activities.values():
            self.release("activity", execution, task)
        if execution.decision is not None:
            self.release("decision", execution, execution.decision)

    # One thing after the other

    def afterwards(self, action: Callable[[], None]) -> None:
        """Do something once the command at hand is done with its execution."""
        self._afterwards.append(action)

    def run(self, action: Callable[[], None]) -> None:
        """Do something, and then everything that it left for afterwards."""
        self._afterwards.append(action)
        self.drain()

    def drain(self) -> None:
        """Do what was left for afterwards."""
        while self._afterwards:
            try:
                self._afterwards.popleft()()
            except ExecutionEnded:
                continue

    def take_changes(self) -> tuple[Change, ...]:
        """Hand over what has to be made durable; the last heartbeats of tasks that are still open."""
        changes: list[Change] = [
            EventsRecorded(
                domain=execution.domain,
                workflow_id=execution.workflow_id,
                run_id=execution.run_id,
                events=tuple(execution.events[first:]),
            )
            for execution, first in self._recorded.values()
        ]
        changes += [ExecutionClosed(info=each.info(), events=each.events) for each in self._closed]
        changes += [beat for (run_id, _), beat in self._beats.items() if run_id in self.runs]
        self._recorded, self._closed, self._beats = {}, [], {}
        return tuple(changes)
