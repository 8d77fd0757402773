"""Trying again, and handing back."""

from __future__ import annotations

from cpe.decider.activities import MAX_HANDBACKS
from tests.unit.decider_plans import kinds, make_plan, scheduled
from tests.unit.histories import HistoryBuilder


def test_a_task_handed_back_by_a_stopped_worker_is_scheduled_again() -> None:
    plan = make_plan("  - {name: S, activity: Act, input: '[1]'}")
    history = HistoryBuilder()
    history.decide(plan)
    history.fail("S", reason="WORKER_STOPPED")
    outcome = history.decide(plan)
    assert scheduled(outcome) == {"S": [1]}
    handed_back = outcome.facts[-1]
    assert handed_back.type == "ACTIVITY_FAILED"
    assert handed_back.details["result"]["willRetry"] is True
    assert outcome.announcements[0].details == {"attempt": 2}
    history.complete("S", {"value": 1})
    history.decide(plan)
    assert history.closed == "CompleteWorkflowExecution"


def test_a_failed_activity_is_tried_again_after_its_interval() -> None:
    plan = make_plan("  - {name: S, activity: Act, input: '[1]', retry: {max_attempts: 3, interval: 5}}")
    history = HistoryBuilder()
    history.decide(plan)
    history.fail("S")
    waiting = history.decide(plan)
    assert kinds(waiting) == ["StartTimer"]
    assert waiting.facts[-1].details["result"]["willRetry"] is True
    assert history.timers == {"retry.S.1": 5}
    assert history.decide(plan).decisions == ()
    history.fire("retry.S.1")
    assert scheduled(history.decide(plan)) == {"S": [1]}
    history.time_out("S")
    timed_out = history.decide(plan)
    assert timed_out.facts[-1].details["willRetry"] is True
    assert history.timers == {"retry.S.2": 10}
    history.fire("retry.S.2")
    history.decide(plan)
    history.fail("S", reason="LAST")
    last = history.decide(plan)
    assert last.facts[-1].details["result"] == {
        "reason": "LAST",
        "details": "it broke",
        "attempt": 3,
        "willRetry": False,
    }
    assert history.closed == "FailWorkflowExecution"


def test_only_the_reasons_a_plan_names_are_tried_again() -> None:
    plan = make_plan("  - {name: S, activity: Act, retry: {interval: 0, on: [TIMEOUT_HEARTBEAT]}}")
    history = HistoryBuilder()
    history.decide(plan)
    history.time_out("S")
    assert scheduled(history.decide(plan)) == {"S": None}
    history.fail("S")
    history.decide(plan)
    assert history.closed == "FailWorkflowExecution"


def test_a_cancelled_activity_is_not_tried_again() -> None:
    plan = make_plan("  - {name: S, activity: Act, retry: {max_attempts: 9}}")
    history = HistoryBuilder()
    history.decide(plan)
    history.cancel("S")
    history.decide(plan)
    assert history.closed == "FailWorkflowExecution"


def test_a_timer_that_swf_refuses_is_asked_for_again_and_then_fails_the_step() -> None:
    plan = make_plan("  - {name: S, activity: Act, retry: {interval: 5}}")
    history = HistoryBuilder()
    history.refused["retry.S.1"] = "OPEN_TIMERS_LIMIT_EXCEEDED"
    history.decide(plan)
    history.fail("S")
    for _ in range(6):
        assert kinds(history.decide(plan)) == ["StartTimer"]
    closing = history.decide(plan).closing
    assert closing is not None
    assert closing.details["reason"] == "S: OPEN_TIMERS_LIMIT_EXCEEDED"


def test_a_hand_back_does_not_count_as_an_attempt() -> None:
    plan = make_plan("  - {name: S, activity: Act, retry: {max_attempts: 2, interval: 0}}")
    history = HistoryBuilder()
    history.decide(plan)
    for reason in ("WORKER_STOPPED", "BROKEN", "WORKER_STOPPED"):
        history.fail("S", reason=reason)
        assert list(scheduled(history.decide(plan))) == ["S"]
    history.fail("S")
    history.decide(plan)
    assert history.closed == "FailWorkflowExecution"


def test_a_task_is_not_handed_back_for_ever() -> None:
    plan = make_plan("  - {name: S, activity: Act}")
    history = HistoryBuilder()
    history.decide(plan)
    for _ in range(MAX_HANDBACKS + 1):
        assert history.closed is None
        history.fail("S", reason="WORKER_STOPPED")
        history.decide(plan)
    assert history.closed == "FailWorkflowExecution"


def test_swf_is_not_asked_again_at_once_for_an_attempt_that_it_refuses_after_one_that_it_refused() -> None:
    plan = make_plan("  - {name: S, activity: Act, retry: {interval: 0}}")
    history = HistoryBuilder()
    for count in (1, 2):
        history.refused["S"] = "OPEN_ACTIVITIES_LIMIT_EXCEEDED"
        history.decide(plan)
        assert kinds(history.decide(plan)) == ["StartTimer"]
        assert history.timers == {f"refused.S.{count}": 2}
        history.fire(f"refused.S.{count}")
        history.refused.clear()
        history.decide(plan)
        history.fail("S")
