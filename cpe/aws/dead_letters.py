"""Dead-letter queues: what was delivered in vain, why, and back again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cpe.aws.faults import told
from cpe.aws.sending import Outgoing
from cpe.aws.sqs import Message, Queue
from cpe.errors import ConfigError, ProtocolError
from cpe.protocol import Command, Event, decode_command, decode_event

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

_MAX_LOOKS = 100
_MOST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message that was delivered as often as its queue allows.

    Attributes:
        message_id: SQS's id.
        sent: When it was sent first, in seconds since the epoch.
        body: Its text.
        receives: How often it was delivered since.
        group: Its message group; None on a standard queue.
        type, job_id: What it asked for or told, as far as it can be read.
        reason: Why it cannot be understood, as a code; None if it can.
        explanation: The same for a person.
    """

    message_id: str
    sent: float
    body: str
    receives: int
    group: str | None = None
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
            "group": self.group,
            "body": self.body,
        }


class DeadLetters:
    """The dead-letter queue of one queue. Every method raises :class:`~cpe.errors.AwsError`.

    A FIFO queue has a FIFO one. It shows the first ten letters of each message group at most: SQS gives no
    more of a group while some of it are being looked at.

    Args:
        client: The client of SQS.
        url: The queue whose dead letters these are.
        events: Whether it is an output queue: its letters are events, else commands.

    Raises:
        ConfigError: ``NO_DEAD_LETTERS``: the queue has no dead-letter queue.
    """

    def __init__(self, client: SQSClient, url: str, *, events: bool = False) -> None:
        self._source = Queue(client, url)
        self.url = _dead_letter_url(client, url)
        self._queue = Queue(client, self.url)
        self._events = events

    def list(self, most: int = _MAX_LOOKS) -> Sequence[DeadLetter]:
        """Look at up to so many letters; they stay where they are."""
        messages = self._take(most)
        self._queue.hold(messages, 0)
        return [read_letter(message, events=self._events) for message in messages]

    def count(self) -> int:
        """Tell how many letters there are, as SQS counts: about."""
        return self._queue.count()

    def show(self, message_id: str) -> DeadLetter | None:
        """Look for one letter; None if it is not among the first thousand."""
        return next((one for one in self.list(_MOST) if one.message_id == message_id), None)

    def redrive(self, message_id: str | None = None, *, most: int = _MOST) -> int:
        """Send letters back to their queue, those of a message group in order and with their group.

        A letter is deleted here after it was sent there: it may be delivered twice, and is never lost. What
        was sent to its group meanwhile goes before it.

        Args:
            message_id: Only this one; None for all.
            most: How many are sent back.

        Returns:
            How many were sent back.

        Raises:
            AwsError: Some were not; they are still here.
        """
        sent = 0
        while sent < most:
            moved = self._move(message_id, most - sent)
            sent += moved
            # More of a group can be seen only when those before it are gone.
            if moved == 0 or message_id is not None or not self._queue.is_fifo:
                break
        return sent

    def _move(self, message_id: str | None, most: int) -> int:
        messages = self._take(_MOST if message_id is not None else most)
        try:
            wanted = [message for message in messages if message_id in (None, message.message_id)]
            faults = self._source.send_batch([_again(message) for message in wanted])
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


def _again(message: Message) -> Outgoing:
    """A dead letter as it is sent once more.

    SQS may remember the deduplication id that it had, and would drop it. The id of the letter is as good, and
    is the same when sending it has to be tried again.
    """
    return Outgoing(
        body=message.body,
        group_id=message.group_id,
        deduplication_id=f"redriven:{message.message_id}",
    )


def read_letter(message: Message, *, events: bool = False) -> DeadLetter:
    """Tell what a dead message is, and, if it cannot be understood, why not.

    What can be understood was delivered in vain for another reason. Of a command: a service that did not
    answer, a fault of the daemon; its log has ``command_postponed`` or ``command_failed`` with the message's
    id. Of an event: its client failed, or took it and did nothing.

    Args:
        message: The message.
        events: Whether it was on its way to a client; else it was on its way to the stack.
    """
    known: dict[str, Any] = {
        "message_id": message.message_id,
        "sent": message.sent,
        "body": message.body,
        "receives": message.receive_count,
        "group": message.group_id,
    }
    try:
        read: Event | Command = decode_event(message.body) if events else decode_command(message.body)
    except ProtocolError as error:
        return DeadLetter(**known, reason=error.code, explanation=str(error))
    explanation = _UNREAD if events else _IN_VAIN
    return DeadLetter(**known, type=read.type.value, job_id=read.job_id, explanation=explanation)


_IN_VAIN = (
    "it can be read, so it could not be carried out for another reason: see command_postponed and "
    "command_failed in the input poller's log"
)
_UNREAD = "it can be read, so its client received it and did not delete it: see the client's log"


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
