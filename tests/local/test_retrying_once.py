"""A closed job is done again once, however often and whenever the command for it is delivered."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from cpe.aws.claims import Claims
from cpe.aws.payloads import Payloads
from cpe.aws.runs import Run
from cpe.aws.session import AwsSession
from cpe.aws.swf import SwfGateway
from cpe.aws.tasks import StartRequest
from cpe.errors import AwsError, CommandRejected
from cpe.jobs import Jobs
from cpe.jobs.starting import SETTLE
from cpe.local.server import LocalAws
from cpe.protocol import JobIdentity
from tests.local.stage import Stage

if TYPE_CHECKING:
    from types_boto3_swf import SWFClient
    from types_boto3_swf.type_defs import WorkflowTypeTypeDef

JOB = JobIdentity("ClientA", "j1")


class Site:
    """A job that has closed, and what stands for input pollers; the clock is moved by hand."""

    def __init__(self, folder: Path) -> None:
        self.stage = Stage(folder)
        self.stage.register_domain()
        self.stage.register_workflow()
        self.place = self.stage.provide_payloads()
        self.now = time.time()
        self.jobs = self.another()
        request = StartRequest(
            domain=self.stage.domain,
            workflow_id=JOB.workflow_id,
            workflow_name="Works",
            workflow_version="1.0",
            input=json.dumps({"client": {"name": "ClientA"}}),
            tags=("ClientA", "j1"),
        )
        self.jobs.start(request)
        self.close()
        self.first = self.newest()

    def another(self, calls: SWFClient | None = None, *, claims: bool = True) -> Jobs:
        """The jobs, as another process has them."""
        aws = AwsSession()
        calls = calls or aws.swf()
        return Jobs(
            swf=SwfGateway(polls=calls, calls=calls),
            payloads=Payloads(aws.s3(), self.place),
            domain=self.stage.domain,
            clock=lambda: self.now,
            claims=Claims(aws.s3(), self.place) if claims else None,
        )

    def newest(self) -> Run:
        found = self.jobs.find(JOB)
        assert found is not None
        return found

    def close(self) -> None:
        self.stage.swf.terminate_workflow_execution(domain=self.stage.domain, workflowId=JOB.workflow_id)

    def runs(self) -> list[str]:
        """All runs of the job but the first."""
        since = {"oldestDate": datetime(1970, 1, 2, tzinfo=UTC)}
        where: dict[str, Any] = {"domain": self.stage.domain, "startTimeFilter": since}
        listed = [
            *self.stage.swf.list_open_workflow_executions(**where)["executionInfos"],
            *self.stage.swf.list_closed_workflow_executions(**where)["executionInfos"],
        ]
        return [
            info["execution"]["runId"] for info in listed if info["execution"]["runId"] != self.first.run_id
        ]


@pytest.fixture
def site(local_aws: LocalAws, tmp_path: Path) -> Site:
    return Site(tmp_path)


def hooked(event: str, hook: Callable[..., None]) -> SWFClient:
    """A client of SWF for which something happens around its calls."""
    client = boto3.client("swf")
    client.meta.events.register(event, hook)
    return client


def blind() -> SWFClient:
    """A client whose lists lag behind: they show no run but those that have been there long."""
    client = boto3.client("swf")
    shown: set[str] = set()

    def lag(parsed: dict[str, Any], **_: object) -> None:
        if not shown:
            shown.update(info["execution"]["runId"] for info in parsed["executionInfos"])
        parsed["executionInfos"] = [
            info for info in parsed["executionInfos"] if info["execution"]["runId"] in shown
        ]

    client.meta.events.register("after-call.swf.ListClosedWorkflowExecutions", lag)
    client.meta.events.register("after-call.swf.ListOpenWorkflowExecutions", lag)
    return client


def not_yet(jobs: Jobs, run: Run, command: str) -> None:
    with pytest.raises(AwsError) as caught:
        jobs.retry(run, command)
    assert (caught.value.code, caught.value.retryable) == ("NOT_LISTED_YET", True)


def test_a_second_delivery_while_the_first_one_s_run_begins_and_ends(site: Site) -> None:
    begun: list[str] = []

    def meanwhile(**_: object) -> None:
        if not begun:
            begun.append(site.jobs.retry(site.first, "m1"))
            site.close()

    # The second one has looked at all lists by then, and starts a run next.
    second = site.another(hooked("after-call.swf.ListClosedWorkflowExecutions", meanwhile))
    not_yet(second, site.first, "m1")
    assert second.retry(site.newest(), "m1") == begun[0]
    assert site.runs() == begun


def test_a_second_delivery_while_lists_lag_behind(site: Site) -> None:
    lagging = site.another(blind())
    found = lagging.find(JOB)
    assert found == site.first
    run = site.jobs.retry(site.first, "m1")
    site.close()
    not_yet(lagging, site.first, "m1")
    not_yet(lagging, site.first, "m2")
    # As soon as the run is shown, its own command finds it, even where the lists show it no more.
    assert lagging.retry(site.newest(), "m1") == run
    assert site.runs() == [run]


def test_many_at_once_start_one(site: Site) -> None:
    pollers = [site.another() for _ in range(4)]

    def attempt(number: int) -> str | None:
        try:
            return pollers[number % 4].retry(site.first, f"m{number % 2}")
        except CommandRejected as error:
            assert error.code == "JOB_OPEN"
        except AwsError as error:
            assert error.retryable
        return None

    with ThreadPoolExecutor(8) as pool:
        runs = set(pool.map(attempt, range(16))) - {None}
    assert len(runs) == 1
    assert site.runs() == list(runs)


def test_each_closed_run_is_done_again(site: Site) -> None:
    runs = []
    for command in ("m1", "m2"):
        runs.append(site.jobs.retry(site.newest(), command))
        site.close()
    assert site.jobs.retry(site.newest(), "m1") == runs[0]
    assert sorted(site.runs()) == sorted(runs)


def test_a_claim_that_came_to_nothing_is_taken_over_when_that_is_certain(site: Site) -> None:
    def dies(**_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        site.another(hooked("before-call.swf.StartWorkflowExecution", dies)).retry(site.first, "m1")
    not_yet(site.jobs, site.first, "m1")
    site.now = time.time() + SETTLE + 1
    assert site.runs() == []
    assert [site.jobs.retry(site.newest(), "m1")] == site.runs()


def test_what_is_refused_may_be_corrected_at_once(site: Site) -> None:
    kind: WorkflowTypeTypeDef = {"name": "Works", "version": "1.0"}
    site.stage.swf.deprecate_workflow_type(domain=site.stage.domain, workflowType=kind)
    with pytest.raises(CommandRejected) as caught:
        site.jobs.retry(site.first, "m1")
    assert caught.value.code == "UNKNOWN_WORKFLOW"
    site.stage.swf.undeprecate_workflow_type(domain=site.stage.domain, workflowType=kind)
    assert [site.jobs.retry(site.first, "m2")] == site.runs()


def test_without_a_place_for_claims_a_later_delivery_is_answered_all_the_same(site: Site) -> None:
    jobs = site.another(claims=False)
    run = jobs.retry(site.first, "m1")
    site.close()
    assert jobs.retry(site.newest(), "m1") == run
    assert site.runs() == [run]
