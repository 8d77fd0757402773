"""The output queue, read as events."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from dataclasses import dataclass

from cpe.aws.sqs import Message, Queue
from cpe.errors import ProtocolError
from cpe.protocol import Event, decode_event

_log = logging.getLogger("cpe.client")
# SQS holds a poll for at most 20 s (API reference of ReceiveMessage, WaitTimeSeconds).
_LONGEST_POLL = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An event, and the message to delete when it was dealt with."""

    event: Event
    message: Message


class Inbox:
    """Receives batches of events.

    A message that is no event is logged and left: the queue's redrive limit moves it to the dead-letter
    queue, where a person can look at it. Deleting it would hide a newer or a broken sender.
    """

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def receive(self, wait: float) -> list[Delivery]:
        """Wait up to `wait` seconds, at most 20, for up to ten events.

        Raises:
            AwsError: The queue could not be read.
        """
        messages = self._queue.receive(wait_seconds=min(math.ceil(wait), _LONGEST_POLL))
        return [delivery for message in messages if (delivery := _read(message)) is not None]

    def acknowledge(self, deliveries: Iterable[Delivery]) -> None:
        """Delete what was dealt with.

        Raises:
            AwsError: Some will be delivered again.
        """
        self._queue.delete(delivery.message for delivery in deliveries)


def _read(message: Message) -> Delivery | None:
    try:
        return Delivery(event=decode_event(message.body), message=message)
    except ProtocolError as error:
        _log.warning("message %s is no event (%s): %s", message.message_id, error.code, error)
        return None
