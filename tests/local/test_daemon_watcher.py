"""The watcher against a local SWF: what no decider told of is told."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from cpe.aws.payloads import Payloads
from cpe.aws.session import AwsSession
from cpe.aws.sqs import Queue
from cpe.aws.swf import SwfGateway
from cpe.daemons.assembly import assemble_decider
from cpe.daemons.publisher import Publisher
from cpe.daemons.watcher import INTERVAL, SETTLE, Watcher
from cpe.local.server import LocalAws
from cpe.logs import get_logger
from cpe.protocol import Event, EventType, WorkflowRef
from cpe.protocol.events import closed_id
from tests.local.stage import Stage
from tests.local.test_daemon_decider import plans


class Now:
    """A clock that stands at a time of its own."""

    def __init__(self) -> None:
        self.offset = 0.0

    def time(self) -> float:
        return time.time() + self.offset

    def monotonic(self) -> float:
        return self.time()


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
        self.waits: list[float] = []
        self.payloads = Payloads(aws.s3(), self.place)
        self.publisher = Publisher(
            self.stage.settings, lambda url: Queue(sqs, url), get_logger(), self.payloads
        )
        self.watcher = Watcher(
            swf=SwfGateway(polls=aws.swf(), calls=aws.swf()),
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


def closed_with(scene: Scene, result: str) -> Any:
    """Close a job with a result, and let the watcher tell of it."""
    scene.start("ClientA.j1")
    scene.close("CompleteWorkflowExecution", result=result)
    scene.clock.offset = SETTLE + 1
    scene.look()
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
    scene.clock.offset = SETTLE + 1
    scene.look()
    assert len(scene.stage.event("WORKFLOW_COMPLETED")) == 1
    assert len(scene.stage.receive()) == 1


def test_other_people_s_executions_are_left_alone(scene: Scene) -> None:
    scene.start("no-job-of-ours")
    scene.stage.swf.terminate_workflow_execution(domain=scene.stage.domain, workflowId="no-job-of-ours")
    scene.look()
    assert scene.stage.receive() == []
