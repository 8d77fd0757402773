"""Durations as SWF writes them: whole seconds as text, or NONE."""

from __future__ import annotations

NONE = "NONE"


def seconds(text: str | None) -> int | None:
    """Read a duration; None is no time-out.

    Example:
        >>> seconds("60"), seconds("NONE")
        (60, None)
    """
    return None if text is None or text == NONE else int(text)


def later(at: float, duration: int | None) -> float | None:
    """Say when a duration that began at a time is over, to the millisecond."""
    return None if duration is None else round(at + duration, 3)
