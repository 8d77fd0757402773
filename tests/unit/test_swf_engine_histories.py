"""Histories in pages, of open and of closed executions."""

from __future__ import annotations

import time
from typing import Any

import pytest

from cpe.local.swf.faults import SwfFault
from tests.unit.swf_engine import DOMAIN, Driver, complete, decision

MARKS = [decision("RecordMarker", markerName=f"m{number}") for number in range(20)]


def pages(swf: Driver, operation: str, **params: Any) -> list[list[int]]:
    """Read all pages; give the event ids of each."""
    found, token = [], None
    while True:
        answer = swf.call(operation, **params, **({"nextPageToken": token} if token else {}))
        found.append([event["eventId"] for event in answer["events"]])
        token = answer.get("nextPageToken")
        if token is None:
            return found


def marked(*, closed: bool) -> tuple[Driver, dict[str, Any]]:
    """Make an execution of 25 events or so; give the driver and how to ask for its history."""
    swf = Driver()
    run_id = swf.start()
    swf.decide(*MARKS, *([complete()] if closed else []))
    return swf, {"domain": DOMAIN, "execution": {"workflowId": "w", "runId": run_id}}


@pytest.mark.proves("GetWorkflowExecutionHistory")
@pytest.mark.parametrize("closed", [False, True])
def test_pages_follow_each_other(closed: bool) -> None:
    swf, asked = marked(closed=closed)
    last = 25 if closed else 24
    ids = list(range(1, last + 1))
    read = pages(swf, "get_workflow_execution_history", **asked, maximumPageSize=10)
    assert read == [ids[:10], ids[10:20], ids[20:]]
    read = pages(swf, "get_workflow_execution_history", **asked, maximumPageSize=10, reverseOrder=True)
    back = ids[::-1]
    assert read == [back[:10], back[10:20], back[20:]]
    assert pages(swf, "get_workflow_execution_history", **asked) == [ids]
    assert pages(swf, "get_workflow_execution_history", **asked, maximumPageSize=last) == [ids]


def test_reading_goes_on_when_the_execution_goes_on_and_closes() -> None:
    swf, asked = marked(closed=False)
    first = swf.call("get_workflow_execution_history", **asked, maximumPageSize=20)
    swf.signal()
    swf.decide(complete())
    rest = swf.call(
        "get_workflow_execution_history", **asked, maximumPageSize=20, nextPageToken=first["nextPageToken"]
    )
    assert [event["eventId"] for event in rest["events"]] == list(range(21, 30))
    assert rest["events"][-1]["eventType"] == "WorkflowExecutionCompleted"


@pytest.mark.proves("GetWorkflowExecutionHistory:UnknownResourceFault")
@pytest.mark.proves("DescribeWorkflowExecution:UnknownResourceFault")
@pytest.mark.parametrize("operation", ["get_workflow_execution_history", "describe_workflow_execution"])
@pytest.mark.parametrize(
    ("domain", "workflow_id", "run_id"),
    [("nowhere", "w", "run-1"), (DOMAIN, "x", "run-1"), (DOMAIN, "w", "run-9")],
)
@pytest.mark.parametrize("closed", [False, True])
def test_the_execution_must_exist(
    operation: str, domain: str, workflow_id: str, run_id: str, closed: bool
) -> None:
    swf, _ = marked(closed=closed)
    with pytest.raises(SwfFault, match="UnknownResourceFault"):
        swf.call(operation, domain=domain, execution={"workflowId": workflow_id, "runId": run_id})


@pytest.mark.proves("DescribeWorkflowExecution")
def test_an_open_execution_is_described() -> None:
    swf, asked = marked(closed=False)
    swf.signal()
    assert swf.call("describe_workflow_execution", **asked) == {
        "executionInfo": {
            "execution": asked["execution"],
            "workflowType": {"name": "job", "version": "1"},
            "startTimestamp": swf.now,
            "executionStatus": "OPEN",
            "cancelRequested": False,
        },
        "executionConfiguration": {
            "taskStartToCloseTimeout": "60",
            "executionStartToCloseTimeout": "3600",
            "taskList": {"name": "deciders"},
            "childPolicy": "TERMINATE",
        },
        "openCounts": {
            "openActivityTasks": 0,
            "openDecisionTasks": 1,
            "openTimers": 0,
            "openChildWorkflowExecutions": 0,
            "openLambdaFunctions": 0,
        },
    }


def test_a_page_token_lives_for_a_day_and_belongs_to_its_question() -> None:
    swf, asked = marked(closed=True)
    token = swf.call("get_workflow_execution_history", **asked, maximumPageSize=10)["nextPageToken"]
    with pytest.raises(SwfFault, match="Invalid token"):
        swf.call("poll_for_decision_task", domain=DOMAIN, taskList={"name": "x"}, nextPageToken=token)
    swf.now += 24 * 3600 + 1
    with pytest.raises(SwfFault, match="exceeded its maximum lifetime"):
        swf.call("get_workflow_execution_history", **asked, maximumPageSize=10, nextPageToken=token)


@pytest.mark.parametrize("closes", [False, True])
def test_a_decision_tasks_history_ends_with_its_start_whatever_happens_meanwhile(closes: bool) -> None:
    swf, _ = marked(closed=False)
    swf.signal()
    poll: dict[str, Any] = {"maximumPageSize": 10, "identity": "me"}
    first = swf.decision_task(**poll)
    assert [event["eventId"] for event in first["events"]] == list(range(1, 11))
    swf.signal()
    swf.call(
        "respond_decision_task_completed",
        taskToken=first["taskToken"],
        decisions=[],
    )
    if closes:
        swf.terminate()
    second = swf.decision_task(**poll, nextPageToken=first["nextPageToken"])
    third = swf.decision_task(**poll, nextPageToken=second["nextPageToken"])
    assert [event["eventId"] for event in third["events"]] == list(range(21, 28))
    assert third["events"][-1]["eventType"] == "DecisionTaskStarted"
    assert "nextPageToken" not in third
    same = ("taskToken", "startedEventId", "previousStartedEventId", "workflowExecution", "workflowType")
    for name in same:
        assert first[name] == second[name] == third[name]
    assert (swf.poll_decision() is None) is closes, "reading pages takes no task"


def test_a_decision_tasks_history_can_begin_where_the_last_one_ended() -> None:
    swf, _ = marked(closed=False)
    swf.signal()
    task = swf.decision_task(startAtPreviousStartedEvent=True)
    assert task["previousStartedEventId"] == 3
    assert [event["eventId"] for event in task["events"]] == list(range(3, 28))


@pytest.mark.parametrize("from_previous", [False, True])
def test_a_decision_tasks_history_can_be_read_backwards(from_previous: bool) -> None:
    swf, _ = marked(closed=False)
    swf.signal()
    poll = {"domain": DOMAIN, "taskList": {"name": "deciders"}, "reverseOrder": True, "maximumPageSize": 15}
    read = pages(swf, "poll_for_decision_task", **poll, startAtPreviousStartedEvent=from_previous)
    assert [each for page in read for each in page] == list(range(27, 2 if from_previous else 0, -1))


def test_the_first_decision_task_can_be_asked_for_from_the_previous_one() -> None:
    swf = Driver()
    swf.start()
    task = swf.decision_task(startAtPreviousStartedEvent=True)
    assert [event["eventId"] for event in task["events"]] == [1, 2, 3]


@pytest.mark.parametrize("closed", [False, True])
def test_the_longest_history_pages_out_in_a_second(closed: bool) -> None:
    swf = Driver()
    run_id = swf.start()
    made = [decision("RecordMarker", markerName="m", details="d" * 100)] * 1000
    for _ in range(24):
        swf.decide(*made)
        swf.signal()
    if closed:
        swf.decide(complete())
    asked = {"domain": DOMAIN, "execution": {"workflowId": "w", "runId": run_id}}
    began = time.process_time()
    read = pages(swf, "get_workflow_execution_history", **asked)
    took = time.process_time() - began
    assert sum(map(len, read)) > 24_000
    assert took < 1.0
