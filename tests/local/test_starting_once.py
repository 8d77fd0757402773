"""A job starts once, whoever starts it, however often and whenever."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from cpe.aws.claims import Claims
from cpe.aws.payloads import Payloads
from cpe.aws.session import AwsSession
from cpe.aws.swf import SwfGateway
from cpe.aws.tasks import StartRequest
from cpe.daemons.starter import Starter
from cpe.errors import AwsError, CommandRejected
from cpe.jobs import Jobs
from cpe.jobs.starting import SETTLE
from cpe.local.server import LocalAws
from cpe.protocol import JobIdentity
from tests.local.stage import Stage

JOB = JobIdentity("ClientA", "j1")


class Site:
    """A domain with a workflow type, and starters as of as many processes; the clock is moved by hand."""

    def __init__(self, folder: Path, *, claims: bool) -> None:
        self.stage = Stage(folder)
        self.stage.register_domain()
        self.stage.register_workflow()
        aws = AwsSession()
        calls = aws.swf()
        self.now = time.time()
        place = self.stage.provide_payloads() if claims else None
        self.claims = Claims(aws.s3(), place) if place else None
        self.jobs = Jobs(
            swf=SwfGateway(polls=calls, calls=calls),
            payloads=Payloads(aws.s3(), place),
            domain=self.stage.domain,
        )

    def request(self, workflow: str = "Works", **data: Any) -> StartRequest:
        return StartRequest(
            domain=self.stage.domain,
            workflow_id=JOB.workflow_id,
            workflow_name=workflow,
            workflow_version="1.0",
            input=json.dumps({"client": {"name": "ClientA"}, **data}),
            tags=("ClientA", "j1"),
        )

    def start(self, command_id: str = "m1", starter: Starter | None = None, **request: Any) -> str:
        """Start the job, as another process unless a starter is given."""
        starter = starter or Starter(claims=self.claims, clock=lambda: self.now)
        return starter.run_of(self.jobs, self.request(**request), JOB, command_id=command_id)

    def close(self) -> None:
        self.stage.swf.terminate_workflow_execution(domain=self.stage.domain, workflowId=JOB.workflow_id)

    def runs(self) -> int:
        since = {"oldestDate": datetime(1970, 1, 2, tzinfo=UTC)}
        swf = boto3.client("swf")
        where: dict[str, Any] = {"domain": self.stage.domain, "startTimeFilter": since}
        return sum(
            len(listed["executionInfos"])
            for listed in (
                swf.list_open_workflow_executions(**where),
                swf.list_closed_workflow_executions(**where),
            )
        )


@pytest.fixture(params=[True, False], ids=["with claims", "without"])
def site(local_aws: LocalAws, tmp_path: Path, request: pytest.FixtureRequest) -> Site:
    return Site(tmp_path, claims=request.param)


@pytest.fixture
def claimed(local_aws: LocalAws, tmp_path: Path) -> Site:
    return Site(tmp_path, claims=True)


def test_once_for_many_deliveries_and_after_the_end(site: Site) -> None:
    run = site.start()
    assert [site.start(command) for command in ("m1", "m2", "m3")] == [run] * 3
    site.close()
    assert [site.start(command) for command in ("m1", "m4")] == [run] * 2
    assert site.runs() == 1


def test_other_data_are_refused(site: Site) -> None:
    site.start(file="a")
    with pytest.raises(CommandRejected) as caught:
        site.start("m2", file="b")
    assert caught.value.code == "JOB_EXISTS"
    site.close()
    with pytest.raises(CommandRejected):
        site.start("m3", file="b")
    assert site.runs() == 1


def test_a_refused_job_may_be_corrected_at_once(site: Site) -> None:
    with pytest.raises(CommandRejected) as caught:
        site.start(workflow="Absent")
    assert caught.value.code == "UNKNOWN_WORKFLOW"
    assert site.start("m2")


def test_many_at_once_start_one(claimed: Site) -> None:
    def attempt(number: int) -> str | None:
        try:
            return claimed.start(f"m{number}")
        except AwsError as error:
            assert error.retryable
            return None

    with ThreadPoolExecutor(8) as pool:
        runs = set(pool.map(attempt, range(16))) - {None}
    assert len(runs) == 1
    assert claimed.runs() == 1


def test_a_claim_that_came_to_nothing_is_taken_over_when_that_is_certain(claimed: Site) -> None:
    assert claimed.claims is not None
    assert claimed.claims.take(claimed.stage.domain, JOB)
    with pytest.raises(AwsError) as caught:
        claimed.start()
    assert (caught.value.code, caught.value.retryable) == ("NOT_LISTED_YET", True)
    claimed.now = time.time() + SETTLE + 1
    assert claimed.start("m2") == claimed.start("m3")
    assert claimed.runs() == 1


def test_a_run_that_no_claim_tells_of_is_found(claimed: Site) -> None:
    run = claimed.jobs.start(claimed.request())
    assert claimed.start() == run
    assert claimed.runs() == 1
