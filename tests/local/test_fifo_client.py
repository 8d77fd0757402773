"""A real client and real daemons with FIFO queues at both ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from cpe.aws.client_queues import create_client_queues
from cpe.aws.payloads import Payloads
from cpe.aws.session import AwsSession
from cpe.aws.sqs import Message, Queue
from cpe.client import Client, CommandRefused, JobStatus
from cpe.config import Client as ClientSettings
from cpe.daemons.assembly import assemble_decider, assemble_inputpoller, assemble_worker
from cpe.daemons.publisher import Publisher
from cpe.errors import AwsError
from cpe.local.server import LocalAws
from cpe.logs import get_logger
from cpe.plan import parse_plan
from cpe.protocol import ActivityRef, Event, EventType, WorkflowRef, decode_event, encode_event
from tests.local.stage import Stage, running, wait_for
from tests.local.test_commands import PLAN

SECONDS = 100.0
WORKERS = ["ACTIVITY_STARTED", "ACTIVITY_PREPARING", *["ACTIVITY_PROGRESS"] * 2, "ACTIVITY_FINISHING"]
DECIDERS = [
    *["ACTIVITY_SCHEDULED", "ACTIVITY_COMPLETED"] * 2,
    "WORKFLOW_COMPLETED",
]


@pytest.fixture
def stage(local_aws: LocalAws, tmp_path: Path) -> Stage:
    stage = Stage(tmp_path)
    queues = create_client_queues(stage.sqs, "ClientA", fifo=("input", "output"))
    stage.client = ClientSettings(name="ClientA", input_queue=queues.input, output_queue=queues.output)
    stage.settings = replace(stage.settings, domain=stage.domain, clients=(stage.client,))
    stage.hear_of_stops_soon()
    return stage


@contextmanager
def daemons_of(stage: Stage, *, deciders: int = 1) -> Iterator[None]:
    aws = AwsSession(connections=20)
    plan = parse_plan(PLAN)
    with ExitStack() as opened:
        decider = assemble_decider(
            aws,
            stage.settings,
            plans={(plan.name, plan.version): plan},
            domain=stage.domain,
            task_list=stage.task_list,
            concurrency=deciders,
        )
        worker = opened.enter_context(
            assemble_worker(aws, stage.settings, domain=stage.domain, activities=[("Work", "v1")])
        )
        opened.enter_context(running(decider, worker, assemble_inputpoller(aws, stage.settings)))
        yield


@pytest.fixture
def daemons(stage: Stage) -> Iterator[None]:
    with daemons_of(stage):
        yield


@pytest.fixture
def client(stage: Stage) -> Client:
    return Client("ClientA", stage.client.input_queue, stage.client.output_queue, timeout=SECONDS)


def order(stage: Stage, second: str = "report") -> dict[str, Any]:
    data: dict[str, Any] = stage.start_job("-", first={"do": "report"}, second={"do": second})["data"]
    return data


@pytest.mark.usefixtures("daemons")
def test_a_whole_job_and_all_commands(stage: Stage, client: Client) -> None:
    run = client.start_job(order(stage), "j1", wait=True)
    assert run == "j1"
    for state in client.follow("j1", timeout=SECONDS):
        if "First" in state.activities and state.activities["First"].result is not None:
            break
    assert client.status("j1").status is JobStatus.RUNNING
    assert [one.activity_id for one in client.activities("j1")] == ["First"]
    assert client.activity("j1", "First").name == "Work"
    assert [one.job_id for one in client.list()] == ["j1"]
    client.signal("j1", "approved", {"by": "Ann"})
    assert client.job("j1").wait(timeout=SECONDS).status is JobStatus.COMPLETED
    assert client.retry("j1", "Second")
    assert client.job("j1").wait(timeout=SECONDS).status is JobStatus.COMPLETED
    with pytest.raises(CommandRefused) as caught:
        client.cancel_job("j1")
    assert caught.value.code == "JOB_CLOSED"

    client.start_job(order(stage, second="wait"), "j2")
    client.signal("j2", "approved", wait=False)
    for state in client.follow("j2", timeout=SECONDS):
        if "Second" in state.activities:
            break
    client.cancel_activity("j2", "Second")
    assert client.job("j2").wait(timeout=SECONDS).status is JobStatus.FAILED

    client.start_job(order(stage), "j3")
    client.cancel_job("j3")
    assert client.job("j3").wait(timeout=SECONDS).status is JobStatus.CANCELED
    wait_for(lambda: stage.waiting_commands() == 0)


@pytest.mark.usefixtures("daemons")
def test_who_waits_while_iterating_is_not_held_up_by_what_it_is_given(stage: Stage, client: Client) -> None:
    """What is given is deleted only later; until then SQS gives nothing more of its run."""
    client.start_job(order(stage), "j1")
    asked: list[JobStatus] = []
    stream = client.events(wait=SECONDS)
    for event in stream:
        if event.type is EventType.ACTIVITY_COMPLETED and not asked:
            asked.append(client.status("j1").status)
            client.signal("j1", "approved")
            asked.append(client.job("j1").wait(timeout=SECONDS).status)
        if event.type.closes_job:
            break
    stream.close()
    assert asked == [JobStatus.RUNNING, JobStatus.COMPLETED]


@pytest.mark.usefixtures("daemons")
def test_who_stops_iterating_gives_back_what_it_did_not_deal_with(stage: Stage, client: Client) -> None:
    """SQS gives nothing more of a run while somebody has some of it: for 30 s, if nobody gives it back."""
    client.start_job(order(stage), "j1")
    client.signal("j1", "approved")
    for event in client.events(wait=SECONDS):
        if event.type.closes_job:
            break
    began = time.monotonic()
    assert client.status("j1", timeout=15).status is JobStatus.COMPLETED
    again = [event.type for event in client.events(wait=1)]
    assert EventType.WORKFLOW_COMPLETED in again
    assert time.monotonic() - began < 15


@pytest.mark.usefixtures("daemons")
def test_events_of_a_run_come_in_the_order_in_which_each_daemon_sent_them(stage: Stage) -> None:
    sender = Client("ClientA", stage.client.input_queue)
    for job_id in ("j1", "j2"):
        sender.start_job(order(stage), job_id)
        sender.signal(job_id, "approved", wait=False)
    queue = Queue(stage.sqs, stage.client.output_queue)
    messages: list[Message] = []
    closed = 0
    while closed < 2:
        taken = queue.receive(wait_seconds=20)
        assert taken
        messages += taken
        closed += sum("WORKFLOW_COMPLETED" in message.body for message in taken)
        queue.delete(taken)
    runs: dict[str, list[Event]] = {}
    for message in messages:
        event = decode_event(message.body)
        assert event.workflow is not None
        assert message.group_id == event.workflow.run_id
        runs.setdefault(event.workflow.run_id, []).append(event)
    assert len(runs) == 2
    for events in runs.values():
        by_worker = [event for event in events if event.type.value in WORKERS]
        assert [event.activity.activity_id for event in by_worker if event.activity] == (
            ["First"] * 5 + ["Second"] * 5
        )
        assert [event.type.value for event in by_worker] == WORKERS * 2
        by_decider = [event.type.value for event in events if event.type.value in DECIDERS]
        assert by_decider == DECIDERS


def test_one_decider_tells_a_run_in_order_whichever_of_its_threads_decides(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who scheduled an activity is still about to say so when it has ended, and another thread is asked."""
    answer, ended = Publisher.answer, threading.Event()

    def late(self: Publisher, events: Sequence[Event], *, client: str | None) -> list[AwsError | None]:
        types = {event.type for event in events}
        if EventType.ACTIVITY_SCHEDULED in types:
            ended.wait(0.5)
            ended.clear()
        outcomes = answer(self, events, client=client)
        if EventType.ACTIVITY_COMPLETED in types:
            ended.set()
        return outcomes

    monkeypatch.setattr(Publisher, "answer", late)
    client = Client("ClientA", stage.client.input_queue, stage.client.output_queue)
    with daemons_of(stage, deciders=4):
        client.start_job(order(stage), "j1")
        client.signal("j1", "approved", wait=False)
        told = []
        for one in client.events(wait=SECONDS):
            told.append(one.type.value)
            if one.type.closes_job:
                break
    assert [kind for kind in told if kind in DECIDERS] == DECIDERS


def event(number: int, result: str = "", run_id: str = "r") -> Event:
    return Event(
        type=EventType.ACTIVITY_COMPLETED,
        time=1.0,
        event_id=f"{run_id}:{number}",
        job_id="j1",
        workflow=WorkflowRef(workflow_id="ClientA.j1", run_id=run_id),
        activity=ActivityRef(activity_id="Step", name="Work", version="v1"),
        details={"result": result, "attempt": 1},
    )


def test_what_is_behind_an_event_that_is_read_later_does_not_overtake(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = stage.provide_payloads()
    payloads = Payloads(boto3.client("s3"), place)
    url = stage.client.output_queue
    stage.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    publisher = Publisher(stage.settings, lambda url: Queue(stage.sqs, url), get_logger(), payloads)
    publisher.publish_all([event(1), event(2, "x" * 1_100_000), event(3)], client="ClientA")
    publisher.publish(event(1, run_id="other"), client="ClientA")
    queues = (stage.client.input_queue, url)
    with monkeypatch.context() as context:
        context.setattr("cpe.aws.session._ATTEMPTS", 1)
        context.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
        cut_off = Client("ClientA", *queues, payloads=place)
        assert {one.event_id for one in cut_off.events(wait=0)} == {"r:1", "other:1"}
    healed = Client("ClientA", *queues, payloads=place)
    assert [one.event_id for one in healed.events(wait=5)] == ["r:2", "r:3"]


def test_what_was_given_and_not_handled_comes_again(stage: Stage) -> None:
    url = stage.client.output_queue
    stage.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    queue = Queue(stage.sqs, url)
    for number in (1, 2, 3):
        queue.send(encode_event(event(number)), group_id="r", deduplication_id=f"r:{number}")
    client = Client("ClientA", stage.client.input_queue, url)
    stream = client.events(wait=20)
    assert next(stream).event_id == "r:1"
    stream.close()
    assert [one.event_id for one in client.events(wait=5)] == ["r:1", "r:2", "r:3"]

    # Who waits meanwhile has it deleted; then it is kept here.
    for number in (4, 5):
        queue.send(encode_event(event(number)), group_id="r", deduplication_id=f"r:{number}")
    stream = client.events(wait=20)
    assert next(stream).event_id == "r:4"

    def all_is_deleted() -> bool:
        with pytest.raises(TimeoutError):
            client.job("unknown").wait(timeout=0.1)
        return queue.count() == 0

    wait_for(all_is_deleted)
    stream.close()
    assert [one.event_id for one in client.events(wait=0)] == ["r:4", "r:5"]
