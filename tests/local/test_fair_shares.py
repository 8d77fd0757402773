"""Two clients on one task list: what one has waiting does not keep the other's job from being done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from cpe.aws.session import AwsSession
from cpe.aws.swf import SwfGateway
from cpe.clock import SystemClock
from cpe.config import Client
from cpe.daemons.assembly import assemble_decider, assemble_inputpoller
from cpe.daemons.ranks import FRESH, Ranks
from cpe.local.server import LocalAws
from cpe.logs import get_logger
from cpe.plan import parse_plan
from tests.local.stage import Stage, running, wait_for

BACKLOG = 200
"""Activities that ClientA has waiting."""

PLANS = [
    parse_plan(f'name: {name}\nversion: "1.0"\nactivities: [{{ name: Work, version: v1 }}]\nsteps:\n{steps}')
    for name, steps in {
        "Works": "  - { name: Do, activity: Work }\n  - { name: Then, activity: Work, requires: [Do] }",
        "Many": "  - { name: Do, activity: Work, for_each: '{{__input__.items}}' }",
        "Urgent": "  - { name: Do, activity: Work, priority: 7 }",
    }.items()
]


@pytest.fixture
def stage(local_aws: LocalAws, tmp_path: Path) -> Stage:
    stage = Stage(tmp_path)
    other = Client(name="ClientB", input_queue=stage.queue("in"), output_queue=stage.queue("out"))
    # A place for claims, so that a start does not cost a list of SWF's.
    stage.provide_payloads()
    stage.settings = replace(stage.settings, clients=(stage.client, other), domain=stage.domain)
    stage.register_domain()
    stage.swf.register_activity_type(domain=stage.domain, name="Work", version="v1")
    return stage


@contextmanager
def daemons(stage: Stage) -> Iterator[None]:
    aws = AwsSession(connections=20)
    decider = assemble_decider(
        aws,
        stage.settings,
        plans={(plan.name, plan.version): plan for plan in PLANS},
        domain=stage.domain,
        task_list=stage.task_list,
    )
    with running(decider, assemble_inputpoller(aws, stage.settings)):
        yield


def start(stage: Stage, client: str, job_id: str, name: str = "Works", **data: Any) -> None:
    command = {**stage.start_job(job_id, name, **data), "type": "START_JOB"}
    (queue,) = [one.input_queue for one in stage.settings.clients if one.name == client]
    stage.sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(command))


def waiting(stage: Stage) -> int:
    return stage.swf.count_pending_activity_tasks(domain=stage.domain, taskList={"name": "Work-v1"})["count"]


def wait_until_waiting(stage: Stage, count: int) -> None:
    wait_for(lambda: waiting(stage) >= count)


def do_one(stage: Stage) -> str:
    """Do the next task, as a worker would; tell whose it was and which: ``ClientA.j1/Do``."""
    task = stage.swf.poll_for_activity_task(domain=stage.domain, taskList={"name": "Work-v1"})
    stage.swf.respond_activity_task_completed(taskToken=task["taskToken"], result="{}")
    return f"{task['workflowExecution']['workflowId']}/{task['activityId']}"


def test_a_backlog_of_jobs_keeps_nobody_waiting(stage: Stage) -> None:
    with daemons(stage):
        for number in range(BACKLOG):
            start(stage, "ClientA", f"j{number}")
        wait_until_waiting(stage, BACKLOG)
        start(stage, "ClientB", "only")
        wait_until_waiting(stage, BACKLOG + 1)
        # The first job of each client comes before the second of any; who was there first is first.
        assert "ClientB.only/Do" in [do_one(stage) for _ in range(2)]
        # And so it does with all that follows in the job.
        wait_until_waiting(stage, BACKLOG + 1)
        assert "ClientB.only/Then" in [do_one(stage) for _ in range(3)]
        # The others are done in their order, and none is forgotten.
        rest = [do_one(stage) for _ in range(20)]
        assert all(one.startswith("ClientA.") for one in rest)
        assert waiting(stage) > BACKLOG - 30


def test_a_job_with_many_activities_keeps_nobody_waiting(stage: Stage) -> None:
    with daemons(stage):
        start(stage, "ClientA", "many", "Many", items=list(range(BACKLOG)))
        wait_until_waiting(stage, BACKLOG)
        start(stage, "ClientB", "one", "Many", items=["a"])
        start(stage, "ClientB", "two", "Many", items=["b"])
        wait_until_waiting(stage, BACKLOG + 2)
        order = [do_one(stage) for _ in range(4)]
        assert "ClientB.one/Do[0]" in order[:2]
        assert "ClientB.two/Do[0]" in order
        # All of the backlog is done in the end, in its order.
        rest = [do_one(stage) for _ in range(BACKLOG - 2)]
        assert rest == sorted(rest, key=lambda one: int(one[one.index("[") + 1 : -1]))


def test_what_a_plan_says_goes_before(stage: Stage) -> None:
    with daemons(stage):
        start(stage, "ClientA", "first")
        wait_until_waiting(stage, 1)
        start(stage, "ClientA", "second", "Urgent")
        wait_until_waiting(stage, 2)
        assert do_one(stage) == "ClientA.second/Do"


def test_jobs_that_others_started_count(stage: Stage) -> None:
    """Whoever starts them: another input poller, or this one before it was started again."""
    aws, now = AwsSession(), [0.0]

    class Time:
        def time(self) -> float:
            return now[0]

        def monotonic(self) -> float:
            return now[0]

    swf = SwfGateway(polls=aws.swf_polls(), calls=aws.swf())
    with daemons(stage):
        for number in range(3):
            start(stage, "ClientA", f"j{number}")
        wait_until_waiting(stage, 3)
    ranks = Ranks(swf=swf, clock=Time(), log=get_logger())
    assert [ranks.take(stage.domain, "ClientA") for _ in range(3)] == [3, 4, 5]
    assert ranks.take(stage.domain, "ClientB") == 0
    now[0] += FRESH
    assert ranks.take(stage.domain, "ClientA") == 3  # nobody started them


def test_jobs_that_start_at_once_have_a_place_each(stage: Stage) -> None:
    aws = AwsSession(connections=20)
    swf = SwfGateway(polls=aws.swf_polls(), calls=aws.swf())
    for _ in range(5):
        ranks = Ranks(swf=swf, clock=SystemClock(), log=get_logger())
        with ThreadPoolExecutor(8) as pool:
            taken = list(pool.map(partial(ranks.take, stage.domain), ["ClientA"] * 16))
        assert sorted(taken) == list(range(16))


def test_a_count_that_fails_stops_no_job(stage: Stage) -> None:
    aws, now = AwsSession(), [0.0]

    class Time:
        def time(self) -> float:
            return now[0]

        def monotonic(self) -> float:
            return now[0]

    swf = SwfGateway(polls=aws.swf_polls(), calls=aws.swf())
    ranks = Ranks(swf=swf, clock=Time(), log=get_logger())
    with capture_logs() as logs:
        assert [ranks.take("no-such-domain", "ClientA") for _ in range(2)] == [0, 1]
        now[0] += FRESH
        assert ranks.take("no-such-domain", "ClientA") == 2
    assert [entry["event"] for entry in logs] == ["jobs_not_counted"] * 2
