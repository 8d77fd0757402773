"""The client against real queues: what is sent, and that no event is lost."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from cpe.aws.payloads import Payloads
from cpe.client import Client, JobState, JobStatus, PayloadPlace, SqliteStore, StoreFailed, Tracker
from cpe.errors import AwsError, ProtocolError
from cpe.local.server import LocalAws
from cpe.protocol import ActivityRef, Event, EventType, WorkflowRef, decode_command, encode_event
from cpe.protocol.references import MAX_PAYLOAD
from cpe.protocol.shorten import shorten

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

PLACE = PayloadPlace(bucket="cpe-payloads")
SAMPLE = {"workflow": {"name": "Transcode", "version": "1.0"}, "input_asset": {"type": "VIDEO"}}


@pytest.fixture
def sqs(local_aws: LocalAws) -> SQSClient:
    return boto3.client("sqs")


@pytest.fixture
def client(sqs: SQSClient, tmp_path: Path) -> Client:
    # One second of invisibility: what is not deleted comes back while the test waits.
    urls = {
        name: sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
        for name in ("input", "output")
    }
    config = tmp_path / "clientConfig.json"
    payloads = {"bucket": PLACE.bucket, "prefix": PLACE.prefix}
    config.write_text(json.dumps({"name": "ClientA", "queues": urls, "payloads": payloads}))
    return Client.from_config(config)


@pytest.fixture
def publish(sqs: SQSClient, client: Client) -> Callable[[Event], None]:
    url = sqs.get_queue_url(QueueName="output")["QueueUrl"]

    def send(event: Event) -> None:
        sqs.send_message(QueueUrl=url, MessageBody=encode_event(event))

    return send


def event(job_id: str, number: int, event_type: EventType = EventType.ACTIVITY_PROGRESS) -> Event:
    return Event(
        type=event_type,
        time=1000.0 + number,
        event_id=f"{job_id}:{number}",
        job_id=job_id,
        workflow=WorkflowRef(workflow_id=f"ClientA.{job_id}", run_id=f"run-{job_id}"),
        activity=ActivityRef(activity_id="Step", name="Work", version="1")
        if event_type.is_activity
        else None,
        details={"result": {"progress": number}} if event_type.is_activity else {},
    )


def ids(events: Iterator[Event]) -> set[str]:
    return {one.event_id for one in events}


def test_a_job_is_sent_as_a_command(client: Client, sqs: SQSClient) -> None:
    job_id = client.start_job(SAMPLE)
    answer = sqs.receive_message(QueueUrl=sqs.get_queue_url(QueueName="input")["QueueUrl"])
    command = decode_command(answer["Messages"][0]["Body"])
    assert command.job_id == job_id
    assert command.data == SAMPLE
    state = client.job(job_id).state
    assert state is not None
    assert state.status is JobStatus.REQUESTED
    assert state.created <= command.time


@pytest.mark.parametrize(
    ("job", "job_id", "code"),
    [
        ({"input_asset": {}}, None, "MISSING_FIELD"),
        (SAMPLE | {"big": "x" * 2_000_000}, None, "TOO_LARGE"),
        (SAMPLE, "a/b", "INVALID_JOB_ID"),
        (SAMPLE, "", "INVALID_JOB_ID"),
    ],
)
def test_a_job_that_would_be_refused_is_not_sent(
    client: Client, sqs: SQSClient, job: dict[str, object], job_id: str | None, code: str
) -> None:
    with pytest.raises(ProtocolError) as caught:
        client.start_job(job, job_id)
    assert caught.value.code == code
    assert "Messages" not in sqs.receive_message(QueueUrl=sqs.get_queue_url(QueueName="input")["QueueUrl"])


def test_events_are_read_and_deleted(client: Client, publish: Callable[[Event], None]) -> None:
    for number in range(25):
        publish(event("j1", number))
    assert ids(client.events(wait=0)) == {f"j1:{number}" for number in range(25)}
    assert ids(client.events(wait=2)) == set()


def test_an_event_is_kept_until_the_next_one_is_asked_for(
    client: Client, publish: Callable[[Event], None]
) -> None:
    for number in range(3):
        publish(event("j1", number))
    events = client.events(wait=0)
    first, second = next(events), next(events)
    events.close()  # the consumer dies here
    again = ids(client.events(wait=5))
    assert first.event_id not in again
    assert second.event_id in again
    assert len(again) == 2


def answer(event_type: EventType, request_id: str, **details: object) -> Event:
    return Event(
        type=event_type,
        time=1000.0,
        event_id=f"answer:{request_id}",
        job_id="list",
        details={"requestId": request_id, **details},
    )


def test_an_answer_that_another_process_asked_for_is_in_the_store_before_it_is_deleted(
    client: Client, publish: Callable[[Event], None], tmp_path: Path
) -> None:
    file = tmp_path / "jobs.sqlite"
    with closing(SqliteStore(file)) as store, closing(sqlite3.connect(file)) as database:
        reader = Client.from_config(tmp_path / "clientConfig.json", tracker=Tracker(store))
        database.execute("ALTER TABLE answers RENAME TO hidden")
        told = answer(EventType.JOB_LIST, "q1", jobs=[], page=None)
        publish(event("j1", 1))
        publish(told)
        with pytest.raises(StoreFailed):
            list(reader.job("j2").follow(timeout=20))
        assert reader.job("j1").state is None
        database.execute("ALTER TABLE hidden RENAME TO answers")
        with pytest.raises(TimeoutError):
            reader.job("j2").wait(timeout=5)
        assert Tracker(store).take_answer("q1") == told
        assert reader.job("j1").state is not None


def test_events_stay_on_the_queue_while_the_store_fails(
    client: Client, sqs: SQSClient, publish: Callable[[Event], None], tmp_path: Path
) -> None:
    file, url = tmp_path / "jobs.sqlite", sqs.get_queue_url(QueueName="output")["QueueUrl"]
    with closing(SqliteStore(file)) as store, closing(sqlite3.connect(file)) as database:
        reader = Client.from_config(tmp_path / "clientConfig.json", tracker=Tracker(store))
        database.execute("ALTER TABLE answers RENAME TO hidden")
        database.execute("ALTER TABLE jobs RENAME TO hidden_jobs")
        publish(event("j1", 1))
        for _ in range(3):
            with pytest.raises(StoreFailed):
                next(reader.events(wait=20))
        (message,) = sqs.receive_message(
            QueueUrl=url, WaitTimeSeconds=20, MessageSystemAttributeNames=["ApproximateReceiveCount"]
        )["Messages"]
        assert message["Attributes"]["ApproximateReceiveCount"] == "2"
        database.execute("ALTER TABLE hidden RENAME TO answers")
        database.execute("ALTER TABLE hidden_jobs RENAME TO jobs")
        with closing(reader.events(wait=20)) as events:
            assert next(events).event_id == "j1:1"
        assert database.execute("SELECT * FROM answers").fetchall() == []


def test_a_job_is_asked_for_though_the_store_does_not_take_it_in(
    client: Client, sqs: SQSClient, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "jobs.sqlite"
    with closing(SqliteStore(file)) as store, closing(sqlite3.connect(file)) as database:
        sender = Client.from_config(tmp_path / "clientConfig.json", tracker=Tracker(store))
        database.execute("DROP TABLE jobs")
        with caplog.at_level(logging.WARNING, logger="cpe.client"):
            job_id = sender.start_job(SAMPLE)
        assert f"job {job_id} is not yet in the store (STORE_FAILED)" in caplog.text
    received = sqs.receive_message(QueueUrl=sqs.get_queue_url(QueueName="input")["QueueUrl"])
    assert [decode_command(message["Body"]).job_id for message in received["Messages"]] == [job_id]


def test_a_list_that_its_queue_could_not_carry_is_not_taken_for_an_empty_one(
    client: Client, sqs: SQSClient, publish: Callable[[Event], None]
) -> None:
    def reply() -> None:
        url = sqs.get_queue_url(QueueName="input")["QueueUrl"]
        (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
        request_id = decode_command(message["Body"]).request_id
        assert request_id is not None
        told = answer(EventType.JOB_LIST, request_id, jobs=[{"jobId": "j" * 900}], page="more")
        publish(shorten(told, most=500, reference=None))

    stack = threading.Thread(target=reply)
    stack.start()
    with pytest.raises(ProtocolError) as caught:
        list(client.list(timeout=30))
    stack.join()
    assert caught.value.code == "ANSWER_TRUNCATED"


def test_what_is_no_event_is_logged_and_left(
    client: Client, sqs: SQSClient, publish: Callable[[Event], None], caplog: pytest.LogCaptureFixture
) -> None:
    url = sqs.get_queue_url(QueueName="output")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    publish(event("j1", 1))
    with caplog.at_level(logging.WARNING, logger="cpe.client"):
        assert ids(client.events(wait=0)) == {"j1:1"}
    assert "INVALID_JSON" in caplog.text
    answer = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)
    assert [message["Body"] for message in answer["Messages"]] == ["hello"]


def large(client: str = "ClientA", place: PayloadPlace = PLACE) -> tuple[Event, Event, str]:
    """An event of a megabyte: whole, as the queue carries it, and as it is stored."""
    whole = replace(event("j1", 1, EventType.WORKFLOW_COMPLETED), details={"result": "x" * 1_100_000})
    text = encode_event(whole, most=MAX_PAYLOAD)
    return whole, shorten(whole, 10_000, reference=place.refer(text, client=client)), text


def test_a_large_event_comes_whole(client: Client, publish: Callable[[Event], None]) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=PLACE.bucket)
    whole, short, text = large()
    assert short.reference is not None
    Payloads(s3, PLACE).store(short.reference, text)
    publish(short)
    assert client.job("j1").wait(timeout=100).result == whole.details["result"]
    publish(short)
    assert next(client.events(wait=20)) == whole


def short_event(client: str, place: PayloadPlace) -> Event:
    return large(client, place)[1]


@pytest.mark.parametrize(
    ("short", "code"),
    [
        pytest.param(short_event("ClientA", PLACE), "PAYLOAD_MISSING", id="missing"),
        pytest.param(short_event("ClientB", PLACE), "REFERENCE_REFUSED", id="another client's"),
        pytest.param(
            short_event("ClientA", PayloadPlace(bucket="anywhere")), "REFERENCE_REFUSED", id="elsewhere"
        ),
    ],
)
def test_an_event_is_not_lost_with_its_payload(
    client: Client,
    publish: Callable[[Event], None],
    caplog: pytest.LogCaptureFixture,
    short: Event,
    code: str,
) -> None:
    boto3.client("s3").create_bucket(Bucket=PLACE.bucket)
    publish(short)
    with caplog.at_level(logging.WARNING, logger="cpe.client"):
        state = client.job("j1").wait(timeout=100)
    assert (state.status, state.result) == (JobStatus.COMPLETED, None)
    assert code in caplog.text


def test_a_large_event_waits_until_s3_is_back(
    client: Client,
    publish: Callable[[Event], None],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=PLACE.bucket)
    whole, short, text = large()
    assert short.reference is not None
    Payloads(s3, PLACE).store(short.reference, text)
    publish(short)
    publish(event("j2", 1))
    with monkeypatch.context() as context, caplog.at_level(logging.WARNING, logger="cpe.client"):
        context.setattr("cpe.aws.session._ATTEMPTS", 1)
        context.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
        cut_off = Client.from_config(tmp_path / "clientConfig.json")
        assert ids(cut_off.events(wait=0)) == {"j2:1"}
    assert "is read later (ENDPOINT_UNREACHABLE)" in caplog.text
    assert next(client.events(wait=20)) == whole


def test_a_job_is_followed_to_its_end(client: Client, publish: Callable[[Event], None]) -> None:
    job = client.job(client.start_job(SAMPLE, "j1"))
    publish(event("other", 1))
    publish(event("j1", 1))
    publish(event("j1", 1))
    publish(event("j1", 2, EventType.WORKFLOW_COMPLETED))
    states = list(job.follow(timeout=100))
    assert states[0].status is JobStatus.REQUESTED
    assert states[-1].status is JobStatus.COMPLETED
    assert job.progress == {"Step": 1.0}
    assert client.job("other").state is not None
    # What was read on the way is not lost for who asks for events.
    assert ids(client.events(wait=0)) == {"other:1", "j1:1", "j1:2"}
    assert ids(client.events(wait=0)) == set()


def test_jobs_are_followed_from_several_threads(client: Client, publish: Callable[[Event], None]) -> None:
    names = [f"j{number}" for number in range(6)]
    ended: dict[str, JobState] = {}

    def wait(job_id: str) -> None:
        ended[job_id] = client.job(job_id).wait(timeout=100)

    threads = [threading.Thread(target=wait, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for name in names:
        publish(event(name, 1, EventType.WORKFLOW_COMPLETED))
    for thread in threads:
        thread.join(timeout=100)
    assert {name: state.status for name, state in ended.items()} == dict.fromkeys(names, JobStatus.COMPLETED)


def test_a_wait_ends_in_time(client: Client) -> None:
    with pytest.raises(TimeoutError, match="job j1 was not done within 1 s"):
        client.job("j1").wait(timeout=1)


def test_a_queue_that_does_not_exist_is_named(client: Client, local_aws: LocalAws) -> None:
    lost = Client("ClientA", f"{local_aws.endpoint}/123456789012/no", f"{local_aws.endpoint}/123456789012/no")
    with pytest.raises(AwsError) as caught:
        lost.start_job(SAMPLE)
    assert caught.value.code == "QUEUE_NOT_FOUND"
    with pytest.raises(AwsError):
        next(lost.events())


def test_what_an_iterator_leaves_comes_again(client: Client, publish: Callable[[Event], None]) -> None:
    for number in range(4):
        publish(event("j1", number))
    events = client.events(wait=0)
    first = next(events)
    events.close()
    again = ids(client.events(wait=5))
    assert first.event_id in again  # it was not handled: nobody asked for the next one
    assert again == {f"j1:{number}" for number in range(4)}


def test_a_client_that_is_stopped_waits_no_more(client: Client) -> None:
    waiting = threading.Timer(0.5, client.stop)
    waiting.start()
    with pytest.raises(TimeoutError, match="job j1 was not done when the client was stopped"):
        client.job("j1").wait(timeout=60)
    waiting.join()
    assert ids(client.events()) == set()
