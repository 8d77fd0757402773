"""Takes the times of a task's parts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stopwatch:
    """Adds up the seconds of named parts.

    Of a part that is under way several times at once, in any threads, each second counts once.

    Args:
        parts: The parts' names, in the order of the result; others come after them.
        clock: Seconds that only go forward.
    """

    def __init__(self, *parts: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seconds = dict.fromkeys(parts, 0.0)
        self._lock = threading.Lock()
        self._under_way: dict[str, int] = {}
        self._starts: dict[str, float] = {}

    @contextmanager
    def measure(self, part: str) -> Iterator[None]:
        """Add the time of the block to a part."""
        with self._lock:
            if not self._under_way.get(part):
                self._starts[part] = self._clock()
            self._under_way[part] = self._under_way.get(part, 0) + 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way[part] -= 1
                if not self._under_way[part]:
                    spent = self._clock() - self._starts[part]
                    self._seconds[part] = self._seconds.get(part, 0.0) + spent

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds of each part, to the millisecond."""
        return {part: round(seconds, 3) for part, seconds in self._seconds.items()}
