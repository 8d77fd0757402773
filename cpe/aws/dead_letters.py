"""Dead-letter queues: what was delivered in vain, why, and back again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cpe.aws.faults import told
from cpe.aws.sqs import Message, Outgoing, Queue
from cpe.errors import ConfigError, ProtocolError
from cpe.protocol import decode_command, decode_event

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

_MAX_LOOKS = 100
_MOST = 1000
_FIFO_GROUP = "redriven"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message that was delivered as often as its queue allows.

    Attributes:
        message_id: SQS's id.
        sent: When it was sent first, in seconds since the epoch.
        body: Its text.
        receives: How often it was delivered since.
        type, job_id: What it asked for or told, as far as it can be read.
        reason: Why it cannot be understood, as a code; None if it can.
        explanation: The same for a person.
    """

    message_id: str
    sent: float
    body: str
    receives: int
    type: str | None = None
    job_id: str | None = None
    reason: str | None = None
    explanation: str = ""

    def details(self) -> dict[str, Any]:
        """The dead letter as the command line prints it."""
        return {
            "messageId": self.message_id,
            "sent": self.sent,
            "type": self.type,
            "jobId": self.job_id,
            "reason": self.reason,
            "details": self.explanation,
            "receives": self.receives,
            "body": self.body,
        }


class DeadLetters:
    """The dead-letter queue of one queue. Every method raises :class:`~cpe.errors.AwsError`.

    Args:
        client: The client of SQS.
        url: The queue whose dead letters these are.
        clock: Seconds since the epoch.

    Raises:
        ConfigError: ``NO_DEAD_LETTERS``: the queue has no dead-letter queue.
    """

    def __init__(self, client: SQSClient, url: str, *, clock: Callable[[], float] = time.time) -> None:
        self._source = Queue(client, url)
        self.url = _dead_letter_url(client, url)
        self._queue = Queue(client, self.url)
        self._clock = clock

    def list(self, most: int = _MAX_LOOKS) -> Sequence[DeadLetter]:
        """Look at up to so many letters; they stay where they are."""
        messages = self._take(most)
        self._queue.hold(messages, 0)
        return [read_letter(message) for message in messages]

    def show(self, message_id: str) -> DeadLetter | None:
        """Look for one letter; None if it is not among the first thousand."""
        return next((one for one in self.list(_MOST) if one.message_id == message_id), None)

    def redrive(self, message_id: str | None = None, *, most: int = _MOST) -> int:
        """Send letters back to their queue.

        A letter is deleted here after it was sent there: it may be delivered twice, and is never lost.

        Args:
            message_id: Only this one; None for all.
            most: How many are looked at.

        Returns:
            How many were sent back.

        Raises:
            AwsError: Some were not; they are still here.
        """
        messages = self._take(most)
        try:
            wanted = [message for message in messages if message_id in (None, message.message_id)]
            now = self._clock()
            faults = self._source.send_batch(
                [
                    Outgoing(
                        body=message.body,
                        group_id=_FIFO_GROUP,
                        deduplication_id=f"{message.message_id}-{now:g}",
                    )
                    for message in wanted
                ]
            )
            sent = [message for message, fault in zip(wanted, faults, strict=True) if fault is None]
            self._queue.delete(sent)
        finally:
            self._queue.hold(messages, 0)
        for fault in faults:
            if fault is not None:
                raise fault
        return len(sent)

    def _take(self, most: int) -> Sequence[Message]:
        """Take letters from the queue, for as long as it keeps what was taken from others."""
        taken: dict[str, Message] = {}
        while len(taken) < most:
            before = len(taken)
            for message in self._queue.receive(min(most - before, 10), wait_seconds=0):
                taken[message.message_id] = message
            if len(taken) == before:
                break
        return tuple(taken.values())


def read_letter(message: Message) -> DeadLetter:
    """Tell what a dead message is, and, if it cannot be understood, why not.

    What can be understood was delivered in vain for another reason: a service that did not answer, a fault of
    the daemon. Its log has ``command_postponed`` or ``command_failed`` with the message's id.
    """
    known: dict[str, Any] = {
        "message_id": message.message_id,
        "sent": message.sent,
        "body": message.body,
        "receives": message.receive_count,
    }
    try:
        command = decode_command(message.body)
    except ProtocolError as error:
        return _no_command(message, error, known)
    return DeadLetter(**known, type=command.type.value, job_id=command.job_id, explanation=_IN_VAIN)


_IN_VAIN = (
    "it can be read, so it could not be carried out for another reason: see command_postponed and "
    "command_failed in the input poller's log"
)
_UNREAD = "it is an event, so its client did not delete it"


def _no_command(message: Message, error: ProtocolError, known: dict[str, Any]) -> DeadLetter:
    try:
        event = decode_event(message.body)
    except ProtocolError:
        return DeadLetter(**known, reason=error.code, explanation=str(error))
    return DeadLetter(**known, type=event.type.value, job_id=event.job_id, explanation=_UNREAD)


def _dead_letter_url(client: SQSClient, url: str) -> str:
    with told(f"queue {url}"):
        attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"]).get(
            "Attributes", {}
        )
        if "RedrivePolicy" not in attributes:
            raise ConfigError(
                f"queue {url} has no dead-letter queue; `cpe provision` sets one up", code="NO_DEAD_LETTERS"
            )
        name = json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"].rpartition(":")[2]
        return client.get_queue_url(QueueName=name)["QueueUrl"]
