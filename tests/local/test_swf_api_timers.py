"""Timers, markers and Lambda decisions over HTTP."""

from __future__ import annotations

import pytest

from tests.local.swf_world import DAY, World, attributes_of, complete, decision, timer


def cancel(timer_id: str = "t") -> dict[str, object]:
    return decision("CancelTimer", timerId=timer_id)


@pytest.mark.proves("StartTimer", "TimerStarted", "TimerFired")
def test_a_timer_fires_after_its_days(world: World) -> None:
    run_id = world.start(executionStartToCloseTimeout=str(30 * DAY))
    world.decide(timer(seconds=3 * DAY, control="mine"))
    assert world.event("TimerStarted", run_id) == {
        "eventId": 5,
        "timerId": "t",
        "control": "mine",
        "startToFireTimeout": str(3 * DAY),
        "decisionTaskCompletedEventId": 4,
    }
    assert world.describe(run_id)["openCounts"]["openTimers"] == 1
    assert world.pending_decisions() == 0
    world.advance(3 * DAY - 5)
    assert "TimerFired" not in world.kinds(run_id)
    world.advance(6)
    assert world.event("TimerFired", run_id) == {"eventId": 6, "timerId": "t", "startedEventId": 5}
    assert world.describe(run_id)["openCounts"]["openTimers"] == 0
    assert world.pending_decisions() == 1


def test_timers_fire_in_the_order_of_their_times(world: World) -> None:
    run_id = world.start()
    world.decide(timer("late", 30), timer("soon", 10), timer("now", 0))
    world.advance(60)
    fired = [event for event in world.history(run_id) if event["eventType"] == "TimerFired"]
    assert [attributes_of(event)["timerId"] for event in fired] == ["now", "soon", "late"]
    apart = fired[2]["eventTimestamp"] - fired[1]["eventTimestamp"]
    assert apart.total_seconds() == pytest.approx(20, abs=0.01)


@pytest.mark.proves("CancelTimer", "TimerCanceled")
def test_a_canceled_timer_does_not_fire(world: World) -> None:
    run_id = world.start()
    world.decide(timer(), cancel())
    assert world.event("TimerCanceled", run_id) == {
        "eventId": 6,
        "timerId": "t",
        "startedEventId": 5,
        "decisionTaskCompletedEventId": 4,
    }
    world.advance(100)
    assert world.kinds(run_id)[-1] == "TimerCanceled"
    assert world.describe(run_id)["openCounts"]["openTimers"] == 0


@pytest.mark.proves("CancelTimerFailed", "CancelTimerFailed:TIMER_ID_UNKNOWN")
def test_an_unknown_timer_cannot_be_canceled(world: World) -> None:
    run_id = world.start()
    world.decide(cancel("nothing"))
    assert world.event("CancelTimerFailed", run_id) == {
        "eventId": 5,
        "timerId": "nothing",
        "cause": "TIMER_ID_UNKNOWN",
        "decisionTaskCompletedEventId": 4,
    }
    assert world.pending_decisions() == 1


@pytest.mark.proves("StartTimerFailed", "StartTimerFailed:TIMER_ID_ALREADY_IN_USE")
def test_an_id_is_used_by_one_open_timer_at_a_time(world: World) -> None:
    run_id = world.start()
    world.decide(timer(), timer())
    assert world.event("StartTimerFailed", run_id) == {
        "eventId": 6,
        "timerId": "t",
        "cause": "TIMER_ID_ALREADY_IN_USE",
        "decisionTaskCompletedEventId": 4,
    }
    world.decide(cancel(), timer())
    assert world.kinds(run_id).count("TimerStarted") == 2


@pytest.mark.proves("StartTimerFailed:OPEN_TIMERS_LIMIT_EXCEEDED")
def test_an_execution_has_a_thousand_open_timers_at_most(world: World) -> None:
    run_id = world.start()
    world.decide(*(timer(f"t-{number}") for number in range(1001)))
    failed = world.event("StartTimerFailed", run_id)
    assert (failed["timerId"], failed["cause"]) == ("t-1000", "OPEN_TIMERS_LIMIT_EXCEEDED")
    assert world.describe(run_id)["openCounts"]["openTimers"] == 1000


def test_timers_end_with_their_execution(world: World) -> None:
    run_id = world.start()
    world.decide(timer(), complete())
    world.advance(100)
    assert world.kinds(run_id)[-1] == "WorkflowExecutionCompleted"


@pytest.mark.proves("RecordMarker", "MarkerRecorded")
def test_a_marker_is_recorded_and_needs_no_decision(world: World) -> None:
    run_id = world.start()
    world.decide(decision("RecordMarker", markerName="half", details="way"))
    assert world.event("MarkerRecorded", run_id) == {
        "eventId": 5,
        "markerName": "half",
        "details": "way",
        "decisionTaskCompletedEventId": 4,
    }
    assert world.pending_decisions() == 0


@pytest.mark.proves(
    "ScheduleLambdaFunction",
    "ScheduleLambdaFunctionFailed",
    "ScheduleLambdaFunctionFailed:LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION",
)
def test_there_is_no_lambda_here(world: World) -> None:
    run_id = world.start(lambdaRole="arn:aws:iam::123456789012:role/lambda")
    world.decide(decision("ScheduleLambdaFunction", id="f", name="function"))
    assert world.event("ScheduleLambdaFunctionFailed", run_id) == {
        "eventId": 5,
        "id": "f",
        "name": "function",
        "cause": "LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION",
        "decisionTaskCompletedEventId": 4,
    }
    assert world.pending_decisions() == 1
    assert world.describe(run_id)["openCounts"]["openLambdaFunctions"] == 0
