"""Timers: started, fired, canceled; and deadlines as such."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpe.local.swf.engine.deadlines import Deadlines
from cpe.local.swf.engine.limits import Limits
from tests.unit.swf_engine import START, Driver, decision

TIMER = decision("StartTimer", timerId="t", startToFireTimeout="30", control="c")
CANCEL = decision("CancelTimer", timerId="t")


@pytest.mark.proves("StartTimer", "TimerStarted", "TimerFired")
def test_a_timer_fires_at_its_time_and_the_decider_is_called() -> None:
    swf = Driver()
    run_id = swf.start()
    swf.decide(TIMER)
    assert swf.last(run_id, "TimerStarted") == {
        "timerId": "t",
        "control": "c",
        "startToFireTimeout": "30",
        "decisionTaskCompletedEventId": 4,
    }
    assert swf.describe(run_id)["openCounts"]["openTimers"] == 1
    assert swf.engine.next_due() == START + 30
    swf.pass_time(29.999)
    assert swf.poll_decision() is None
    swf.pass_time(100)
    assert swf.last(run_id, "TimerFired") == {"timerId": "t", "startedEventId": 5}
    assert swf.history(run_id)[5]["eventTimestamp"] == START + 30
    assert swf.describe(run_id)["openCounts"]["openTimers"] == 0
    assert swf.poll_decision() is not None


def test_a_timer_of_no_time_calls_the_decider_at_once() -> None:
    swf = Driver()
    swf.start()
    swf.decide(decision("StartTimer", timerId="t", startToFireTimeout="0"))
    assert swf.poll_decision() is not None


@pytest.mark.proves("CancelTimer", "TimerCanceled")
def test_a_canceled_timer_never_fires() -> None:
    swf = Driver()
    run_id = swf.start()
    swf.decide(TIMER, CANCEL)
    assert swf.last(run_id, "TimerCanceled") == {
        "timerId": "t",
        "startedEventId": 5,
        "decisionTaskCompletedEventId": 4,
    }
    swf.pass_time(31)
    assert "TimerFired" not in swf.types(run_id)
    assert swf.poll_decision() is None, "the decider knows what it canceled"


def test_an_id_is_free_again_once_its_timer_is_over() -> None:
    swf = Driver()
    run_id = swf.start()
    swf.decide(TIMER, CANCEL, TIMER)
    swf.pass_time(30)
    swf.decide(TIMER)
    swf.pass_time(30)
    assert swf.types(run_id).count("TimerFired") == 2


@pytest.mark.proves("StartTimerFailed", "StartTimerFailed:TIMER_ID_ALREADY_IN_USE")
def test_an_id_is_in_use_while_its_timer_runs() -> None:
    swf = Driver()
    run_id = swf.start()
    swf.decide(TIMER, TIMER)
    assert swf.last(run_id, "StartTimerFailed") == {
        "timerId": "t",
        "cause": "TIMER_ID_ALREADY_IN_USE",
        "decisionTaskCompletedEventId": 4,
    }
    assert swf.poll_decision() is not None


@pytest.mark.proves("StartTimerFailed:OPEN_TIMERS_LIMIT_EXCEEDED")
def test_an_execution_has_so_many_open_timers() -> None:
    swf = Driver(limits=Limits(open_timers=1))
    run_id = swf.start()
    swf.decide(TIMER, decision("StartTimer", timerId="u", startToFireTimeout="1"))
    failed = swf.last(run_id, "StartTimerFailed")
    assert (failed["timerId"], failed["cause"]) == ("u", "OPEN_TIMERS_LIMIT_EXCEEDED")


@pytest.mark.proves("CancelTimerFailed", "CancelTimerFailed:TIMER_ID_UNKNOWN")
def test_only_a_running_timer_can_be_canceled() -> None:
    swf = Driver()
    run_id = swf.start()
    swf.decide(CANCEL)
    assert swf.last(run_id, "CancelTimerFailed") == {
        "timerId": "t",
        "cause": "TIMER_ID_UNKNOWN",
        "decisionTaskCompletedEventId": 4,
    }


def test_what_was_due_happens_in_order_each_at_its_own_time() -> None:
    swf = Driver()
    first, second = swf.start("a"), swf.start("b")
    for seconds, task in ((40, swf.decision_task()), (20, swf.decision_task())):
        timers = [
            decision("StartTimer", timerId="x", startToFireTimeout=str(seconds)),
            decision("StartTimer", timerId="y", startToFireTimeout=str(seconds + 5)),
        ]
        swf.call("respond_decision_task_completed", taskToken=task["taskToken"], decisions=timers)
    swf.changes.clear()
    swf.pass_time(50)
    fired = [
        (event["eventTimestamp"] - START, workflow_id)
        for workflow_id, run_id in (("a", first), ("b", second))
        for event in swf.history(run_id, workflow_id)
        if event["eventType"] == "TimerFired"
    ]
    assert fired == [(40, "a"), (45, "a"), (20, "b"), (25, "b")]
    order = [swf.decision_task()["workflowExecution"]["workflowId"] for _ in range(2)]
    assert order == ["b", "a"], "b's decision task was scheduled at 20, a's at 40"


Step = tuple[str, int, int]
STEPS = st.lists(
    st.tuples(st.sampled_from(["set", "drop", "pop"]), st.integers(0, 9), st.integers(0, 50)), max_size=400
)


@given(STEPS)
def test_deadlines_are_a_sorted_table(steps: list[Step]) -> None:
    deadlines, table = Deadlines(), dict[tuple[int, int], float]()
    for what, key, due in steps:
        if what == "set":
            deadlines.set((key, 0), due)
            table[key, 0] = due
        elif what == "drop":
            deadlines.drop((key, 0))
            table.pop((key, 0), None)
        else:
            first = min(((at, each) for each, at in table.items()), default=None)
            expected = first if first is not None and first[0] <= due else None
            assert deadlines.next_due() == (first[0] if first is not None else None)
            assert deadlines.pop(due) == expected
            if expected is not None:
                del table[expected[1]]
        assert len(deadlines) == len(table)
