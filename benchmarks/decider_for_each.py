"""One job with a `for_each` over thousands of items, by the real decider, through the local SWF."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from benchmarks.rivals.process import running
from benchmarks.rivals.work import DOMAIN
from benchmarks.swf_client import SwfClient
from benchmarks.swf_servers import ours

_REPOSITORY = Path(__file__).parents[1]
_TYPE = {"name": "Many", "version": "1"}
_BUCKET = "payloads-of-benchmark"
_DEADLINE = 600.0
_LOOK = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """How one job went.

    Attributes:
        items: How many there were.
        seconds: From the start to the close.
        runs: Of the workflow: the first, and those that went on as new ones.
        events: History events of all runs.
        decisions: Decision tasks answered.
    """

    items: int
    seconds: float
    runs: int
    events: int
    decisions: int


def carry(items: int) -> Carried:
    """Run one job to its end."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        endpoint = stack.enter_context(ours())
        environment = {**os.environ, **_aws(endpoint), "CPE_PAYLOADS": f"s3://{_BUCKET}/payloads/"}
        _make_bucket(endpoint)
        client = SwfClient(endpoint)
        client.call("RegisterDomain", name=DOMAIN, workflowExecutionRetentionPeriodInDays="1")
        client.call("RegisterActivityType", domain=DOMAIN, **_TYPE)
        plan = folder / "plan.yml"
        plan.write_text(json.dumps(_plan()))
        stack.enter_context(_answering(endpoint))
        arguments = ["-d", DOMAIN, "-t", "many", "--plan", str(plan)]
        command = [sys.executable, "-m", "cpe.cli.decider", *arguments]
        decider = stack.enter_context(running(command, environment, folder))
        _await_type(client)
        began = time.perf_counter()
        client.call(
            "StartWorkflowExecution",
            domain=DOMAIN,
            workflowId="many",
            workflowType=_TYPE,
            input=json.dumps(list(range(items)), separators=(",", ":")),
        )
        runs = _await_end(client, lambda: None if decider.running else decider.last_words())
        seconds = time.perf_counter() - began
        histories = [list(_history(client, run)) for run in runs]
    kinds = [event["eventType"] for history in histories for event in history]
    assert kinds.count("ActivityTaskCompleted") == items
    return Carried(
        items=items,
        seconds=seconds,
        runs=len(runs),
        events=len(kinds),
        decisions=kinds.count("DecisionTaskCompleted"),
    )


def _plan() -> dict[str, Any]:
    work = {**_TYPE, "task_list": "work", "outputs_spec": {"answer": "$.answer"}}
    step = {"name": "Each", "activity": _TYPE["name"], "for_each": "{{__input__}}", "input": "{{item}}"}
    return {**_TYPE, "activities": [work], "steps": [step]}


def _aws(endpoint: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def _make_bucket(endpoint: str) -> None:
    s3 = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - a local AWS has no secrets
    )
    s3.create_bucket(Bucket=_BUCKET)


@contextmanager
def _answering(endpoint: str) -> Iterator[None]:
    command = [sys.executable, "-m", "benchmarks.rivals.answerer", endpoint, "work"]
    with subprocess.Popen(command, cwd=_REPOSITORY, stdin=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.kill()


def _await_type(client: SwfClient) -> None:
    """Wait until the decider has registered its workflow type."""
    end = time.monotonic() + _DEADLINE
    asked = {"domain": DOMAIN, "registrationStatus": "REGISTERED"}
    while not client.call("ListWorkflowTypes", **asked)["typeInfos"] and time.monotonic() < end:
        time.sleep(_LOOK)


def _await_end(client: SwfClient, fault: Callable[[], str | None]) -> list[dict[str, str]]:
    """Wait until the job is completed; tell its runs."""
    end = time.monotonic() + _DEADLINE
    while time.monotonic() < end and not (words := fault()):
        asked = {"domain": DOMAIN, "startTimeFilter": {"oldestDate": 0}}
        closed = client.call("ListClosedWorkflowExecutions", **asked)["executionInfos"]
        if any(info["closeStatus"] != "CONTINUED_AS_NEW" for info in closed):
            return [info["execution"] for info in closed]
        time.sleep(_LOOK)
    raise AssertionError(f"the job did not end: {words}")


def _history(client: SwfClient, execution: dict[str, str]) -> Iterator[dict[str, Any]]:
    page: dict[str, Any] = {"nextPageToken": None}
    while "nextPageToken" in page:
        token = {} if page["nextPageToken"] is None else {"nextPageToken": page["nextPageToken"]}
        page = client.call("GetWorkflowExecutionHistory", domain=DOMAIN, execution=execution, **token)
        yield from page["events"]
