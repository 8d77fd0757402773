"""The watcher against a local SWF: what no decider told of is told."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import urllib3
from structlog.testing import capture_logs

from cpe.aws.payloads import Payloads
from cpe.aws.session import AwsSession
from cpe.aws.sqs import Queue
from cpe.aws.swf import SwfGateway
from cpe.daemons.assembly import assemble_decider
from cpe.daemons.publisher import Publisher
from cpe.daemons.watcher import FIRST_LOOK_BACK, INTERVAL, SETTLE, Watcher
from cpe.decider import decide, fold_history
from cpe.local.server import LocalAws
from cpe.logs import get_logger
from cpe.plan import parse_plan
from cpe.protocol import Event, EventType, WorkflowRef
from cpe.protocol.events import closed_id
from tests.local.stage import Stage
from tests.local.test_daemon_decider import plans


class Now:
    """A clock that shows a wrong time, if any, and can be moved ahead."""

    def __init__(self) -> None:
        self.wrong = 0.0
        self.offset = 0.0

    def time(self) -> float:
        return time.time() + self.wrong + self.offset

    def monotonic(self) -> float:
        return time.monotonic() + self.offset


class Scene:
    """A stage with registered types, and a watcher on it."""

    def __init__(self, folder: Path) -> None:
        self.stage = Stage(folder)
        self.place = self.stage.provide_payloads()
        aws = AwsSession()
        assemble_decider(
            aws, self.stage.settings, plans=plans(), domain=self.stage.domain, task_list=self.stage.task_list
        )
        sqs = aws.sqs()
        self.clock = Now()
        self.plans = plans()
        self.waits: list[float] = []
        self.payloads = Payloads(aws.s3(), self.place)
        self.publisher = Publisher(
            self.stage.settings, lambda url: Queue(sqs, url), get_logger(), self.payloads
        )
        self.watcher = Watcher(
            swf=SwfGateway(polls=aws.swf(), calls=aws.swf()),
            plans=self.plans,
            publisher=self.publisher,
            payloads=self.payloads,
            domain=self.stage.domain,
            clock=self.clock,
            wait=self.waits.append,
            log=get_logger(),
        )

    def start(self, workflow_id: str) -> str:
        return self.stage.swf.start_workflow_execution(
            domain=self.stage.domain,
            workflowId=workflow_id,
            workflowType={"name": "Works", "version": "1.0"},
            taskList={"name": self.stage.task_list},
        )["runId"]

    def close(self, kind: str, **attributes: str) -> None:
        """Answer the one decision task with a closing decision, as a decider that then dies."""
        task = self.stage.swf.poll_for_decision_task(
            domain=self.stage.domain, taskList={"name": self.stage.task_list}
        )
        key = f"{kind[0].lower()}{kind[1:]}DecisionAttributes"
        self.stage.swf.respond_decision_task_completed(
            taskToken=task["taskToken"],
            decisions=[{"decisionType": kind, key: attributes}],  # type: ignore[misc]  # any kind
        )

    def look(self) -> None:
        runs = self.watcher.poll()
        if runs:
            self.watcher.handle(runs)

    def look_until_settled(self) -> None:
        """Look, and once more when a decider has had the time to tell of what was seen."""
        self.look()
        self.clock.offset += SETTLE + 1
        self.look()


@pytest.fixture
def scene(local_aws: LocalAws, tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_a_terminated_execution_is_told_at_once(scene: Scene) -> None:
    run_id = scene.start("ClientA.j1")
    scene.stage.swf.terminate_workflow_execution(
        domain=scene.stage.domain, workflowId="ClientA.j1", reason="BY_HAND", details="enough"
    )
    with capture_logs() as logs:
        scene.look()
        scene.look()
    (closed,) = scene.stage.event("WORKFLOW_TERMINATED")
    assert closed["jobId"] == "j1"
    assert closed["eventId"] == f"{run_id}:closed"
    assert closed["data"]["reason"] == "BY_HAND"
    assert closed["data"]["cause"] == "OPERATOR_INITIATED"
    assert [line["event"] for line in logs if line["event"] == "closing_reported"] == ["closing_reported"]
    assert scene.waits == [INTERVAL]


@pytest.mark.parametrize(
    ("kind", "attributes", "event", "data"),
    [
        ("CompleteWorkflowExecution", {"result": '{"n": 1}'}, "WORKFLOW_COMPLETED", {"result": {"n": 1}}),
        ("CompleteWorkflowExecution", {}, "WORKFLOW_COMPLETED", {"result": None}),
        (
            "FailWorkflowExecution",
            {"reason": "R", "details": "D"},
            "WORKFLOW_FAILED",
            {"reason": "R", "details": "D"},
        ),
        ("CancelWorkflowExecution", {"details": "D"}, "WORKFLOW_CANCELED", {"details": "D"}),
        ("ContinueAsNewWorkflowExecution", {}, "WORKFLOW_CONTINUED", {}),
    ],
)
def test_a_closing_that_its_decider_did_not_tell_is_told_after_a_while(
    scene: Scene, kind: str, attributes: dict[str, str], event: str, data: dict[str, object]
) -> None:
    scene.start("ClientA.j1")
    scene.close(kind, **attributes)
    scene.look()
    assert scene.stage.receive() == []
    scene.clock.offset = SETTLE + 1
    scene.look()
    (closed,) = scene.stage.event(event)
    assert data.items() <= closed["data"].items()


@pytest.mark.parametrize("wrong", [-86_400.0, 86_400.0])
def test_this_machines_clock_may_be_wrong(scene: Scene, wrong: float) -> None:
    scene.clock.wrong = wrong
    scene.start("ClientA.j1")
    scene.close("CompleteWorkflowExecution")
    scene.look()
    assert scene.stage.receive() == []
    scene.clock.offset = SETTLE + 1
    scene.look()
    assert scene.stage.event("WORKFLOW_COMPLETED")


def test_swf_may_be_ahead_of_everybody(scene: Scene, local_aws: LocalAws) -> None:
    url = f"{local_aws.endpoint}/cpe-local/clock"
    for number in range(3):
        scene.start(f"ClientA.j{number}")
        if number == 2:
            scene.stage.swf.terminate_workflow_execution(domain=scene.stage.domain, workflowId="ClientA.j2")
        else:
            scene.close("CompleteWorkflowExecution")
            if number == 0:
                scene.look()
            # Farther than a decider looks back: whoever has looked before sees all that closed since.
            body = json.dumps({"advance": 2 * FIRST_LOOK_BACK})
            assert urllib3.request("POST", url, body=body).status == 200
    assert scene.stage.receive() == []
    scene.look()
    assert {event["jobId"] for event in scene.stage.event("WORKFLOW_COMPLETED", 2)} == {"j0", "j1"}
    assert {event["jobId"] for event in scene.stage.event("WORKFLOW_TERMINATED")} == {"j2"}


def test_a_first_look_goes_an_hour_back(scene: Scene, local_aws: LocalAws) -> None:
    scene.start("ClientA.j0")
    scene.close("CompleteWorkflowExecution")
    body = json.dumps({"advance": FIRST_LOOK_BACK + SETTLE})
    assert urllib3.request("POST", f"{local_aws.endpoint}/cpe-local/clock", body=body).status == 200
    scene.start("ClientA.j1")
    scene.stage.swf.terminate_workflow_execution(domain=scene.stage.domain, workflowId="ClientA.j1")
    scene.look()
    assert {event["jobId"] for event in scene.stage.event("WORKFLOW_TERMINATED")} == {"j1"}
    assert len(scene.stage.receive()) == 1


MANY = """
name: Works
version: "1.0"
activities: [{ name: Work, version: v1, outputs_spec: {} }]
steps:
  - { name: First, activity: Work }
  - { name: Second, activity: Work }
  - { name: Third, activity: Work, requires: [[First, succeeded], [Second, succeeded]] }
"""


@pytest.mark.parametrize("known", [True, False])
def test_a_failure_is_told_with_its_steps(scene: Scene, known: bool) -> None:
    """What a decider would have told that died is told by another in the same words."""
    plan = parse_plan(MANY)
    swf, domain = scene.stage.swf, scene.stage.domain
    swf.register_activity_type(domain=domain, name="Work", version="v1")
    run_id = scene.start("ClientA.j1")

    def decided() -> Event | None:
        task = swf.poll_for_decision_task(domain=domain, taskList={"name": scene.stage.task_list})
        execution = fold_history(task["events"], workflow_id="ClientA.j1", run_id=run_id)
        outcome = decide(plan, execution, now=5.0)
        swf.respond_decision_task_completed(
            taskToken=task["taskToken"],
            decisions=list(outcome.decisions),  # type: ignore[arg-type]  # in the form of the service model
            executionContext=outcome.context,
        )
        return outcome.closing

    decided()
    for _ in range(2):
        failing = swf.poll_for_activity_task(domain=domain, taskList={"name": "Work-v1"})
        swf.respond_activity_task_failed(
            taskToken=failing["taskToken"], reason="NO_DISK", details=failing["activityId"]
        )
    said = decided()
    assert said is not None
    assert [step["details"] for step in said.details["failedSteps"]] == ["First", "Second"]
    if known:
        scene.plans[plan.name, plan.version] = plan
    scene.look_until_settled()
    (closed,) = scene.stage.event("WORKFLOW_FAILED")
    told = {name: closed["data"].get(name) for name in said.details}
    assert told == {**said.details, **({} if known else {"failedSteps": None})}
    assert closed["eventId"] == said.event_id


def closed_with(scene: Scene, result: str) -> Any:
    """Close a job with a result, and let the watcher tell of it."""
    scene.start("ClientA.j1")
    scene.close("CompleteWorkflowExecution", result=result)
    scene.look_until_settled()
    (closed,) = scene.stage.event("WORKFLOW_COMPLETED")
    return closed["data"]


def test_a_result_by_reference_is_told_whole(scene: Scene) -> None:
    result = scene.payloads.pack(json.dumps(["x" * 40_000]), client="ClientA")
    assert closed_with(scene, result)["result"] == ["x" * 40_000]


@pytest.mark.parametrize(
    ("client", "code"), [("ClientA", "PAYLOAD_MISSING"), ("ClientB", "REFERENCE_REFUSED")]
)
def test_a_closing_is_told_even_if_its_result_is_lost(scene: Scene, client: str, code: str) -> None:
    with capture_logs() as logs:
        closed = closed_with(scene, scene.place.refer("{}", client=client).text())
    assert (closed["result"], closed["truncated"]) == (None, True)
    assert [line["code"] for line in logs if line["event"] == "result_unreadable"] == [code]


def test_what_this_process_told_is_not_told_again(scene: Scene) -> None:
    run_id = scene.start("ClientA.j1")
    scene.close("CompleteWorkflowExecution")
    scene.publisher.publish(
        Event(
            type=EventType.WORKFLOW_COMPLETED,
            time=1.0,
            event_id=closed_id(run_id),
            job_id="j1",
            workflow=WorkflowRef(workflow_id="ClientA.j1", run_id=run_id),
        ),
        client="ClientA",
    )
    scene.look_until_settled()
    assert len(scene.stage.event("WORKFLOW_COMPLETED")) == 1
    assert len(scene.stage.receive()) == 1


def test_other_people_s_executions_are_left_alone(scene: Scene) -> None:
    scene.start("no-job-of-ours")
    scene.stage.swf.terminate_workflow_execution(domain=scene.stage.domain, workflowId="no-job-of-ours")
    scene.look()
    assert scene.stage.receive() == []
