"""Time, given to whoever needs it, so that tests move it instead of sleeping."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What the daemons know of time."""

    def time(self) -> float:
        """Tell the time in seconds since the epoch, for people and messages."""
        ...

    def monotonic(self) -> float:
        """Tell seconds that never jump, for intervals."""
        ...


class SystemClock:
    """The machine's own clock."""

    def time(self) -> float:
        """Tell the time in seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Tell seconds since some moment in the past."""
        return time.monotonic()
