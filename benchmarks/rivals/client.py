"""A client's end, python -m benchmarks.rivals.client ENDPOINT QUEUE: reads its queue until killed.

The local AWS's queues are moto's, where a message takes the longer to send the more wait unread.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import DeleteMessageBatchRequestEntryTypeDef, MessageTypeDef


def make_queue(endpoint: str) -> str:
    """Make the queue; tell its URL."""
    return _sqs(endpoint).create_queue(QueueName="events")["QueueUrl"]


def _sqs(endpoint: str) -> SQSClient:
    return boto3.client(
        "sqs",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - a local AWS has no secrets
    )


def main() -> None:
    """Receive and delete."""
    endpoint, queue = sys.argv[1:]
    sqs = _sqs(endpoint)
    while True:
        received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=20)
        if messages := received.get("Messages"):
            entries = [_entry(number, message) for number, message in enumerate(messages)]
            sqs.delete_message_batch(QueueUrl=queue, Entries=entries)


def _entry(number: int, message: MessageTypeDef) -> DeleteMessageBatchRequestEntryTypeDef:
    return {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}


if __name__ == "__main__":
    main()
