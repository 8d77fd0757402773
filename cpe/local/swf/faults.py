"""What SWF says no with.

Every fault of the service is one exception with the fault's name: SDKs turn the name into the exception that
they were compiled with, so a table of Python classes would add nothing.
"""

from __future__ import annotations

from typing import Any


class SwfFault(Exception):
    """A request that SWF refuses; the client's mistake, not the service's.

    Args:
        name: The name as AWS has it: ``UnknownResourceFault``, ``ValidationException`` …
        message: What is wrong, as a person reads it.
        fields: What the answer carries beside its message; some faults have fields of their own.

    Example:
        >>> raise SwfFault("UnknownResourceFault", "Unknown domain: media")
        Traceback (most recent call last):
        cpe.local.swf.faults.SwfFault: UnknownResourceFault: Unknown domain: media
    """

    def __init__(self, name: str, message: str, **fields: Any) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message
        self.fields = fields


def unknown_resource(message: str) -> SwfFault:
    """Say that something named does not exist, or no longer.

    Example:
        >>> unknown_resource("Unknown domain: media").name
        'UnknownResourceFault'
    """
    return SwfFault("UnknownResourceFault", message)


def invalid(message: str) -> SwfFault:
    """Say that a request is well-formed but its values are not allowed.

    Example:
        >>> invalid("Invalid token").name
        'ValidationException'
    """
    return SwfFault("ValidationException", message)
