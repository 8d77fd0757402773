"""What a client hears of its jobs, and waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from cpe.protocol import Event, EventType
from tests.acceptance.stack import PATIENCE

T = TypeVar("T")


class Heard:
    """The events of one client, by job. Whoever reads them hands them over, in a thread of its own."""

    def __init__(self) -> None:
        self._events: dict[str, dict[str, Event]] = {}
        self._news = threading.Condition()

    def take(self, event: Event) -> None:
        """Keep an event; one that came before is the same."""
        with self._news:
            self._events.setdefault(event.job_id or "", {}).setdefault(event.event_id, event)
            self._news.notify_all()

    def heard(self, job_id: str, kind: EventType | None = None) -> list[Event]:
        """The events of a job so far, each once, in the order in which they came."""
        with self._news:
            events = list(self._events.get(job_id, {}).values())
        return [event for event in events if kind in (None, event.type)]

    def jobs(self) -> set[str]:
        """The jobs that anything was heard of; "" stands for what named none."""
        with self._news:
            return set(self._events)

    def kinds(self) -> set[EventType]:
        """Which types of event were heard at all."""
        with self._news:
            return {event.type for events in self._events.values() for event in events.values()}

    def event(self, job_id: str, kind: EventType, activity_id: str | None = None, number: int = 1) -> Event:
        """Wait for the so-maniest event of a kind, of an activity if one is named."""

        def found() -> Event | None:
            events = self._events.get(job_id, {}).values()
            named = [event for event in events if event.type is kind and _is_of(event, activity_id)]
            return named[number - 1] if len(named) >= number else None

        return self.wait(found, f"{kind} {activity_id or ''} of {job_id}")

    def closed(self, job_id: str) -> Event:
        """Wait for the event that closes a job."""

        def found() -> Event | None:
            events = self._events.get(job_id, {}).values()
            return next((event for event in events if event.type.closes_job), None)

        return self.wait(found, f"the end of {job_id}")

    def wait(self, found: Callable[[], T | None], what: str, seconds: float = PATIENCE) -> T:
        """Wait until something was heard, and tell it; asks anew with each event."""
        value: T | None = None

        def is_there() -> bool:
            nonlocal value
            value = found()
            return value is not None

        with self._news:
            there = self._news.wait_for(is_there, seconds)
            heard = {
                job_id: [event.type.value for event in all_.values()] for job_id, all_ in self._events.items()
            }
        assert there, f"{what} did not come; heard of the last jobs: {dict(list(heard.items())[-3:])}"
        assert value is not None
        return value

    def quiet(self, seconds: float) -> bool:
        """Wait for news; tell whether none came for so long."""
        with self._news:
            return not self._news.wait(seconds)


def _is_of(event: Event, activity_id: str | None) -> bool:
    return activity_id is None or (event.activity is not None and event.activity.activity_id == activity_id)
