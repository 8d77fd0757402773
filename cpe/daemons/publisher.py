"""Events out: each to the output queue of the client whose job it is about."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Sequence

from cpe.activity import Logger
from cpe.aws.payloads import Payloads
from cpe.aws.sending import Outgoing
from cpe.aws.sqs import Queue
from cpe.config import Settings
from cpe.daemons.recent import Recent
from cpe.errors import AwsError, CpeError, PayloadError, ProtocolError
from cpe.protocol import Event, encode_event
from cpe.protocol.references import MAX_PAYLOAD
from cpe.protocol.shorten import TOO_MUCH, shorten

_REMEMBERED = 20_000


class Publisher:
    """Publishes events, each once for as long as it is remembered.

    On a FIFO queue the events of one run stay in the order in which they were published here: what is behind
    one that is held up is held up with it. SQS drops an event whose id it has seen in the last five minutes.

    An event that its queue does not carry is stored whole among the payloads, and sent with a reference in
    place of its largest details. Where it cannot be stored it is sent without them: a fact is not held back.

    Args:
        settings: Know the output queues. Nothing in a message can name another.
        open_queue: Makes the queue of a URL.
        log: Gets ``event_published``, ``event_shortened``, ``event_undeliverable``, ``event_unwanted``.
        payloads: Take the events that are too large for their queues.
    """

    def __init__(
        self,
        settings: Settings,
        open_queue: Callable[[str], Queue],
        log: Logger,
        payloads: Payloads,
    ) -> None:
        self._settings = settings
        self._open_queue = open_queue
        self._log = log
        self._payloads = payloads
        self._published: Recent[bool] = Recent(_REMEMBERED)
        self._queues: dict[str, Queue] = {}
        self._lock = threading.Lock()

    def publish(self, event: Event, *, client: str | None) -> None:
        """Publish one event; see :meth:`publish_all`."""
        self.publish_all([event], client=client)

    def publish_all(self, events: Iterable[Event], *, client: str | None) -> None:
        """Publish events, in as few calls as may be; those that this process published before are left out.

        A queue that refuses for good is logged, no more: a client that lost its queue must not stop its job.

        Args:
            events: What happened, in order.
            client: Whose job it is about; None if that is not known.

        Raises:
            AwsError: A fault that passes; publish again: what is out already is not sent twice.
        """
        new = [event for event in events if not self.was_published(event.event_id)]
        faults = self.answer(new, client=client)
        for event, fault in zip(new, faults, strict=True):
            if fault is None:
                self._published.put(event.event_id, True)
        for fault in faults:
            if fault is not None:
                raise fault

    def answer(self, events: Sequence[Event], *, client: str | None) -> list[AwsError | None]:
        """Publish events whether or not they were published before: each command is answered.

        Args:
            events: What to tell.
            client: Whom; None if that is not known.

        Returns:
            For each None if it is out, or never can be, else the passing fault that held it up.
        """
        outcomes: list[AwsError | None] = [None] * len(events)
        url = self._settings.output_queue_of(client)
        if url is None:
            for event in events:
                self._log.debug("event_unwanted", **_fields(event, client))
            return outcomes
        queue = self._queue(url)
        outgoing: dict[int, Outgoing] = {}
        held_up: dict[str, AwsError] = {}
        for index, event in enumerate(events):
            group = group_of(event)
            if queue.is_fifo and group in held_up:
                outcomes[index] = held_up[group]
                continue
            try:
                outgoing[index] = self._outgoing(event, queue, client=client)
            except (AwsError, ProtocolError) as error:
                outcomes[index] = fault = self._fault(error, event, url, client)
                if fault is not None:
                    held_up[group] = fault
        faults = queue.send_batch(list(outgoing.values()))
        for index, fault in zip(outgoing, faults, strict=True):
            if fault is not None:
                outcomes[index] = self._fault(fault, events[index], url, client)
            else:
                self._log.debug("event_published", **_fields(events[index], client))
        return outcomes

    def _outgoing(self, event: Event, queue: Queue, *, client: str | None) -> Outgoing:
        asked = event.details.get("requestId", "")
        # The same fact may answer two questions: each is answered.
        unique = (
            hashlib.sha256(f"{event.event_id}\0{asked}".encode()).hexdigest() if asked else event.event_id
        )
        body = self._body(event, queue, client=client)
        return Outgoing(body=body, group_id=group_of(event), deduplication_id=unique)

    def _fault(
        self, error: AwsError | ProtocolError, event: Event, url: str, client: str | None
    ) -> AwsError | None:
        """Tell a passing fault; log a final one."""
        if isinstance(error, AwsError) and error.retryable:
            return error
        self._log.error(
            "event_undeliverable",
            code=error.code,
            error=str(error),
            queue=url,
            **_fields(event, client),
        )
        return None

    def was_published(self, event_id: str) -> bool:
        """Tell whether this process published an event, as far as it remembers."""
        return self._published.get(event_id) is not None

    def _body(self, event: Event, queue: Queue, *, client: str | None) -> str:
        """Write an event so that its queue carries it."""
        try:
            whole = encode_event(event, most=MAX_PAYLOAD)
        except ProtocolError as error:
            if error.code not in TOO_MUCH:
                raise
            return self._short(event, queue, error, client=client)
        if queue.carries(len(whole)):
            return whole
        try:
            reference = self._payloads.keep(whole, client=client)
        except (AwsError, PayloadError) as error:
            if error.retryable:
                raise
            return self._short(event, queue, error, client=client)
        return encode_event(shorten(event, queue.max_size, reference=reference))

    def _short(self, event: Event, queue: Queue, error: CpeError, *, client: str | None) -> str:
        self._log.warning(
            "event_shortened",
            code=error.code,
            error=str(error),
            **_fields(event, client),
        )
        return encode_event(shorten(event, queue.max_size, reference=None))

    def _queue(self, url: str) -> Queue:
        with self._lock:
            if url not in self._queues:
                self._queues[url] = self._open_queue(url)
            return self._queues[url]


def group_of(event: Event) -> str:
    """Tell the message group of an event: its run; of an answer without a run its job, or else itself."""
    if event.workflow is not None:
        return event.workflow.run_id
    return event.job_id or event.event_id


def _fields(event: Event, client: str | None) -> dict[str, str | None]:
    """What a log record of an event names."""
    return {"event_type": event.type.value, "event_id": event.event_id, "client": client}
