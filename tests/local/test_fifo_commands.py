"""Commands on a FIFO queue are carried out in order, whatever goes wrong in between."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast
from uuid import uuid4

import boto3
import pytest

from cpe.aws.sqs import Queue
from cpe.clock import SystemClock
from cpe.config import Settings
from cpe.daemons.commands import Commands
from cpe.daemons.inputpoller import InputPoller
from cpe.daemons.publisher import Publisher
from cpe.daemons.turns import Turns
from cpe.errors import AwsError
from cpe.local.server import LocalAws
from cpe.logs import get_logger
from cpe.protocol import Command, Event, EventType

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

    from cpe.aws.payloads import Payloads


@pytest.fixture
def sqs(local_aws: LocalAws) -> SQSClient:
    return boto3.client("sqs")


def create(sqs: SQSClient, *, fifo: bool, visibility: int = 30) -> Queue:
    attributes = {"VisibilityTimeout": str(visibility)} | ({"FifoQueue": "true"} if fifo else {})
    name = uuid4().hex + (".fifo" if fifo else "")
    return Queue(sqs, sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])  # type: ignore[arg-type]  # names as SQS has them


class Faltering(Commands):
    """Meets a passing fault for one command, once; notes what it carried out."""

    def __init__(self, falters_at: str) -> None:
        self._falters_at: str | None = falters_at
        self.done: list[str] = []

    def obey(self, command: Command, command_id: str) -> Event:
        asked = str(command.request_id)
        if asked == self._falters_at:
            self._falters_at = None
            raise AwsError("not now", code="THROTTLED", retryable=True)
        self.done.append(asked)
        return Event(
            type=EventType.JOB_LIST,
            time=1.0,
            event_id=f"answer:{command_id}",
            job_id=command.job_id,
            details={"jobs": [], "page": None},
        )


def poller(sqs: SQSClient, queue: Queue, output: Queue, commands: Commands) -> InputPoller:
    settings = Settings(output_queue=output.url)
    publisher = Publisher(settings, lambda url: Queue(sqs, url), get_logger(), cast("Payloads", None))
    return InputPoller(
        client="ClientA",
        queue=queue,
        commands=commands,
        publisher=publisher,
        turns=Turns(),
        clock=SystemClock(),
        log=get_logger(),
    )


def send(queue: Queue, *asked: str) -> None:
    """Send commands such as ``j1-2``, the second of job ``j1``; its job is its group."""
    for request in asked:
        job_id = request.partition("-")[0]
        body = {"time": 1, "type": "GET_JOB_STATUS", "jobId": job_id, "requestId": request}
        queue.send(json.dumps(body), group_id=job_id, deduplication_id=request)


def take(poller: InputPoller) -> None:
    messages = poller.poll()
    assert messages
    poller.handle(messages)


def of_job(job_id: str, done: list[str]) -> list[str]:
    return [asked for asked in done if asked.startswith(f"{job_id}-")]


@pytest.mark.parametrize("fifo", [True, False])
def test_what_is_behind_a_passing_fault_does_not_overtake(sqs: SQSClient, fifo: bool) -> None:
    queue, output = create(sqs, fifo=fifo, visibility=1), create(sqs, fifo=fifo)
    commands = Faltering("j1-2")
    daemon = poller(sqs, queue, output, commands)
    send(queue, "j1-1", "j1-2", "j2-1", "j1-3", "j2-2")
    with pytest.raises(AwsError):
        take(daemon)
    assert (of_job("j1", commands.done), of_job("j2", commands.done)) == (["j1-1"], ["j2-1", "j2-2"])
    while len(commands.done) < 5:
        take(daemon)
    assert of_job("j1", commands.done) == ["j1-1", "j1-2", "j1-3"]
    assert len(output.receive(wait_seconds=0)) == 5
    assert queue.receive(wait_seconds=0) == []


def test_the_group_counts_and_not_the_job(sqs: SQSClient) -> None:
    """Clients of other makes may have one group for all."""
    queue, output = create(sqs, fifo=True, visibility=1), create(sqs, fifo=True)
    commands = Faltering("j1-1")
    daemon = poller(sqs, queue, output, commands)
    for asked in ("j1-1", "j2-1"):
        body = {"time": 1, "type": "GET_JOB_STATUS", "jobId": asked[:2], "requestId": asked}
        queue.send(json.dumps(body), group_id="all", deduplication_id=asked)
    queue.send("{", group_id="all", deduplication_id="unreadable")
    with pytest.raises(AwsError):
        take(daemon)
    assert commands.done == []
    while queue.count():
        take(daemon)
    assert commands.done == ["j1-1", "j2-1"]
    types = [json.loads(message.body)["type"] for message in output.receive(wait_seconds=0)]
    assert sorted(types) == ["COMMAND_REJECTED", "JOB_LIST", "JOB_LIST"]


def test_what_comes_again_comes_in_order(sqs: SQSClient) -> None:
    queue = create(sqs, fifo=True, visibility=1)
    send(queue, *(f"j1-{number}" for number in range(5)))
    taken = [message.body for message in queue.receive(wait_seconds=0)]
    assert len(taken) == 5
    assert [message.body for message in queue.receive(wait_seconds=20)] == taken
