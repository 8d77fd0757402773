"""One task from the poll's answer to the answer for SWF, where SWF asks for a stop or has given it up.

A botocore hook stands in for SWF on the wire, so that each answer comes at a moment of the test's choosing.
"""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.response import StreamingBody
from botocore.stub import Stubber
from structlog.testing import capture_logs

from cpe.activity import Activity, ActivityContext, JsonValue
from cpe.aws.payloads import Payloads
from cpe.aws.s3 import S3Storage, transfer_manager
from cpe.aws.sqs import Queue
from cpe.aws.swf import SwfGateway
from cpe.aws.tasks import ActivityTask
from cpe.clock import SystemClock
from cpe.config import Settings
from cpe.daemons.attempts import KnownAttempt
from cpe.daemons.publisher import Publisher
from cpe.daemons.scratch import Scratch
from cpe.daemons.task import TaskRunner
from cpe.logs import get_logger
from cpe.protocol.references import PayloadPlace

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_swf import SWFClient

TASK = ActivityTask(
    token="t",
    activity_id="Step",
    activity_name="Work",
    activity_version="v1",
    workflow_id="ClientA.j1",
    run_id="r1",
    started_event_id=6,
    input="{}",
)
_NOTHING = KnownAttempt()
PLACE = PayloadPlace(bucket="cpe-payloads")
GONE = (400, {"__type": "com.amazonaws.swf.base.model#UnknownResourceFault", "message": "gone"})


class Wire:
    """SWF's end of the wire: answers by operation, and remembers what it was told."""

    def __init__(self) -> None:
        self.beats = 0
        self.beaten: list[str | None] = []
        self.heartbeat: tuple[int, Any] = (200, {"cancelRequested": False})
        self.answer: list[tuple[int, Any]] = []
        self.told: list[tuple[str, Any]] = []

    def __call__(self, request: Any, **_: Any) -> Any:
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        if operation == "RecordActivityTaskHeartbeat":
            self.beats += 1
            self.beaten.append(json.loads(request.body).get("details"))
            status, body = self.heartbeat
        else:
            self.told.append((operation, json.loads(request.body)))
            status, body = self.answer.pop(0) if self.answer else (200, {})
        raw: Any = io.BytesIO(json.dumps(body).encode())
        raw.stream = lambda *_: [raw.read()]
        headers: Any = {}
        return AWSResponse(request.url, status, headers, raw)


class Willing(Activity):
    """Works until it is asked to stop."""

    def __init__(self) -> None:
        self.running = threading.Event()
        self.folder: Path | None = None

    def run(self, context: ActivityContext) -> JsonValue:
        self.folder = context.scratch
        stopped = threading.Event()
        with context.cancellation.calling(stopped.set):
            self.running.set()
            assert stopped.wait(10)
        raise RuntimeError("ffmpeg was killed")


class Large(Activity):
    """Returns more than SWF carries."""

    def run(self, context: ActivityContext) -> JsonValue:
        return "x" * 40_000


class Quick(Activity):
    def run(self, context: ActivityContext) -> JsonValue:
        return 1


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def runner(wire: Wire, tmp_path: Path) -> Any:
    client: SWFClient = boto3.client("swf", config=Config(retries={"total_max_attempts": 1}))
    client.meta.events.register("before-send.swf.*", wire)
    s3 = boto3.client("s3")
    transfers = transfer_manager(s3)
    sqs = boto3.client("sqs")
    no_place = Payloads(s3, None)
    with Scratch(tmp_path) as scratch:

        def make(
            activity: Activity,
            wait: Callable[[float], object] = lambda _: None,
            payloads: Payloads = no_place,
            known: KnownAttempt = _NOTHING,
            interval: float = 0.01,
        ) -> TaskRunner:
            return TaskRunner(
                activity=activity,
                settings={},
                swf=SwfGateway(polls=client, calls=client),
                attempt_of=lambda _: known,
                publisher=Publisher(Settings(), lambda url: Queue(sqs, url), get_logger(), no_place),
                scratch=scratch,
                payloads=payloads,
                storage=lambda cancellation: S3Storage(s3, transfers, cancellation),
                heartbeat_interval=interval,
                clock=SystemClock(),
                wait=wait,
                bind=get_logger,
            )

        yield make


def test_a_cancelled_task_is_answered_as_cancelled(runner: Any, wire: Wire) -> None:
    wire.heartbeat = (200, {"cancelRequested": True})
    activity = Willing()
    runner(activity).handle(TASK)
    ((operation, body),) = wire.told
    assert operation == "RespondActivityTaskCanceled"
    assert body["details"] == "the activity was asked to stop"
    assert activity.folder is not None
    assert not activity.folder.exists()


def test_a_task_keeps_to_its_own_heartbeat_timeout(runner: Any, wire: Wire) -> None:
    wire.heartbeat = (200, {"cancelRequested": True})
    started = time.monotonic()
    runner(Willing(), known=KnownAttempt(heartbeat_timeout="3"), interval=600).handle(TASK)
    assert 1 <= time.monotonic() - started < 60, "it was asked to stop by the first heartbeat"
    assert wire.beats >= 1


def test_a_task_that_swf_gave_up_is_not_answered(runner: Any, wire: Wire) -> None:
    wire.heartbeat = GONE
    with capture_logs() as logs:
        runner(Willing()).handle(TASK)
    assert wire.told == []
    assert [line["verdict"] for line in logs if line["event"] == "task_ended"] == ["abandoned"]


def test_a_task_handed_back_may_run_again(runner: Any, wire: Wire) -> None:
    activity = Willing()
    task_runner = runner(activity)
    thread = threading.Thread(target=task_runner.handle, args=(TASK,))
    thread.start()
    assert activity.running.wait(60)
    task_runner.hand_back()
    thread.join(60)
    task_runner.handle(TASK)  # one that a poll in flight brings afterwards
    assert [(operation, body["reason"]) for operation, body in wire.told] == [
        ("RespondActivityTaskFailed", "WORKER_STOPPED")
    ] * 2


def test_an_answer_outlasts_a_passing_fault(runner: Any, wire: Wire) -> None:
    wire.answer = [(400, {"__type": "ThrottlingException"})] * 2
    waits: list[float] = []
    runner(Quick(), waits.append).handle(TASK)
    assert len(waits) == 2
    assert wire.told[-1] == ("RespondActivityTaskCompleted", {"taskToken": "t", "result": "1"})


def test_an_answer_that_comes_too_late_is_logged(runner: Any, wire: Wire) -> None:
    wire.answer = [GONE]
    with capture_logs() as logs:
        runner(Quick(), interval=600).handle(TASK)
    assert [line["event"] for line in logs] == [
        "task_started",
        "event_unwanted",
        "task_lost",
        "task_ended",
    ]


@pytest.fixture
def s3() -> S3Client:
    return boto3.client("s3")


@pytest.fixture
def stub(s3: S3Client) -> Iterator[Stubber]:
    """S3, as far as a test lets it answer."""
    with Stubber(s3) as stub:
        yield stub


@pytest.fixture
def payloads(s3: S3Client) -> Payloads:
    return Payloads(s3, PLACE)


def away(stub: Stubber, operation: str, times: int) -> None:
    for _ in range(times):
        stub.add_client_error(operation, "SlowDown", http_status_code=503)


def test_a_large_result_outlasts_a_passing_fault_of_s3(
    runner: Any, wire: Wire, stub: Stubber, payloads: Payloads
) -> None:
    away(stub, "put_object", 2)
    stub.add_response("put_object", {})
    waits: list[float] = []
    runner(Large(), waits.append, payloads).handle(TASK)
    reference = PLACE.refer(json.dumps("x" * 40_000), client="ClientA")
    assert wire.told == [("RespondActivityTaskCompleted", {"taskToken": "t", "result": reference.text()})]
    assert len(waits) == 2


def test_a_large_result_that_s3_never_takes_fails_so_that_a_retry_may_help(
    runner: Any, wire: Wire, stub: Stubber, payloads: Payloads
) -> None:
    away(stub, "put_object", 10)
    runner(Large(), payloads=payloads).handle(TASK)
    ((operation, body),) = wire.told
    assert (operation, body["reason"]) == ("RespondActivityTaskFailed", "STORAGE_UNAVAILABLE")


def test_a_large_input_outlasts_a_passing_fault_of_s3(
    runner: Any, wire: Wire, stub: Stubber, payloads: Payloads
) -> None:
    text = json.dumps("x" * 40_000)
    away(stub, "get_object", 2)
    body = StreamingBody(io.BytesIO(text.encode()), len(text))
    stub.add_response("get_object", {"Body": body, "ContentLength": len(text)})
    task = replace(TASK, input=PLACE.refer(text, client="ClientA").text())
    runner(Quick(), payloads=payloads).handle(task)
    assert wire.told == [("RespondActivityTaskCompleted", {"taskToken": "t", "result": "1"})]


def test_a_task_that_waits_for_its_input_can_be_cancelled(
    runner: Any, wire: Wire, stub: Stubber, payloads: Payloads
) -> None:
    away(stub, "get_object", 10)
    wire.heartbeat = (200, {"cancelRequested": True})
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        deadline = time.monotonic() + 60
        while wire.beats < 2:  # the second comes when the first one's answer was taken
            assert time.monotonic() < deadline

    task = replace(TASK, input=PLACE.refer("x", client="ClientA").text())
    runner(Quick(), wait, payloads).handle(task)
    assert [operation for operation, _ in wire.told] == ["RespondActivityTaskCanceled"]
    assert len(waits) < 5


class Telling(Activity):
    """Says where it is until that was heard."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def run(self, context: ActivityContext) -> JsonValue:
        while not self._wire.beats:
            context.check()
        context.heartbeat({"page": 7})
        while self._wire.beaten[-1] is None:
            context.check()
        return 1


def test_heartbeats_tell_what_the_activity_says(runner: Any, wire: Wire) -> None:
    runner(Telling(wire)).handle(TASK)
    assert (wire.beaten[0], wire.beaten[-1]) == (None, '{"page":7}')


class Chatty(Activity):
    def run(self, context: ActivityContext) -> JsonValue:
        context.heartbeat("x" * 2_047)
        return 1


def test_a_heartbeat_that_swf_would_not_take(runner: Any, wire: Wire) -> None:
    runner(Chatty()).handle(TASK)
    ((operation, body),) = wire.told
    assert (operation, body["reason"]) == ("RespondActivityTaskFailed", "HEARTBEAT_TOO_LARGE")
