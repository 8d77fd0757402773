"""Every command against running daemons, and what answers it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cpe.aws.session import AwsSession
from cpe.daemons.assembly import assemble_decider, assemble_inputpoller, assemble_worker
from cpe.local.server import LocalAws
from cpe.plan import Plan, parse_plan
from cpe.protocol import EventType
from cpe.protocol.schema import validator
from tests.local.stage import Stage, running, wait_for

PLAN = """
name: Works
version: "1.0"
default_execution_start_to_close_timeout: "3600"
default_task_start_to_close_timeout: "300"
activities:
  - name: Work
    version: v1
    input_spec: { type: object }
    outputs_spec: { all: "$" }
steps:
  - { name: First, activity: Work, input: "{{__input__.first}}" }
  - { name: Gate, signal: approved, requires: [First] }
  - { name: Second, activity: Work, requires: [Gate], input: "{{__input__.second}}" }
"""


def plans() -> dict[tuple[str, str], Plan]:
    plan = parse_plan(PLAN)
    return {(plan.name, plan.version): plan}


class Desk:
    """Sends commands and waits for what answers them; every answer must fit its schema."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._asked = 0

    def ask(self, kind: str, job_id: str = "j1", **data: Any) -> dict[str, Any]:
        """Send a command; give its answer."""
        self._asked += 1
        request_id = f"q{self._asked}"
        command = {"time": 1.5, "type": kind, "jobId": job_id, "data": data, "requestId": request_id}
        self.stage.send(command)
        return self.answer(request_id)

    def answer(self, request_id: str) -> dict[str, Any]:
        def found() -> list[dict[str, Any]]:
            return [event for event in self.stage.receive() if event.get("requestId") == request_id]

        (answer,) = wait_for(found)
        validator(EventType(answer["type"])).validate(answer)
        return dict(answer)

    def start(self, job_id: str = "j1", **data: Any) -> dict[str, Any]:
        return self.ask("START_JOB", job_id, **self.stage.start_job(job_id, **data)["data"])

    def refused(self, kind: str, job_id: str = "j1", **data: Any) -> str:
        answer = self.ask(kind, job_id, **data)
        assert (answer["type"], answer["command"], answer["jobId"]) == ("COMMAND_REJECTED", kind, job_id)
        assert answer["details"]
        return str(answer["reason"])

    def status(self, job_id: str = "j1") -> dict[str, Any]:
        return dict(self.ask("GET_JOB_STATUS", job_id)["data"]["job"])

    def until(self, status: str, activity: str | None = None, job_id: str = "j1") -> dict[str, Any]:
        """Ask until a job, or one of its activities, stands like that."""

        def stands() -> dict[str, Any] | None:
            job = self.status(job_id)
            states = {one["activityId"]: one["status"] for one in job["activities"]}
            return job if status == (job["status"] if activity is None else states.get(activity)) else None

        return dict(wait_for(stands))


@pytest.fixture
def desk(local_aws: LocalAws, tmp_path: Path) -> Iterator[Desk]:
    stage = Stage(tmp_path)
    stage.settings = replace(stage.settings, domain=stage.domain)
    stage.hear_of_stops_soon()
    aws = AwsSession(connections=20)
    with ExitStack() as opened:
        decider = assemble_decider(
            aws, stage.settings, plans=plans(), domain=stage.domain, task_list=stage.task_list
        )
        worker = opened.enter_context(
            assemble_worker(aws, stage.settings, domain=stage.domain, activities=[("Work", "v1")])
        )
        opened.enter_context(running(decider, worker, assemble_inputpoller(aws, stage.settings)))
        yield Desk(stage)


GOOD: dict[str, Any] = {"first": {"do": "report"}, "second": {"do": "report"}}
BAD: dict[str, Any] = {"first": {"do": "report"}, "second": {"do": "refuse"}}


def test_a_job_is_followed_and_signalled_to_its_end(desk: Desk) -> None:
    scheduled = desk.start(**GOOD)
    assert scheduled["type"] == "WORKFLOW_SCHEDULED"
    job = desk.until("COMPLETED", "First")
    assert (job["jobId"], job["workflowId"], job["status"]) == ("j1", "ClientA.j1", "RUNNING")
    assert (job["runId"], job["closed"], job["cancelRequested"]) == (scheduled["runId"], None, False)
    (first,) = job["activities"]
    assert first["scheduled"] <= first["started"] <= first["ended"]
    assert (first["activityType"], first["attempt"]) == ({"name": "Work", "version": "v1"}, 1)
    answer = desk.ask("GET_ACTIVITY_STATUS", activityId="First")
    assert answer["data"]["activity"]["result"]
    assert desk.ask("GET_ACTIVITY_LIST")["data"]["activities"] == [first]
    assert desk.refused("SIGNAL_JOB", signal="cpe.cancel_activity", input="First") == "SIGNAL_RESERVED"
    told = desk.ask("SIGNAL_JOB", signal="approved", input={"by": "me"})
    assert (told["type"], told["data"]["signal"]) == ("JOB_SIGNALED", "approved")
    assert told["eventId"].startswith("answer:")
    done = desk.until("COMPLETED")
    assert done["closed"] >= done["started"]
    for kind, data in (("SIGNAL_JOB", {"signal": "approved"}), ("CANCEL_JOB", {})):
        assert desk.refused(kind, **data) == "JOB_CLOSED"
    assert desk.refused("RETRY_JOB") == "JOB_COMPLETED"
    assert desk.refused("CANCEL_ACTIVITY", activityId="First") == "JOB_CLOSED"


def test_a_job_is_cancelled(desk: Desk) -> None:
    run_id = desk.start(**GOOD)["runId"]
    desk.until("COMPLETED", "First")
    assert desk.refused("RETRY_JOB") == "JOB_OPEN"
    assert desk.refused("CANCEL_JOB", runId="another") == "UNKNOWN_JOB"
    answer = desk.ask("CANCEL_JOB", runId=run_id)
    assert answer["data"]["workflow"] == {"workflowId": "ClientA.j1", "runId": run_id}
    job = desk.until("CANCELED")
    assert job["cancelRequested"]


def test_one_activity_is_cancelled(desk: Desk) -> None:
    desk.start(first={"do": "wait"}, second={"do": "report"})
    desk.until("STARTED", "First")
    assert desk.refused("CANCEL_ACTIVITY", activityId="Nothing") == "UNKNOWN_ACTIVITY"
    answer = desk.ask("CANCEL_ACTIVITY", activityId="First")
    assert answer["data"]["activity"]["activityId"] == "First"
    (canceled,) = desk.stage.event("ACTIVITY_CANCELED")
    assert canceled["data"]["activity"]["activityId"] == "First"
    assert desk.refused("CANCEL_ACTIVITY", activityId="First") in {"ACTIVITY_NOT_RUNNING", "JOB_CLOSED"}


def test_what_failed_is_done_again_once(desk: Desk) -> None:
    old = desk.start(**BAD)["runId"]
    desk.ask("SIGNAL_JOB", signal="approved")
    job = desk.until("FAILED")
    assert job["reason"].startswith("Second: ")
    assert desk.refused("RETRY_JOB", **{"from": "Nothing"}) == "UNKNOWN_STEP"
    again = desk.ask("RETRY_JOB")
    assert again["type"] == "WORKFLOW_SCHEDULED"
    assert again["runId"] != old
    assert again["input"]["second"] == BAD["second"]
    assert "$continued" not in json.dumps(again)
    job = desk.until("FAILED")
    assert job["runId"] == again["runId"]
    assert {one["activityId"]: one["attempt"] for one in job["activities"]} == {"First": 1, "Second": 1}
    # The same START_JOB is answered with the job's newest run; the list shows it once.
    assert desk.start(**BAD)["runId"] == again["runId"]
    assert desk.refused("START_JOB", **desk.stage.start_job("j1", **GOOD)["data"]) == "JOB_EXISTS"
    jobs = desk.ask("GET_JOB_LIST", job_id="any")["data"]["jobs"]
    assert [(one["jobId"], one["runId"]) for one in jobs] == [("j1", again["runId"])]


def test_jobs_are_listed_page_by_page(desk: Desk) -> None:
    for number in range(5):
        desk.start(f"j{number}", **GOOD)
    desk.ask("CANCEL_JOB", "j3")
    desk.until("CANCELED", job_id="j3")
    listed: list[str] = []
    page: dict[str, Any] = {}
    while True:
        answer = desk.ask("GET_JOB_LIST", job_id="any", limit=2, **page)
        assert answer["jobId"] == "any"
        listed += [job["jobId"] for job in answer["data"]["jobs"]]
        if answer["data"]["page"] is None:
            break
        page = {"page": answer["data"]["page"]}
    assert listed == ["j4", "j3", "j2", "j1", "j0"]
    assert desk.refused("GET_JOB_LIST", job_id="any", status="FAILED", **page) == "INVALID_PAGE"
    assert desk.refused("GET_JOB_LIST", job_id="any", page="AAAA") == "INVALID_PAGE"
    for status, jobs in (("CANCELED", ["j3"]), ("CLOSED", ["j3"]), ("OPEN", ["j4", "j2", "j1", "j0"])):
        found = desk.ask("GET_JOB_LIST", job_id="any", status=status)["data"]["jobs"]
        assert [job["jobId"] for job in found] == jobs


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("CANCEL_JOB", {}),
        ("CANCEL_ACTIVITY", {"activityId": "First"}),
        ("GET_JOB_STATUS", {}),
        ("GET_ACTIVITY_STATUS", {"activityId": "First"}),
        ("GET_ACTIVITY_LIST", {}),
        ("SIGNAL_JOB", {"signal": "approved"}),
        ("RETRY_JOB", {}),
    ],
)
def test_a_job_that_is_not_there_is_told(desk: Desk, kind: str, data: dict[str, Any]) -> None:
    assert desk.refused(kind, "nothing", **data) == "UNKNOWN_JOB"
