"""A job of a megabyte, from the client's command to the client's result, past SWF and SQS."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import boto3
import pytest

from cpe.aws.payloads import Payloads
from cpe.aws.session import AwsSession
from cpe.aws.sqs import Queue
from cpe.aws.swf import SwfGateway
from cpe.client import Client, JobState, JobStatus
from cpe.daemons.assembly import assemble_decider, assemble_inputpoller, assemble_worker
from cpe.daemons.publisher import Publisher
from cpe.daemons.watcher import SETTLE, Watcher
from cpe.local.server import LocalAws
from cpe.logs import get_logger
from cpe.plan import parse_plan
from cpe.protocol.references import MAX_SWF_DATA, Reference
from tests.local.stage import DEADLINE, Stage, running, wait_for

TEXT = "ä" * 400_000
"""800 KB as a payload, 2.4 MB as the ASCII of a message: too much for any queue."""


class Later:
    """A clock that is moved ahead."""

    def __init__(self) -> None:
        self.offset = 0.0

    def time(self) -> float:
        return time.time() + self.offset

    def monotonic(self) -> float:
        return time.monotonic() + self.offset


@pytest.fixture
def stage(local_aws: LocalAws, tmp_path: Path) -> Stage:
    stage = Stage(tmp_path)
    stage.register_domain()
    stage.provide_payloads()
    stage.register_workflow(task_list=None)
    return stage


def decide(stage: Stage, kind: str, **attributes: Any) -> None:
    """Answer one decision task, in the decider's place."""
    task = stage.swf.poll_for_decision_task(domain=stage.domain, taskList={"name": stage.task_list})
    key = f"{kind[0].lower()}{kind[1:]}DecisionAttributes"
    stage.swf.respond_decision_task_completed(
        taskToken=task["taskToken"],
        decisions=[{"decisionType": kind, key: attributes}],  # type: ignore[misc]  # any kind
    )


def report_closings(stage: Stage) -> None:
    """Let a watcher look, and again when the decider has had its time."""
    aws = AwsSession()
    sqs, payloads = aws.sqs(), Payloads(aws.s3(), stage.settings.payloads)
    clock = Later()
    watcher = Watcher(
        swf=SwfGateway(polls=aws.swf(), calls=aws.swf()),
        plans={},
        publisher=Publisher(stage.settings, lambda url: Queue(sqs, url), get_logger(), payloads),
        payloads=payloads,
        domain=stage.domain,
        clock=clock,
        wait=lambda _: None,
        log=get_logger(),
    )
    assert watcher.poll() is None
    clock.offset = SETTLE + 1
    runs = watcher.poll()
    assert runs
    watcher.handle(runs)


def test_a_job_of_a_megabyte(stage: Stage) -> None:
    client = Client(
        "ClientA", stage.client.input_queue, stage.client.output_queue, payloads=stage.settings.payloads
    )
    job = stage.start_job("j1", do="echo", text=TEXT[:150_000])["data"]
    with running(assemble_inputpoller(AwsSession(), stage.settings)):
        job_id = client.start_job(job, "j1")
        scheduled = next(state for state in client.follow(job_id, timeout=DEADLINE) if state.run_id)
    run = ("ClientA.j1", scheduled.run_id or "")
    (started, *_) = stage.history(*run)
    packed = started["workflowExecutionStartedEventAttributes"]["input"]
    assert Reference.parse(packed) is not None

    with (
        assemble_worker(
            AwsSession(), stage.settings, domain=stage.domain, activities=[("Work", "v1")]
        ) as worker,
        running(worker),
    ):
        decide(
            stage,
            "ScheduleActivityTask",
            activityId="Step1",
            activityType={"name": "Work", "version": "v1"},
            taskList={"name": "Work-v1"},
            input=packed,
            heartbeatTimeout="60",
            **dict.fromkeys(
                ("scheduleToStartTimeout", "scheduleToCloseTimeout", "startToCloseTimeout"), "600"
            ),
        )
        (completed,) = wait_for(
            lambda: [event for event in stage.history(*run) if event["eventType"] == "ActivityTaskCompleted"]
        )
    result = completed["activityTaskCompletedEventAttributes"]["result"]
    assert len(result) < MAX_SWF_DATA

    decide(stage, "CompleteWorkflowExecution", result=result)
    report_closings(stage)
    state = client.job(job_id).wait(timeout=DEADLINE)
    assert state.status is JobStatus.COMPLETED
    assert state.result == {"text": TEXT[:150_000] * 4}
    step = state.activities["Step1"]
    assert step.name == "Work"


PLAN = """
name: Grows
version: "1.0"
activities:
  - { name: Work, version: v1, input_spec: { type: object }, outputs_spec: { text: "$.text" } }
steps:
  - { name: First, activity: Work, input: "{{ {'do': 'echo', 'text': __input__.text} }}" }
  - name: Second
    activity: Work
    requires: [First]
    input: "{{ {'do': 'echo', 'text': First.text} }}"
result: "{{ Second.text }}"
"""


FORWARDS = """
name: Forwards
version: "1.0"
activities:
  - { name: Work, version: v1, input_spec: { type: object }, outputs_spec: { input: "$.input" } }
steps:
  - { name: First, activity: Work, input: "{{ __input__.first }}" }
"""


def followed(stage: Stage, source: str, **data: Any) -> JobState:
    """Run one job of a plan to its end, by a decider, an input poller and a worker."""
    plan, aws = parse_plan(source), AwsSession()
    client = Client(
        "ClientA", stage.client.input_queue, stage.client.output_queue, payloads=stage.settings.payloads
    )
    plans = {(plan.name, plan.version): plan}
    decider = assemble_decider(
        aws, stage.settings, plans=plans, domain=stage.domain, task_list=stage.task_list
    )
    poller = assemble_inputpoller(aws, stage.settings)
    with assemble_worker(aws, stage.settings, domain=stage.domain, activities=[("Work", "v1")]) as worker:
        job_id = client.start_job(stage.start_job("j1", plan.name, **data)["data"], "j1")
        with running(decider, poller, worker):
            return client.job(job_id).wait(timeout=DEADLINE)


def test_a_plan_knows_nothing_of_it(stage: Stage) -> None:
    state = followed(stage, PLAN, text=TEXT[:100_000])
    assert (state.status, state.reason) == (JobStatus.COMPLETED, None)
    assert state.result == TEXT[:100_000] * 16
    assert state.activities["First"].result == {"text": TEXT[:100_000] * 4}


def test_a_forged_reference_comes_to_the_activity_as_data(stage: Stage) -> None:
    assert stage.settings.payloads is not None
    secret = '{"do": "echo", "text": "of another client"}'
    theirs = Payloads(boto3.client("s3"), stage.settings.payloads).keep(secret, client="ClientB")
    state = followed(stage, FORWARDS, first=theirs.value())
    assert state.activities["First"].result == {"input": theirs.value()}


def test_a_client_without_access_follows_the_job(stage: Stage) -> None:
    client = Client("ClientA", stage.client.input_queue, stage.client.output_queue)
    stage.swf.start_workflow_execution(
        domain=stage.domain,
        workflowId="ClientA.j1",
        workflowType={"name": "Works", "version": "1.0"},
        taskList={"name": stage.task_list},
    )
    result = Payloads(boto3.client("s3"), stage.settings.payloads).pack(f'"{TEXT}"', client="ClientA")
    decide(stage, "CompleteWorkflowExecution", result=result)
    report_closings(stage)
    state = client.job("j1").wait(timeout=DEADLINE)
    assert (state.status, state.result) == (JobStatus.COMPLETED, None)
