"""Dead-letter queues: looked at, and sent back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import boto3
import pytest

from cpe.aws.dead_letters import DeadLetters
from cpe.aws.provision import MAX_RECEIVES, create_client_queues
from cpe.aws.sqs import Queue
from cpe.errors import ConfigError
from cpe.local.server import LocalAws

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

GOOD = json.dumps({"time": 1, "type": "CANCEL_JOB", "jobId": "j1", "data": {}})
UNREADABLE = '{"time": 1, "type": "START_JOB", "jobId": "j2"}'


@pytest.fixture
def sqs(local_aws: LocalAws) -> SQSClient:
    return boto3.client("sqs")


def die(sqs: SQSClient, url: str, *bodies: str) -> None:
    """Deliver messages as often as the queue allows, in vain."""
    queue = Queue(sqs, url)
    for body in bodies:
        queue.send(body)
    for _ in range(MAX_RECEIVES + 1):
        taken = []
        while batch := queue.receive(wait_seconds=0):
            taken += batch
        queue.hold(taken, 0)


def test_letters_are_looked_at_and_stay(sqs: SQSClient) -> None:
    url = create_client_queues(sqs, "look").input
    die(sqs, url, GOOD, UNREADABLE, "{", "x" * 1000)
    letters = DeadLetters(sqs, url)
    for _ in range(2):
        found = {letter.body: letter for letter in letters.list()}
        assert found.keys() == {GOOD, UNREADABLE, "{", "x" * 1000}
    assert (found[GOOD].type, found[GOOD].job_id, found[GOOD].reason) == ("CANCEL_JOB", "j1", None)
    assert found[UNREADABLE].reason == "MISSING_FIELD"
    assert "data is missing" in found[UNREADABLE].explanation
    assert found["{"].reason == "INVALID_JSON"
    assert found[GOOD].sent > 1e9
    assert json.loads(json.dumps(found[GOOD].details()))["jobId"] == "j1"
    assert letters.show(found[GOOD].message_id) is not None
    assert letters.show("nothing") is None


def test_letters_go_back(sqs: SQSClient) -> None:
    url = create_client_queues(sqs, "back").input
    die(sqs, url, *(f"message {number}" for number in range(12)))
    letters = DeadLetters(sqs, url)
    one = letters.list()[0]
    assert letters.redrive(one.message_id) == 1
    assert [message.body for message in Queue(sqs, url).receive(wait_seconds=0)] == [one.body]
    assert letters.redrive() == 11
    assert letters.list() == []
    assert letters.redrive() == 0


def test_a_queue_without_one_is_told(sqs: SQSClient) -> None:
    url = create_client_queues(sqs, "none").output
    with pytest.raises(ConfigError, match="cpe provision") as caught:
        DeadLetters(sqs, url)
    assert caught.value.code == "NO_DEAD_LETTERS"
