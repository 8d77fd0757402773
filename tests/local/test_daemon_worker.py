"""The worker in a thread, against a local SWF, SQS and S3."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from structlog.testing import capture_logs

from cpe.aws.payloads import Payloads
from cpe.aws.session import AwsSession
from cpe.config import ActivitySettings
from cpe.daemons.assembly import assemble_worker
from cpe.daemons.slots import Room
from cpe.errors import ConfigError
from cpe.local.server import LocalAws
from cpe.machine import Resources, measure
from cpe.protocol import decode_event
from tests.local import activities
from tests.local.stage import DEADLINE, WORK, Stage, running, wait_for


@pytest.fixture
def stage(local_aws: LocalAws, tmp_path: Path) -> Iterator[Stage]:
    activities.RELEASE.clear()
    stage = Stage(tmp_path)
    stage.register_domain()
    stage.register_workflow(task_list=None)
    yield stage
    activities.RELEASE.set()


def schedule(stage: Stage, *inputs: str) -> tuple[str, str]:
    """Start an execution and schedule an activity per input, in the decider's place."""
    workflow_id = "ClientA.j1"
    run_id = stage.swf.start_workflow_execution(
        domain=stage.domain,
        workflowId=workflow_id,
        workflowType={"name": "Works", "version": "1.0"},
        taskList={"name": stage.task_list},
    )["runId"]
    task = stage.swf.poll_for_decision_task(domain=stage.domain, taskList={"name": stage.task_list})
    decisions: list[Any] = [
        {
            "decisionType": "ScheduleActivityTask",
            "scheduleActivityTaskDecisionAttributes": {
                "activityId": f"Step{number}",
                "activityType": {"name": "Work", "version": "v1"},
                "taskList": {"name": "Work-v1"},
                "input": text,
                "heartbeatTimeout": "60",
                "scheduleToStartTimeout": "600",
                "scheduleToCloseTimeout": "600",
                "startToCloseTimeout": "600",
            },
        }
        for number, text in enumerate(inputs, 1)
    ]
    stage.swf.respond_decision_task_completed(taskToken=task["taskToken"], decisions=decisions)
    return workflow_id, run_id


def ended(stage: Stage, run: tuple[str, str], kind: str, count: int = 1) -> list[Any]:
    """Wait for so many history events of a type; tell their attributes."""

    def found() -> list[Any]:
        key = f"{kind[0].lower()}{kind[1:]}EventAttributes"
        events = [event[key] for event in stage.history(*run) if event["eventType"] == kind]
        return events if len(events) >= count else []

    return list(wait_for(found))


def worker(stage: Stage, **options: Any) -> Any:
    return assemble_worker(
        AwsSession(), stage.settings, domain=stage.domain, activities=[("Work", "v1")], **options
    )


def test_a_task_from_poll_to_result(stage: Stage, tmp_path: Path) -> None:
    with worker(stage) as daemon, running(daemon):
        run = schedule(stage, '{"do": "report"}')
        (completed,) = ended(stage, run, "ActivityTaskCompleted")
        assert json.loads(completed["result"]) == {"done": True, "settings": {"depth": 1}}
        (finishing,) = stage.event("ACTIVITY_FINISHING")
    kinds = [event["type"].removeprefix("ACTIVITY_") for event in stage.events]
    assert sorted(kinds) == sorted(["STARTED", "PREPARING", "PROGRESS", "PROGRESS", "FINISHING"])
    assert len({event["eventId"] for event in stage.events}) == 5
    (started,) = stage.event("ACTIVITY_STARTED")
    assert started["jobId"] == finishing["jobId"] == "j1"
    assert started["data"]["workflow"] == {"workflowId": run[0], "runId": run[1]}
    assert started["data"]["activity"] == {
        "activityId": "Step1",
        "activityType": {"name": "Work", "version": "v1"},
        "input": {"do": "report"},
        "attempt": 1,
    }
    assert [path for path in (tmp_path / "scratch").iterdir() if path.name != ".gate"] == []


def test_a_large_input_and_a_large_result_go_by_reference(stage: Stage) -> None:
    payloads = Payloads(boto3.client("s3"), stage.provide_payloads())
    large = payloads.pack(json.dumps({"do": "measure", "text": "x" * 1_100_000}), client="ClientA")
    with worker(stage) as daemon, running(daemon):
        run = schedule(stage, large, '{"do": "grow", "by": 500000}')
        measured, grown = ended(stage, run, "ActivityTaskCompleted", 2)
        started = stage.event("ACTIVITY_STARTED", 2)
    assert json.loads(measured["result"]) == {"characters": 1_100_000}
    assert len(grown["result"]) < 1000
    assert json.loads(payloads.resolve(grown["result"], client="ClientA")) == {"text": "ü" * 500_000}
    # What the queue does not carry is stored whole, and named.
    (long,) = [event for event in started if "$ref" in event]
    assert long["data"]["activity"]["input"] is None
    reference = decode_event(json.dumps(long)).reference
    assert reference is not None
    whole = json.loads(payloads.fetch(reference, client="ClientA"))
    assert whole["data"]["activity"]["input"] == {"do": "measure", "text": "x" * 1_100_000}


@pytest.mark.parametrize(
    ("client", "code"), [("ClientA", "PAYLOAD_MISSING"), ("ClientB", "REFERENCE_REFUSED")]
)
def test_an_input_that_cannot_be_had_fails_the_activity(stage: Stage, client: str, code: str) -> None:
    place = stage.provide_payloads()
    with worker(stage) as daemon, running(daemon):
        run = schedule(stage, place.refer('{"do": "report"}', client=client).text())
        (failed,) = ended(stage, run, "ActivityTaskFailed")
    assert failed["reason"] == code


def test_without_a_place_a_large_result_says_what_to_do(stage: Stage) -> None:
    with worker(stage) as daemon, running(daemon):
        run = schedule(stage, '{"do": "grow", "by": 40000}')
        (failed,) = ended(stage, run, "ActivityTaskFailed")
    assert failed["reason"] == "RESULT_TOO_LARGE"
    assert "CPE_PAYLOADS" in failed["details"]


def test_failures_are_answered_and_the_worker_goes_on(stage: Stage) -> None:
    with capture_logs() as logs, worker(stage) as daemon, running(daemon):
        run = schedule(stage, '{"do": "refuse"}', '{"do": "crash"}', '{"do": "exit"}', "{no json")
        failures = ended(stage, run, "ActivityTaskFailed", 4)
    assert {failure["reason"] for failure in failures} == {
        "UNKNOWN_PRESET",
        "ACTIVITY_FAILED",
        "INPUT_NOT_JSON",
    }
    assert "no such preset" in {failure["details"] for failure in failures}
    assert not any("hunter2" in failure["details"] for failure in failures)
    raised = [line for line in logs if line["event"] == "task_raised"]
    assert [line["exc_info"] for line in raised].count(True) == 2


def test_slots_work_at_once(stage: Stage) -> None:
    with worker(stage, room=Room(machine=measure(), concurrency=2)) as daemon, running(daemon):
        run = schedule(stage, '{"do": "wait"}', '{"do": "wait"}')
        for _ in range(2):
            assert activities.STARTED.acquire(timeout=DEADLINE)
        activities.RELEASE.set()
        assert len(ended(stage, run, "ActivityTaskCompleted", 2)) == 2


def test_the_first_stop_lets_a_task_finish(stage: Stage) -> None:
    with worker(stage) as daemon:
        thread = threading.Thread(target=daemon.run)
        thread.start()
        run = schedule(stage, '{"do": "wait"}')
        assert activities.STARTED.acquire(timeout=DEADLINE)
        daemon.stop()
        thread.join(0.1)
        assert thread.is_alive()
        activities.RELEASE.set()
        thread.join(DEADLINE)
        assert not thread.is_alive()
    assert len(ended(stage, run, "ActivityTaskCompleted")) == 1


def test_the_second_stop_hands_a_task_back(stage: Stage) -> None:
    with worker(stage) as daemon, running(daemon):
        run = schedule(stage, '{"do": "wait"}')
        assert activities.STARTED.acquire(timeout=DEADLINE)
        daemon.stop()
        daemon.stop()
        (failed,) = ended(stage, run, "ActivityTaskFailed")
    assert failed["reason"] == "WORKER_STOPPED"


def test_an_output_queue_that_is_gone_fails_no_activity(stage: Stage) -> None:
    stage.sqs.delete_queue(QueueUrl=stage.client.output_queue)
    with capture_logs() as logs, worker(stage) as daemon, running(daemon):
        run = schedule(stage, '{"do": "report"}')
        assert len(ended(stage, run, "ActivityTaskCompleted")) == 1
    assert [line["code"] for line in logs if line["event"] == "event_undeliverable"] == [
        "QUEUE_NOT_FOUND"
    ] * 5


def test_the_type_is_registered_with_the_configured_timeouts(stage: Stage) -> None:
    timeouts = {"defaultTaskHeartbeatTimeout": "60", "defaultTaskStartToCloseTimeout": "NONE"}
    activity = replace(stage.settings.activities[0], default_timeouts=timeouts, description="Works")
    stage.settings = replace(stage.settings, activities=(activity,))
    with worker(stage), worker(stage):
        pass
    registered = stage.swf.describe_activity_type(
        domain=stage.domain, activityType={"name": "Work", "version": "v1"}
    )
    assert registered["configuration"]["defaultTaskHeartbeatTimeout"] == "60"
    assert registered["configuration"]["defaultTaskList"] == {"name": "Work-v1"}
    assert registered["typeInfo"]["description"] == "Works"


def refusal(stage: Stage) -> ConfigError:
    with pytest.raises(ConfigError) as caught, worker(stage):
        pass
    return caught.value


def test_a_missing_domain_is_one_message(stage: Stage) -> None:
    stage.domain = "Nowhere"
    assert refusal(stage).code == "DOMAIN_NOT_FOUND"


def test_a_machine_that_lacks_something_is_one_message(stage: Stage) -> None:
    activity = ActivitySettings(name="Work", version="v1", class_name=WORK, settings={"broken": True})
    stage.settings = replace(stage.settings, activities=(activity,))
    assert refusal(stage).code == "TOOL_MISSING"


def test_an_unwritable_scratch_is_one_message(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    stage.settings = replace(stage.settings, scratch=tmp_path / "file")
    assert refusal(stage).code == "SCRATCH_UNWRITABLE"


def test_one_worker_runs_several_activities(stage: Stage) -> None:
    more = ActivitySettings(name="More", version="v1", class_name=WORK, cpu=0.5)
    one = replace(stage.settings.activities[0], cpu=0.5)
    stage.settings = replace(stage.settings, activities=(one, more))
    room = Room(machine=Resources(cores=1, memory=2**30))
    wanted = [("Work", "v1"), ("More", "v1")]
    with (
        assemble_worker(
            AwsSession(), stage.settings, domain=stage.domain, activities=wanted, room=room
        ) as daemon,
        running(daemon),
    ):
        assert stage.swf.describe_activity_type(
            domain=stage.domain, activityType={"name": "More", "version": "v1"}
        )["configuration"]["defaultTaskList"] == {"name": "More-v1"}
        run = schedule(stage, *['{"do": "report"}'] * 4)
        assert len(ended(stage, run, "ActivityTaskCompleted", 4)) == 4


def test_no_more_is_polled_for_than_fits(stage: Stage) -> None:
    """Two tasks of a core each on a machine of two: the third waits in SWF, where another worker may take it."""
    stage.settings = replace(stage.settings, activities=(replace(stage.settings.activities[0], cpu=1.0),))
    with worker(stage, room=Room(machine=Resources(cores=2, memory=2**30))) as daemon, running(daemon):
        run = schedule(stage, *['{"do": "wait"}'] * 3)
        assert activities.STARTED.acquire(timeout=DEADLINE)
        assert activities.STARTED.acquire(timeout=DEADLINE)
        assert not activities.STARTED.acquire(timeout=0.2)
        waiting = stage.swf.count_pending_activity_tasks(domain=stage.domain, taskList={"name": "Work-v1"})
        assert waiting["count"] == 1
        activities.RELEASE.set()
        assert len(ended(stage, run, "ActivityTaskCompleted", 3)) == 3
        assert activities.STARTED.acquire(timeout=DEADLINE)
