"""Events go out in as few calls as may be, each once, and none is lost when some of a batch are refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from cpe.aws.payloads import Payloads
from cpe.aws.sqs import Queue
from cpe.config import Settings
from cpe.daemons.publisher import Publisher, group_of
from cpe.errors import AwsError
from cpe.logs import get_logger
from cpe.protocol import ActivityRef, Event, EventType, WorkflowRef
from cpe.protocol.references import PayloadPlace

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

URL = "http://localhost/000000000000/out"
FIFO_URL = f"{URL}.fifo"
FAILED = {"Id": "1", "Code": "InternalError", "Message": "again", "SenderFault": False}
WORKFLOW = WorkflowRef(workflow_id="A.j", run_id="r")
REFUSED = {"Id": "1", "Code": "InvalidMessageContents", "Message": "no", "SenderFault": True}


@pytest.fixture
def sqs() -> SQSClient:
    return boto3.client("sqs")


@pytest.fixture
def stub(sqs: SQSClient) -> Iterator[Stubber]:
    with Stubber(sqs) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def publisher(sqs: SQSClient) -> Publisher:
    settings = Settings(output_queue=URL)
    payloads = Payloads(boto3.client("s3"), None)
    return Publisher(settings, lambda url: Queue(sqs, url), get_logger(), payloads)


def events(count: int) -> list[Event]:
    return [
        Event(
            type=EventType.ACTIVITY_CANCELED,
            time=1.0,
            event_id=f"r:{number}",
            job_id="j",
            workflow=WORKFLOW,
            activity=ActivityRef(activity_id=f"S{number}", name="N", version="1"),
        )
        for number in range(count)
    ]


def sends(stub: Stubber, sqs: SQSClient, *failed: dict[str, Any], url: str = URL) -> list[str]:
    """Expect one batch, of which some fail; the list fills with the ids of the events that were in it."""
    sent: list[str] = []

    def note(params: Any, **_: Any) -> None:
        sent.extend(json.loads(entry["MessageBody"])["eventId"] for entry in params["Entries"])

    sqs.meta.events.register_first("provide-client-params.sqs.SendMessageBatch", note)
    stub.add_response(
        "send_message_batch", {"Successful": [], "Failed": list(failed)}, {"QueueUrl": url, "Entries": ANY}
    )
    return sent


def test_events_of_one_decision_go_in_one_call(stub: Stubber, sqs: SQSClient, publisher: Publisher) -> None:
    sent = sends(stub, sqs)
    publisher.publish_all(events(3), client="A")
    assert sent == ["r:0", "r:1", "r:2"]
    publisher.publish_all(events(3), client="A")


def test_what_was_refused_for_now_is_sent_again_and_nothing_else(
    stub: Stubber, sqs: SQSClient, publisher: Publisher
) -> None:
    sent = sends(stub, sqs, FAILED)
    with pytest.raises(AwsError) as caught:
        publisher.publish_all(events(3), client="A")
    assert caught.value.retryable
    assert [publisher.was_published(f"r:{number}") for number in range(3)] == [True, False, True]
    stub.add_response("send_message_batch", {"Successful": [], "Failed": []})
    publisher.publish_all(events(3), client="A")
    assert sent[3:] == ["r:1"]


def test_what_is_refused_for_good_holds_nothing_up(
    stub: Stubber, sqs: SQSClient, publisher: Publisher
) -> None:
    sends(stub, sqs, REFUSED)
    publisher.publish_all(events(2), client="A")
    assert publisher.was_published("r:1")


def test_a_call_that_fails_leaves_all_to_be_sent_again(stub: Stubber, publisher: Publisher) -> None:
    stub.add_client_error("send_message_batch", "ServiceUnavailable", http_status_code=503)
    with pytest.raises(AwsError):
        publisher.publish_all(events(2), client="A")
    stub.add_response("send_message_batch", {"Successful": [], "Failed": []})
    publisher.publish_all(events(2), client="A")
    assert publisher.was_published("r:0")


def in_order(sqs: SQSClient, payloads: Payloads | None = None) -> Publisher:
    """A publisher onto a FIFO queue."""
    kept = payloads or Payloads(boto3.client("s3"), None)
    return Publisher(Settings(output_queue=FIFO_URL), lambda url: Queue(sqs, url), get_logger(), kept)


def test_on_a_fifo_queue_nothing_overtakes_what_was_refused_for_now(stub: Stubber, sqs: SQSClient) -> None:
    publisher = in_order(sqs)
    sent = sends(stub, sqs, url=FIFO_URL)
    stub.add_response("send_message_batch", {"Successful": [], "Failed": [FAILED]})
    with pytest.raises(AwsError):
        publisher.publish_all(events(4), client="A")
    assert sent == ["r:0", "r:1"]
    for _ in range(3):
        stub.add_response("send_message_batch", {"Successful": [], "Failed": []})
    publisher.publish_all(events(4), client="A")
    assert sent[2:] == ["r:1", "r:2", "r:3"]


def test_nor_what_could_not_be_stored_for_now(stub: Stubber, sqs: SQSClient) -> None:
    s3 = boto3.client("s3")
    publisher = in_order(sqs, Payloads(s3, PayloadPlace(bucket="b")))
    first, second, third = events(3)
    large = replace(second, details={"result": "x" * 300_000})
    other = replace(third, event_id="r2:1", workflow=WorkflowRef(workflow_id="A.k", run_id="r2"))
    stub.add_response("get_queue_attributes", {"Attributes": {"MaximumMessageSize": "262144"}})
    sent = sends(stub, sqs, url=FIFO_URL)
    with Stubber(s3) as storage:
        storage.add_client_error("put_object", "SlowDown", http_status_code=503)
        outcomes = publisher.answer([first, large, third, other], client="A")
    assert sent == ["r:0", "r2:1"]
    assert [outcome is None for outcome in outcomes] == [True, False, False, True]


@pytest.mark.parametrize(
    ("event", "group"),
    [
        (Event(type=EventType.WORKFLOW_FAILED, time=1.0, event_id="r:9", workflow=WORKFLOW, job_id="j"), "r"),
        (Event(type=EventType.COMMAND_REJECTED, time=1.0, event_id="rejected:m", job_id="j"), "j"),
        (Event(type=EventType.COMMAND_REJECTED, time=1.0, event_id="rejected:m"), "rejected:m"),
    ],
)
def test_the_group_is_the_run_or_the_job_or_nobodys(event: Event, group: str) -> None:
    assert group_of(event) == group
