"""SWF's history events as typed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEvent:
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
        return cls(
            id=raw["eventId"],
            type=kind,
            time=when.timestamp() if isinstance(when, datetime) else float(when),
            attributes=raw.get(f"{kind[0].lower()}{kind[1:]}EventAttributes", {}),
        )
