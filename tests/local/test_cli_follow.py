"""Following jobs: through the runs that they go on as, all of a domain at once, and through faults of AWS."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from cpe.aws.new_events import new_events
from cpe.aws.session import AwsSession
from cpe.cli.follow import Followed, Look, Tail, looks
from cpe.cli.operating import Operator
from cpe.config import load_settings
from cpe.errors import AwsError
from cpe.local.server import LocalAws
from tests.local.command_line import CommandLine
from tests.local.stage import Stage


@pytest.fixture
def line(local_aws: LocalAws, tmp_path: Path) -> CommandLine:
    stage = Stage(tmp_path)
    stage.register_domain()
    stage.register_workflow("Alone", task_list="alone")
    return CommandLine(stage, tmp_path)


@pytest.fixture
def operator(line: CommandLine) -> Operator:
    return Operator(load_settings(line.config, environ={}))


def start(stage: Stage, workflow_id: str) -> str:
    return stage.swf.start_workflow_execution(
        domain=stage.domain,
        workflowId=workflow_id,
        workflowType={"name": "Alone", "version": "1.0"},
    )["runId"]


def decide(stage: Stage, kind: str, **attributes: Any) -> None:
    """Answer the next decision task."""
    task = stage.swf.poll_for_decision_task(domain=stage.domain, taskList={"name": "alone"})
    decision = {"decisionType": kind, f"{kind[0].lower()}{kind[1:]}DecisionAttributes": attributes}
    stage.swf.respond_decision_task_completed(
        taskToken=task["taskToken"],
        decisions=[decision],  # type: ignore[list-item]  # of any kind
    )


def test_a_job_is_followed_through_its_runs(line: CommandLine, operator: Operator) -> None:
    stage = line.stage
    first = start(stage, "ClientA.j1")
    followed = Followed(operator, "ClientA.j1", first)
    assert [event.type for event in followed.news()] == ["WORKFLOW_SCHEDULED"]
    assert followed.news() == []
    decide(stage, "ContinueAsNewWorkflowExecution")
    (continued,) = followed.news()
    assert continued.type == "WORKFLOW_CONTINUED"
    assert followed.run_id == continued.details["newRunId"] != first
    decide(stage, "CompleteWorkflowExecution", result="7")
    (closed,) = followed.news()
    assert (closed.type, closed.details, closed) == ("WORKFLOW_COMPLETED", {"result": 7}, followed.closing)
    assert followed.news() == []


def test_watch_ends_with_a_job_that_went_on_as_new(line: CommandLine) -> None:
    start(line.stage, "ClientA.j1")
    decide(line.stage, "ContinueAsNewWorkflowExecution")
    decide(line.stage, "FailWorkflowExecution", reason="BROKEN", details="\x1b[2Jtwo\nlines")
    lines = line.text("job", "watch", "j1", exit_code=1).splitlines()
    assert [text.split()[2:] for text in lines] == [["WORKFLOW_FAILED", "BROKEN:", "\\x1b[2Jtwo", "lines"]]


def test_tail_tells_of_all_jobs_once(line: CommandLine, operator: Operator) -> None:
    stage = line.stage
    begun = time.time() - 1
    tail, of_b = Tail(operator, None, since=begun), Tail(operator, "ClientB", since=begun)
    start(stage, "ClientA.j1")
    start(stage, "ClientB.j1")
    start(stage, "none-of-ours")
    told = tail.news(time.time())
    assert [(event.type, event.workflow.workflow_id if event.workflow else "") for event in told] == [
        ("WORKFLOW_SCHEDULED", "ClientA.j1"),
        ("WORKFLOW_SCHEDULED", "ClientB.j1"),
    ]
    assert tail.news(time.time()) == []
    decide(stage, "CompleteWorkflowExecution")
    assert [(event.type, event.job_id) for event in tail.news(time.time())] == [("WORKFLOW_COMPLETED", "j1")]
    # One that begins and ends between two looks.
    start(stage, "ClientA.short")
    stage.swf.terminate_workflow_execution(domain=stage.domain, workflowId="ClientA.short", reason="enough")
    told = tail.news(time.time())
    assert [(event.type, event.job_id) for event in told] == [
        ("WORKFLOW_SCHEDULED", "short"),
        ("WORKFLOW_TERMINATED", "short"),
    ]
    assert tail.news(time.time()) == []
    assert [event.job_id for event in of_b.news(time.time())] == ["j1"]
    assert Tail(operator, None, since=time.time() + 60).news(time.time()) == []


def test_only_what_is_new_is_read(line: CommandLine, operator: Operator) -> None:
    stage = line.stage
    run_id = start(stage, "ClientA.j1")
    for number in range(30):
        stage.swf.signal_workflow_execution(
            domain=stage.domain, workflowId="ClientA.j1", signalName="s", input=json.dumps(number)
        )
    swf = AwsSession().swf()
    whole = new_events(swf, stage.domain, "ClientA.j1", run_id)
    assert [event["eventId"] for event in whole] == list(range(1, 33))
    for seen in (1, 2, 31, 32):
        assert new_events(swf, stage.domain, "ClientA.j1", run_id, seen=seen) == whole[seen:]
    with pytest.raises(AwsError) as raised:
        new_events(swf, stage.domain, "ClientA.j1", "nope")
    assert raised.value.code == "UNKNOWN_RESOURCE"


def test_a_fault_that_passes_is_outlasted(capsys: pytest.CaptureFixture[str]) -> None:
    waited: list[float] = []
    faults = [AwsError("throttled", retryable=True), AwsError("throttled", retryable=True), None, None]
    for look, fault in zip(looks(2.0, wait=waited.append), faults, strict=False):
        with look:
            if fault is not None:
                raise fault
    assert waited == [4.0, 8.0, 2.0, 2.0]
    assert capsys.readouterr().err == "throttled; trying on\n"
    with pytest.raises(AwsError), Look():
        raise AwsError("for good")
