"""The local SWF as a running stack needs it: long polls, single delivery, time-outs, stale tokens."""

from __future__ import annotations

import json
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_swf import SWFClient

    from cpe.local.server import LocalAws

DOMAIN = "SADomain"
DECIDERS: Any = {"name": "deciders"}
WORKERS: Any = {"name": "workers"}
DAY = 86_400
TYPE: Any = {"name": "Work", "version": "1"}
NO_TIMEOUTS = {
    "heartbeatTimeout": "NONE",
    "scheduleToStartTimeout": "NONE",
    "scheduleToCloseTimeout": "NONE",
    "startToCloseTimeout": "NONE",
}


@pytest.fixture
def swf(local_aws: LocalAws) -> SWFClient:
    client = boto3.client("swf", config=Config(retries={"total_max_attempts": 1}, read_timeout=70))
    client.register_domain(name=DOMAIN, workflowExecutionRetentionPeriodInDays="1")
    client.register_workflow_type(
        domain=DOMAIN,
        name="Job",
        version="1",
        defaultTaskList=DECIDERS,
        defaultChildPolicy="TERMINATE",
        defaultExecutionStartToCloseTimeout="3600",
        defaultTaskStartToCloseTimeout="NONE",
    )
    client.register_activity_type(domain=DOMAIN, **TYPE)
    return client


def start(swf: SWFClient, workflow_id: str = "job", **more: Any) -> str:
    job: Any = {"name": "Job", "version": "1"}
    run = swf.start_workflow_execution(domain=DOMAIN, workflowId=workflow_id, workflowType=job, **more)
    return run["runId"]


def schedule(activity_id: str, **timeouts: str) -> dict[str, Any]:
    return {
        "decisionType": "ScheduleActivityTask",
        "scheduleActivityTaskDecisionAttributes": {
            "activityId": activity_id,
            "activityType": TYPE,
            "taskList": WORKERS,
            **NO_TIMEOUTS,
            **timeouts,
        },
    }


COMPLETE: dict[str, Any] = {"decisionType": "CompleteWorkflowExecution"}


def decide(swf: SWFClient, *decisions: Any) -> list[str]:
    """Take the next decision task, answer it, and tell the types of the events it showed."""
    task = swf.poll_for_decision_task(domain=DOMAIN, taskList=DECIDERS)
    swf.respond_decision_task_completed(taskToken=task["taskToken"], decisions=list(decisions))
    return [event["eventType"] for event in task["events"]]


def history(swf: SWFClient, run_id: str, workflow_id: str = "job") -> list[Any]:
    execution: Any = {"workflowId": workflow_id, "runId": run_id}
    return list(swf.get_workflow_execution_history(domain=DOMAIN, execution=execution)["events"])


def event_of(swf: SWFClient, run_id: str, event_type: str) -> Any:
    return next(event for event in history(swf, run_id) if event["eventType"] == event_type)


def advance(aws: LocalAws, seconds: float) -> None:
    """Let time pass for SWF."""
    body = json.dumps({"advance": seconds}).encode()
    urllib.request.urlopen(f"{aws.endpoint}/cpe-local/clock", body, timeout=60).close()  # noqa: S310 - ours


def test_a_poll_is_answered_when_its_task_arrives(swf: SWFClient) -> None:
    def seconds(number: int) -> float:
        poll = pool.submit(swf.poll_for_decision_task, domain=DOMAIN, taskList=DECIDERS)
        with pytest.raises(TimeoutError):  # longer than a poller goes without a look at its client
            poll.result(timeout=1.3)
        before = time.monotonic()
        start(swf, f"job-{number}")
        assert poll.result(timeout=60)["taskToken"]
        return time.monotonic() - before

    with ThreadPoolExecutor() as pool:
        # What else runs on the machine only adds to it, so that one good round is enough.
        assert any(seconds(number) < 0.5 for number in range(20))


def test_each_task_goes_to_one_poller(swf: SWFClient) -> None:
    start(swf)
    decide(swf, *(schedule(f"a{number}") for number in range(40)))

    def take(_: int) -> str:
        task = swf.poll_for_activity_task(domain=DOMAIN, taskList=WORKERS)
        swf.respond_activity_task_completed(taskToken=task["taskToken"])
        return task["activityId"]

    with ThreadPoolExecutor(max_workers=8) as pool:
        taken = list(pool.map(take, range(40)))
    assert sorted(taken) == sorted(f"a{number}" for number in range(40))


def test_waiting_in_the_queue_is_no_missed_heartbeat(swf: SWFClient, local_aws: LocalAws) -> None:
    run_id = start(swf)
    decide(swf, schedule("a", heartbeatTimeout="1"))
    advance(local_aws, 1.2)
    task = swf.poll_for_activity_task(domain=DOMAIN, taskList=WORKERS)
    assert task["activityId"] == "a"
    swf.record_activity_task_heartbeat(taskToken=task["taskToken"])
    advance(local_aws, 1)
    timed_out = event_of(swf, run_id, "ActivityTaskTimedOut")
    assert timed_out["activityTaskTimedOutEventAttributes"]["timeoutType"] == "HEARTBEAT"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("startToCloseTimeout", "START_TO_CLOSE"), ("scheduleToCloseTimeout", "SCHEDULE_TO_CLOSE")],
)
def test_activities_time_out(swf: SWFClient, local_aws: LocalAws, name: str, kind: str) -> None:
    run_id = start(swf, executionStartToCloseTimeout=str(3 * DAY))
    decide(swf, schedule("a", **{name: str(2 * DAY)}))
    task = swf.poll_for_activity_task(domain=DOMAIN, taskList=WORKERS)
    advance(local_aws, 2 * DAY)
    timed_out = event_of(swf, run_id, "ActivityTaskTimedOut")
    assert timed_out["activityTaskTimedOutEventAttributes"]["timeoutType"] == kind
    with pytest.raises(swf.exceptions.UnknownResourceFault):
        swf.record_activity_task_heartbeat(taskToken=task["taskToken"])
    assert "ActivityTaskTimedOut" in decide(swf, COMPLETE)


def test_tasks_nobody_takes_time_out_too(swf: SWFClient, local_aws: LocalAws) -> None:
    run_id = start(swf)
    decide(swf, schedule("a", scheduleToStartTimeout="600"))
    advance(local_aws, 600)
    timed_out = event_of(swf, run_id, "ActivityTaskTimedOut")
    assert timed_out["activityTaskTimedOutEventAttributes"]["timeoutType"] == "SCHEDULE_TO_START"


def test_a_closed_activitys_id_is_free_again(swf: SWFClient) -> None:
    run_id = start(swf)
    decide(swf, schedule("a"))
    task = swf.poll_for_activity_task(domain=DOMAIN, taskList=WORKERS)
    swf.respond_activity_task_failed(taskToken=task["taskToken"], reason="TRY_AGAIN")
    decide(swf, schedule("a"))
    again = swf.poll_for_activity_task(domain=DOMAIN, taskList=WORKERS)
    assert again["activityId"] == "a"
    assert "ScheduleActivityTaskFailed" not in [event["eventType"] for event in history(swf, run_id)]


def test_an_id_in_use_is_refused(swf: SWFClient) -> None:
    run_id = start(swf)
    decide(swf, schedule("a"), schedule("a"))
    failed = event_of(swf, run_id, "ScheduleActivityTaskFailed")
    assert failed["scheduleActivityTaskFailedEventAttributes"]["cause"] == "ACTIVITY_ID_ALREADY_IN_USE"


def test_tokens_of_closed_tasks_are_unknown(swf: SWFClient) -> None:
    start(swf)
    decision = swf.poll_for_decision_task(domain=DOMAIN, taskList=DECIDERS)
    swf.respond_decision_task_completed(taskToken=decision["taskToken"], decisions=[schedule("a")])  # type: ignore[list-item]  # plain dicts
    with pytest.raises(swf.exceptions.UnknownResourceFault):
        swf.respond_decision_task_completed(taskToken=decision["taskToken"])
    task = swf.poll_for_activity_task(domain=DOMAIN, taskList=WORKERS)
    swf.respond_activity_task_failed(taskToken=task["taskToken"])
    with pytest.raises(swf.exceptions.UnknownResourceFault):
        swf.respond_activity_task_completed(taskToken=task["taskToken"])
    with pytest.raises(swf.exceptions.ClientError, match=r"\(ValidationException\).*Invalid token"):
        swf.record_activity_task_heartbeat(taskToken="forged")


def test_closed_executions_give_out_no_tasks(swf: SWFClient) -> None:
    start(swf)
    decide(swf, schedule("gone"))
    swf.terminate_workflow_execution(domain=DOMAIN, workflowId="job")
    start(swf)
    decide(swf, schedule("here"))
    assert swf.poll_for_activity_task(domain=DOMAIN, taskList=WORKERS)["activityId"] == "here"


def test_news_since_the_decision_task_keeps_the_execution_open(swf: SWFClient) -> None:
    run_id = start(swf)
    decision = swf.poll_for_decision_task(domain=DOMAIN, taskList=DECIDERS)
    swf.signal_workflow_execution(domain=DOMAIN, workflowId="job", signalName="wait", input="x")
    swf.respond_decision_task_completed(taskToken=decision["taskToken"], decisions=[COMPLETE])  # type: ignore[list-item]  # plain dicts
    refused = event_of(swf, run_id, "CompleteWorkflowExecutionFailed")
    assert refused["completeWorkflowExecutionFailedEventAttributes"]["cause"] == "UNHANDLED_DECISION"
    assert "WorkflowExecutionSignaled" in decide(swf, COMPLETE)
    assert history(swf, run_id)[-1]["eventType"] == "WorkflowExecutionCompleted"


def test_many_completions_make_one_decision_task(swf: SWFClient) -> None:
    run_id = start(swf)
    decide(swf, schedule("a"), schedule("b"))
    for _ in range(2):
        task = swf.poll_for_activity_task(domain=DOMAIN, taskList=WORKERS)
        swf.respond_activity_task_completed(taskToken=task["taskToken"], result="1")
    assert decide(swf, COMPLETE).count("ActivityTaskCompleted") == 2
    assert history(swf, run_id)[-1]["eventType"] == "WorkflowExecutionCompleted"


def test_the_history_carries_the_tags(swf: SWFClient) -> None:
    run_id = start(swf, tagList=["ClientA", "job-1"])
    assert history(swf, run_id)[0]["workflowExecutionStartedEventAttributes"]["tagList"] == [
        "ClientA",
        "job-1",
    ]
