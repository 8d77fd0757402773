"""Commands that are wrong, or that reach for what is another client's."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cpe.aws.client_queues import create_client_queues
from cpe.aws.session import AwsSession
from cpe.config import Client
from cpe.daemons.assembly import assemble_inputpoller
from cpe.local.server import LocalAws
from cpe.protocol import EventType
from cpe.protocol.schema import validator
from tests.hostile import FORGERIES, bad_bodies, forgeries
from tests.local.stage import Stage, running, wait_for

EACH = 200


@pytest.fixture
def stage(local_aws: LocalAws, tmp_path: Path) -> Stage:
    stage = Stage(tmp_path)
    stage.register_domain()
    stage.register_workflow(task_list=None)
    stage.settings = replace(stage.settings, domain=stage.domain)
    return stage


def provide(stage: Stage, name: str) -> Client:
    """A client whose commands are given up after some deliveries."""
    queues = create_client_queues(stage.sqs, f"{name}-{stage.domain}")
    return Client(name=name, input_queue=queues.input, output_queue=queues.output)


def send_all(stage: Stage, url: str, bodies: list[str]) -> None:
    for body in bodies:
        stage.sqs.send_message(QueueUrl=url, MessageBody=body)


def events_of(stage: Stage, client: Client, seen: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Everything that came on a client's output queue so far; each event must fit its schema."""
    stage.client, stage.events = client, seen
    before = len(seen)
    stage.receive()
    for event in seen[before:]:
        validator(EventType(event["type"])).validate(event)
    return seen


def open_jobs(stage: Stage) -> set[str]:
    pages = stage.swf.get_paginator("list_open_workflow_executions").paginate(
        domain=stage.domain, startTimeFilter={"oldestDate": datetime(1970, 1, 2, tzinfo=UTC)}
    )
    return {info["execution"]["workflowId"] for page in pages for info in page["executionInfos"]}


def test_bad_bodies_among_good_ones(stage: Stage) -> None:
    client = provide(stage, "ClientA")
    bad = [body for body, _ in zip(bad_bodies(stage.start_job), range(EACH), strict=False)]
    good = [json.dumps(stage.start_job(f"good-{number}")) for number in range(EACH)]
    send_all(stage, client.input_queue, [body for pair in zip(bad, good, strict=True) for body in pair])
    settings = replace(stage.settings, clients=(client,))
    events: list[dict[str, Any]] = []
    with running(assemble_inputpoller(AwsSession(connections=20), settings)):
        wait_for(lambda: len(events_of(stage, client, events)) >= 2 * EACH)
    kinds = Counter(event["type"] for event in events)
    assert kinds == {"WORKFLOW_SCHEDULED": EACH, "COMMAND_REJECTED": EACH}
    assert open_jobs(stage) == {f"ClientA.good-{number}" for number in range(EACH)}
    assert all(event["reason"] and event["details"] for event in events if "reason" in event)
    assert len({event["eventId"] for event in events}) == 2 * EACH
    stage.client = client
    assert stage.waiting_commands() == 0


def test_forged_bodies_reach_nothing(stage: Stage) -> None:
    mallory, victim = provide(stage, "Mallory"), provide(stage, "Victim")
    settings = replace(stage.settings, clients=(mallory, victim))
    ours: list[dict[str, Any]] = []
    theirs: list[dict[str, Any]] = []
    with running(assemble_inputpoller(AwsSession(connections=20), settings)):
        send_all(stage, victim.input_queue, [json.dumps(stage.start_job(name)) for name in ("secret", "two")])
        wait_for(lambda: len(events_of(stage, victim, theirs)) == 2)
        run_id = next(event["runId"] for event in theirs if event["jobId"] == "secret")
        asked = {"time": 1, "type": "GET_JOB_LIST", "jobId": "mine", "data": {"limit": 1}}
        send_all(stage, victim.input_queue, [json.dumps(asked)])
        wait_for(lambda: len(events_of(stage, victim, theirs)) == 3)
        page = theirs[-1]["data"]["page"]
        known = {"job_id": "secret", "run_id": run_id, "page": page, "step": "First", "signal": "approved"}
        forged = forgeries(stage.start_job, victim, **known)
        assert page and len(forged) == FORGERIES
        send_all(stage, mallory.input_queue, forged)
        wait_for(lambda: len(events_of(stage, mallory, ours)) == FORGERIES)
        # Jobs of Mallory's own called as the victim is, and the victim's list with them.
        send_all(stage, mallory.input_queue, [json.dumps(stage.start_job("Victim"))])
        wait_for(lambda: len(events_of(stage, mallory, ours)) == FORGERIES + 1)
        send_all(stage, victim.input_queue, [json.dumps({**asked, "data": {}})])
        wait_for(lambda: len(events_of(stage, victim, theirs)) == 4)
    # Commands of one batch are carried out side by side: which job came first is open.
    assert sorted(job["jobId"] for job in theirs[-1]["data"]["jobs"]) == ["secret", "two"]
    told = json.dumps(ours)
    assert run_id not in told.replace(f"run '{run_id}'", "")
    for event in ours:
        if event["type"] == "JOB_LIST":
            assert {job["workflowId"].split(".")[0] for job in event["data"]["jobs"]} <= {"Mallory"}
        elif event["type"] == "WORKFLOW_SCHEDULED":
            assert event["workflowId"].startswith("Mallory.")
        else:
            assert event["type"] == "COMMAND_REJECTED"
    history = stage.history("Victim.secret", run_id)
    assert {event["eventType"] for event in history} == {"WorkflowExecutionStarted", "DecisionTaskScheduled"}
