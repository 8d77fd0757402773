"""The decider against a local SWF and SQS, alone and with the other two daemons."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from cpe.aws.session import AwsSession
from cpe.daemons.assembly import assemble_decider, assemble_inputpoller, assemble_worker
from cpe.local.server import LocalAws
from cpe.plan import Plan, parse_plan
from tests.local.stage import Stage, running, wait_for

PLAN = """
name: Works
version: "1.0"
default_execution_start_to_close_timeout: "3600"
default_task_start_to_close_timeout: "172800"
activities:
  - { name: Work, version: v1, input_spec: { type: object }, outputs_spec: { done: "$.done" } }
steps:
  - { name: First, activity: Work, input: "{{__input__.first}}" }
  - { name: Second, activity: Work, requires: [[First, succeeded]], input: "{ \\"do\\": {{__input__.second}} }" }
"""


def plans() -> dict[tuple[str, str], Plan]:
    plan = parse_plan(PLAN)
    return {(plan.name, plan.version): plan}


@pytest.fixture
def stage(local_aws: LocalAws, tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.fixture
def stack(stage: Stage) -> Iterator[Stage]:
    aws = AwsSession()
    with ExitStack() as opened:
        decider = assemble_decider(
            aws, stage.settings, plans=plans(), domain=stage.domain, task_list=stage.task_list
        )
        worker = opened.enter_context(
            assemble_worker(aws, stage.settings, domain=stage.domain, activities=[("Work", "v1")])
        )
        opened.enter_context(running(decider, worker, assemble_inputpoller(aws, stage.settings)))
        yield stage


def test_a_job_end_to_end(stack: Stage) -> None:
    stack.send(stack.start_job("j1", first={"do": "report"}, second="report"))
    (closed,) = stack.event("WORKFLOW_COMPLETED")
    stack.event("WORKFLOW_SCHEDULED")  # which the input poller tells, when it comes to it
    finished = stack.event("ACTIVITY_COMPLETED", 2)
    assert [event["data"]["activity"]["activityId"] for event in finished] == ["First", "Second"]
    kinds = [event["type"] for event in stack.events]
    assert sorted(set(kinds)) == [
        "ACTIVITY_COMPLETED",
        "ACTIVITY_FINISHING",
        "ACTIVITY_PREPARING",
        "ACTIVITY_PROGRESS",
        "ACTIVITY_SCHEDULED",
        "ACTIVITY_STARTED",
        "WORKFLOW_COMPLETED",
        "WORKFLOW_SCHEDULED",
    ]
    ids = [event["eventId"] for event in stack.events]
    assert len(ids) == len(set(ids)) == 1 + 2 * 7 + 1
    assert {event["jobId"] for event in stack.events} == {"j1"}
    assert closed["data"]["workflow"]["workflowId"] == "ClientA.j1"


def test_a_job_that_fails(stack: Stage) -> None:
    stack.send(stack.start_job("j1", first={"do": "refuse"}, second="report"))
    (closed,) = stack.event("WORKFLOW_FAILED")
    (failed,) = stack.event("ACTIVITY_FAILED")
    assert failed["data"]["activity"]["result"]["reason"] == "UNKNOWN_PRESET"
    assert "UNKNOWN_PRESET" in json.dumps(closed["data"])


def test_an_execution_without_a_plan_holds_up_no_other(stage: Stage) -> None:
    daemon = assemble_decider(
        AwsSession(), stage.settings, plans=plans(), domain=stage.domain, task_list=stage.task_list
    )
    stage.register_workflow("Other", task_list=None)
    for job_id, name in (("j1", "Other"), ("j2", "Works")):
        stage.swf.start_workflow_execution(
            domain=stage.domain,
            workflowId=f"ClientA.{job_id}",
            workflowType={"name": name, "version": "1.0"},
            taskList={"name": stage.task_list},
            input='{"first": {"do": "report"}}',
        )

    def failed() -> list[Any]:
        return [line for line in logs if line["event"] == "decision_failed"]

    with capture_logs() as logs, running(daemon):
        (scheduled,) = stage.event("ACTIVITY_SCHEDULED")
        wait_for(failed)
    assert scheduled["jobId"] == "j2"
    assert [(line["code"], line["jobId"], line["exc_info"]) for line in failed()] == [
        ("PLAN_NOT_FOUND", "j1", False)
    ]


def test_types_are_registered_with_short_decision_timeouts(stage: Stage) -> None:
    with capture_logs() as logs:
        for _ in range(2):
            assemble_decider(
                AwsSession(), stage.settings, plans=plans(), domain=stage.domain, task_list=stage.task_list
            )
    registered = stage.swf.describe_workflow_type(
        domain=stage.domain, workflowType={"name": "Works", "version": "1.0"}
    )["configuration"]
    assert registered["defaultTaskStartToCloseTimeout"] == "300"
    assert registered["defaultExecutionStartToCloseTimeout"] == "3600"
    assert registered["defaultTaskList"] == {"name": stage.task_list}
    assert registered["defaultChildPolicy"] == "TERMINATE"
    events = [line["event"] for line in logs]
    assert events.count("decision_timeout_shortened") == 2
    assert events.count("domain_registered") == events.count("workflow_type_registered") == 1
