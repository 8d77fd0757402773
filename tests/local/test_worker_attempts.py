"""A worker's events name the attempt that they tell of, as the decider's do."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from structlog.testing import capture_logs

from cpe.aws.payloads import Payloads
from cpe.aws.session import AwsSession
from cpe.aws.swf import SwfGateway
from cpe.aws.tasks import ActivityTask
from cpe.daemons.assembly import assemble_decider, assemble_inputpoller, assemble_worker
from cpe.daemons.attempts import MAX_EVENTS, Attempts, KnownAttempt
from cpe.local.server import LocalAws
from cpe.logs import get_logger
from cpe.plan import parse_plan
from tests.local.stage import Stage, running

PLAN = parse_plan("""
name: Works
version: "1.0"
continue_after: 50
activities: [{ name: Work, version: v1, outputs_spec: {} }]
retry: { max_attempts: 6, interval: 0 }
steps:
  - { name: Do, activity: Work, for_each: '[1, 2, 3]', tolerate: 3, input: '{ "do": "refuse", "n": {{item}} }' }
  - { name: Then, activity: Work, requires: [[Do, completed]], input: '{ "do": "report" }' }
""")


def named(event: dict[str, Any]) -> tuple[str, str, int]:
    """Which attempt an event tells of."""
    activity = event["data"]["activity"]
    return event["data"]["workflow"]["runId"], activity["activityId"], activity["attempt"]


@pytest.mark.parametrize("text", ["short", "x" * 40_000], ids=["small", "by reference"])
def test_workers_count_as_deciders_do(local_aws: LocalAws, tmp_path: Path, text: str) -> None:
    stage, aws = Stage(tmp_path), AwsSession(connections=20)
    stage.provide_payloads()
    stage.settings = replace(stage.settings, domain=stage.domain)
    with ExitStack() as opened:
        decider = assemble_decider(
            aws,
            stage.settings,
            plans={(PLAN.name, PLAN.version): PLAN},
            domain=stage.domain,
            task_list=stage.task_list,
        )
        worker = opened.enter_context(
            assemble_worker(aws, stage.settings, domain=stage.domain, activities=[("Work", "v1")])
        )
        opened.enter_context(running(decider, worker, assemble_inputpoller(aws, stage.settings)))
        stage.send(stage.start_job("j1", text=text))
        stage.event("WORKFLOW_COMPLETED")
    scheduled = [named(event) for event in stage.event("ACTIVITY_SCHEDULED", 19)]
    started = [named(event) for event in stage.event("ACTIVITY_STARTED", 19)]
    assert sorted(started) == sorted(scheduled)
    assert Counter(attempt for _, _, attempt in started) == {1: 4, 2: 3, 3: 3, 4: 3, 5: 3, 6: 3}
    assert len({run for run, _, _ in started}) > 1
    for kind in ("ACTIVITY_PREPARING", "ACTIVITY_PROGRESS", "ACTIVITY_FINISHING"):
        assert {named(event)[1:] for event in stage.event(kind)} == {("Then", 1)}


def test_what_cannot_be_told_is_not_told(local_aws: LocalAws, tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.register_domain()
    aws = AwsSession()
    attempts = Attempts(
        swf=SwfGateway(polls=aws.swf(), calls=aws.swf()),
        payloads=Payloads(boto3.client("s3"), None),
        domain=stage.domain,
        log=get_logger(),
    )
    task = ActivityTask(
        token="t",
        activity_id="Do",
        activity_name="Work",
        activity_version="v1",
        workflow_id="ClientA.j1",
        run_id="gone",
        started_event_id=6,
        input=None,
    )
    with capture_logs() as logs:
        assert attempts.of(task) == KnownAttempt()
        assert [line["code"] for line in logs] == ["UNKNOWN_RESOURCE"]
        # Nothing is even asked of a long history, or of what is no client's job.
        assert attempts.of(replace(task, started_event_id=MAX_EVENTS + 1)) == KnownAttempt()
        assert attempts.of(replace(task, workflow_id="nobodys")) == KnownAttempt()
        assert len(logs) == 1


def test_a_worker_learns_the_heartbeat_timeout_of_its_task(local_aws: LocalAws, tmp_path: Path) -> None:
    stage, aws = Stage(tmp_path), AwsSession()
    stage.register_domain()
    stage.swf.register_workflow_type(domain=stage.domain, name="Works", version="1.0")
    stage.swf.register_activity_type(domain=stage.domain, name="Work", version="v1")
    stage.swf.start_workflow_execution(
        domain=stage.domain,
        workflowId="ClientA.j1",
        workflowType={"name": "Works", "version": "1.0"},
        taskList={"name": "t"},
        executionStartToCloseTimeout="3600",
        taskStartToCloseTimeout="300",
        childPolicy="TERMINATE",
    )
    decision = stage.swf.poll_for_decision_task(domain=stage.domain, taskList={"name": "t"})
    attributes: Any = {
        "activityId": "Do",
        "activityType": {"name": "Work", "version": "v1"},
        "taskList": {"name": "w"},
        "heartbeatTimeout": "7",
        "scheduleToStartTimeout": "600",
        "scheduleToCloseTimeout": "600",
        "startToCloseTimeout": "600",
    }
    stage.swf.respond_decision_task_completed(
        taskToken=decision["taskToken"],
        decisions=[
            {
                "decisionType": "ScheduleActivityTask",
                "scheduleActivityTaskDecisionAttributes": attributes,
            }
        ],
    )
    swf = SwfGateway(polls=aws.swf(), calls=aws.swf())
    attempts = Attempts(
        swf=swf, payloads=Payloads(boto3.client("s3"), None), domain=stage.domain, log=get_logger()
    )
    task = swf.poll_activity(stage.domain, "w")
    assert task is not None
    assert attempts.of(task).heartbeat_timeout == "7"
