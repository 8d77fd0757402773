"""SWF's time, as far as SWF lets it be known."""

from __future__ import annotations

from cpe.clock import Clock


class SwfTime:
    """What SWF's clock shows at least. This machine's own may show something else.

    Args:
        clock: Measures what has passed since SWF told the time.

    Example:
        >>> from cpe.clock import SystemClock
        >>> time = SwfTime(SystemClock())
        >>> time.heard(1437447258.0)
        >>> (time.now() or 0.0) >= 1437447258.0
        True
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead: float | None = None

    def heard(self, seconds: float) -> None:
        """Take in a time that SWF told, in seconds since the epoch: it is as late as that by now."""
        ahead = seconds - self._clock.monotonic()
        if self._ahead is None or ahead > self._ahead:
            self._ahead = ahead

    def now(self) -> float | None:
        """Tell the time, in seconds since the epoch; None before SWF told any."""
        return None if self._ahead is None else self._ahead + self._clock.monotonic()
