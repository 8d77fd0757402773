"""Deadlines: a heap of what falls due, one entry for each thing that can."""

from __future__ import annotations

import heapq

Key = tuple[int, int]
"""An execution's number and the id of the event that began what can fall due."""

_SLACK = 64


class Deadlines:
    """Tells what is due, in order of time; equal times in order of the keys.

    Setting, dropping and telling cost O(log n). A deadline that moves later, as with each heartbeat, leaves
    the heap alone until the old time comes. Dropped ones are swept out once they are the larger part.
    """

    def __init__(self) -> None:
        self._due: dict[Key, float] = {}
        self._heap: list[tuple[float, Key]] = []

    def __len__(self) -> int:
        return len(self._due)

    def set(self, key: Key, due: float) -> None:
        """Say when something is due from now on."""
        before = self._due.get(key)
        self._due[key] = due
        if before is None or due < before:
            heapq.heappush(self._heap, (due, key))

    def drop(self, key: Key) -> None:
        """Forget something; it may be unknown."""
        if self._due.pop(key, None) is not None and len(self._heap) > 2 * len(self._due) + _SLACK:
            self._heap = [(due, each) for each, due in self._due.items()]
            heapq.heapify(self._heap)

    def next_due(self) -> float | None:
        """Tell when the next one is due."""
        heap = self._heap
        while heap:
            at, key = heap[0]
            due = self._due.get(key)
            if due == at:
                return at
            if due is None or due < at:
                heapq.heappop(heap)
            else:
                heapq.heapreplace(heap, (due, key))
        return None

    def pop(self, now: float) -> tuple[float, Key] | None:
        """Take the first one that is due by now."""
        at = self.next_due()
        if at is None or at > now:
            return None
        _, key = heapq.heappop(self._heap)
        del self._due[key]
        return at, key
