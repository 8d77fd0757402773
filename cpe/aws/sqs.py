"""Queues: receive, delete, send."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cpe.aws.faults import told
from cpe.aws.sending import Outgoing, Sending, fifo_id
from cpe.errors import AwsError

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.literals import QueueAttributeNameType
    from types_boto3_sqs.type_defs import (
        DeleteMessageBatchRequestTypeDef,
        ReceiveMessageRequestTypeDef,
        SendMessageBatchRequestEntryTypeDef,
        SendMessageBatchRequestTypeDef,
        SendMessageRequestTypeDef,
    )

    from cpe.aws.direct import DirectJson

_BATCH = 10
"""Messages in one call (API reference of DeleteMessageBatch)."""

FIFO = ".fifo"
"""What the name of a FIFO queue ends in, and of no other (API reference of CreateQueue)."""

_GROUP = "cpe"
"""The group of messages that were given none."""

_LEAST_SIZE = 1024
_USUAL_SIZE = 262_144
"""MaximumMessageSize of a queue: the least that it can be, and what it was by default until queues took
1 MiB (API reference of SetQueueAttributes)."""

_USUAL_VISIBILITY = 30
"""VisibilityTimeout of a queue that was not told another, in seconds (same place)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as SQS gave it.

    `receive_count` is 1 for its first delivery; `sent` is when it was sent, in seconds since the epoch;
    `group_id` is the message group that it has on a FIFO queue.
    """

    body: str
    receipt: str
    message_id: str
    receive_count: int = 1
    sent: float = 0.0
    group_id: str | None = None


class Queue:
    """One SQS queue, standard or FIFO, bound to its URL.

    Every method raises :class:`~cpe.errors.AwsError` (``QUEUE_NOT_FOUND`` when there is no such queue).

    Args:
        client: SQS's client.
        url: Which queue.
        direct: A quicker way to receive, send and delete; None to do so by the client alone.

    Example:
        >>> from cpe.aws.session import AwsSession
        >>> queue = Queue(AwsSession().sqs(), "https://sqs.us-east-1.amazonaws.com/1/in")  # doctest: +SKIP
        >>> queue.send("hello")  # doctest: +SKIP
    """

    def __init__(self, client: SQSClient, url: str, *, direct: DirectJson | None = None) -> None:
        self._client = client
        self._direct = direct
        self.url = url
        self.is_fifo = url.endswith(FIFO)
        self._subject = f"queue {url}"
        self._max_size: int | None = None
        self._visibility: int | None = None

    def receive(self, max_messages: int = 10, wait_seconds: int = 20) -> list[Message]:
        """Wait up to `wait_seconds` (at most 20) for messages; empty when none came."""
        request: ReceiveMessageRequestTypeDef = {
            "QueueUrl": self.url,
            "MaxNumberOfMessages": max_messages,
            "WaitTimeSeconds": wait_seconds,
            "MessageSystemAttributeNames": ["ApproximateReceiveCount", "SentTimestamp", "MessageGroupId"],
        }
        with told(self._subject):
            answer = self._call("ReceiveMessage", self._client.receive_message, request)
        return [
            Message(
                body=message.get("Body", ""),
                receipt=message.get("ReceiptHandle", ""),
                message_id=message.get("MessageId", ""),
                receive_count=int(message.get("Attributes", {}).get("ApproximateReceiveCount", "1")),
                sent=int(message.get("Attributes", {}).get("SentTimestamp", "0")) / 1000,
                group_id=message.get("Attributes", {}).get("MessageGroupId") if self.is_fifo else None,
            )
            for message in answer.get("Messages", [])
        ]

    def delete(self, messages: Iterable[Message]) -> None:
        """Delete messages; they were dealt with.

        Raises:
            AwsError: Some were not deleted; they will be delivered again.
        """
        pending = list(messages)
        for start in range(0, len(pending), _BATCH):
            batch = pending[start : start + _BATCH]
            request: DeleteMessageBatchRequestTypeDef = {
                "QueueUrl": self.url,
                "Entries": [
                    {"Id": str(index), "ReceiptHandle": message.receipt}
                    for index, message in enumerate(batch)
                ],
            }
            with told(self._subject):
                answer = self._call("DeleteMessageBatch", self._client.delete_message_batch, request)
            failed = answer.get("Failed", [])
            if failed:
                reason = failed[0].get("Message", "")
                raise AwsError(
                    f"{self._subject}: {len(failed)} messages were not deleted: {reason}",
                    code="DELETE_FAILED",
                    retryable=True,
                )

    def send(self, body: str, *, group_id: str | None = None, deduplication_id: str | None = None) -> None:
        """Send one message; the ids count on a FIFO queue only, which needs both. They may be any text."""
        request: SendMessageRequestTypeDef = {"QueueUrl": self.url, "MessageBody": body}
        if self.is_fifo:
            request["MessageGroupId"] = fifo_id(group_id or _GROUP)
            if deduplication_id:
                request["MessageDeduplicationId"] = fifo_id(deduplication_id)
        with told(self._subject):
            self._client.send_message(**request)

    def send_batch(self, messages: Sequence[Outgoing]) -> list[AwsError | None]:
        """Send messages, in as few calls as may be.

        On a FIFO queue the messages of a group are sent in order, each in a call of its own, and none after
        one that was refused for now; see :class:`~cpe.aws.sending.Sending`.

        Returns:
            What became of each, in order: None, or why it was not sent. After a call that failed no other is
            tried.
        """
        sending = Sending(messages, ordered=self.is_fifo)
        while call := sending.take():
            request: SendMessageBatchRequestTypeDef = {
                "QueueUrl": self.url,
                "Entries": [self._entry(index, message) for index, message in call.items()],
            }
            try:
                with told(self._subject):
                    answer = self._call("SendMessageBatch", self._client.send_message_batch, request)
            except AwsError as error:
                sending.give_up(tuple(call), error)
                break
            for entry in answer.get("Failed", []):
                refusal = AwsError(
                    f"{self._subject}: {entry.get('Message') or entry['Code']}",
                    code="SEND_FAILED",
                    retryable=not entry["SenderFault"],
                )
                sending.refuse(int(entry["Id"]), refusal)
        return sending.outcomes

    def _call(self, operation: str, at_length: Callable[..., Any], request: Mapping[str, Any]) -> Any:
        answer = None if self._direct is None else self._direct.call(operation, request)
        return at_length(**request) if answer is None else answer

    def _entry(self, index: int, message: Outgoing) -> SendMessageBatchRequestEntryTypeDef:
        entry: SendMessageBatchRequestEntryTypeDef = {"Id": str(index), "MessageBody": message.body}
        if self.is_fifo:
            entry["MessageGroupId"] = fifo_id(message.group_id or _GROUP)
            if message.deduplication_id:
                entry["MessageDeduplicationId"] = fifo_id(message.deduplication_id)
        return entry

    def hold(self, messages: Iterable[Message], seconds: int) -> None:
        """Keep messages from being delivered again for so many seconds from now, as far as SQS lets us."""
        pending = list(messages)
        for start in range(0, len(pending), _BATCH):
            with told(self._subject):
                self._client.change_message_visibility_batch(
                    QueueUrl=self.url,
                    Entries=[
                        {"Id": str(index), "ReceiptHandle": message.receipt, "VisibilityTimeout": seconds}
                        for index, message in enumerate(pending[start : start + _BATCH])
                    ],
                )

    @property
    def visibility(self) -> int:
        """Seconds that a taken message is kept from others. SQS is asked once; 30 where it must not be.

        Raises:
            AwsError: SQS does not answer, for now.
        """
        if self._visibility is None:
            self._visibility = self._ask("VisibilityTimeout", _USUAL_VISIBILITY)
        return self._visibility

    def carries(self, size: int) -> bool:
        """Tell whether the queue takes a message of so many bytes; see :attr:`max_size`."""
        return size <= _LEAST_SIZE or size <= self.max_size

    @property
    def max_size(self) -> int:
        """Bytes that a message may have. SQS is asked once; 256 KiB where it must not be asked.

        Raises:
            AwsError: SQS does not answer, for now.
        """
        if self._max_size is None:
            self._max_size = self._ask("MaximumMessageSize", _USUAL_SIZE)
        return self._max_size

    def _ask(self, name: QueueAttributeNameType, usual: int) -> int:
        try:
            with told(self._subject):
                answer = self._client.get_queue_attributes(QueueUrl=self.url, AttributeNames=[name])
        except AwsError as error:
            if error.retryable:
                raise
            return usual
        return int(answer.get("Attributes", {}).get(name, usual))

    def count(self) -> int:
        """Tell how many messages there are, those that somebody took included: about, as SQS counts."""
        names: list[QueueAttributeNameType] = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
        ]
        with told(self._subject):
            answer = self._client.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)
        return sum(int(answer.get("Attributes", {}).get(name, 0)) for name in names)

    def check(self) -> None:
        """Raise unless the queue exists and may be read."""
        with told(self._subject):
            self._client.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
