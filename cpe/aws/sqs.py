"""Queues: receive, delete, send."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cpe.aws.faults import told
from cpe.errors import AwsError

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import SendMessageRequestTypeDef

_BATCH = 10
"""Messages in one call (API reference of DeleteMessageBatch)."""

_LEAST_SIZE = 1024
_USUAL_SIZE = 262_144
"""MaximumMessageSize of a queue: the least that it can be, and what it was by default until queues took
1 MiB (API reference of SetQueueAttributes)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as SQS gave it; `receive_count` is 1 for its first delivery."""

    body: str
    receipt: str
    message_id: str
    receive_count: int = 1


class Queue:
    """One SQS queue, standard or FIFO, bound to its URL.

    Every method raises :class:`~cpe.errors.AwsError` (``QUEUE_NOT_FOUND`` when there is no such queue).

    Example:
        >>> from cpe.aws.session import AwsSession
        >>> queue = Queue(AwsSession().sqs(), "https://sqs.us-east-1.amazonaws.com/1/in")  # doctest: +SKIP
        >>> queue.send("hello")  # doctest: +SKIP
    """

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self.url = url
        self._subject = f"queue {url}"
        self._max_size: int | None = None

    def receive(self, max_messages: int = 10, wait_seconds: int = 20) -> list[Message]:
        """Wait up to `wait_seconds` (at most 20) for messages; empty when none came."""
        with told(self._subject):
            answer = self._client.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=max_messages,
                WaitTimeSeconds=wait_seconds,
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
            )
        return [
            Message(
                body=message.get("Body", ""),
                receipt=message.get("ReceiptHandle", ""),
                message_id=message.get("MessageId", ""),
                receive_count=int(message.get("Attributes", {}).get("ApproximateReceiveCount", "1")),
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
            with told(self._subject):
                answer = self._client.delete_message_batch(
                    QueueUrl=self.url,
                    Entries=[
                        {"Id": str(index), "ReceiptHandle": message.receipt}
                        for index, message in enumerate(batch)
                    ],
                )
            failed = answer.get("Failed", [])
            if failed:
                reason = failed[0].get("Message", "")
                raise AwsError(
                    f"{self._subject}: {len(failed)} messages were not deleted: {reason}",
                    code="DELETE_FAILED",
                    retryable=True,
                )

    def send(self, body: str, *, group_id: str | None = None, deduplication_id: str | None = None) -> None:
        """Send one message; the ids count on a FIFO queue only, which needs both."""
        request: SendMessageRequestTypeDef = {"QueueUrl": self.url, "MessageBody": body}
        if self.url.endswith(".fifo"):
            request["MessageGroupId"] = group_id or "cpe"
            if deduplication_id:
                request["MessageDeduplicationId"] = deduplication_id
        with told(self._subject):
            self._client.send_message(**request)

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
            self._max_size = self._ask_max_size()
        return self._max_size

    def _ask_max_size(self) -> int:
        try:
            with told(self._subject):
                answer = self._client.get_queue_attributes(
                    QueueUrl=self.url, AttributeNames=["MaximumMessageSize"]
                )
        except AwsError as error:
            if error.retryable:
                raise
            return _USUAL_SIZE
        return int(answer.get("Attributes", {}).get("MaximumMessageSize", _USUAL_SIZE))

    def check(self) -> None:
        """Raise unless the queue exists and may be read."""
        with told(self._subject):
            self._client.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
