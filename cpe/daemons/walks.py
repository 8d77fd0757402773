"""The walks that a decider keeps between decisions."""

from __future__ import annotations

import threading
from collections import OrderedDict

from cpe.decider import Walk

MAX_EVENTS = 500_000
"""History events of all walks that are kept; `docs/benchmarks.md` says how much memory one takes."""


class Walks:
    """Keeps the walks of executions decided lately, by run id; forgets those that were not asked for longest.

    Safe to use from several threads: SWF gives out one decision task of an execution at a time.

    Args:
        most_events: How many history events all of them may have been folded from.

    Example:
        >>> Walks().take("no-such-run") is None
        True
    """

    def __init__(self, most_events: int = MAX_EVENTS) -> None:
        self._most = most_events
        self._events = 0
        self._walks: OrderedDict[str, Walk] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, run_id: str) -> Walk | None:
        """Take a walk out. It is put back once it has decided: a half-made one is not kept."""
        with self._lock:
            return self._take(run_id)

    def put(self, walk: Walk) -> None:
        """Keep a walk."""
        with self._lock:
            self._take(walk.execution.run_id)
            self._walks[walk.execution.run_id] = walk
            self._events += walk.execution.last_event_id
            while self._events > self._most:
                _, oldest = self._walks.popitem(last=False)
                self._events -= oldest.execution.last_event_id

    def _take(self, run_id: str) -> Walk | None:
        walk = self._walks.pop(run_id, None)
        if walk is not None:
            self._events -= walk.execution.last_event_id
        return walk

    def __len__(self) -> int:
        return len(self._walks)
