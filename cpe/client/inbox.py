"""The output queue, read as events."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from dataclasses import dataclass

from cpe.aws.sqs import Message, Queue
from cpe.client.references import References
from cpe.errors import AwsError, ProtocolError
from cpe.protocol import Event, decode_event

_log = logging.getLogger("cpe.client")
LONGEST_POLL = 20
"""SQS holds a poll for so many seconds at most (API reference of ReceiveMessage, WaitTimeSeconds)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An event, and the message to delete when it was dealt with."""

    event: Event
    message: Message


class Inbox:
    """Receives batches of events.

    A message that is no event is logged and left: the queue's redrive limit moves it to the dead-letter
    queue, where a person can look at it. Deleting it would hide a newer or a broken sender.

    An event that was too large for the queue is made whole. While S3 is in trouble it is left, too, and comes
    again; on a FIFO queue with all that is behind it of its run.

    Args:
        queue: The output queue.
        references: Lead to what the queue did not carry.
    """

    def __init__(self, queue: Queue, references: References) -> None:
        self._queue = queue
        self._references = references
        self.is_fifo = queue.is_fifo

    def receive(self, wait: float) -> list[Delivery]:
        """Wait up to `wait` seconds, at most 20, for up to ten events.

        Raises:
            AwsError: The queue could not be read.
        """
        messages = self._queue.receive(wait_seconds=min(math.ceil(wait), LONGEST_POLL))
        deliveries = []
        left: set[str] = set()
        for message in messages:
            if message.group_id in left:
                continue
            try:
                delivery = self._read(message)
            except AwsError as error:
                _log.warning("message %s is read later (%s): %s", message.message_id, error.code, error)
                if message.group_id is not None:
                    left.add(message.group_id)
                continue
            if delivery is not None:
                deliveries.append(delivery)
        return deliveries

    def acknowledge(self, deliveries: Iterable[Delivery]) -> None:
        """Delete what was dealt with.

        Raises:
            AwsError: Some will be delivered again.
        """
        self._queue.delete(delivery.message for delivery in deliveries)

    def give_back(self, deliveries: Iterable[Delivery]) -> None:
        """Let what was not dealt with be delivered again at once. Else SQS does so later."""
        try:
            self._queue.hold([delivery.message for delivery in deliveries], 0)
        except AwsError as error:
            _log.info("messages come again when SQS's time for them is over (%s): %s", error.code, error)

    def _read(self, message: Message) -> Delivery | None:
        try:
            event = self._references.whole(decode_event(message.body))
        except ProtocolError as error:
            _log.warning("message %s is no event (%s): %s", message.message_id, error.code, error)
            return None
        return Delivery(event=event, message=message)
