"""The service's clock: the system's, and as far ahead of it as somebody moved it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable


class Clock:
    """Tells the time; it never goes back, whatever the system's clock does.

    Args:
        system: Epoch seconds as the system has them.

    Example:
        >>> clock = Clock(system=lambda: 1000.0)
        >>> clock.advance(60)
        >>> clock.now()
        1060.0
    """

    def __init__(self, system: Callable[[], float] = time.time) -> None:
        self._system = system
        self._offset = 0.0
        self._latest = 0.0

    @property
    def offset(self) -> float:
        """Seconds by which the clock was moved ahead of the system's."""
        return self._offset

    def now(self) -> float:
        """Tell the time in epoch seconds, to the millisecond as SWF has it."""
        self._latest = max(self._latest, round(self._system() + self._offset, 3))
        return self._latest

    def advance(self, seconds: float) -> None:
        """Move the clock ahead.

        Raises:
            ValueError: Time does not go back, nor to the end of all days.
        """
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError(f"the clock can be moved ahead by seconds, not by {seconds}")
        self._offset += seconds

    def catch_up(self, moment: float) -> None:
        """Move the clock ahead to a moment that has been, if it is behind."""
        self._offset += max(0.0, moment - self.now())

    def reset(self) -> None:
        """Go back to the system's time; only for a service that has forgotten everything."""
        self._offset = 0.0
        self._latest = 0.0
