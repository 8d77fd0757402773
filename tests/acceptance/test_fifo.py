"""A stack with FIFO queues at both ends: real daemons, and real clients as programs."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest

from cpe.protocol import Event, EventType
from tests.acceptance.stack import PATIENCE, REPOSITORY, Stack, run_python, until

PLAN = """
name: Ordered
version: "1.0"
activities: [{ name: Work, version: v1, outputs_spec: { value: "$.value" } }]
steps:
  - { name: First, activity: Work, input: '{"value": 1}' }
  - { name: Gate, signal: go, requires: [First] }
  - { name: Long, activity: Work, requires: [Gate], input: '{{__input__.long}}' }
"""
BUSY = """
name: Busy
version: "1.0"
activities: [{ name: Work, version: v1, outputs_spec: { value: "$.value" } }]
steps:
  - name: Each
    activity: Work
    for_each: "{{__input__.list}}"
    max_parallel: 4
    retry: { max_attempts: 3, interval: 0 }
    input: "{{item}}"
"""
TOLD = {
    "ActivityTaskScheduled": "ACTIVITY_SCHEDULED",
    "ActivityTaskStarted": "ACTIVITY_STARTED",
    "ActivityTaskCompleted": "ACTIVITY_COMPLETED",
    "ActivityTaskFailed": "ACTIVITY_FAILED",
    "WorkflowExecutionCompleted": "WORKFLOW_COMPLETED",
}
"""What a client is told of each fact of a history."""
BY_DECIDER = [
    "ACTIVITY_SCHEDULED First",
    "ACTIVITY_COMPLETED First",
    "ACTIVITY_SCHEDULED Long",
    "ACTIVITY_COMPLETED Long",
    "WORKFLOW_COMPLETED",
]
BY_WORKER = ["ACTIVITY_STARTED First", "ACTIVITY_STARTED Long"]
FIFO = ("--fifo", "input", "--fifo", "output")


@pytest.fixture(scope="module")
def _fifo_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("fifo")
    (folder / "ordered.yml").write_text(PLAN)
    entry = {
        "name": "Work",
        "version": "v1",
        "file": str(REPOSITORY / "tests" / "plans" / "work.py"),
        "class": "Work",
    }
    config = folder / "config.json"
    # Workers learn by heartbeat that they shall stop: each second, with this time-out.
    config.write_text(json.dumps({"activities": [{**entry, "defaultTaskHeartbeatTimeout": "3"}]}))
    (folder / "busy.yml").write_text(BUSY)
    plans = [part for name in ("ordered", "busy") for part in ("--plan", str(folder / f"{name}.yml"))]
    options = ("--config", str(config), *plans, *FIFO)
    with Stack(folder / "stack", *options).running() as stack:
        yield stack


@pytest.fixture
def fifo_stack(_fifo_stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    for name, value in _fifo_stack.environment.items():
        monkeypatch.setenv(name, value)
    assert _fifo_stack.environment["INPUT_QUEUE"].endswith("-input.fifo")
    assert _fifo_stack.environment["OUTPUT_QUEUE"].endswith("-output.fifo")
    return _fifo_stack


class Commander:
    """The example's commander, a process for each command."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self._folder = folder
        self._config = folder / "client.json"
        self._config.write_text(Path(stack.environment["CPE_CLIENT_CONFIG"]).read_text("utf-8"))

    def __call__(self, *words: str) -> str:
        program = REPOSITORY / "client_example" / "client_commander.py"
        done = run_python(program, "-c", self._config, *words, cwd=self._folder)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def start(self, job_id: str, **long: object) -> None:
        file = self._folder / f"{job_id}.json"
        file.write_text(json.dumps(order(**long)))
        assert "accepted" in self("start_job", str(file), job_id, "--wait")

    def until_job(self, job_id: str, *words: str) -> None:
        """Ask until the answer has these words."""
        until(lambda: set(words) <= set(self("get_job_status", job_id).split()), what=f"{words} of {job_id}")


def order(**long: object) -> dict[str, Any]:
    workflow = {"name": "Ordered", "version": "1.0", "domain": "SADomain", "taskList": "basic_transcode"}
    return {"workflow": workflow, "long": long}


def test_all_commands_of_a_client(fifo_stack: Stack, tmp_path: Path) -> None:
    commander = Commander(fifo_stack, tmp_path)
    one, two, three = (f"{name}-{uuid.uuid4().hex[:6]}" for name in ("one", "two", "three"))
    commander.start(one, value=2)
    commander.until_job(one, "RUNNING", "First", "COMPLETED")
    assert "First" in commander("get_activity_list", one)
    assert '{"value": 1}' in commander("get_activity_status", one, "First")
    assert one in commander("get_job_list", "--status", "OPEN")
    commander("signal_job", one, "go")
    until(lambda: "Ordered 1.0  COMPLETED" in commander("get_job_status", one), what="its end")
    assert "runId" in commander("retry_job", one, "--from", "Long")
    until(lambda: "Ordered 1.0  COMPLETED" in commander("get_job_status", one), what="its second end")

    for job_id, command, end in (
        (two, ("cancel_activity", two, "Long"), "FAILED"),
        (three, ("cancel_job", three), "CANCELED"),
    ):
        commander.start(job_id, for_ever=True)
        commander("signal_job", job_id, "go")
        commander.until_job(job_id, "Long", "STARTED")
        commander(*command)
        commander.until_job(job_id, "Ordered", end)


def test_a_run_is_told_in_the_order_in_which_each_daemon_told_it(fifo_stack: Stack) -> None:
    client = fifo_stack.client()
    job_id = client.start_job(order(value=2), uuid.uuid4().hex[:8])
    told: list[str] = []
    stream = client.events(wait=PATIENCE)
    for event in stream:
        if event.job_id != job_id:
            continue
        activity = f" {event.activity.activity_id}" if event.activity else ""
        told.append(f"{event.type.value}{activity}")
        if told[-1] == "ACTIVITY_COMPLETED First":
            client.signal(job_id, "go")
        # That it was started is told by the input poller, and may be heard after all else.
        if {"WORKFLOW_SCHEDULED", "WORKFLOW_COMPLETED"} <= set(told):
            break
    stream.close()
    assert [one for one in told if one in BY_DECIDER] == BY_DECIDER
    assert [one for one in told if one in BY_WORKER] == BY_WORKER
    assert len(told) == len(set(told))


def test_no_event_is_taken_for_another(fifo_stack: Stack) -> None:
    """Five jobs at once, with attempts that are alike: SQS may drop what is the same, and nothing else."""
    client, swf = fifo_stack.client(), boto3.client("swf")
    workflow = {"name": "Busy", "version": "1.0", "domain": "SADomain", "taskList": "basic_transcode"}
    items = [{"value": 1}, {"value": 1, "fail_times": 1}, {"value": 1, "fail_times": 2}] * 2
    jobs = [client.start_job({"workflow": workflow, "list": items}) for _ in range(5)]
    client.start_job({"workflow": workflow, "list": items}, jobs[0])  # somebody is not sure
    heard: dict[str, list[Event]] = {job_id: [] for job_id in jobs}
    answers: list[str] = []
    with closing(client.events(wait=PATIENCE)) as stream:
        for event in stream:
            if event.job_id in heard and event.type is EventType.WORKFLOW_SCHEDULED:
                answers.append(event.job_id)
            elif event.job_id in heard:
                heard[event.job_id].append(event)
            closed = [job_id for job_id, events in heard.items() if any(e.type.closes_job for e in events)]
            if len(closed) == len(jobs) and len(answers) == len(jobs) + 1:
                break
    assert Counter(answers) == Counter([*jobs, jobs[0]])
    for job_id, events in heard.items():
        workflow_id, run_id = f"ClientA.{job_id}", client.status(job_id).run_id
        pages = swf.get_paginator("get_workflow_execution_history").paginate(
            domain="SADomain", execution={"workflowId": workflow_id, "runId": run_id}
        )
        kinds = [TOLD.get(event["eventType"]) for page in pages for event in page["events"]]
        told = [event.type.value for event in events if event.type.value in TOLD.values()]
        assert Counter(told) == Counter(kind for kind in kinds if kind is not None)
        assert len({event.event_id for event in events}) == len(events), "and each once"


def cpe(*arguments: str) -> dict[str, Any]:
    done = run_python("-m", "cpe.cli.main", *arguments, "--json", cwd=REPOSITORY)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def letters() -> list[dict[str, Any]]:
    queues = {one["queue"]: one for one in cpe("dlq", "list")["queues"]}
    assert queues["input"]["count"] == 0
    assert queues["output"]["deadLetterUrl"].endswith("-output-dead.fifo")
    found: list[dict[str, Any]] = queues["output"]["messages"]
    return found


def test_what_a_client_cannot_read_holds_nothing_up_for_ever(fifo_stack: Stack) -> None:
    sqs, url = boto3.client("sqs"), fifo_stack.environment["OUTPUT_QUEUE"]
    policy = json.loads(
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"][
            "RedrivePolicy"
        ]
    )
    sqs.set_queue_attributes(
        QueueUrl=url,
        Attributes={
            "VisibilityTimeout": "1",
            "RedrivePolicy": json.dumps({**policy, "maxReceiveCount": 1}),
        },
    )
    unreadable = ("hello", "{}")
    for number, body in enumerate(unreadable):
        sqs.send_message(
            QueueUrl=url, MessageBody=body, MessageGroupId="r", MessageDeduplicationId=f"unreadable-{number}"
        )
    client = fifo_stack.client()

    def dead() -> list[dict[str, Any]]:
        assert list(client.events(wait=1)) == []
        found = letters()
        return found if len(found) >= len(unreadable) else []

    found = until(dead, what="the dead letters")
    assert [(one["group"], one["reason"]) for one in found] == [("r", "INVALID_JSON"), ("r", "MISSING_FIELD")]
    doctor = cpe("doctor", "--only", "queues")
    assert "DLQ_NOT_EMPTY" in {one["code"] for one in doctor["findings"] if one["code"]}
    assert cpe("dlq", "show", found[0]["messageId"])["message"]["body"] == "hello"
    cpe("dlq", "redrive", "--all", "--yes")
    assert letters() == []
    again = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in again] == ["hello", "{}"]
    for message in again:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
