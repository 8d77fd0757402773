"""The walks that a decider keeps between decisions."""

from __future__ import annotations

import threading
from collections import OrderedDict

from cpe.decider import Walk

MAX_BYTES = 256 * 1024 * 1024
"""What all walks that are kept may take of memory, as far as :func:`weight` tells."""

# Measured: an execution of ten events takes 9 KiB, one of 25,000 takes 3.6 MiB (docs/benchmarks.md). A text
# is kept as it is and parsed; a list of small numbers takes six bytes for each of its characters.
_EACH = 8 * 1024
_EVENT = 160
_CHARACTER = 6


class Walks:
    """Keeps the walks of executions decided lately, by run id; forgets those that were not asked for longest.

    Safe to use from several threads: SWF gives out one decision task of an execution at a time.

    Args:
        most: How many bytes all of them may take.

    Example:
        >>> Walks().take("no-such-run") is None
        True
    """

    def __init__(self, most: int = MAX_BYTES) -> None:
        self._most = most
        self._bytes = 0
        self._walks: OrderedDict[str, Walk] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, run_id: str) -> Walk | None:
        """Take a walk out. It is put back once it has decided: a half-made one is not kept."""
        with self._lock:
            return self._take(run_id)

    def put(self, walk: Walk) -> None:
        """Keep a walk; nobody may change it before it is taken out."""
        with self._lock:
            self._take(walk.execution.run_id)
            self._walks[walk.execution.run_id] = walk
            self._bytes += weight(walk)
            while self._bytes > self._most:
                _, oldest = self._walks.popitem(last=False)
                self._bytes -= weight(oldest)

    def _take(self, run_id: str) -> Walk | None:
        walk = self._walks.pop(run_id, None)
        if walk is not None:
            self._bytes -= weight(walk)
        return walk

    def __len__(self) -> int:
        return len(self._walks)


def weight(walk: Walk) -> int:
    """About how many bytes a walk takes."""
    execution = walk.execution
    return _EACH + _EVENT * execution.last_event_id + _CHARACTER * execution.characters
