"""The input poller against a local SWF and SQS."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from structlog.testing import capture_logs

from cpe.aws.claims import Claims
from cpe.aws.payloads import Payloads
from cpe.aws.session import AwsSession
from cpe.aws.sqs import Queue
from cpe.aws.swf import SwfGateway
from cpe.clock import SystemClock
from cpe.config import Client, Settings
from cpe.daemons.assembly import assemble_inputpoller
from cpe.daemons.commands import Commands
from cpe.daemons.inputpoller import InputPoller
from cpe.daemons.publisher import Publisher
from cpe.daemons.starter import Starter
from cpe.daemons.turns import Turns
from cpe.errors import AwsError, ConfigError
from cpe.jobs import Jobs
from cpe.local.server import LocalAws
from cpe.logs import get_logger
from cpe.protocol.references import Reference
from tests.local.stage import Stage, running


@pytest.fixture
def stage(local_aws: LocalAws, tmp_path: Path) -> Stage:
    stage = Stage(tmp_path)
    stage.register_domain()
    stage.register_workflow(task_list=None)
    return stage


def poller(stage: Stage, swf: SwfGateway | None = None, domain: str | None = None) -> InputPoller:
    aws = AwsSession()
    sqs, calls, s3 = aws.sqs(), aws.swf(), aws.s3()
    place = stage.settings.payloads
    payloads = Payloads(s3, place)
    gateway = swf or SwfGateway(polls=calls, calls=calls)
    commands = Commands(
        client=stage.client,
        jobs_of=lambda domain: Jobs(swf=gateway, payloads=payloads, domain=domain),
        starter=Starter(claims=None if place is None else Claims(s3, place), clock=time.time),
        domain=domain,
        clock=SystemClock(),
    )
    return InputPoller(
        client=stage.client.name,
        queue=Queue(sqs, stage.client.input_queue),
        commands=commands,
        turns=Turns(),
        publisher=Publisher(stage.settings, lambda url: Queue(sqs, url), get_logger(), payloads),
        clock=SystemClock(),
        log=get_logger(),
    )


def take(poller: InputPoller) -> None:
    """Carry out what is on the queue."""
    messages = poller.poll()
    assert messages
    poller.handle(messages)


def test_a_job_is_started_and_answered(stage: Stage) -> None:
    command = stage.start_job("j1", input_asset={"file": "a.mp4"})
    command["data"]["workflow"]["executionStartToCloseTimeout"] = 7200
    stage.send(command)
    with running(assemble_inputpoller(AwsSession(), stage.settings)):
        (scheduled,) = stage.event("WORKFLOW_SCHEDULED")
    ours = {
        "name": "ClientA",
        "queues": {"input": stage.client.input_queue, "output": stage.client.output_queue},
    }
    assert scheduled["jobId"] == "j1"
    assert scheduled["workflowId"] == "ClientA.j1"
    assert scheduled["workflowType"] == {"name": "Works", "version": "1.0"}
    assert scheduled["input"] == {**command["data"], "client": ours}
    assert scheduled["eventId"] == f"{scheduled['runId']}:1"
    started = stage.history("ClientA.j1", scheduled["runId"])[0]["workflowExecutionStartedEventAttributes"]
    assert json.loads(started["input"]) == scheduled["input"]
    assert started["taskList"] == {"name": stage.task_list}
    assert started["executionStartToCloseTimeout"] == "7200"
    assert stage.waiting_commands() == 0


def redelivered(stage: Stage, between: Callable[[str], object], *, same: bool) -> None:
    """Send a command twice, to the same poller or to another; see one run and one event id."""
    first = poller(stage)
    stage.send(stage.start_job("j1"))
    take(first)
    (scheduled,) = stage.event("WORKFLOW_SCHEDULED")
    between(scheduled["runId"])
    stage.send(stage.start_job("j1"))
    take(first if same else poller(stage))
    again = stage.event("WORKFLOW_SCHEDULED", 2)[1]
    assert again["runId"] == scheduled["runId"]
    assert again["eventId"] == scheduled["eventId"]
    assert stage.waiting_commands() == 0


@pytest.mark.parametrize("same", [True, False])
def test_a_command_that_comes_again_starts_nothing(stage: Stage, same: bool) -> None:
    redelivered(stage, lambda _: None, same=same)


@pytest.mark.parametrize("same", [True, False])
def test_not_even_when_the_job_is_over(stage: Stage, same: bool) -> None:
    def close(run_id: str) -> None:
        stage.swf.terminate_workflow_execution(domain=stage.domain, workflowId="ClientA.j1", runId=run_id)

    redelivered(stage, close, same=same)
    running_now = stage.swf.list_open_workflow_executions(
        domain=stage.domain, startTimeFilter={"oldestDate": datetime(1970, 1, 2, tzinfo=UTC)}
    )
    assert running_now["executionInfos"] == []


def without(command: dict[str, Any], name: str) -> dict[str, Any]:
    del command["data"]["workflow"][name]
    return command


REFUSED: list[tuple[str, Callable[[Stage], Any], str | None]] = [
    ("INVALID_JSON", lambda _: "{", None),
    ("INVALID_JSON", lambda _: "[1]", None),
    ("MISSING_FIELD", lambda _: {"time": 1.0, "type": "START_JOB", "jobId": "j1"}, "j1"),
    ("MISSING_FIELD", lambda stage: without(stage.start_job("j1"), "name"), "j1"),
    ("UNKNOWN_COMMAND", lambda stage: {**stage.start_job("j1"), "type": "STOP_JOB"}, "j1"),
    (
        "DOMAIN_MISSING",
        lambda stage: {**without(stage.start_job("j1"), "domain"), "type": "CANCEL_JOB"},
        "j1",
    ),
    ("UNKNOWN_WORKFLOW", lambda stage: stage.start_job("j1", "Absent"), "j1"),
    ("INVALID_JOB_ID", lambda stage: stage.start_job("j:1"), "j:1"),
    ("CLIENT_MISMATCH", lambda stage: stage.start_job("j1", client={"name": "ClientB"}), "j1"),
    ("DOMAIN_MISSING", lambda stage: without(stage.start_job("j1"), "domain"), "j1"),
    ("INPUT_TOO_LARGE", lambda stage: stage.start_job("j1", text="x" * 33_000), "j1"),
]


@pytest.mark.parametrize(("code", "body", "job_id"), REFUSED, ids=[code for code, _, _ in REFUSED])
def test_refusals(stage: Stage, code: str, body: Callable[[Stage], Any], job_id: str | None) -> None:
    stage.send(body(stage))
    take(poller(stage))
    (rejected,) = stage.event("COMMAND_REJECTED")
    assert (rejected["reason"], rejected["jobId"]) == (code, job_id)
    assert rejected["details"]
    assert rejected["eventId"].startswith("rejected:")
    assert stage.waiting_commands() == 0


def test_a_large_input_goes_by_reference(stage: Stage) -> None:
    place = stage.provide_payloads()
    command = stage.start_job("j1", text="ü" * 100_000)
    stage.send(command)
    take(poller(stage))
    (scheduled,) = stage.event("WORKFLOW_SCHEDULED")
    assert scheduled["input"]["text"] == "ü" * 100_000
    started = stage.history("ClientA.j1", scheduled["runId"])[0]["workflowExecutionStartedEventAttributes"]
    reference = Reference.parse(started["input"])
    assert reference is not None
    place.check(reference, client="ClientA")
    stored = boto3.client("s3").get_object(Bucket=place.bucket, Key=reference.key)["Body"].read()
    assert json.loads(stored) == scheduled["input"]


def test_a_forged_reference_is_data_and_nothing_is_read(stage: Stage) -> None:
    place = stage.provide_payloads()
    forged = place.refer("{}", client="ClientB").value()
    command = stage.start_job("j1", input_asset=forged)
    command["data"] |= forged
    stage.send(command)
    take(poller(stage))
    (scheduled,) = stage.event("WORKFLOW_SCHEDULED")
    started = stage.history("ClientA.j1", scheduled["runId"])[0]["workflowExecutionStartedEventAttributes"]
    assert Reference.parse(started["input"]) is None
    assert json.loads(started["input"]) == scheduled["input"]
    assert scheduled["input"]["input_asset"] == forged


def test_a_command_waits_until_s3_is_back(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.provide_payloads()
    stage.sqs.set_queue_attributes(QueueUrl=stage.client.input_queue, Attributes={"VisibilityTimeout": "0"})
    stage.send(stage.start_job("j1", text="x" * 40_000))
    with monkeypatch.context() as context:
        context.setattr("cpe.aws.session._ATTEMPTS", 1)
        context.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
        cut_off = poller(stage)
    with capture_logs() as logs, pytest.raises(AwsError) as caught:
        take(cut_off)
    assert caught.value.retryable
    assert [line["event"] for line in logs] == ["command_postponed"]
    assert (stage.waiting_commands(), stage.receive()) == (1, [])
    take(poller(stage))
    assert stage.event("WORKFLOW_SCHEDULED")
    assert stage.waiting_commands() == 0


def test_an_unknown_domain_is_refused(stage: Stage) -> None:
    command = stage.start_job("j1")
    command["data"]["workflow"]["domain"] = "Nowhere"
    stage.send(command)
    take(poller(stage))
    assert stage.event("COMMAND_REJECTED")[0]["reason"] == "UNKNOWN_DOMAIN"


def test_the_stacks_domain_binds(stage: Stage) -> None:
    bound = poller(stage, domain=stage.domain)
    stage.send(without(stage.start_job("j1"), "domain"))
    take(bound)
    assert stage.event("WORKFLOW_SCHEDULED")
    command = stage.start_job("j2")
    command["data"]["workflow"]["domain"] = "Other"
    stage.send(command)
    take(bound)
    assert stage.event("COMMAND_REJECTED")[0]["reason"] == "DOMAIN_MISMATCH"


def test_a_passing_fault_leaves_the_command_on_the_queue(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cpe.aws.session._ATTEMPTS", 1)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SWF", "http://127.0.0.1:9")
    nowhere = AwsSession().swf()
    stage.send(stage.start_job("j1"))
    with capture_logs() as logs, pytest.raises(AwsError) as caught:
        take(poller(stage, SwfGateway(polls=nowhere, calls=nowhere)))
    assert caught.value.retryable
    assert [line["event"] for line in logs] == ["command_postponed"]
    assert stage.waiting_commands() == 1
    assert stage.receive() == []


def test_each_client_is_answered_on_its_own_queue(stage: Stage) -> None:
    other = Client(name="ClientB", input_queue=stage.queue("b-in"), output_queue=stage.queue("b-out"))
    settings = replace(stage.settings, clients=(stage.client, other))
    stage.send(stage.start_job("j1"))
    stage.sqs.send_message(QueueUrl=other.input_queue, MessageBody=json.dumps(stage.start_job("j1")))
    with running(assemble_inputpoller(AwsSession(), settings)):
        (ours,) = stage.event("WORKFLOW_SCHEDULED")
        stage.client, stage.events = other, []
        (theirs,) = stage.event("WORKFLOW_SCHEDULED")
    assert (ours["workflowId"], theirs["workflowId"]) == ("ClientA.j1", "ClientB.j1")


def test_one_queue_that_is_gone_stops_no_other(stage: Stage) -> None:
    gone = Client(name="ClientB", input_queue=f"{stage.client.input_queue}-gone", output_queue="http://q/1/x")
    settings = replace(stage.settings, clients=(gone, stage.client))
    stage.send(stage.start_job("j1"))
    with capture_logs() as logs, running(assemble_inputpoller(AwsSession(), settings)):
        assert stage.event("WORKFLOW_SCHEDULED")
    unreadable = [line for line in logs if line["event"] == "queue_unreadable"]
    assert [(line["client"], line["code"]) for line in unreadable] == [("ClientB", "QUEUE_NOT_FOUND")]


def test_no_queue_at_all_is_one_message(stage: Stage) -> None:
    stage.sqs.delete_queue(QueueUrl=stage.client.input_queue)
    with pytest.raises(AwsError, match="create the queue") as caught:
        assemble_inputpoller(AwsSession(), stage.settings)
    assert caught.value.code == "QUEUE_NOT_FOUND"


def test_no_client_is_one_message(local_aws: LocalAws) -> None:
    with pytest.raises(ConfigError, match="INPUT_QUEUE") as caught:
        assemble_inputpoller(AwsSession(), Settings())
    assert caught.value.code == "NO_CLIENTS"
