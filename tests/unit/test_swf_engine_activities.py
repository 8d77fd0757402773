"""Activity tasks: scheduled, given out, ended in every way there is."""

from __future__ import annotations

from typing import Any

import pytest

from cpe.local.swf.engine.limits import Limits
from cpe.local.swf.faults import SwfFault
from tests.unit.swf_engine import ACTIVITY_DEFAULTS, DOMAIN, START, Driver, attributes, decision, schedule

STEP = {"name": "step", "version": "1"}
TIMEOUTS = {
    "scheduleToStartTimeout": "NONE",
    "scheduleToCloseTimeout": "NONE",
    "startToCloseTimeout": "NONE",
    "heartbeatTimeout": "NONE",
}
CANCEL = decision("RequestCancelActivityTask", activityId="a")


def scheduled(**params: Any) -> tuple[Driver, str]:
    """Start an execution with one activity task; give the driver and the run id."""
    swf = Driver()
    run_id = swf.start()
    swf.decide(schedule(**params))
    return swf, run_id


@pytest.mark.proves("ScheduleActivityTask", "ActivityTaskScheduled")
def test_the_types_defaults_hold_where_nothing_is_given() -> None:
    swf, run_id = scheduled(input="i", control="c")
    assert swf.last(run_id, "ActivityTaskScheduled") == {
        "activityType": STEP,
        "activityId": "a",
        "input": "i",
        "control": "c",
        "taskList": {"name": "workers"},
        "scheduleToStartTimeout": "100",
        "scheduleToCloseTimeout": "1000",
        "startToCloseTimeout": "500",
        "heartbeatTimeout": "50",
        "decisionTaskCompletedEventId": 4,
    }
    assert swf.describe(run_id)["openCounts"]["openActivityTasks"] == 1
    assert swf.describe(run_id)["latestActivityTaskTimestamp"] == START


def test_what_is_given_goes_before_the_defaults() -> None:
    given = {**TIMEOUTS, "taskList": {"name": "mine"}, "taskPriority": "3"}
    swf, run_id = scheduled(**given)
    event = swf.last(run_id, "ActivityTaskScheduled")
    assert {name: event[name] for name in given} == given
    assert swf.poll_activity() is None
    assert swf.poll_activity("mine") is not None


@pytest.mark.proves("PollForActivityTask", "ActivityTaskStarted")
def test_a_task_names_its_execution_and_its_poller() -> None:
    swf, run_id = scheduled(input="i")
    task = swf.activity_task(identity="worker-1")
    del task["taskToken"]
    assert task == {
        "activityId": "a",
        "activityType": STEP,
        "input": "i",
        "startedEventId": 6,
        "workflowExecution": {"workflowId": "w", "runId": run_id},
    }
    assert swf.last(run_id, "ActivityTaskStarted") == {"scheduledEventId": 5, "identity": "worker-1"}
    assert swf.poll_activity() is None


@pytest.mark.parametrize(
    ("operation", "given", "event_type"),
    [
        pytest.param(
            "respond_activity_task_completed",
            {"result": "r"},
            "ActivityTaskCompleted",
            marks=pytest.mark.proves("RespondActivityTaskCompleted", "ActivityTaskCompleted"),
        ),
        pytest.param(
            "respond_activity_task_failed",
            {"reason": "r", "details": "d"},
            "ActivityTaskFailed",
            marks=pytest.mark.proves("RespondActivityTaskFailed", "ActivityTaskFailed"),
        ),
        pytest.param(
            "respond_activity_task_canceled",
            {"details": "d"},
            "ActivityTaskCanceled",
            marks=pytest.mark.proves("RespondActivityTaskCanceled", "ActivityTaskCanceled"),
        ),
    ],
)
def test_a_worker_ends_a_task_once_and_the_decider_is_called(
    operation: str, given: dict[str, str], event_type: str
) -> None:
    swf, run_id = scheduled()
    token = swf.activity_task()["taskToken"]
    swf.call(operation, taskToken=token, **given)
    assert swf.last(run_id, event_type) == {**given, "scheduledEventId": 5, "startedEventId": 6}
    assert swf.poll_decision() is not None
    with pytest.raises(SwfFault, match="Unknown activity, scheduledEventId = 5"):
        swf.call(operation, taskToken=token, **given)
    with pytest.raises(SwfFault, match="UnknownResourceFault"):
        swf.call("record_activity_task_heartbeat", taskToken=token)


@pytest.mark.proves(
    "RespondActivityTaskCompleted:UnknownResourceFault",
    "RespondActivityTaskFailed:UnknownResourceFault",
    "RespondActivityTaskCanceled:UnknownResourceFault",
    "RecordActivityTaskHeartbeat:UnknownResourceFault",
)
def test_a_task_of_a_closed_execution_is_unknown() -> None:
    swf, _ = scheduled()
    token = swf.activity_task()["taskToken"]
    swf.terminate()
    for operation in (
        "respond_activity_task_completed",
        "respond_activity_task_failed",
        "respond_activity_task_canceled",
        "record_activity_task_heartbeat",
    ):
        with pytest.raises(SwfFault, match="UnknownResourceFault: Unknown execution"):
            swf.call(operation, taskToken=token)


@pytest.mark.parametrize(
    ("timeouts", "started", "after", "kind"),
    [
        pytest.param(
            {"scheduleToStartTimeout": "10"},
            False,
            10,
            "SCHEDULE_TO_START",
            marks=pytest.mark.proves("ActivityTaskTimedOut", "ActivityTaskTimedOut:SCHEDULE_TO_START"),
        ),
        pytest.param(
            {"scheduleToCloseTimeout": "10"},
            False,
            10,
            "SCHEDULE_TO_CLOSE",
            marks=pytest.mark.proves("ActivityTaskTimedOut:SCHEDULE_TO_CLOSE"),
        ),
        pytest.param({"scheduleToCloseTimeout": "10"}, True, 7, "SCHEDULE_TO_CLOSE"),
        pytest.param(
            {"startToCloseTimeout": "10"},
            True,
            10,
            "START_TO_CLOSE",
            marks=pytest.mark.proves("ActivityTaskTimedOut:START_TO_CLOSE"),
        ),
        pytest.param(
            {"heartbeatTimeout": "10"},
            True,
            10,
            "HEARTBEAT",
            marks=pytest.mark.proves("ActivityTaskTimedOut:HEARTBEAT"),
        ),
        pytest.param({"scheduleToStartTimeout": "0"}, False, 0, "SCHEDULE_TO_START"),
    ],
)
def test_each_time_out_counts_from_where_it_should(
    timeouts: dict[str, str], started: bool, after: float, kind: str
) -> None:
    swf, run_id = scheduled(**{**TIMEOUTS, **timeouts})
    token = None
    if started:
        swf.now += 3
        token = swf.activity_task()["taskToken"]
    due = swf.now + after
    if after:
        swf.pass_time(after - 0.001)
        assert "ActivityTaskTimedOut" not in swf.types(run_id)
    assert swf.engine.next_due() == due
    swf.pass_time(2)
    event = next(event for event in swf.history(run_id) if event["eventType"] == "ActivityTaskTimedOut")
    assert event["eventTimestamp"] == due
    expected = {"timeoutType": kind, "scheduledEventId": 5, "startedEventId": 6 if started else 0}
    assert attributes(event) == expected
    assert swf.poll_activity() is None
    assert swf.poll_decision() is not None
    if token is not None:
        with pytest.raises(SwfFault, match="Unknown activity"):
            swf.call("respond_activity_task_completed", taskToken=token)


def test_without_time_outs_a_task_waits_as_long_as_its_execution() -> None:
    swf, run_id = scheduled(**TIMEOUTS)
    swf.pass_time(3599)
    assert swf.poll_activity() is not None
    swf.pass_time(1)
    assert swf.types(run_id)[-1] == "WorkflowExecutionTimedOut"


@pytest.mark.proves("RecordActivityTaskHeartbeat")
def test_heartbeats_put_the_time_out_off_and_the_last_details_are_told() -> None:
    swf, run_id = scheduled(**{**TIMEOUTS, "heartbeatTimeout": "10"})
    token = swf.activity_task()["taskToken"]
    for progress in ("10 %", "20 %", "30 %"):
        swf.pass_time(9)
        answer = swf.call("record_activity_task_heartbeat", taskToken=token, details=progress)
        assert answer == {"cancelRequested": False}
    before = swf.types(run_id)
    swf.pass_time(10)
    assert len(before) == 6, "heartbeats leave no events"
    timed_out = swf.last(run_id, "ActivityTaskTimedOut")
    assert (timed_out["timeoutType"], timed_out["details"]) == ("HEARTBEAT", "30 %")
    assert swf.history(run_id)[6]["eventTimestamp"] == START + 37


@pytest.mark.parametrize(
    ("missing", "cause"),
    [
        pytest.param(
            "defaultTaskList",
            "DEFAULT_TASK_LIST_UNDEFINED",
            marks=pytest.mark.proves("ScheduleActivityTaskFailed:DEFAULT_TASK_LIST_UNDEFINED"),
        ),
        pytest.param(
            "defaultTaskScheduleToStartTimeout",
            "DEFAULT_SCHEDULE_TO_START_TIMEOUT_UNDEFINED",
            marks=pytest.mark.proves(
                "ScheduleActivityTaskFailed:DEFAULT_SCHEDULE_TO_START_TIMEOUT_UNDEFINED"
            ),
        ),
        pytest.param(
            "defaultTaskScheduleToCloseTimeout",
            "DEFAULT_SCHEDULE_TO_CLOSE_TIMEOUT_UNDEFINED",
            marks=pytest.mark.proves(
                "ScheduleActivityTaskFailed:DEFAULT_SCHEDULE_TO_CLOSE_TIMEOUT_UNDEFINED"
            ),
        ),
        pytest.param(
            "defaultTaskStartToCloseTimeout",
            "DEFAULT_START_TO_CLOSE_TIMEOUT_UNDEFINED",
            marks=pytest.mark.proves("ScheduleActivityTaskFailed:DEFAULT_START_TO_CLOSE_TIMEOUT_UNDEFINED"),
        ),
        pytest.param(
            "defaultTaskHeartbeatTimeout",
            "DEFAULT_HEARTBEAT_TIMEOUT_UNDEFINED",
            marks=pytest.mark.proves("ScheduleActivityTaskFailed:DEFAULT_HEARTBEAT_TIMEOUT_UNDEFINED"),
        ),
    ],
)
def test_a_missing_default_fails_the_decision(missing: str, cause: str) -> None:
    swf = Driver()
    rest = {name: value for name, value in ACTIVITY_DEFAULTS.items() if name != missing}
    swf.register_activity("bare", **rest)
    run_id = swf.start()
    swf.decide(schedule(name="bare"))
    assert swf.last(run_id, "ScheduleActivityTaskFailed")["cause"] == cause


@pytest.mark.proves("ScheduleActivityTaskFailed", "ScheduleActivityTaskFailed:ACTIVITY_TYPE_DOES_NOT_EXIST")
def test_the_type_must_exist_and_the_decider_is_called_again() -> None:
    swf, run_id = scheduled(name="dance")
    assert swf.last(run_id, "ScheduleActivityTaskFailed") == {
        "activityType": {"name": "dance", "version": "1"},
        "activityId": "a",
        "cause": "ACTIVITY_TYPE_DOES_NOT_EXIST",
        "decisionTaskCompletedEventId": 4,
    }
    assert swf.poll_decision() is not None


@pytest.mark.proves("ScheduleActivityTaskFailed:ACTIVITY_TYPE_DEPRECATED")
def test_a_deprecated_type_schedules_nothing() -> None:
    swf = Driver()
    swf.registry.deprecate_type("activity", {"domain": DOMAIN, "activityType": STEP}, swf.now)
    run_id = swf.start()
    swf.decide(schedule())
    assert swf.last(run_id, "ScheduleActivityTaskFailed")["cause"] == "ACTIVITY_TYPE_DEPRECATED"


@pytest.mark.proves("ScheduleActivityTaskFailed:ACTIVITY_ID_ALREADY_IN_USE")
def test_an_id_is_in_use_while_its_task_is_open() -> None:
    swf = Driver()
    run_id = swf.start()
    swf.decide(schedule(), schedule())
    assert swf.last(run_id, "ScheduleActivityTaskFailed")["cause"] == "ACTIVITY_ID_ALREADY_IN_USE"
    swf.call("respond_activity_task_completed", taskToken=swf.activity_task()["taskToken"])
    swf.decide(schedule())
    assert swf.types(run_id).count("ActivityTaskScheduled") == 2


@pytest.mark.proves("ScheduleActivityTaskFailed:OPEN_ACTIVITIES_LIMIT_EXCEEDED")
def test_an_execution_has_so_many_open_tasks() -> None:
    swf = Driver(limits=Limits(open_activities=2))
    run_id = swf.start()
    swf.decide(schedule("a"), schedule("b"), schedule("c"))
    failed = swf.last(run_id, "ScheduleActivityTaskFailed")
    assert (failed["activityId"], failed["cause"]) == ("c", "OPEN_ACTIVITIES_LIMIT_EXCEEDED")


@pytest.mark.proves("RequestCancelActivityTask", "ActivityTaskCancelRequested")
def test_a_task_that_nobody_has_taken_is_canceled_at_once() -> None:
    swf, run_id = scheduled()
    swf.signal()
    swf.decide(CANCEL)
    assert swf.last(run_id, "ActivityTaskCancelRequested") == {
        "activityId": "a",
        "decisionTaskCompletedEventId": 9,
    }
    assert swf.last(run_id, "ActivityTaskCanceled") == {
        "scheduledEventId": 5,
        "startedEventId": 0,
        "latestCancelRequestedEventId": 10,
    }
    assert swf.poll_activity() is None
    assert swf.poll_decision() is not None


def test_a_worker_hears_of_the_request_to_cancel_with_its_heartbeat() -> None:
    swf, run_id = scheduled()
    token = swf.activity_task()["taskToken"]
    swf.signal()
    swf.decide(CANCEL)
    swf.signal()
    swf.decide(CANCEL)
    assert swf.poll_decision() is None
    assert swf.call("record_activity_task_heartbeat", taskToken=token) == {"cancelRequested": True}
    swf.call("respond_activity_task_canceled", taskToken=token, details="stopped")
    requests = [e["eventId"] for e in swf.history(run_id) if e["eventType"] == "ActivityTaskCancelRequested"]
    assert len(requests) == 2
    assert swf.last(run_id, "ActivityTaskCanceled") == {
        "details": "stopped",
        "scheduledEventId": 5,
        "startedEventId": 6,
        "latestCancelRequestedEventId": requests[-1],
    }


def test_a_worker_may_complete_what_it_was_asked_to_cancel() -> None:
    swf, run_id = scheduled()
    token = swf.activity_task()["taskToken"]
    swf.signal()
    swf.decide(CANCEL)
    swf.call("respond_activity_task_completed", taskToken=token)
    assert "ActivityTaskCompleted" in swf.types(run_id)


@pytest.mark.proves("RequestCancelActivityTaskFailed", "RequestCancelActivityTaskFailed:ACTIVITY_ID_UNKNOWN")
def test_only_an_open_task_can_be_canceled() -> None:
    swf = Driver()
    run_id = swf.start()
    swf.decide(CANCEL)
    assert swf.last(run_id, "RequestCancelActivityTaskFailed") == {
        "activityId": "a",
        "cause": "ACTIVITY_ID_UNKNOWN",
        "decisionTaskCompletedEventId": 4,
    }
    assert swf.poll_decision() is not None


@pytest.mark.proves("CountPendingActivityTasks")
def test_tasks_are_given_by_priority_and_then_by_age() -> None:
    swf = Driver()
    swf.start()
    swf.decide(
        schedule("a"),
        schedule("b", taskPriority="2"),
        schedule("c", taskPriority="-2147483648"),
        schedule("d", taskPriority="2"),
    )
    count = {"domain": DOMAIN, "taskList": {"name": "workers"}}
    assert swf.call("count_pending_activity_tasks", **count) == {"count": 4, "truncated": False}
    assert [swf.activity_task()["activityId"] for _ in range(4)] == ["b", "d", "a", "c"]
    assert swf.call("count_pending_activity_tasks", **count)["count"] == 0


@pytest.mark.proves(
    "PollForActivityTask:UnknownResourceFault", "CountPendingActivityTasks:UnknownResourceFault"
)
def test_the_domain_must_exist() -> None:
    swf = Driver()
    where = {"domain": "nowhere", "taskList": {"name": "workers"}}
    for operation in ("poll_for_activity_task", "count_pending_activity_tasks"):
        with pytest.raises(SwfFault, match="UnknownResourceFault"):
            swf.call(operation, **where)


@pytest.mark.proves("ScheduleLambdaFunction", "ScheduleLambdaFunctionFailed")
@pytest.mark.proves("ScheduleLambdaFunctionFailed:LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION")
def test_there_is_no_lambda_here() -> None:
    swf = Driver()
    run_id = swf.start(lambdaRole="arn:aws:iam::1:role/r")
    swf.decide(decision("ScheduleLambdaFunction", id="f", name="resize"))
    assert swf.last(run_id, "ScheduleLambdaFunctionFailed") == {
        "id": "f",
        "name": "resize",
        "cause": "LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION",
        "decisionTaskCompletedEventId": 4,
    }
    assert swf.poll_decision() is not None
