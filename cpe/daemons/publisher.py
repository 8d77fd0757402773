"""Events out: each to the output queue of the client whose job it is about."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from cpe.activity import Logger
from cpe.aws.sqs import Queue
from cpe.config import Settings
from cpe.daemons.recent import Recent
from cpe.errors import AwsError, ProtocolError
from cpe.protocol import Event, encode_event

_REMEMBERED = 20_000


class Publisher:
    """Publishes events, each once for as long as it is remembered.

    Args:
        settings: Know the output queues. Nothing in a message can name another.
        open_queue: Makes the queue of a URL.
        log: Gets ``event_published``, ``event_undeliverable``, ``event_unwanted``.
    """

    def __init__(self, settings: Settings, open_queue: Callable[[str], Queue], log: Logger) -> None:
        self._settings = settings
        self._open_queue = open_queue
        self._log = log
        self._published: Recent[bool] = Recent(_REMEMBERED)
        self._queues: dict[str, Queue] = {}
        self._lock = threading.Lock()

    def publish(self, event: Event, *, client: str | None, again: bool = False) -> None:
        """Publish one event.

        A queue that refuses for good is logged, no more: a client that lost its queue must not stop its job.

        Args:
            event: What happened.
            client: Whose job it is about; None if that is not known.
            again: Publish it even if this process did before.

        Raises:
            AwsError: A fault that passes; publish again.
        """
        if self.was_published(event.event_id) and not again:
            return
        fields = {"event_type": event.type.value, "event_id": event.event_id, "client": client}
        url = self._settings.output_queue_of(client)
        if url is None:
            self._log.debug("event_unwanted", **fields)
            return
        group = event.workflow.run_id if event.workflow else event.event_id
        try:
            self._queue(url).send(encode_event(event), group_id=group, deduplication_id=event.event_id)
        except (AwsError, ProtocolError) as error:
            if error.retryable:
                raise
            self._log.error("event_undeliverable", code=error.code, error=str(error), queue=url, **fields)
        else:
            self._log.debug("event_published", **fields)
        self._published.put(event.event_id, True)

    def was_published(self, event_id: str) -> bool:
        """Tell whether this process published an event, as far as it remembers."""
        return self._published.get(event_id) is not None

    def publish_all(self, events: Iterable[Event], *, client: str | None) -> None:
        """Publish events in order; see :meth:`publish`."""
        for event in events:
            self.publish(event, client=client)

    def _queue(self, url: str) -> Queue:
        with self._lock:
            if url not in self._queues:
                self._queues[url] = self._open_queue(url)
            return self._queues[url]
