"""The one place of a process that reads its output queue, for all who wait for something from it.

Whoever waits first reads; the others wait for what that one finds, and one of them reads next. So an event
reaches whom it concerns, whichever thread happened to read it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from cpe.client.errors import StoreFailed
from cpe.client.inbox import LONGEST_POLL, Delivery, Inbox
from cpe.client.state import JobState
from cpe.client.tracker import Tracker
from cpe.errors import ConfigError
from cpe.protocol import Event

T = TypeVar("T")
# How often a store is looked at that other processes write into.
_LOOK_SECONDS = 1.0
_MOST_UNREAD = 10_000
# Events that are given, and then deleted from the queue, together: as many as SQS deletes in one call.
_BATCH = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """An event, and what it made of its job.

    Attributes:
        event: The event.
        job: The job's state after it; None if it told nothing new: a duplicate, or an answer.
    """

    event: Event
    job: JobState | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unread:
    """An update that nobody iterated over yet; `delivery` is None when it was deleted from the queue."""

    update: Update
    delivery: Delivery | None


class Mailbox:
    """Takes events in, and gives them to who waits.

    Args:
        inbox: The output queue; None for a client that does not read.
        tracker: Is told of every event first.
        poll: How many seconds one poll of the queue waits.
    """

    def __init__(self, inbox: Inbox | None, tracker: Tracker, *, poll: float = LONGEST_POLL) -> None:
        self._inbox = inbox
        self._tracker = tracker
        self._poll = min(poll, LONGEST_POLL)
        self._changed = threading.Condition()
        self._reading = False
        self._stopped = False
        # Whether the tracker's store failed when it was last given something.
        self._in_doubt = False
        self._iterating = 0
        self._asked: dict[str, Event | None] = {}
        self._unread: deque[_Unread] = deque()
        # What is to be deleted from the queue when it was iterated over, by its receipt.
        self._held: dict[str, Delivery] = {}

    @property
    def stopped(self) -> bool:
        """Whether nothing is waited for any more."""
        return self._stopped

    def expect(self, request_id: str) -> None:
        """Keep the answer to a request when it comes; call it before the request is sent.

        Raises:
            ConfigError: ``NO_OUTPUT_QUEUE``: no answer can reach this client.
        """
        if self._inbox is None and not self._tracker.shared:
            raise ConfigError(
                "the client has no output queue, and no store in which another process puts answers; use"
                " wait=False",
                code="NO_OUTPUT_QUEUE",
            )
        with self._changed:
            self._asked[request_id] = None

    def forget(self, request_id: str) -> None:
        """Wait no more for an answer."""
        with self._changed:
            self._asked.pop(request_id, None)

    def answer(self, request_id: str, timeout: float) -> Event | None:
        """Wait for the answer to a request; None if it did not come in time."""

        def found() -> Event | None:
            return self._asked.get(request_id) or self._tracker.take_answer(request_id)

        return self._wait(found, time.monotonic() + timeout)

    def follow(self, job_id: str, timeout: float | None) -> Iterator[JobState]:
        """See :meth:`cpe.client.Client.follow`."""
        deadline = None if timeout is None else time.monotonic() + timeout
        shown: JobState | None = None
        while shown is None or not shown.done:
            state = self._state(job_id, shown, deadline)
            if state is None:
                late = deadline is not None and time.monotonic() >= deadline
                when = f"within {timeout} s" if late else "when the client was stopped"
                raise TimeoutError(f"job {job_id} was not done {when}")
            shown = state
            yield state

    def updates(self, wait: float | None) -> Generator[Update, None, None]:
        """See :meth:`cpe.client.Client.updates`."""
        with self._changed:
            self._iterating += 1
        try:
            while batch := self._next_batch(wait):
                handled = 0
                try:
                    for entry in batch:
                        yield entry.update
                        handled += 1
                finally:
                    self._give_back(batch[handled:])
                    self._acknowledge(self._let_go(batch[:handled]))
        finally:
            left: list[Delivery] = []
            with self._changed:
                self._iterating -= 1
                if self._iterating == 0:
                    # SQS delivers again what nobody took; until somebody iterates, receipts may grow too old.
                    self._unread = deque(entry for entry in self._unread if not self._is_held(entry))
                    left = list(self._held.values())
                    self._held.clear()
            self._return(left)

    def stop(self) -> None:
        """End all iterating and waiting after what was read."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _state(self, job_id: str, known: JobState | None, deadline: float | None) -> JobState | None:
        """Wait for a state of a job that differs from the known one; None if none came in time."""

        def found() -> JobState | None:
            state = self._tracker.job(job_id)
            return state if state != known else None

        return self._wait(found, deadline)

    def _next_batch(self, wait: float | None) -> list[_Unread]:
        deadline = None if wait is None else time.monotonic() + wait
        return self._wait(self._take_unread, deadline, patient=True) or []

    def _take_unread(self) -> list[_Unread] | None:
        if not self._unread:
            return None
        return [self._unread.popleft() for _ in range(min(_BATCH, len(self._unread)))]

    def _give_back(self, entries: list[_Unread]) -> None:
        """What was not handled: SQS delivers it again, unless it is deleted there."""
        with self._changed:
            self._unread.extendleft(entry for entry in reversed(entries) if not self._is_held(entry))
        self._return(self._let_go(entries))

    def _is_held(self, entry: _Unread) -> bool:
        return entry.delivery is not None and entry.delivery.message.receipt in self._held

    def _let_go(self, entries: Iterable[_Unread]) -> list[Delivery]:
        """Hold entries no more; returns what was held of them."""
        receipts = [entry.delivery.message.receipt for entry in entries if entry.delivery is not None]
        with self._changed:
            held = [self._held.pop(receipt, None) for receipt in receipts]
        return [delivery for delivery in held if delivery is not None]

    def _release(self) -> None:
        """Delete what is held: a FIFO queue gives nothing more of a run while some of it is held.

        Whoever waits may be the one who iterates, and would wait for itself.
        """
        with self._changed:
            held = list(self._held.values())
            self._held.clear()
        self._acknowledge(held)

    def _wait(
        self, found: Callable[[], T | None], deadline: float | None, *, patient: bool = False
    ) -> T | None:
        """Wait until something is found, and read the queue when nobody else does.

        Args:
            found: Looks for it; called with the lock held.
            deadline: On the monotonic clock; None waits as long as it takes. The queue is read once at least.
            patient: Whether only reading the queue can bring it, not another process.
        """
        tried = False
        looks = self._inbox is None or (self._tracker.shared and not patient)
        longest = min(_LOOK_SECONDS, self._poll) if looks else self._poll
        while True:
            with self._changed:
                while True:
                    if (result := found()) is not None:
                        return result
                    left = LONGEST_POLL if deadline is None else deadline - time.monotonic()
                    if self._stopped or (left <= 0 and (tried or self._inbox is None)):
                        return None
                    if not self._reading and self._inbox is not None:
                        self._reading = True
                        break
                    tried = True
                    self._changed.wait(min(max(left, 0.0), longest))
            try:
                if self._inbox.is_fifo and not patient:
                    self._release()
                self._read(self._inbox, min(max(left, 0.0), longest))
                tried = True
            finally:
                with self._changed:
                    self._reading = False
                    self._changed.notify_all()

    def _read(self, inbox: Inbox, wait: float) -> None:
        if self._in_doubt:
            # What is received in vain too often becomes a dead letter.
            self._tracker.check()
            self._in_doubt = False
        deliveries = inbox.receive(wait)
        if not deliveries:
            return
        events = [delivery.event for delivery in deliveries]
        try:
            states = self._tracker.apply_all(events, self._foreign_answers(events))
        except StoreFailed:
            self._in_doubt = True
            raise
        self._hand_out(deliveries, states)

    def _foreign_answers(self, events: Iterable[Event]) -> dict[str, Event]:
        """The answers that somebody else asked for, by their request; it is expected before it is sent."""
        with self._changed:
            return {
                request_id: event
                for event in events
                if (request_id := _request_id(event)) is not None and request_id not in self._asked
            }

    def _hand_out(self, deliveries: list[Delivery], states: list[JobState | None]) -> None:
        """Give events to who waits for them."""
        with self._changed:
            held = self._iterating > 0
            for delivery, state in zip(deliveries, states, strict=True):
                event = delivery.event
                if held:
                    self._held[delivery.message.receipt] = delivery
                self._unread.append(
                    _Unread(update=Update(event=event, job=state), delivery=delivery if held else None)
                )
                request_id = _request_id(event)
                if request_id is not None and request_id in self._asked:
                    self._asked[request_id] = event
            self._drop_oldest()
        if not held:
            self._acknowledge(deliveries)

    def _drop_oldest(self) -> None:
        while len(self._unread) > _MOST_UNREAD:
            self._let_go([self._unread.popleft()])

    def _return(self, deliveries: list[Delivery]) -> None:
        """Let SQS deliver again at once: a FIFO queue gives nothing more of a run meanwhile."""
        if self._inbox is not None and deliveries:
            self._inbox.give_back(deliveries)

    def _acknowledge(self, deliveries: list[Delivery]) -> None:
        if self._inbox is not None and deliveries:
            self._inbox.acknowledge(deliveries)


def _request_id(event: Event) -> str | None:
    """Which request an event answers."""
    request_id = event.details.get("requestId")
    return request_id if isinstance(request_id, str) else None
