"""Events go out in as few calls as may be, each once, and none is lost when some of a batch are refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from cpe.aws.payloads import Payloads
from cpe.aws.sqs import Queue
from cpe.config import Settings
from cpe.daemons.publisher import Publisher
from cpe.errors import AwsError
from cpe.logs import get_logger
from cpe.protocol import ActivityRef, Event, EventType, WorkflowRef

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

URL = "http://localhost/000000000000/out"
FAILED = {"Id": "1", "Code": "InternalError", "Message": "again", "SenderFault": False}
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
            workflow=WorkflowRef(workflow_id="A.j", run_id="r"),
            activity=ActivityRef(activity_id=f"S{number}", name="N", version="1"),
        )
        for number in range(count)
    ]


def sends(stub: Stubber, sqs: SQSClient, *failed: dict[str, Any]) -> list[str]:
    """Expect one batch, of which some fail; the list fills with the ids of the events that were in it."""
    sent: list[str] = []

    def note(params: Any, **_: Any) -> None:
        sent.extend(json.loads(entry["MessageBody"])["eventId"] for entry in params["Entries"])

    sqs.meta.events.register_first("provide-client-params.sqs.SendMessageBatch", note)
    stub.add_response(
        "send_message_batch", {"Successful": [], "Failed": list(failed)}, {"QueueUrl": URL, "Entries": ANY}
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
