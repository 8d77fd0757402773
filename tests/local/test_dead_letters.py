"""Dead-letter queues: looked at, and sent back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.stub import Stubber

from cpe.aws.client_queues import MAX_RECEIVES, create_client_queues
from cpe.aws.dead_letters import DeadLetters
from cpe.aws.sqs import Queue
from cpe.errors import AwsError, ConfigError
from cpe.local.server import LocalAws

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

GOOD = json.dumps({"time": 1, "type": "CANCEL_JOB", "jobId": "j1", "data": {}})
UNREADABLE = '{"time": 1, "type": "START_JOB", "jobId": "j2"}'


@pytest.fixture
def sqs(local_aws: LocalAws) -> SQSClient:
    return boto3.client("sqs")


def die(sqs: SQSClient, url: str, *bodies: str, group: str = "g") -> None:
    """Deliver messages as often as the queue allows, in vain."""
    queue = Queue(sqs, url)
    for number, body in enumerate(bodies):
        queue.send(body, group_id=group, deduplication_id=f"{group}-{number}")
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
    url = sqs.create_queue(QueueName="none")["QueueUrl"]
    with pytest.raises(ConfigError, match="cpe provision") as caught:
        DeadLetters(sqs, url)
    assert caught.value.code == "NO_DEAD_LETTERS"


EVENT = json.dumps(
    {
        "time": 1.5,
        "type": "WORKFLOW_COMPLETED",
        "eventId": "r:closed",
        "jobId": "j1",
        "version": "2.0",
        "data": {"workflow": {"workflowId": "A.j1", "runId": "r"}, "result": None},
    }
)


def test_an_output_queue_has_them_too(sqs: SQSClient) -> None:
    url = create_client_queues(sqs, "out").output
    die(sqs, url, EVENT, GOOD)
    letters = DeadLetters(sqs, url, events=True)
    found = {letter.body: letter for letter in letters.list()}
    assert (found[EVENT].type, found[EVENT].job_id, found[EVENT].reason) == ("WORKFLOW_COMPLETED", "j1", None)
    assert "client" in found[EVENT].explanation
    assert found[GOOD].reason is not None  # a command is no event
    assert letters.count() == letters.redrive() == 2


def test_letters_of_a_fifo_queue_go_back_in_order_and_with_their_group(sqs: SQSClient) -> None:
    url = create_client_queues(sqs, "ordered", fifo=("input", "output")).input
    bodies = [f"a{number:02}" for number in range(25)]
    queue = Queue(sqs, url)
    for number, body in enumerate(bodies):
        queue.send(body, group_id=f"a{number // 10 * 10}", deduplication_id=body)
    die(sqs, url, "b00", "b01", group="b")
    letters = DeadLetters(sqs, url)
    assert letters.url.endswith("-dead.fifo")
    assert letters.count() == 27
    seen = letters.list()
    assert {letter.group for letter in seen} == {"a0", "a10", "a20", "b"}

    one = next(letter for letter in seen if letter.body == "b01")
    assert letters.redrive(one.message_id) == 1
    (again,) = queue.receive(wait_seconds=0)
    assert (again.body, again.group_id, again.receive_count) == ("b01", "b", 1)
    queue.delete([again])

    assert letters.redrive() == 26
    assert letters.count() == 0
    received = []
    while taken := queue.receive(wait_seconds=0):
        received += [(message.group_id, message.body) for message in taken]
        queue.delete(taken)
    for group in ("a0", "a10", "a20"):
        mine = [body for name, body in received if name == group]
        assert mine == sorted(mine)
    assert len(received) == 26


def test_more_than_ten_of_a_group_are_seen_as_those_before_go(sqs: SQSClient) -> None:
    queues = create_client_queues(sqs, "many", fifo=("input",))
    dead = Queue(sqs, sqs.get_queue_url(QueueName="cpe-many-input-dead.fifo")["QueueUrl"])
    for number in range(25):
        dead.send(f"{number:02}", group_id="g", deduplication_id=str(number))
    letters = DeadLetters(sqs, queues.input)
    assert [letter.body for letter in letters.list()] == [f"{number:02}" for number in range(10)]
    assert letters.count() == 25
    assert letters.redrive(most=12) == 12
    assert letters.redrive() == 13
    source, received = Queue(sqs, queues.input), []
    while taken := source.receive(wait_seconds=0):
        received += [message.body for message in taken]
        source.delete(taken)
    assert received == [f"{number:02}" for number in range(25)]


def test_a_letter_that_is_sent_back_twice_comes_once(sqs: SQSClient) -> None:
    """Its deletion may fail; on a FIFO queue SQS knows it by its id."""
    url = create_client_queues(sqs, "twice", fifo=("input",)).input
    die(sqs, url, GOOD)
    letters = DeadLetters(sqs, url)
    with Stubber(sqs) as stub:
        arrived = {
            "MessageId": "m1",
            "Body": GOOD,
            "ReceiptHandle": "h",
            "Attributes": {"MessageGroupId": "g", "ApproximateReceiveCount": "1", "SentTimestamp": "1"},
        }
        for _ in range(2):
            stub.add_response("receive_message", {"Messages": [arrived]})
            stub.add_response("receive_message", {})
            entry = {"Id": "0", "MessageBody": GOOD, "MessageGroupId": "g"}
            stub.add_response(
                "send_message_batch",
                {"Successful": [], "Failed": []},
                {"QueueUrl": url, "Entries": [{**entry, "MessageDeduplicationId": "redriven:m1"}]},
            )
            stub.add_client_error("delete_message_batch", "ServiceUnavailable", http_status_code=503)
            stub.add_response("change_message_visibility_batch", {"Successful": [], "Failed": []})
            with pytest.raises(AwsError):
                letters.redrive()
