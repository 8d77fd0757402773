"""Times and durations as operators type and read them."""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGE = re.compile(r"([0-9]{1,6})([smhdw])", re.ASCII)


class Since(click.ParamType[float]):
    """How far to look back, such as ``2h``, or from when on; becomes seconds since the epoch.

    Args:
        clock: Tells the time, in seconds since the epoch.

    Example:
        >>> Since(lambda: 10_000.0).convert("2h", None, None)
        2800.0
    """

    name = "age"

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read ``30s``, ``5m``, ``2h``, ``7d``, ``1w`` or an ISO time, local where it names no offset."""
        if isinstance(value, int | float):
            return float(value)
        if age := _AGE.fullmatch(value):
            return max(self._clock() - int(age[1]) * _UNITS[age[2]], 0.0)
        try:
            return datetime.fromisoformat(value).timestamp()
        except (ValueError, OverflowError, OSError):
            self.fail(
                f"{value!r} is no age such as 30m, 2h or 7d, and no time such as 2026-01-31T08:00", param, ctx
            )


def moment(seconds: float | None) -> str:
    """Write a time of day with its date, local, to the second; nothing for None."""
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def duration(seconds: float) -> str:
    """Write how long something took.

    Example:
        >>> duration(0.25), duration(75), duration(3_700), duration(90_061)
        ('0.2s', '1m15s', '1h01m', '1d01h')
    """
    whole = int(seconds)
    if whole < _UNITS["m"]:
        return f"{seconds:.1f}s" if seconds < 10 else f"{whole}s"  # noqa: PLR2004 - tenths matter below ten
    if whole < _UNITS["h"]:
        return f"{whole // 60}m{whole % 60:02}s"
    if whole < _UNITS["d"]:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    return f"{whole // 86_400}d{whole % 86_400 // 3600:02}h"
