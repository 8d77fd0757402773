"""What is going to happen beside what SWF does by itself: workers that end, signals that come."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import TypeAlias

Action: TypeAlias = Callable[[], None]


class Agenda:
    """Actions by time; those of one time in the order in which they were entered."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Action]] = []
        self._entered = 0
        self._due: list[Action] = []

    def enter(self, when: float, action: Action) -> None:
        """Let something happen at a time; one that is past means at once."""
        self._entered += 1
        heapq.heappush(self._heap, (when, self._entered, action))

    def next_time(self) -> float | None:
        """Tell when the next thing happens; None: nothing does."""
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> int:
        """Count what can happen by now."""
        while self._heap and self._heap[0][0] <= now:
            self._due.append(heapq.heappop(self._heap)[2])
        return len(self._due)

    def take(self, index: int) -> Action:
        """Take one of those that :meth:`due` counted."""
        return self._due.pop(index)
