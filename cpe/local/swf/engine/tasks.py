"""Task lists: tasks that wait for a poller, the highest priority first, then the oldest."""

from __future__ import annotations

import heapq
from typing import Literal, NamedTuple

from cpe.local.swf.engine.execution import Execution
from cpe.local.swf.engine.parts import ActivityTask, DecisionTask

TaskKind = Literal["decision", "activity"]

_SLACK = 64


class TaskList(NamedTuple):
    """The name of a task list; decision and activity tasks never share one."""

    kind: TaskKind
    domain: str
    name: str


# Priority (negated), scheduled at, execution's number, scheduled event id.
_Place = tuple[int, float, int, int]


class _Queue:
    __slots__ = ("heap", "waiting")

    def __init__(self) -> None:
        self.heap: list[_Place] = []
        self.waiting: dict[_Place, Execution] = {}


class TaskLists:
    """All task lists. A list exists while tasks wait in it.

    The place in a list follows from the task's events alone, so it is the same after a restart.
    """

    def __init__(self) -> None:
        self._queues: dict[TaskList, _Queue] = {}
        self._ready: list[TaskList] = []

    def put(self, where: TaskList, task: DecisionTask | ActivityTask, execution: Execution) -> None:
        """Let a task wait."""
        queue = self._queues.get(where)
        if queue is None:
            queue = self._queues[where] = _Queue()
        place = _place(task, execution)
        queue.waiting[place] = execution
        heapq.heappush(queue.heap, place)
        self._ready.append(where)

    def take(self, where: TaskList) -> tuple[Execution, int] | None:
        """Take the next task: its execution and scheduled event id."""
        queue = self._queues.get(where)
        while queue is not None and queue.heap:
            place = heapq.heappop(queue.heap)
            execution = queue.waiting.pop(place, None)
            if execution is not None:
                self._tidy(where, queue)
                return execution, place[3]
        return None

    def remove(self, where: TaskList, task: DecisionTask | ActivityTask, execution: Execution) -> None:
        """Let a task wait no longer; it may have been taken."""
        queue = self._queues.get(where)
        if queue is not None and queue.waiting.pop(_place(task, execution), None) is not None:
            self._tidy(where, queue)

    def count(self, where: TaskList) -> int:
        """Say how many wait."""
        queue = self._queues.get(where)
        return len(queue.waiting) if queue is not None else 0

    def take_ready(self) -> list[TaskList]:
        """Name the lists that got tasks since the last time, once for each task."""
        ready, self._ready = self._ready, []
        return ready

    def _tidy(self, where: TaskList, queue: _Queue) -> None:
        if not queue.waiting:
            del self._queues[where]
        elif len(queue.heap) > 2 * len(queue.waiting) + _SLACK:
            queue.heap = sorted(queue.waiting)


def _place(task: DecisionTask | ActivityTask, execution: Execution) -> _Place:
    return (-task.priority, task.scheduled_at, execution.number, task.scheduled_id)
