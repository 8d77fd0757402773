"""Pollers that wait for a task: who waits for which task list, first come, first served."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any, Protocol

from cpe.local.swf.engine.tasks import TaskList


class Caller(Protocol):
    """Who waits for an answer."""

    def check(self) -> None:
        """Raise what shall become of the request, unless somebody still waits for its answer."""


class Waiter:
    """One poller: what it asked for, and what it was given.

    The answer is set by whoever makes a task available, under the service's lock; the poller's own thread
    waits outside the lock.
    """

    __slots__ = ("_answer", "_told", "caller", "params")

    def __init__(self, params: dict[str, Any], caller: Caller) -> None:
        self.params = params
        self.caller = caller
        self._answer: dict[str, Any] | None = None
        self._told = threading.Event()

    def tell(self, answer: dict[str, Any] | None) -> None:
        """End the wait, with a task or with none."""
        self._answer = answer
        self._told.set()

    def wait(self, seconds: float) -> bool:
        """Wait to be told, at most so long; say whether it happened."""
        return self._told.wait(seconds)

    @property
    def told(self) -> bool:
        """Whether the wait is over."""
        return self._told.is_set()

    @property
    def answer(self) -> dict[str, Any] | None:
        """What it was told."""
        return self._answer

    @property
    def present(self) -> bool:
        """Whether somebody still waits at the other end of the connection."""
        try:
            self.caller.check()
        except Exception:  # whatever the reason is, it is no reason to hand out a task
            return False
        return True


class Waiters:
    """All who wait, by task list. Not safe for threads: the service's lock is."""

    def __init__(self) -> None:
        self._queues: dict[TaskList, deque[Waiter]] = {}

    def add(self, where: TaskList, waiter: Waiter) -> None:
        """Let one wait, behind all others of its list."""
        self._queues.setdefault(where, deque()).append(waiter)

    def take(self, where: TaskList) -> Waiter | None:
        """Take the first one who is still there; those who went are left out for good."""
        queue = self._queues.get(where)
        found = None
        while queue and found is None:
            first = queue.popleft()
            found = first if first.present else None
        self._tidy(where)
        return found

    def put_back(self, where: TaskList, waiter: Waiter) -> None:
        """Let one wait before all others again."""
        self._queues.setdefault(where, deque()).appendleft(waiter)

    def remove(self, where: TaskList, waiter: Waiter) -> None:
        """Let one wait no longer."""
        queue = self._queues.get(where)
        if queue is not None and waiter in queue:
            queue.remove(waiter)
        self._tidy(where)

    def clear(self) -> list[Waiter]:
        """Let nobody wait any longer, and name all who did."""
        everybody = [waiter for queue in self._queues.values() for waiter in queue]
        self._queues.clear()
        return everybody

    def _tidy(self, where: TaskList) -> None:
        if where in self._queues and not self._queues[where]:
            del self._queues[where]
