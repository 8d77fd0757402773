"""Events that are larger than their queue allows, on a local SQS and S3."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from botocore.stub import Stubber
from structlog.testing import capture_logs

from cpe.aws.payloads import Payloads
from cpe.aws.sqs import Queue
from cpe.daemons.publisher import Publisher
from cpe.errors import AwsError
from cpe.local.server import LocalAws
from cpe.logs import get_logger
from cpe.protocol import Event, EventType, WorkflowRef, decode_event
from cpe.protocol.references import PayloadPlace
from tests.local.stage import Stage

SMALL_QUEUE = 4096


@pytest.fixture
def stage(local_aws: LocalAws, tmp_path: Path) -> Stage:
    stage = Stage(tmp_path)
    stage.sqs.set_queue_attributes(
        QueueUrl=stage.client.output_queue, Attributes={"MaximumMessageSize": str(SMALL_QUEUE)}
    )
    return stage


def completed(size: int) -> Event:
    return Event(
        type=EventType.WORKFLOW_COMPLETED,
        time=1.5,
        event_id="r1:closed",
        job_id="j1",
        workflow=WorkflowRef(workflow_id="ClientA.j1", run_id="r1"),
        details={"result": "x" * size},
    )


def publisher(stage: Stage, payloads: Payloads) -> Publisher:
    return Publisher(stage.settings, lambda url: Queue(stage.sqs, url), get_logger(), payloads)


def bodies(stage: Stage) -> list[str]:
    answer = stage.sqs.receive_message(QueueUrl=stage.client.output_queue, MaxNumberOfMessages=10)
    return [message["Body"] for message in answer.get("Messages", [])]


def test_a_large_event_goes_by_reference(stage: Stage) -> None:
    payloads = Payloads(boto3.client("s3"), stage.provide_payloads())
    event = completed(10_000)
    with capture_logs() as logs:
        publisher(stage, payloads).publish(event, client="ClientA")
    (body,) = bodies(stage)
    read = decode_event(body)
    assert read.reference is not None
    assert read == replace(event, details={"result": None, "truncated": True}, reference=read.reference)
    assert decode_event(payloads.fetch(read.reference, client="ClientA")) == event
    assert [line["event"] for line in logs] == ["event_published"]


def test_what_the_queue_carries_goes_whole(stage: Stage) -> None:
    payloads = Payloads(boto3.client("s3"), stage.provide_payloads())
    event = completed(SMALL_QUEUE - 300)
    publisher(stage, payloads).publish(event, client="ClientA")
    assert [decode_event(body) for body in bodies(stage)] == [event]


@pytest.mark.parametrize(
    ("place", "size", "code"),
    [
        (None, 10_000, "PAYLOADS_NOT_CONFIGURED"),
        (PayloadPlace(bucket="no-such-bucket"), 10_000, "BUCKET_NOT_FOUND"),
        (PayloadPlace(bucket="no-such-bucket"), 17_000_000, "TOO_LARGE"),
    ],
)
def test_an_event_that_cannot_be_stored_is_told_without_its_largest_details(
    stage: Stage, place: PayloadPlace | None, size: int, code: str
) -> None:
    with capture_logs() as logs:
        publisher(stage, Payloads(boto3.client("s3"), place)).publish(completed(size), client="ClientA")
    (read,) = map(decode_event, bodies(stage))
    assert read.reference is None
    assert read.details == {"result": None, "truncated": True}
    assert [(line["event"], line.get("code")) for line in logs] == [
        ("event_shortened", code),
        ("event_published", None),
    ]


def test_an_event_waits_until_s3_is_back(stage: Stage) -> None:
    place = stage.provide_payloads()
    s3 = boto3.client("s3")
    events = publisher(stage, Payloads(s3, place))
    with Stubber(s3) as stub:
        stub.add_client_error("put_object", "SlowDown", http_status_code=503)
        with pytest.raises(AwsError) as caught:
            events.publish(completed(10_000), client="ClientA")
    assert caught.value.retryable
    assert bodies(stage) == []
    events.publish(completed(10_000), client="ClientA")
    (read,) = map(decode_event, bodies(stage))
    assert read.reference is not None


def test_the_size_is_asked_for_once(stage: Stage) -> None:
    queue = Queue(stage.sqs, stage.client.output_queue)
    assert queue.carries(1024)
    assert queue.max_size == SMALL_QUEUE
    with Stubber(stage.sqs):  # nothing more is asked
        assert queue.carries(SMALL_QUEUE)
        assert not queue.carries(SMALL_QUEUE + 1)


def test_a_size_that_must_not_be_asked_for_is_the_usual_one(stage: Stage) -> None:
    queue = Queue(stage.sqs, stage.client.output_queue)
    with Stubber(stage.sqs) as stub:
        stub.add_client_error("get_queue_attributes", "AccessDenied", http_status_code=403)
        assert queue.max_size == 256 * 1024


def test_a_size_that_sqs_does_not_tell_for_now_is_asked_for_again(stage: Stage) -> None:
    queue = Queue(stage.sqs, stage.client.output_queue)
    with Stubber(stage.sqs) as stub:
        stub.add_client_error("get_queue_attributes", "ServiceUnavailable", http_status_code=503)
        with pytest.raises(AwsError):
            queue.carries(2000)
    assert queue.max_size == SMALL_QUEUE
