"""A stage for daemons: a domain, queues, and what came out of both."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import urllib3

from cpe.config import ActivitySettings, Client, Settings
from cpe.daemons.daemon import Daemon
from cpe.protocol.references import PayloadPlace

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient
    from types_boto3_swf import SWFClient

    from cpe.local.server import LocalAws

DEADLINE = 100.0
"""Seconds that a test waits for anything: far more than it takes, so that a busy machine fails nothing."""

WORK = "tests.local.activities:Work"


def wait_for(what: Callable[[], Any], deadline: float = DEADLINE) -> Any:
    """Poll until something is there; fail after the deadline."""
    end = time.monotonic() + deadline
    while True:
        found = what()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"nothing came of {what} within {deadline} s")
        time.sleep(0.01)


class Stage:
    """Names of its own for each test, so that polls left behind by one take nothing from another."""

    def __init__(self, folder: Path) -> None:
        self.swf: SWFClient = boto3.client("swf")
        self.sqs: SQSClient = boto3.client("sqs")
        self.domain = f"D-{uuid4().hex[:8]}"
        self.task_list = "decisions"
        self.client = Client(name="ClientA", input_queue=self.queue("in"), output_queue=self.queue("out"))
        self.events: list[dict[str, Any]] = []
        self.settings = Settings(
            clients=(self.client,),
            scratch=folder / "scratch",
            activities=(ActivitySettings(name="Work", version="v1", class_name=WORK, settings={"depth": 1}),),
        )

    def hear_of_stops_soon(self) -> None:
        """Let tasks ask each second whether they shall stop, instead of every ten."""
        often = {"defaultTaskHeartbeatTimeout": "3"}
        activities = tuple(replace(one, default_timeouts=often) for one in self.settings.activities)
        self.settings = replace(self.settings, activities=activities)

    def provide_payloads(self) -> PayloadPlace:
        """Create a bucket for large payloads and let the settings name it."""
        place = PayloadPlace(bucket=f"payloads-{uuid4().hex[:8]}")
        s3: S3Client = boto3.client("s3")
        s3.create_bucket(Bucket=place.bucket)
        self.settings = replace(self.settings, payloads=place)
        return place

    def queue(self, name: str) -> str:
        """Create a queue and tell its URL."""
        return self.sqs.create_queue(QueueName=f"{name}-{uuid4().hex[:8]}")["QueueUrl"]

    def register_domain(self) -> None:
        """Register the domain, as a decider does."""
        self.swf.register_domain(name=self.domain, workflowExecutionRetentionPeriodInDays="1")

    def register_workflow(self, name: str = "Works", *, task_list: str | None = "nobody") -> None:
        """Register version 1.0 of a workflow type, whose executions nobody decides about unless told where."""
        defaults: dict[str, Any] = {} if task_list is None else {"defaultTaskList": {"name": task_list}}
        self.swf.register_workflow_type(
            domain=self.domain,
            name=name,
            version="1.0",
            **defaults,
            defaultTaskStartToCloseTimeout="300",
            defaultExecutionStartToCloseTimeout="3600",
            defaultChildPolicy="TERMINATE",
        )

    def send(self, body: Any) -> None:
        """Put a command on the input queue."""
        text = body if isinstance(body, str) else json.dumps(body)
        self.sqs.send_message(QueueUrl=self.client.input_queue, MessageBody=text)

    def start_job(self, job_id: str, name: str = "Works", **data: Any) -> dict[str, Any]:
        """Make a START_JOB for this stage."""
        workflow = {"name": name, "version": "1.0", "domain": self.domain, "taskList": self.task_list}
        return {"time": 1.5, "type": "START_JOB", "jobId": job_id, "data": {"workflow": workflow, **data}}

    def receive(self) -> list[dict[str, Any]]:
        """Collect what came on the output queue; tell all of it so far."""
        url = self.client.output_queue
        for message in self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            self.events.append(json.loads(message["Body"]))
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return self.events

    def event(self, kind: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait for so many events of a type."""

        def found() -> list[dict[str, Any]]:
            events = [event for event in self.receive() if event["type"] == kind]
            return events if len(events) >= count else []

        return list(wait_for(found))

    def waiting_commands(self) -> int:
        """Count the commands on the input queue, taken ones included."""
        attributes = self.sqs.get_queue_attributes(
            QueueUrl=self.client.input_queue,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )["Attributes"]
        return sum(map(int, attributes.values()))

    def history(self, workflow_id: str, run_id: str) -> list[Any]:
        """Read a run's history."""
        return self.swf.get_workflow_execution_history(
            domain=self.domain, execution={"workflowId": workflow_id, "runId": run_id}
        )["events"]


def advance(aws: LocalAws, seconds: float) -> None:
    """Move SWF's clock ahead."""
    answer = urllib3.request(
        "POST", f"{aws.endpoint}/cpe-local/clock", body=json.dumps({"advance": seconds}), timeout=DEADLINE
    )
    assert answer.status == HTTPStatus.OK, answer.data


@contextmanager
def running(*daemons: Daemon) -> Iterator[None]:
    """Run daemons in threads; end them at once afterwards, polls in flight left behind."""
    threads = [threading.Thread(target=daemon.run) for daemon in daemons]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for daemon in daemons:
            daemon.stop()
            daemon.stop()
        for thread in threads:
            thread.join(DEADLINE)
            assert not thread.is_alive()
