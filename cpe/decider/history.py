"""SWF's history events as typed values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple


class HistoryEvent(NamedTuple):
    """One event of an execution's history.

    Attributes:
        id: SWF's number of the event; the first is 1.
        type: SWF's name, such as ``ActivityTaskCompleted``.
        time: Seconds since the epoch.
        attributes: What SWF gives for the type, under SWF's names.
    """

    id: int
    type: str
    time: float
    attributes: Mapping[str, Any]

    @classmethod
    def from_swf(cls, raw: Mapping[str, Any]) -> HistoryEvent:
        """Read an event as boto3 gives it, or as a recorded history has it: the time as a number or as text.

        Example:
            >>> HistoryEvent.from_swf({"eventId": 2, "eventType": "TimerFired", "eventTimestamp": 1.5})
            HistoryEvent(id=2, type='TimerFired', time=1.5, attributes={})
        """
        kind: str = raw["eventType"]
        when = raw["eventTimestamp"]
        if isinstance(when, str):
            when = datetime.fromisoformat(when)
        seconds = when.timestamp() if isinstance(when, datetime) else float(when)
        return cls(raw["eventId"], kind, seconds, raw.get(_attributes_of(kind), _NO_ATTRIBUTES))


@cache
def _attributes_of(kind: str) -> str:
    """The key of an event's attributes. There are some fifty types, and thousands of events."""
    return f"{kind[0].lower()}{kind[1:]}EventAttributes"


_NO_ATTRIBUTES: Mapping[str, Any] = {}
