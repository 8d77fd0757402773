"""A step that runs once for each item."""

from __future__ import annotations

import pytest

from cpe.decider.activities import MAX_REFUSALS
from cpe.plan import Plan
from tests.unit.decider_agreement import assert_agreement
from tests.unit.decider_plans import kinds, make_plan, scheduled
from tests.unit.histories import HistoryBuilder


def each_plan(keys: str = "", after: str = "") -> Plan:
    return make_plan(
        "  - name: E\n    activity: Act\n    for_each: '{{__input__.list}}'\n"
        f'{keys}    input: \'{{"n": {{{{item}}}}, "i": {{{{index}}}}}}\'\n' + after
    )


def test_for_each_runs_the_activity_for_each_item_and_lists_the_outputs_in_order() -> None:
    plan = each_plan(after="  - {name: N, activity: Act, requires: [E], input: '{{E}}'}")
    history = HistoryBuilder({"list": ["a", "b", "c"]})
    first = history.decide(plan)
    assert scheduled(first) == {
        "E[0]": {"n": "a", "i": 0},
        "E[1]": {"n": "b", "i": 1},
        "E[2]": {"n": "c", "i": 2},
    }
    assert first.announcements[0].activity is not None
    assert first.announcements[0].activity.name == "Act"
    for index in (2, 0, 1):
        history.complete(f"E[{index}]", {"value": index})
    assert scheduled(history.decide(plan)) == {"N": [{"value": 0}, {"value": 1}, {"value": 2}]}


def test_for_each_over_nothing_succeeds_with_nothing() -> None:
    plan = each_plan(after="  - {name: N, activity: Act, requires: [[E, succeeded]], input: '{{E}}'}")
    assert scheduled(HistoryBuilder({"list": []}).decide(plan)) == {"N": []}


def test_for_each_over_no_list_fails_its_step() -> None:
    outcome = HistoryBuilder({"list": {"a": 1}}).decide(each_plan())
    assert outcome.closing is not None
    assert outcome.closing.details["reason"] == "E: ITEMS_NOT_A_LIST"


def test_max_parallel_bounds_how_many_items_run_at_once() -> None:
    plan = each_plan("    max_parallel: 2\n")
    history = HistoryBuilder({"list": list(range(5))})
    assert list(scheduled(history.decide(plan))) == ["E[0]", "E[1]"]
    history.complete("E[1]", {"value": 1})
    assert list(scheduled(history.decide(plan))) == ["E[2]"]
    history.complete("E[0]", {"value": 1})
    history.complete("E[2]", {"value": 1})
    assert list(scheduled(history.decide(plan))) == ["E[3]", "E[4]"]


def test_an_item_that_fails_fails_the_step_once_the_others_are_cancelled() -> None:
    plan = each_plan(after="  - {name: Rescue, activity: Act, requires: [[E, failed]]}")
    history = HistoryBuilder({"list": [0, 1, 2]})
    history.decide(plan)
    history.fail("E[1]", reason="BROKEN", details="it broke")
    cancelling = history.decide(plan)
    assert kinds(cancelling) == ["RequestCancelActivityTask"] * 2
    history.cancel("E[0]")
    assert history.decide(plan).decisions == ()
    history.cancel("E[2]")
    assert list(scheduled(history.decide(plan))) == ["Rescue"]


def test_a_failed_for_each_names_the_item() -> None:
    history = HistoryBuilder({"list": [0, 1]})
    history.decide(each_plan())
    history.fail("E[1]", reason="BROKEN", details="it broke")
    history.decide(each_plan())
    history.cancel("E[0]")
    outcome = history.decide(each_plan())
    assert outcome.closing is not None
    assert outcome.closing.details["reason"] == "E: BROKEN"
    assert outcome.closing.details["details"] == "E[1]: it broke"


@pytest.mark.parametrize("tolerate", ["1", "'34%'"])
def test_some_failures_can_be_tolerated(tolerate: str) -> None:
    plan = each_plan(
        f"    tolerate: {tolerate}\n",
        after="  - {name: N, activity: Act, requires: [[E, succeeded]], input: '{{E}}'}",
    )
    history = HistoryBuilder({"list": [0, 1, 2]})
    history.decide(plan)
    history.fail("E[1]")
    assert history.decide(plan).decisions == ()
    history.complete("E[0]", {"value": 0})
    history.complete("E[2]", {"value": 2})
    assert scheduled(history.decide(plan)) == {"N": [{"value": 0}, None, {"value": 2}]}


def test_an_item_is_tried_again_as_the_step_says() -> None:
    plan = each_plan("    retry: {interval: 5}\n")
    history = HistoryBuilder({"list": [0, 1]})
    history.decide(plan)
    history.fail("E[1]")
    again = history.decide(plan)
    assert again.facts[-1].details["result"]["willRetry"] is True
    history.fire("retry.E[1].1")
    assert scheduled(history.decide(plan)) == {"E[1]": {"n": 1, "i": 1}}


def test_an_item_whose_input_cannot_be_made_fails_alone() -> None:
    plan = make_plan(
        "  - name: E\n    activity: Act\n    for_each: '{{__input__.list}}'\n    tolerate: 1\n    input: '{{item.x}}'\n"
    )
    history = HistoryBuilder({"list": [{"x": 1}, {}]})
    outcome = history.decide(plan)
    assert kinds(outcome) == ["RecordMarker", "ScheduleActivityTask"]
    assert outcome.announcements[0].activity is not None
    assert outcome.announcements[0].activity.activity_id == "E[1]"
    history.complete("E[0]", {"value": 1})
    history.decide(plan)
    assert history.closed == "CompleteWorkflowExecution"


def test_a_thousand_items_are_scheduled_within_the_limits_of_swf() -> None:
    plan = each_plan()
    history = HistoryBuilder({"list": list(range(1000))})
    most = 0
    while history.open_activities or not most:
        outcome = history.decide(plan)
        assert len(outcome.decisions) <= 101
        most = max(most, len(history.open_activities))
        if history.timers:
            (timer,) = history.timers
            history.fire(timer)
        else:
            for activity in history.open_activities[:200]:
                history.complete(activity, {"value": 1})
    assert most == 900
    history.decide(plan)
    assert history.closed == "CompleteWorkflowExecution"


def test_large_inputs_are_scheduled_a_request_at_a_time() -> None:
    steps = "".join(
        f"  - {{name: S{n}, activity: Act, input: '{{{{__input__.text}}}}'}}\n" for n in range(40)
    )
    plan = make_plan(steps)
    history = HistoryBuilder({"text": "x" * 30_000})
    first = history.decide(plan)
    assert len(scheduled(first)) == 16
    assert list(history.timers) == ["more.3"]
    history.fire("more.3")
    assert len(scheduled(history.decide(plan))) == 16


def test_no_item_is_begun_once_enough_have_failed_for_want_of_an_input() -> None:
    plan = make_plan("  - {name: E, activity: Act, for_each: '{{__input__.list}}', input: '{{item.x}}'}")
    history = HistoryBuilder({"list": [{}] * 250})
    outcome = history.decide(plan)
    assert kinds(outcome) == ["RecordMarker", "FailWorkflowExecution"]


def test_more_faults_than_one_answer_takes_are_recorded_whoever_decides() -> None:
    plan = make_plan(
        "  - {name: E, activity: Act, for_each: '{{__input__.list}}', tolerate: 120, input: '{{item.x}}'}"
    )
    history = HistoryBuilder({"list": [{}] * 250})
    points = []
    while history.closed is None:
        points.append(len(history.events) + 2)
        history.decide(plan)
        for timer in list(history.timers):
            history.fire(timer)
    assert_agreement(plan, history.events, points)
    assert history.closed == "FailWorkflowExecution"


def test_an_item_that_swf_refuses_was_begun_whoever_decides() -> None:
    plan = make_plan("  - {name: E, activity: Act, for_each: '[1, 2]', max_parallel: 2}")
    history = HistoryBuilder()
    points = []
    history.refused["E[1]"] = "OPEN_ACTIVITIES_LIMIT_EXCEEDED"
    for count in range(1, MAX_REFUSALS + 1):
        points.append(len(history.events) + 2)
        history.decide(plan)
        if count == MAX_REFUSALS:
            history.fail("E[0]")
        points.append(len(history.events) + 2)
        history.decide(plan)
        if count < MAX_REFUSALS:
            history.fire(f"refused.E[1].{count}")
    assert_agreement(plan, history.events, points)


def test_an_input_that_could_not_be_made_in_a_lost_answer_is_tried_anew() -> None:
    plan = make_plan(
        "  - {name: E, activity: Act, for_each: '{{__input__}}', max_parallel: 2, input: '{{item.x}}'}"
    )
    history = HistoryBuilder([{"x": 0}, {"x": 1}, {"y": 2}, {"x": 3}])
    history.decide(plan)
    history.complete("E[0]", {"value": 1})
    lost = history.begin_decision()
    history.lose(lost)
    history.fail("E[1]")
    last = len(history.events) + 2
    assert kinds(history.decide(plan)) == ["FailWorkflowExecution"]
    assert_agreement(plan, history.events, [3, lost, last])
