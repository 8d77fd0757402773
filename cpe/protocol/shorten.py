"""Events without their largest or deepest details, for queues that do not carry them whole."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cpe.errors import ProtocolError
from cpe.protocol.body import mend
from cpe.protocol.codec import encode_event
from cpe.protocol.events import Event, EventType
from cpe.protocol.references import Reference

TOO_MUCH = frozenset({"TOO_LARGE", "TOO_DEEP"})
"""Codes of ProtocolError that tell of an event which can be sent without some details."""

_KEPT = frozenset(
    {"attempt", "cause", "command", "reason", "timeoutType", "truncated", "willRetry", "workflowType"}
)
"""Details that are small, and by which a reader follows a job."""


def shorten(event: Event, most: int, *, reference: Reference | None) -> Event:
    """Leave out an event's deepest and largest details, until it has a message of at most so many bytes.

    In their place stands None, and ``truncated`` is true beside them. What a job is followed by stays: type,
    ids, codes and attempts.

    Args:
        event: An event that is too large, or nested too deeply.
        most: Bytes that the message may have. Ids alone may take two thousand.
        reference: Where the whole event lies; None if nowhere.

    Example:
        >>> from cpe.protocol import WorkflowRef
        >>> event = Event(type=EventType.WORKFLOW_COMPLETED, time=1.0, event_id="r1:closed",
        ...               workflow=WorkflowRef(workflow_id="w", run_id="r1"), details={"result": "x" * 2000})
        >>> shorten(event, 1024, reference=None).details
        {'result': None, 'truncated': True}
    """
    details = {**event.details, "truncated": True}
    droppable = details
    failure = details.get("result")
    if event.type is EventType.ACTIVITY_FAILED and isinstance(failure, Mapping):
        # Its reason lies in there.
        droppable = details["result"] = dict(failure)
    sizes = {name: _size(value) for name, value in droppable.items() if name not in _KEPT}
    short = replace(event, details=details, reference=reference)
    for name in sorted(sizes, key=lambda name: sizes[name], reverse=True):
        droppable[name] = None  # in `short` too
        if _fits(short, most):
            break
    return short


def _fits(event: Event, most: int) -> bool:
    try:
        encode_event(event, most=most)
    except ProtocolError as error:
        if error.code not in TOO_MUCH:
            raise
        return False
    return True


def _size(value: Any) -> float:
    """Characters of a detail. One that is nested too deeply goes first, however short it is."""
    try:
        return len(json.dumps(mend(value)))
    except ProtocolError as error:
        if error.code not in TOO_MUCH:
            raise
        return math.inf
