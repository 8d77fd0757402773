"""Queues in batches: sent, held back, and a batch of commands that takes long."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

import boto3
import pytest

from cpe.aws.sending import Outgoing
from cpe.aws.sqs import Message, Queue
from cpe.clock import SystemClock
from cpe.config import Settings
from cpe.daemons import inputpoller
from cpe.daemons.commands import Commands
from cpe.daemons.inputpoller import InputPoller
from cpe.daemons.publisher import Publisher
from cpe.daemons.turns import Turns
from cpe.local.server import LocalAws
from cpe.logs import get_logger
from cpe.protocol import Command, Event, EventType

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

    from cpe.aws.payloads import Payloads


@pytest.fixture
def sqs(local_aws: LocalAws) -> SQSClient:
    return boto3.client("sqs")


def create(sqs: SQSClient, name: str, **attributes: str) -> Queue:
    return Queue(sqs, sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])  # type: ignore[arg-type]  # names as SQS has them


def test_more_than_one_call_takes_is_sent_in_order(sqs: SQSClient) -> None:
    queue = create(sqs, "batches.fifo", FifoQueue="true")
    bodies = [f"{number:02}" + "x" * 60_000 for number in range(12)]
    outcomes = queue.send_batch(
        [Outgoing(body=body, group_id="g", deduplication_id=body[:2]) for body in bodies]
    )
    assert outcomes == [None] * 12
    received: list[str] = []
    while taken := queue.receive(wait_seconds=0):
        received += [message.body for message in taken]
        queue.delete(taken)
    assert received == bodies


def test_a_queue_tells_how_long_it_keeps_what_was_taken(sqs: SQSClient) -> None:
    queue = create(sqs, "refusing")
    assert queue.send_batch([]) == []
    assert queue.visibility == 30
    assert create(sqs, "patient", VisibilityTimeout="7").visibility == 7


class Slow(Commands):
    """Takes a while for each command, and looks then whether the queue gives it to others."""

    def __init__(self, queue: Queue, seconds: float) -> None:
        self._queue = queue
        self._seconds = seconds
        self.delivered_again: list[Message] = []

    def obey(self, command: Command, command_id: str) -> Event:
        time.sleep(self._seconds)  # what is waited for is SQS's own clock
        self.delivered_again = self._queue.receive(wait_seconds=0)
        return Event(
            type=EventType.JOB_LIST,
            time=1.0,
            event_id=command_id,
            job_id=command.job_id,
            details={"jobs": [], "page": None},
        )


def test_a_batch_that_takes_long_is_not_delivered_again(
    sqs: SQSClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputpoller, "_FIRST_LOOK", 0.1)
    queue = create(sqs, "long-in", VisibilityTimeout="6")
    output = create(sqs, "long-out")
    settings = Settings(output_queue=output.url)
    publisher = Publisher(settings, lambda url: Queue(sqs, url), get_logger(), cast("Payloads", None))
    slow = Slow(queue, 7)
    poller = InputPoller(
        client="ClientA",
        queue=queue,
        commands=slow,
        publisher=publisher,
        turns=Turns(),
        clock=SystemClock(),
        log=get_logger(),
    )
    queue.send('{"time": 1, "type": "GET_JOB_LIST", "jobId": "j"}')
    messages = poller.poll()
    assert messages is not None
    poller.handle(messages)
    assert len(output.receive(wait_seconds=0)) == 1
    assert slow.delivered_again == []
    assert queue.receive(wait_seconds=3) == []
