"""`cpe job`, `cpe activity list` and `cpe worker list` against real executions."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs

from cpe.aws.session import AwsSession
from cpe.cli.main import cpe
from cpe.daemons.assembly import assemble_decider, assemble_inputpoller, assemble_worker
from cpe.local.server import LocalAws
from cpe.plan import parse_plan
from cpe.protocol import CommandType, EventType, decode_event
from cpe.protocol.schema import validator
from tests.local.command_line import CommandLine
from tests.local.stage import DEADLINE, Stage, running

PLAN = """
name: Works
version: "1.0"
activities: [{ name: Work, version: v1, outputs_spec: {} }]
steps:
  - { name: First, activity: Work, input: '{{__input__.first}}' }
  - { name: Go, signal: go, requires: [First] }
  - { name: Second, activity: Work, requires: [Go], input: '{ "do": {{__input__.second}} }' }
"""


@pytest.fixture
def line(local_aws: LocalAws, tmp_path: Path) -> CommandLine:
    return CommandLine(Stage(tmp_path), tmp_path)


@pytest.fixture
def stack(line: CommandLine) -> Iterator[CommandLine]:
    """A running stack."""
    stage, aws = line.stage, AwsSession()
    plan = parse_plan(PLAN)
    with ExitStack() as opened:
        # The daemons run in this process, and would log into what the command line prints.
        opened.enter_context(capture_logs())
        decider = assemble_decider(
            aws,
            stage.settings,
            plans={(plan.name, plan.version): plan},
            domain=stage.domain,
            task_list=stage.task_list,
        )
        worker = opened.enter_context(
            assemble_worker(aws, stage.settings, domain=stage.domain, activities=[("Work", "v1")])
        )
        opened.enter_context(running(decider, worker, assemble_inputpoller(aws, stage.settings)))
        yield line


def started(line: CommandLine, job_id: str, *, first: str = "report", second: str = "report") -> str:
    """Start a job that waits for the signal `go`; returns its workflow id."""
    data = json.dumps({"first": {"do": first}, "second": second})
    told = line.json("job", "start", "Works", "--job-id", job_id, "--data", "-", stdin=data)
    assert told == {"jobId": job_id, "workflowId": f"ClientA.{job_id}"}
    line.stage.event("WORKFLOW_SCHEDULED")
    return str(told["workflowId"])


def test_the_life_of_a_job(stack: CommandLine, tmp_path: Path) -> None:
    workflow_id = started(stack, "j1", second="refuse")
    stack.stage.event("ACTIVITY_COMPLETED")
    (listed,) = stack.json("job", "list")["jobs"]
    assert (listed["jobId"], listed["status"], listed["closed"]) == ("j1", "RUNNING", None)
    assert stack.json("job", "list", "--status", "closed") == {"jobs": [], "page": None}

    told = stack.text("job", "signal", "j1", "go", "--input", '{"by": "Ann"}')
    assert told == f"{workflow_id} was sent go\n"
    watched = stack.text("job", "watch", workflow_id, exit_code=1).splitlines()
    assert [text.split()[2:4] for text in watched] == [
        ["WORKFLOW_SCHEDULED", "Works"],
        ["ACTIVITY_SCHEDULED", "First"],
        ["ACTIVITY_STARTED", "First"],
        ["ACTIVITY_COMPLETED", "First"],
        ["JOB_SIGNALED", "go"],
        ["ACTIVITY_SCHEDULED", "Second"],
        ["ACTIVITY_STARTED", "Second"],
        ["ACTIVITY_FAILED", "Second"],
        ["WORKFLOW_FAILED", "Second:"],
    ]
    assert watched[-2].endswith("UNKNOWN_PRESET: no such preset")

    shown = stack.json("job", "show", "ClientA.j1")
    job = shown["job"]
    assert shown["workflow"] == {"workflowId": workflow_id, "runId": job["runId"]}
    assert (job["status"], job["reason"]) == ("FAILED", "Second: UNKNOWN_PRESET")
    activities = stack.json("activity", "list", "j1")
    assert activities["workflow"] == shown["workflow"]
    assert activities["activities"] == job["activities"]
    assert [(one["activityId"], one["status"]) for one in job["activities"]] == [
        ("First", "COMPLETED"),
        ("Second", "FAILED"),
    ]
    table = stack.text("job", "show", "j1")
    assert "reason    Second: UNKNOWN_PRESET: no such preset" in table
    second = next(text for text in table.splitlines() if text.startswith("Second"))
    assert "FAILED" in second
    assert second.rstrip().endswith("UNKNOWN_PRESET: no such preset")
    assert "First" in stack.text("activity", "list", "j1")
    row = stack.text("job", "list").splitlines()[1]
    assert row.split()[:4] == [workflow_id, "Works", "1.0", "FAILED"]

    again = stack.json("job", "retry", "j1")
    assert again["workflow"]["runId"] != job["runId"]
    assert again["announced"] is True
    first, scheduled = stack.stage.event("WORKFLOW_SCHEDULED", 2)
    assert list(validator(EventType.WORKFLOW_SCHEDULED).iter_errors(scheduled)) == []
    assert (scheduled["workflowId"], scheduled["runId"]) == (workflow_id, again["workflow"]["runId"])
    assert [scheduled[name] for name in ("input", "workflowType", "jobId")] == [
        first[name] for name in ("input", "workflowType", "jobId")
    ]
    ended = stack.text("job", "watch", "j1", exit_code=1)
    assert "First" not in ended
    assert len(stack.json("job", "list")["jobs"]) == 1
    earlier = stack.text("job", "history", "j1", "--run", job["runId"])
    assert json.loads(earlier)["runId"] == job["runId"]


def test_watch_prints_what_the_client_hears(stack: CommandLine) -> None:
    started(stack, "j1")
    stack.text("job", "signal", "j1", "go")
    printed = [json.loads(text) for text in stack.text("job", "watch", "j1", "--json").splitlines()]
    stack.stage.event("WORKFLOW_COMPLETED")
    for message in printed:
        assert list(validator(EventType(message["type"])).iter_errors(message)) == []
        assert decode_event(json.dumps(message)).job_id == "j1"
    heard = {event["eventId"]: event["type"] for event in stack.stage.receive()}
    said = {event["eventId"]: event["type"] for event in printed if event["type"] != "JOB_SIGNALED"}
    # Of a worker's own events only the first stands in a history.
    assert said == {
        event_id: kind
        for event_id, kind in heard.items()
        if kind not in {"ACTIVITY_PREPARING", "ACTIVITY_PROGRESS", "ACTIVITY_FINISHING"}
    }


def test_a_history_can_be_replayed(stack: CommandLine, tmp_path: Path) -> None:
    place = stack.stage.provide_payloads()
    stack = CommandLine(stack.stage, tmp_path)
    started(stack, "j1")
    stack.text("job", "signal", "j1", "go")
    stack.text("job", "watch", "j1")
    (tmp_path / "plan.yml").write_text(PLAN)
    file = tmp_path / "history.json"
    file.write_text(stack.text("job", "history", "j1"))
    document = json.loads(file.read_text())
    assert document.keys() == {"workflowId", "runId", "events"}
    done = CliRunner().invoke(cpe, ["plan", "replay", str(tmp_path / "plan.yml"), str(file)])
    assert (done.exit_code, done.output) == (0, f"{file}: the same\n")
    assert json.loads(stack.text("job", "history", "j1", "--raw")) == document  # nothing in it is large
    assert place.bucket


def test_a_large_payload_stands_in_the_history(line: CommandLine, tmp_path: Path) -> None:
    stage = line.stage
    place = stage.provide_payloads()
    line = CommandLine(stage, tmp_path)
    stage.register_domain()
    from cpe.aws.payloads import Payloads

    text = json.dumps({"text": "x" * 40_000})
    packed = Payloads(AwsSession().s3(), place).pack(text, client="ClientA")
    run_id = start_execution(stage, "ClientA.big", packed)
    whole, raw = (
        json.loads(line.text("job", "history", "big", *flags))["events"][0] for flags in ((), ("--raw",))
    )
    attributes = "workflowExecutionStartedEventAttributes"
    assert whole[attributes]["input"] == text
    assert raw[attributes]["input"] == packed
    assert line.json("job", "show", "big")["workflow"]["runId"] == run_id


def start_execution(stage: Stage, workflow_id: str, text: str = "{}") -> str:
    """Start an execution that no decider serves."""
    kind = {"name": "Alone", "version": "1.0"}
    if not stage.swf.list_workflow_types(domain=stage.domain, name="Alone", registrationStatus="REGISTERED")[
        "typeInfos"
    ]:
        stage.register_workflow("Alone", task_list="alone")
    return stage.swf.start_workflow_execution(
        domain=stage.domain,
        workflowId=workflow_id,
        workflowType=kind,  # type: ignore[arg-type]  # a plain dict
        input=text,
        tagList=workflow_id.split(".", 1),
    )["runId"]


def test_jobs_are_listed_page_by_page(line: CommandLine) -> None:
    line.stage.register_domain()
    for number in range(5):
        start_execution(line.stage, f"ClientA.j{number}")
    start_execution(line.stage, "ClientB.other")
    first = line.json("job", "list", "--client", "ClientA", "--limit", "3")
    rest = line.json("job", "list", "--client", "ClientA", "--limit", "3", "--page", first["page"])
    jobs = [job["jobId"] for job in (*first["jobs"], *rest["jobs"])]
    assert (len(first["jobs"]), rest["page"]) == (3, None)
    assert sorted(jobs) == ["j0", "j1", "j2", "j3", "j4"]
    assert len(line.json("job", "list")["jobs"]) == 6
    assert line.json("job", "list", "--since", "2999-01-01")["jobs"] == []
    done = line.run("job", "list", "--limit", "2")
    assert done.stderr == "there are more than 2; ask for them with --limit\n"
    assert line.error("job", "list", "--page", "none").code == "INVALID_PAGE"


def test_jobs_are_cancelled_and_terminated(line: CommandLine) -> None:
    stage = line.stage
    stage.register_domain()
    run_id = start_execution(stage, "ClientA.j1")
    workflow = {"workflowId": "ClientA.j1", "runId": run_id}
    assert line.json("job", "cancel", "j1") == {"workflow": workflow}
    assert line.json("job", "show", "j1")["job"]["cancelRequested"] is True
    assert "RUNNING, asked to stop" in line.text("job", "show", "j1")
    assert line.error("job", "cancel", "j1", "--activity", "Nope").code == "UNKNOWN_ACTIVITY"
    assert line.error("job", "signal", "j1", "cpe.x").code == "SIGNAL_RESERVED"
    assert line.error("job", "signal", "j1", "x", "--input", "yes").code == "INPUT_NOT_JSON"
    assert line.error("job", "retry", "j1").code == "JOB_OPEN"
    assert line.text("job", "terminate", "j1", "--reason", "wrong file") == "ClientA.j1 is terminated\n"
    told = line.json("job", "show", "j1")["job"]
    assert (told["status"], told["reason"]) == ("TERMINATED", "wrong file")
    assert line.error("job", "terminate", "j1", "--yes").code == "JOB_CLOSED"


def test_a_client_that_cannot_be_told_of_a_new_run_keeps_nobody_from_it(line: CommandLine) -> None:
    stage = line.stage
    stage.register_domain()
    for workflow_id, why in (
        ("Other.j1", "client 'Other' is not configured"),
        ("ClientA.j1", f"queue {stage.client.output_queue}"),
    ):
        start_execution(stage, workflow_id)
        line.text("job", "terminate", workflow_id)
        if workflow_id == "ClientA.j1":
            stage.sqs.delete_queue(QueueUrl=stage.client.output_queue)
        done = line.run("job", "retry", workflow_id, "--json")
        told = json.loads(done.stdout)
        assert (done.exit_code, told["announced"]) == (0, False)
        assert done.stderr.startswith(f"the client was not told of the new run: {why}")
        assert done.stderr.count("\n") == 1
        assert line.json("job", "show", workflow_id)["workflow"] == told["workflow"]


def test_the_client_hears_what_comes_of_what_an_operator_does(stack: CommandLine) -> None:
    stage = stack.stage
    for job_id in ("j1", "j2"):
        started(stack, job_id)
    stack.text("job", "cancel", "j1")
    (canceled,) = stage.event("WORKFLOW_CANCELED")
    assert canceled["jobId"] == "j1"
    stack.text("job", "terminate", "j2", "--reason", "wrong file")
    plan = parse_plan(PLAN)
    # Every decider looks for what closed when it starts, and every half a minute.
    another = assemble_decider(
        AwsSession(),
        stage.settings,
        plans={(plan.name, plan.version): plan},
        domain=stage.domain,
        task_list=stage.task_list,
    )
    with running(another):
        (terminated,) = stage.event("WORKFLOW_TERMINATED")
    assert (terminated["jobId"], terminated["data"]["reason"]) == ("j2", "wrong file")


def test_an_activity_is_cancelled(stack: CommandLine) -> None:
    from tests.local.activities import STARTED

    started(stack, "j1", first="wait")
    assert STARTED.acquire(timeout=DEADLINE)
    told = stack.json("job", "cancel", "j1", "--activity", "First")
    assert told["activity"] == {
        "activityId": "First",
        "activityType": {"name": "Work", "version": "v1"},
    }
    (first,) = stack.json("activity", "list", "j1")["activities"]
    assert (first["status"], first["cancelRequested"]) == ("STARTED", True)


def test_which_job_is_meant(line: CommandLine, tmp_path: Path) -> None:
    stage = line.stage
    stage.register_domain()
    start_execution(stage, "ClientA.j1")
    start_execution(stage, "ClientA.with.dots")
    start_execution(stage, "Other.j1")

    def found(*arguments: str) -> Any:
        return line.json("job", "show", *arguments)["workflow"]["workflowId"]

    assert found("j1") == found("ClientA.j1") == found("j1", "--client", "ClientA") == "ClientA.j1"
    assert found("ClientA.j1", "--client", "ClientA") == "ClientA.j1"
    assert found("with.dots") == "ClientA.with.dots"
    assert found("Other.j1") == found("j1", "--client", "Other") == "Other.j1"
    missing = line.error("job", "show", "j9")
    assert missing.code == "UNKNOWN_JOB"
    assert "`cpe job list`" in str(missing)
    two = CommandLine(
        stage, tmp_path, ({"name": "B", "queues": {"input": "https://q/1/i", "output": "https://q/1/o"}},)
    )
    ambiguous = two.error("job", "show", "j1")
    assert (ambiguous.code, str(ambiguous).endswith("configured are: ClientA, B")) == ("CLIENT_MISSING", True)
    assert two.error("job", "start", "Alone").code == "CLIENT_MISSING"
    assert two.error("job", "start", "Alone", "--client", "C").code == "CLIENT_NOT_CONFIGURED"


def test_a_job_is_started_on_the_clients_queue(line: CommandLine) -> None:
    stage = line.stage
    stage.register_domain()
    assert line.error("job", "start", "Alone").code == "UNKNOWN_WORKFLOW"
    start_execution(stage, "ClientA.any")
    data = json.dumps({"workflow": {"name": "Other", "version": "9", "taskList": "mine"}, "x": 1})
    told = line.json("job", "start", "Alone", "--data", "-", stdin=data)
    (message,) = stage.sqs.receive_message(QueueUrl=stage.client.input_queue)["Messages"]
    command = json.loads(message["Body"])
    assert list(validator(CommandType.START_JOB).iter_errors(command)) == []
    assert command["jobId"] == told["jobId"]
    assert command["data"] == {
        "workflow": {"name": "Alone", "version": "1.0", "taskList": "mine", "domain": stage.domain},
        "x": 1,
    }
    stage.swf.register_workflow_type(domain=stage.domain, name="Alone", version="2.0")
    assert line.error("job", "start", "Alone").code == "VERSION_MISSING"
    line.text("job", "start", "Alone:2.0", "--job-id", "j2")
    done = line.run("job", "start", "Alone:2.0", "--data", "-")
    assert getattr(done.exception, "code", None) == "DATA_INVALID"


def test_who_works(stack: CommandLine) -> None:
    started(stack, "j1")
    stack.text("job", "signal", "j1", "go")
    stack.text("job", "watch", "j1")
    workers = stack.json("worker", "list")["workers"]
    assert [(one["role"], one["taskList"], one["types"]) for one in workers] == [
        ("DECIDER", stack.stage.task_list, [{"name": "Works", "version": "1.0"}]),
        ("WORKER", "Work-v1", [{"name": "Work", "version": "v1"}]),
    ]
    assert {one["identity"].rpartition(":")[2] for one in workers} == {str(os.getpid())}
    assert (workers[1]["tasks"], workers[1]["running"]) == (2, 0)
    assert stack.json("worker", "list", "--since", "2999-01-01") == {"workers": []}
    assert "Work-v1" in stack.text("worker", "list")


def test_the_domain_must_be_named(line: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CPE_DOMAIN", raising=False)
    line.config.write_text("{}")
    missing = line.error("job", "list")
    assert (missing.code, "--domain" in str(missing)) == ("DOMAIN_MISSING", True)
    assert line.error("job", "list", "--domain", "nowhere").code == "UNKNOWN_DOMAIN"
    monkeypatch.setenv("CPE_DOMAIN", "nowhere")
    assert line.error("job", "list").code == "UNKNOWN_DOMAIN"
