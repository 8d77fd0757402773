"""Decision tasks: one at a time, what they show, and what becomes of late answers."""

from __future__ import annotations

from typing import Any

import pytest

from cpe.local.swf.faults import SwfFault
from tests.unit.swf_engine import DOMAIN, START, Driver, complete, decision, schedule

MARK = decision("RecordMarker", markerName="m", details="d")


@pytest.mark.proves("PollForDecisionTask", "DecisionTaskStarted")
def test_a_task_names_its_execution_and_its_poller() -> None:
    swf = Driver()
    assert swf.poll_decision() is None
    run_id = swf.start()
    task = swf.decision_task(identity="decider-1")
    assert task["workflowExecution"] == {"workflowId": "w", "runId": run_id}
    assert task["workflowType"] == {"name": "job", "version": "1"}
    assert (task["startedEventId"], task["previousStartedEventId"]) == (3, 0)
    assert swf.last(run_id, "DecisionTaskStarted") == {"scheduledEventId": 2, "identity": "decider-1"}
    assert swf.poll_decision() is None


@pytest.mark.proves("RespondDecisionTaskCompleted", "DecisionTaskCompleted")
def test_an_answer_without_decisions_leaves_the_execution_waiting() -> None:
    swf = Driver()
    run_id = swf.start()
    swf.decide(executionContext="context")
    assert swf.last(run_id, "DecisionTaskCompleted") == {
        "scheduledEventId": 2,
        "startedEventId": 3,
        "executionContext": "context",
    }
    assert swf.describe(run_id)["latestExecutionContext"] == "context"
    assert swf.poll_decision() is None


@pytest.mark.proves("RecordMarker", "MarkerRecorded")
def test_a_marker_is_recorded_and_nobody_is_called_for_it() -> None:
    swf = Driver()
    run_id = swf.start()
    swf.decide(MARK)
    expected = {"markerName": "m", "details": "d", "decisionTaskCompletedEventId": 4}
    assert swf.last(run_id, "MarkerRecorded") == expected
    assert swf.poll_decision() is None


def test_what_happens_while_a_task_waits_is_in_that_task() -> None:
    swf = Driver()
    swf.start()
    swf.signal(name="one")
    swf.signal(name="two")
    task = swf.decision_task()
    kinds = [event["eventType"] for event in task["events"]]
    assert kinds.count("WorkflowExecutionSignaled") == 2
    assert kinds.count("DecisionTaskScheduled") == 1
    assert swf.poll_decision() is None


def test_what_happens_while_a_task_is_decided_makes_one_more_task() -> None:
    swf = Driver()
    swf.start()
    first = swf.decision_task()
    swf.signal(name="one")
    swf.signal(name="two")
    assert swf.poll_decision() is None, "one decision task at a time"
    swf.call("respond_decision_task_completed", taskToken=first["taskToken"])
    second = swf.decision_task()
    assert second["previousStartedEventId"] == first["startedEventId"] == 3
    new = [event["eventType"] for event in second["events"][3:]]
    assert new == [
        "WorkflowExecutionSignaled",
        "WorkflowExecutionSignaled",
        "DecisionTaskCompleted",
        "DecisionTaskScheduled",
        "DecisionTaskStarted",
    ]
    assert swf.poll_decision() is None


@pytest.mark.proves("DecisionTaskTimedOut", "DecisionTaskTimedOut:START_TO_CLOSE")
def test_a_task_that_takes_too_long_is_given_out_again() -> None:
    swf = Driver()
    run_id = swf.start()
    late = swf.decision_task()
    swf.pass_time(59.999)
    assert swf.poll_decision() is None
    swf.pass_time(5)
    expected = {"timeoutType": "START_TO_CLOSE", "scheduledEventId": 2, "startedEventId": 3}
    assert swf.last(run_id, "DecisionTaskTimedOut") == expected
    assert swf.history(run_id)[3]["eventTimestamp"] == START + 60, "at its own time, not when it was noticed"
    again = swf.decision_task()
    assert again["previousStartedEventId"] == 0, "nobody completed the first"
    with pytest.raises(SwfFault, match="UnknownResourceFault"):
        swf.call("respond_decision_task_completed", taskToken=late["taskToken"])
    swf.call("respond_decision_task_completed", taskToken=again["taskToken"], decisions=[complete()])


def test_a_task_may_take_forever() -> None:
    swf = Driver()
    swf.start(taskStartToCloseTimeout="NONE")
    task = swf.decision_task()
    swf.pass_time(3000)
    swf.call("respond_decision_task_completed", taskToken=task["taskToken"])


@pytest.mark.proves("RespondDecisionTaskCompleted:UnknownResourceFault")
def test_a_task_is_answered_once() -> None:
    swf = Driver()
    run_id = swf.start()
    task = swf.decision_task()
    swf.call("respond_decision_task_completed", taskToken=task["taskToken"], decisions=[MARK])
    with pytest.raises(SwfFault, match="UnknownResourceFault"):
        swf.call("respond_decision_task_completed", taskToken=task["taskToken"], decisions=[MARK])
    assert swf.types(run_id).count("MarkerRecorded") == 1


def test_a_task_of_a_closed_execution_is_unknown() -> None:
    swf = Driver()
    swf.start()
    task = swf.decision_task()
    swf.terminate()
    with pytest.raises(SwfFault, match="UnknownResourceFault: Unknown execution"):
        swf.call("respond_decision_task_completed", taskToken=task["taskToken"])


@pytest.mark.parametrize("forge", [lambda t: t[:-2] + "AA", lambda t: "x", lambda t: "", lambda t: "\u00e9"])
def test_a_forged_token_is_refused(forge: Any) -> None:
    swf = Driver()
    swf.start()
    token = swf.decision_task()["taskToken"]
    with pytest.raises(SwfFault, match="ValidationException: Invalid token"):
        swf.call("respond_decision_task_completed", taskToken=forge(token))


def test_a_token_is_good_for_its_own_kind_of_task_only() -> None:
    swf = Driver()
    swf.start()
    swf.decide(schedule())
    token = swf.activity_task()["taskToken"]
    with pytest.raises(SwfFault, match="Invalid token"):
        swf.call("respond_decision_task_completed", taskToken=token)


@pytest.mark.parametrize(
    "made",
    [
        [complete(), MARK],
        [MARK, complete(), complete()],
    ],
    ids=["closing-not-last", "two-closings"],
)
def test_decisions_that_contradict_each_other_are_refused_as_a_whole(made: list[dict[str, Any]]) -> None:
    swf = Driver()
    run_id = swf.start()
    task = swf.decision_task()
    before = swf.types(run_id)
    with pytest.raises(SwfFault, match="ValidationException: Close must be last"):
        swf.call("respond_decision_task_completed", taskToken=task["taskToken"], decisions=made)
    assert swf.types(run_id) == before
    swf.call("respond_decision_task_completed", taskToken=task["taskToken"], decisions=[complete()])


@pytest.mark.proves("DecisionTaskTimedOut:SCHEDULE_TO_START")
def test_a_temporary_task_list_is_left_when_nobody_polls_it() -> None:
    swf = Driver()
    run_id = swf.start()
    swf.decide(taskList={"name": "sticky"}, taskListScheduleToStartTimeout="5")
    swf.signal()
    assert swf.last(run_id, "DecisionTaskScheduled") == {
        "taskList": {"name": "sticky"},
        "startToCloseTimeout": "60",
        "scheduleToStartTimeout": "5",
    }
    assert swf.poll_decision() is None
    swf.pass_time(5)
    timed_out = swf.last(run_id, "DecisionTaskTimedOut")
    assert (timed_out["timeoutType"], timed_out["startedEventId"]) == ("SCHEDULE_TO_START", 0)
    assert swf.poll_decision("sticky") is None
    assert swf.poll_decision() is not None


def test_a_temporary_task_list_is_kept_while_it_is_polled_and_left_after_a_slow_decider() -> None:
    swf = Driver()
    swf.start()
    swf.decide(taskList={"name": "sticky"}, taskListScheduleToStartTimeout="5")
    swf.signal()
    swf.decide(task_list="sticky")
    swf.signal()
    assert swf.poll_decision("sticky") is not None
    swf.pass_time(60)
    assert swf.poll_decision("sticky") is None
    assert swf.poll_decision() is not None


def test_a_task_list_given_without_a_time_out_is_for_good() -> None:
    swf = Driver()
    swf.start()
    swf.decide(taskList={"name": "other"})
    swf.signal()
    assert swf.poll_decision() is None
    assert swf.poll_decision("other") is not None
    swf.pass_time(60)
    assert swf.poll_decision("other") is not None


@pytest.mark.proves("CountPendingDecisionTasks")
def test_tasks_are_given_by_priority_and_then_by_age() -> None:
    swf = Driver()
    for workflow_id, priority in (("a", "0"), ("b", "5"), ("c", "5"), ("d", "-1")):
        swf.start(workflow_id, taskPriority=priority)
        swf.now += 1
    count = {"domain": DOMAIN, "taskList": {"name": "deciders"}}
    assert swf.call("count_pending_decision_tasks", **count) == {"count": 4, "truncated": False}
    order = [swf.decision_task()["workflowExecution"]["workflowId"] for _ in range(4)]
    assert order == ["b", "c", "a", "d"]
    assert swf.call("count_pending_decision_tasks", **count)["count"] == 0


@pytest.mark.proves(
    "PollForDecisionTask:UnknownResourceFault", "CountPendingDecisionTasks:UnknownResourceFault"
)
def test_the_domain_must_exist() -> None:
    swf = Driver()
    where = {"domain": "nowhere", "taskList": {"name": "deciders"}}
    for operation in ("poll_for_decision_task", "count_pending_decision_tasks"):
        with pytest.raises(SwfFault, match="UnknownResourceFault"):
            swf.call(operation, **where)


def test_those_who_wait_are_named_once_for_each_task() -> None:
    swf = Driver()
    swf.start("a")
    swf.start("b")
    swf.decide(schedule("one"), schedule("two"))
    ready = [(where.kind, where.name) for where in swf.engine.take_ready()]
    assert ready == [("decision", "deciders")] * 2 + [("activity", "workers")] * 2
    assert swf.engine.take_ready() == []


def test_time_never_goes_back() -> None:
    swf = Driver()
    run_id = swf.start()
    swf.now -= 100
    swf.decide()
    assert {event["eventTimestamp"] for event in swf.history(run_id)} == {START}


def test_timestamps_have_milliseconds() -> None:
    swf = Driver()
    swf.now += 0.12345
    assert swf.history(swf.start())[0]["eventTimestamp"] == START + 0.123
