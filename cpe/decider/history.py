"""SWF's history events as typed values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


MAY_LIE_ELSEWHERE: Mapping[str, str] = {
    "WorkflowExecutionStarted": "input",
    "WorkflowExecutionSignaled": "input",
    "ActivityTaskCompleted": "result",
    "ChildWorkflowExecutionCompleted": "result",
}
"""What plans make use of: the events whose texts may be references, and the attribute that is one."""


def whole(raw: Mapping[str, Any], resolve: Callable[[str], str]) -> Mapping[str, Any]:
    """Put the payload in the place of a reference in an event, as boto3 gives it.

    Args:
        raw: The event.
        resolve: Gives what a text stands for; the same text if it is no reference.

    Example:
        >>> attributes = {"activityTaskCompletedEventAttributes": {"result": "…"}}
        >>> whole({"eventType": "ActivityTaskCompleted", **attributes}, lambda text: "[1, 2]")
        {'eventType': 'ActivityTaskCompleted', 'activityTaskCompletedEventAttributes': {'result': '[1, 2]'}}
    """
    kind = raw["eventType"]
    name = MAY_LIE_ELSEWHERE.get(kind)
    if name is None:
        return raw
    key = _attributes_of(kind)
    attributes = raw[key]
    return {**raw, key: {**attributes, name: resolve(attributes[name])}} if name in attributes else raw


@cache
def _attributes_of(kind: str) -> str:
    """The key of an event's attributes. There are some fifty types, and thousands of events."""
    return f"{kind[0].lower()}{kind[1:]}EventAttributes"


_NO_ATTRIBUTES: Mapping[str, Any] = {}
