"""A decider's view of a workflow's history."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any


class History:
    """The events of one execution, oldest first.

    Args:
        events: As SWF gives them, all pages.
        previous: The id of the last DecisionTaskStarted that was answered; 0 if none was.
    """

    def __init__(self, events: Iterable[Mapping[str, Any]], previous: int = 0) -> None:
        self._events = [(event["eventType"], event["eventId"], _attributes(event)) for event in events]
        self._previous = previous

    @property
    def order(self) -> Any:
        """What the workflow was started with."""
        return json.loads(self._events[0][2]["input"])

    def all(self, *kinds: str) -> list[dict[str, Any]]:
        """Return the attributes of all events of some types, each with its ``eventId`` and ``eventType``."""
        return [
            {**attributes, "eventId": event_id, "eventType": kind}
            for kind, event_id, attributes in self._events
            if kind in kinds
        ]

    def count(self, *kinds: str) -> int:
        """Tell how many events of some types there are."""
        return len(self.all(*kinds))

    def news(self, *kinds: str) -> list[dict[str, Any]]:
        """Return those that the decider has not answered yet."""
        return [event for event in self.all(*kinds) if event["eventId"] > self._previous]

    def by_id(self, event_id: int) -> dict[str, Any]:
        """Return the attributes of an event; ids are dense and begin with 1."""
        return self._events[event_id - 1][2]


def _attributes(event: Mapping[str, Any]) -> dict[str, Any]:
    kind = event["eventType"]
    found = event.get(f"{kind[0].lower()}{kind[1:]}EventAttributes", {})
    return dict(found)
