"""Takes the times of a task's parts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stopwatch:
    """Adds up the seconds of named parts.

    Args:
        parts: The parts' names, in the order of the result; others come after them.
        clock: Seconds that only go forward.
    """

    def __init__(self, *parts: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seconds = dict.fromkeys(parts, 0.0)

    @contextmanager
    def measure(self, part: str) -> Iterator[None]:
        """Add the time of the block to a part."""
        start = self._clock()
        try:
            yield
        finally:
            self._seconds[part] = self._seconds.get(part, 0.0) + self._clock() - start

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds of each part, to the millisecond."""
        return {part: round(seconds, 3) for part, seconds in self._seconds.items()}
