"""In which SWF domain a command's job is: the stack's own, or the one that the command names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cpe.aws.session import AwsSession
from cpe.client import Client, CommandRefused
from cpe.daemons.assembly import assemble_inputpoller
from cpe.local.server import LocalAws
from cpe.protocol import CommandType
from cpe.protocol.schema import validator
from tests.local.stage import Stage, running, wait_for

ANSWERS: dict[str, tuple[dict[str, Any], str]] = {
    "GET_JOB_STATUS": ({}, "JOB_STATUS"),
    "GET_JOB_LIST": ({"limit": 5}, "JOB_LIST"),
    "GET_ACTIVITY_LIST": ({}, "ACTIVITY_LIST"),
    "GET_ACTIVITY_STATUS": ({"activityId": "First"}, "UNKNOWN_ACTIVITY"),
    "CANCEL_ACTIVITY": ({"activityId": "First"}, "UNKNOWN_ACTIVITY"),
    "SIGNAL_JOB": ({"signal": "go"}, "JOB_SIGNALED"),
    "RETRY_JOB": ({}, "JOB_OPEN"),
    "CANCEL_JOB": ({}, "JOB_CANCEL_REQUESTED"),
}
"""What each command but START_JOB is answered with, about a job that nobody decides."""


@pytest.fixture
def stage(local_aws: LocalAws, tmp_path: Path) -> Stage:
    stage = Stage(tmp_path)
    stage.register_domain()
    stage.register_workflow(task_list=None)
    return stage


def ask(stage: Stage, kind: str, request_id: str, domain: str | None) -> dict[str, Any]:
    """Send a command about j1; give its answer."""
    about = {} if domain is None else {"workflow": {"domain": domain}}
    data = {**ANSWERS[kind][0], **about}
    command = {"time": 1.5, "type": kind, "jobId": "j1", "requestId": request_id, "data": data}
    validator(CommandType(kind)).validate(command)
    stage.send(command)

    def found() -> list[dict[str, Any]]:
        return [event for event in stage.receive() if event.get("requestId") == request_id]

    (answer,) = wait_for(found)
    return dict(answer)


def test_every_command_may_name_its_jobs_domain(stage: Stage) -> None:
    with running(assemble_inputpoller(AwsSession(), stage.settings)):
        stage.send(stage.start_job("j1"))
        stage.event("WORKFLOW_SCHEDULED")
        for kind, (_, expected) in ANSWERS.items():
            answer = ask(stage, kind, kind, stage.domain)
            assert answer.get("reason", answer["type"]) == expected
            assert ask(stage, kind, f"{kind} elsewhere", "Nowhere")["reason"] == "UNKNOWN_DOMAIN"
            missing = ask(stage, kind, f"{kind} anywhere", None)
            assert missing["reason"] == "DOMAIN_MISSING"
            assert "data.workflow.domain" in missing["details"]
        for wrong in ("Works", {"domain": 5}, {"domain": "a:b"}):
            data = {"workflow": wrong}
            stage.send({"time": 1.5, "type": "CANCEL_JOB", "jobId": "j1", "data": data})
        before = len(stage.events)
        wait_for(lambda: len(stage.receive()) == before + 3)
    assert [event["reason"] for event in stage.events[before:]] == ["INVALID_FIELD"] * 3
    assert stage.waiting_commands() == 0


def test_no_command_leaves_the_stacks_domain(stage: Stage) -> None:
    bound = replace(stage.settings, domain=stage.domain)
    with running(assemble_inputpoller(AwsSession(), bound)):
        stage.send(stage.start_job("j1"))
        stage.event("WORKFLOW_SCHEDULED")
        for kind, (_, expected) in ANSWERS.items():
            assert ask(stage, kind, f"{kind} elsewhere", "Other")["reason"] == "DOMAIN_MISMATCH"
            answer = ask(stage, kind, kind, stage.domain)
            assert answer.get("reason", answer["type"]) == expected


def test_a_client_of_a_domain_names_it_in_all_that_it_sends(stage: Stage) -> None:
    queues = stage.client
    with running(assemble_inputpoller(AwsSession(), stage.settings)):
        client = Client(
            queues.name, queues.input_queue, queues.output_queue, domain=stage.domain, timeout=100
        )
        job = {"workflow": {"name": "Works", "version": "1.0", "taskList": "nobody"}}
        client.start_job(job, "j1", wait=True)
        assert client.status("j1").job_id == "j1"
        assert [job.job_id for job in client.list()] == ["j1"]
        client.signal("j1", "go")
        # What the caller says goes before.
        with pytest.raises(CommandRefused) as caught:
            client.start_job({"workflow": {**job["workflow"], "domain": "Nowhere"}}, "j2", wait=True)
        assert caught.value.code == "UNKNOWN_DOMAIN"
        client.cancel_job("j1")
