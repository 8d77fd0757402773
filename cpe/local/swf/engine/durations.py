"""Durations as SWF writes them: whole seconds as text, or NONE."""

from __future__ import annotations

from cpe.local.swf.faults import invalid

NONE = "NONE"


def seconds(text: str | None) -> int | None:
    """Read a duration; None is no time-out.

    Example:
        >>> seconds("60"), seconds("NONE")
        (60, None)
    """
    return None if text is None or text == NONE else int(text)


def check_duration(name: str, text: str | None, *, unlimited: bool = True) -> None:
    """Refuse what is no duration; the model knows its length only.

    Args:
        name: The parameter, for the message.
        text: As the request has it; None: not given.
        unlimited: Whether NONE is allowed.

    Raises:
        SwfFault: ``ValidationException``.
    """
    if text is None or (unlimited and text == NONE) or (text.isascii() and text.isdigit()):
        return
    allowed = "a whole number of seconds or NONE" if unlimited else "a whole number of seconds"
    raise invalid(f"Invalid duration in {name}: {text!r}; it must be {allowed}")


def later(at: float, duration: int | None) -> float | None:
    """Say when a duration that began at a time is over, to the millisecond."""
    return None if duration is None else round(at + duration, 3)
