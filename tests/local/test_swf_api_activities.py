"""Activity tasks over HTTP: how they are scheduled, end, time out and are canceled."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.swf_world import ACTIVITY, DOMAIN, World, activity, attributes_of, complete, decision


def cancel(activity_id: str = "a") -> dict[str, Any]:
    return decision("RequestCancelActivityTask", activityId=activity_id)


@pytest.mark.proves(
    "ScheduleActivityTask",
    "PollForActivityTask",
    "RespondActivityTaskCompleted",
    "ActivityTaskScheduled",
    "ActivityTaskStarted",
    "ActivityTaskCompleted",
)
def test_an_activity_is_scheduled_taken_and_completed(world: World) -> None:
    run_id = world.start()
    world.decide(activity(input="three boxes", control="mine", taskPriority="7"))
    task = world.take(identity="worker 1")
    assert task["activityId"] == "a"
    assert task["activityType"] == ACTIVITY
    assert task["input"] == "three boxes"
    assert task["workflowExecution"] == {"workflowId": "order", "runId": run_id}
    assert task["startedEventId"] == 6
    assert "control" not in task
    world.swf.respond_activity_task_completed(taskToken=task["taskToken"], result="packed")
    assert world.kinds(run_id) == [
        *(
            "WorkflowExecutionStarted",
            "DecisionTaskScheduled",
            "DecisionTaskStarted",
            "DecisionTaskCompleted",
        ),
        *("ActivityTaskScheduled", "ActivityTaskStarted", "ActivityTaskCompleted", "DecisionTaskScheduled"),
    ]
    assert world.event("ActivityTaskScheduled", run_id) == {
        "eventId": 5,
        "activityType": ACTIVITY,
        "activityId": "a",
        "input": "three boxes",
        "control": "mine",
        "scheduleToStartTimeout": "NONE",
        "scheduleToCloseTimeout": "NONE",
        "startToCloseTimeout": "NONE",
        "heartbeatTimeout": "NONE",
        "taskList": {"name": "work"},
        "taskPriority": "7",
        "decisionTaskCompletedEventId": 4,
    }
    assert world.event("ActivityTaskStarted", run_id) == {
        "eventId": 6,
        "identity": "worker 1",
        "scheduledEventId": 5,
    }
    assert world.event("ActivityTaskCompleted", run_id) == {
        "eventId": 7,
        "result": "packed",
        "scheduledEventId": 5,
        "startedEventId": 6,
    }


@pytest.mark.proves("RespondActivityTaskFailed", "ActivityTaskFailed")
def test_a_failure_tells_its_reason_and_details(world: World) -> None:
    run_id = world.start()
    world.decide(activity())
    task = world.take()
    world.swf.respond_activity_task_failed(taskToken=task["taskToken"], reason="no box", details="all sold")
    failed = world.event("ActivityTaskFailed", run_id)
    assert (failed["reason"], failed["details"]) == ("no box", "all sold")
    assert (failed["scheduledEventId"], failed["startedEventId"]) == (5, 6)
    assert world.pending_decisions() == 1


@pytest.mark.proves(
    "ActivityTaskTimedOut", "ActivityTaskTimedOut:SCHEDULE_TO_START", "ActivityTaskTimedOut:SCHEDULE_TO_CLOSE"
)
@pytest.mark.parametrize(
    ("setting", "kind"),
    [("scheduleToStartTimeout", "SCHEDULE_TO_START"), ("scheduleToCloseTimeout", "SCHEDULE_TO_CLOSE")],
)
def test_a_task_that_nobody_takes_times_out(world: World, setting: str, kind: str) -> None:
    run_id = world.start()
    world.decide(activity(**{setting: "10"}))
    world.advance(9)
    assert world.pending_activities() == 1
    world.advance(2)
    timed_out = world.event("ActivityTaskTimedOut", run_id)
    assert (timed_out["timeoutType"], timed_out["scheduledEventId"], timed_out["startedEventId"]) == (
        kind,
        5,
        0,
    )
    assert world.pending_activities() == 0
    assert world.pending_decisions() == 1


@pytest.mark.proves("ActivityTaskTimedOut:START_TO_CLOSE", "ActivityTaskTimedOut:SCHEDULE_TO_CLOSE")
@pytest.mark.parametrize(
    ("setting", "kind"),
    [("startToCloseTimeout", "START_TO_CLOSE"), ("scheduleToCloseTimeout", "SCHEDULE_TO_CLOSE")],
)
def test_a_task_that_takes_too_long_times_out(world: World, setting: str, kind: str) -> None:
    run_id = world.start()
    world.decide(activity(**{setting: "10"}))
    token = world.take()["taskToken"]
    world.advance(11)
    timed_out = world.event("ActivityTaskTimedOut", run_id)
    assert (timed_out["timeoutType"], timed_out["startedEventId"]) == (kind, 6)
    with world.refused("UnknownResourceFault"):
        world.swf.respond_activity_task_completed(taskToken=token)


def test_a_task_that_waited_is_given_its_whole_time(world: World) -> None:
    run_id = world.start()
    world.decide(activity(startToCloseTimeout="10", heartbeatTimeout="10"))
    world.advance(100)
    task = world.take()
    world.advance(9)
    world.swf.respond_activity_task_completed(taskToken=task["taskToken"])
    assert "ActivityTaskCompleted" in world.kinds(run_id)


def test_a_timeout_is_stamped_with_its_own_time(world: World) -> None:
    run_id = world.start()
    world.decide(activity(scheduleToStartTimeout="10"))
    world.advance(1000)
    events = {event["eventType"]: event["eventTimestamp"] for event in world.history(run_id)}
    waited = events["ActivityTaskTimedOut"] - events["ActivityTaskScheduled"]
    assert waited.total_seconds() == pytest.approx(10, abs=0.01)


@pytest.mark.proves("RecordActivityTaskHeartbeat", "ActivityTaskTimedOut:HEARTBEAT")
def test_a_heart_that_stops_times_out_with_its_last_details(world: World) -> None:
    run_id = world.start()
    world.decide(activity(heartbeatTimeout="10"))
    token = world.take()["taskToken"]
    for details in ("20 %", "40 %"):
        world.advance(8)
        beat = world.swf.record_activity_task_heartbeat(taskToken=token, details=details)
        assert beat["cancelRequested"] is False
    assert "ActivityTaskTimedOut" not in world.kinds(run_id)
    world.advance(11)
    timed_out = world.event("ActivityTaskTimedOut", run_id)
    assert (timed_out["timeoutType"], timed_out["details"]) == ("HEARTBEAT", "40 %")


@pytest.mark.proves(
    "RequestCancelActivityTask",
    "RespondActivityTaskCanceled",
    "ActivityTaskCancelRequested",
    "ActivityTaskCanceled",
)
def test_a_running_task_hears_of_its_cancellation_by_heartbeat(world: World) -> None:
    run_id = world.start()
    world.decide(activity())
    token = world.take()["taskToken"]
    world.swf.signal_workflow_execution(domain=DOMAIN, workflowId="order", signalName="stop")
    world.decide(cancel())
    assert world.swf.record_activity_task_heartbeat(taskToken=token)["cancelRequested"] is True
    world.swf.respond_activity_task_canceled(taskToken=token, details="half packed")
    requested = world.event("ActivityTaskCancelRequested", run_id)
    assert requested["activityId"] == "a"
    canceled = world.event("ActivityTaskCanceled", run_id)
    assert canceled.pop("eventId") > requested["eventId"]
    assert canceled == {
        "details": "half packed",
        "scheduledEventId": 5,
        "startedEventId": 6,
        "latestCancelRequestedEventId": requested["eventId"],
    }


def test_a_task_told_to_cancel_may_complete_all_the_same(world: World) -> None:
    run_id = world.start()
    world.decide(activity())
    token = world.take()["taskToken"]
    world.swf.signal_workflow_execution(domain=DOMAIN, workflowId="order", signalName="stop")
    world.decide(cancel())
    world.swf.respond_activity_task_completed(taskToken=token, result="was done already")
    assert world.event("ActivityTaskCompleted", run_id)["result"] == "was done already"


@pytest.mark.proves("ActivityTaskCanceled")
def test_a_task_that_nobody_took_is_canceled_at_once(world: World) -> None:
    run_id = world.start()
    world.decide(activity(), cancel())
    kinds = world.kinds(run_id)
    assert kinds[4:] == [
        *(
            "ActivityTaskScheduled",
            "ActivityTaskCancelRequested",
            "ActivityTaskCanceled",
            "DecisionTaskScheduled",
        )
    ]
    canceled = world.event("ActivityTaskCanceled", run_id)
    assert (canceled["startedEventId"], canceled["latestCancelRequestedEventId"]) == (0, 6)
    assert world.pending_activities() == 0


@pytest.mark.proves("RequestCancelActivityTaskFailed", "RequestCancelActivityTaskFailed:ACTIVITY_ID_UNKNOWN")
def test_an_unknown_activity_cannot_be_canceled(world: World) -> None:
    run_id = world.start()
    world.decide(cancel("nobody"))
    failed = world.event("RequestCancelActivityTaskFailed", run_id)
    assert (failed["activityId"], failed["cause"]) == ("nobody", "ACTIVITY_ID_UNKNOWN")
    assert failed["decisionTaskCompletedEventId"] == 4
    assert world.pending_decisions() == 1


def test_a_closed_activity_cannot_be_canceled(world: World) -> None:
    run_id = world.start()
    world.decide(activity())
    world.swf.respond_activity_task_completed(taskToken=world.take()["taskToken"])
    world.decide(cancel())
    assert world.cause("RequestCancelActivityTaskFailed", run_id) == "ACTIVITY_ID_UNKNOWN"


@pytest.mark.proves("ScheduleActivityTaskFailed", "ScheduleActivityTaskFailed:ACTIVITY_TYPE_DOES_NOT_EXIST")
def test_an_activity_of_no_known_type_fails(world: World) -> None:
    run_id = world.start()
    nothing = {"name": "Nothing", "version": "9"}
    world.decide(decision("ScheduleActivityTask", activityType=nothing, activityId="a"))
    assert world.event("ScheduleActivityTaskFailed", run_id) == {
        "eventId": 5,
        "activityType": nothing,
        "activityId": "a",
        "cause": "ACTIVITY_TYPE_DOES_NOT_EXIST",
        "decisionTaskCompletedEventId": 4,
    }
    assert world.pending_decisions() == 1


@pytest.mark.proves("ScheduleActivityTaskFailed:ACTIVITY_TYPE_DEPRECATED")
def test_an_activity_of_a_deprecated_type_fails(world: World) -> None:
    run_id = world.start()
    world.swf.deprecate_activity_type(domain=DOMAIN, activityType=ACTIVITY)
    world.decide(activity())
    assert world.cause("ScheduleActivityTaskFailed", run_id) == "ACTIVITY_TYPE_DEPRECATED"


@pytest.mark.proves("ScheduleActivityTaskFailed:ACTIVITY_ID_ALREADY_IN_USE")
def test_an_id_is_used_by_one_open_activity_at_a_time(world: World) -> None:
    run_id = world.start()
    world.decide(activity(), activity())
    assert world.cause("ScheduleActivityTaskFailed", run_id) == "ACTIVITY_ID_ALREADY_IN_USE"
    world.swf.respond_activity_task_completed(taskToken=world.take()["taskToken"])
    world.decide(activity())
    assert world.kinds(run_id).count("ActivityTaskScheduled") == 2


@pytest.mark.proves(
    "ScheduleActivityTaskFailed:DEFAULT_TASK_LIST_UNDEFINED",
    "ScheduleActivityTaskFailed:DEFAULT_SCHEDULE_TO_START_TIMEOUT_UNDEFINED",
    "ScheduleActivityTaskFailed:DEFAULT_SCHEDULE_TO_CLOSE_TIMEOUT_UNDEFINED",
    "ScheduleActivityTaskFailed:DEFAULT_START_TO_CLOSE_TIMEOUT_UNDEFINED",
    "ScheduleActivityTaskFailed:DEFAULT_HEARTBEAT_TIMEOUT_UNDEFINED",
)
@pytest.mark.parametrize(
    ("default", "setting", "value", "cause"),
    [
        ("TaskList", "taskList", {"name": "work"}, "TASK_LIST"),
        ("TaskScheduleToStartTimeout", "scheduleToStartTimeout", "5", "SCHEDULE_TO_START_TIMEOUT"),
        ("TaskScheduleToCloseTimeout", "scheduleToCloseTimeout", "5", "SCHEDULE_TO_CLOSE_TIMEOUT"),
        ("TaskStartToCloseTimeout", "startToCloseTimeout", "5", "START_TO_CLOSE_TIMEOUT"),
        ("TaskHeartbeatTimeout", "heartbeatTimeout", "NONE", "HEARTBEAT_TIMEOUT"),
    ],
)
def test_what_has_no_default_must_be_said(
    world: World, default: str, setting: str, value: Any, cause: str
) -> None:
    left_out: dict[str, Any] = {f"default{default}": None}
    world.register_activity_type("Bare", **left_out)
    bare = {"name": "Bare", "version": "1"}
    run_id = world.start()
    world.decide(
        decision("ScheduleActivityTask", activityType=bare, activityId="a"),
        decision("ScheduleActivityTask", activityType=bare, activityId="b", **{setting: value}),
    )
    assert world.cause("ScheduleActivityTaskFailed", run_id) == f"DEFAULT_{cause}_UNDEFINED"
    scheduled = world.event("ActivityTaskScheduled", run_id)
    assert (scheduled["activityId"], scheduled[setting]) == ("b", value)


@pytest.mark.proves("ScheduleActivityTaskFailed:OPEN_ACTIVITIES_LIMIT_EXCEEDED")
def test_an_execution_has_a_thousand_open_activities_at_most(world: World) -> None:
    run_id = world.start()
    world.decide(*(activity(f"a-{number}") for number in range(1001)))
    failed = world.event("ScheduleActivityTaskFailed", run_id)
    assert (failed["activityId"], failed["cause"]) == ("a-1000", "OPEN_ACTIVITIES_LIMIT_EXCEEDED")
    assert world.describe(run_id)["openCounts"]["openActivityTasks"] == 1000


@pytest.mark.proves(
    "RespondActivityTaskCompleted:UnknownResourceFault",
    "RespondActivityTaskFailed:UnknownResourceFault",
    "RespondActivityTaskCanceled:UnknownResourceFault",
    "RecordActivityTaskHeartbeat:UnknownResourceFault",
)
@pytest.mark.parametrize(
    "operation",
    [
        *("respond_activity_task_completed", "respond_activity_task_failed"),
        *("respond_activity_task_canceled", "record_activity_task_heartbeat"),
    ],
)
def test_a_token_is_good_until_its_task_is_closed(world: World, operation: str) -> None:
    world.start()
    world.decide(activity())
    token = world.take()["taskToken"]
    world.swf.respond_activity_task_completed(taskToken=token)
    with world.refused("UnknownResourceFault"):
        getattr(world.swf, operation)(taskToken=token)


def test_a_token_dies_with_its_execution(world: World) -> None:
    world.start()
    world.decide(activity())
    token = world.take()["taskToken"]
    world.swf.terminate_workflow_execution(domain=DOMAIN, workflowId="order")
    with world.refused("UnknownResourceFault"):
        world.swf.record_activity_task_heartbeat(taskToken=token)


@pytest.mark.parametrize(
    "spoil", [lambda token: "x" * 40, lambda token: token[:-1], lambda token: token[::-1]]
)
def test_a_forged_token_changes_nothing(world: World, spoil: Any) -> None:
    run_id = world.start()
    world.decide(activity())
    token = world.take()["taskToken"]
    with pytest.raises(world.swf.exceptions.ClientError) as caught:
        world.swf.respond_activity_task_completed(taskToken=spoil(token))
    assert caught.value.response["Error"]["Code"] in {"UnknownResourceFault", "ValidationException"}
    assert "ActivityTaskCompleted" not in world.kinds(run_id)


def test_an_unclaimed_task_is_gone_when_its_execution_closes(world: World) -> None:
    world.start()
    world.decide(activity())
    world.swf.terminate_workflow_execution(domain=DOMAIN, workflowId="order")
    assert world.pending_activities() == 0


def test_higher_priorities_are_taken_first_and_equals_in_turn(world: World) -> None:
    world.start()
    world.decide(
        *(
            activity(name, taskPriority=priority)
            for name, priority in [("a", "-5"), ("b", "0"), ("c", "9"), ("d", "9")]
        )
    )
    assert [world.take()["activityId"] for _ in range(4)] == ["c", "d", "b", "a"]


def test_the_default_priority_of_a_type_counts(world: World) -> None:
    world.register_activity_type("Rush", defaultTaskPriority="5")
    run_id = world.start()
    rush = decision("ScheduleActivityTask", activityType={"name": "Rush", "version": "1"}, activityId="rush")
    world.decide(activity(), rush)
    assert [world.take()["activityId"] for _ in range(2)] == ["rush", "a"]
    scheduled = [attributes_of(e) for e in world.history(run_id) if e["eventType"] == "ActivityTaskScheduled"]
    assert scheduled[1]["taskPriority"] == "5"


@pytest.mark.proves("CountPendingActivityTasks")
def test_pending_activities_are_counted_by_task_list(world: World) -> None:
    world.start()
    world.decide(activity("a"), activity("b"), activity("c", taskList={"name": "other"}))
    count = world.swf.count_pending_activity_tasks(domain=DOMAIN, taskList={"name": "work"})
    assert (count["count"], count["truncated"]) == (2, False)
    world.take()
    assert world.pending_activities() == 1
    assert world.pending_activities("other") == 1
    assert world.pending_activities("nobody's") == 0


def test_a_deprecated_type_finishes_what_it_began(world: World) -> None:
    run_id = world.start()
    world.decide(activity())
    world.swf.deprecate_activity_type(domain=DOMAIN, activityType=ACTIVITY)
    world.swf.respond_activity_task_completed(taskToken=world.take()["taskToken"])
    world.decide(complete())
    assert world.status(run_id) == "COMPLETED"
