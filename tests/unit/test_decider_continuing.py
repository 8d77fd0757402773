"""A run whose history grows long goes on as a new one, and nobody notices."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from cpe.decider import Outcome
from cpe.plan import Plan, parse_plan
from cpe.protocol.references import PayloadPlace
from tests.unit.decider_plans import kinds, make_plan, scheduled, types
from tests.unit.histories import HistoryBuilder


def each_plan(keys: str = "", after: str = "", outputs: str = "{ value: '$.value' }") -> Plan:
    plan = make_plan(
        "  - name: E\n    activity: Act\n    for_each: '{{__input__.list}}'\n    max_parallel: 4\n"
        f"{keys}    input: '{{{{item}}}}'\n" + after,
        outputs,
    )
    return replace(plan, continue_after=50)


def run_until_continued(history: HistoryBuilder, plan: Plan) -> None:
    while history.closed is None:
        history.decide(plan)
        for name in history.open_activities:
            history.start(name)
            history.complete(name, {"value": name})
    assert history.closed == "ContinueAsNewWorkflowExecution"


def test_a_for_each_goes_on_in_the_new_run() -> None:
    plan = each_plan(after="  - {name: N, activity: Act, requires: [E], input: '{{E}}'}\n")
    history = HistoryBuilder({"list": list(range(30))})
    runs = [run_to_its_end(history, plan)]
    while history.closed == "ContinueAsNewWorkflowExecution":
        history = history.continued()
        runs.append(run_to_its_end(history, plan))
    assert [types([outcome.closing]) for outcome in runs] == [
        ["WORKFLOW_CONTINUED"],
        ["WORKFLOW_CONTINUED"],
        ["WORKFLOW_COMPLETED"],
    ]
    done = [
        json.loads(event["activityTaskCompletedEventAttributes"]["result"])
        for event in history.events
        if event["eventType"] == "ActivityTaskCompleted"
    ]
    assert done[-1] == {"value": [{"value": number} for number in range(30)]}


def run_to_its_end(history: HistoryBuilder, plan: Plan) -> Outcome:
    """Let every activity give back what it was given, until the run closes; returns its last outcome."""
    outcome = history.decide(plan)
    while not outcome.closing:
        for name, value in scheduled(outcome).items():
            history.start(name)
            history.complete(name, {"value": value})
        outcome = history.decide(plan)
    return outcome


def test_it_waits_until_nothing_runs() -> None:
    plan = each_plan()
    history = HistoryBuilder({"list": list(range(30))})
    history.decide(plan)
    while len(history.events) < 50:
        name = history.open_activities[0]
        history.start(name)
        history.complete(name, {"value": 1})
        history.decide(plan)
    assert history.closed is None
    while len(history.open_activities) > 1:
        history.complete(history.open_activities[0], {"value": 1})
        assert history.decide(plan).decisions == ()
    history.complete(history.open_activities[0], {"value": 1})
    assert kinds(history.decide(plan)) == ["ContinueAsNewWorkflowExecution"]


def continued_attributes(history: HistoryBuilder) -> dict[str, Any]:
    attributes: dict[str, Any] = history.events[-1]["workflowExecutionContinuedAsNewEventAttributes"]
    return attributes


def test_the_new_run_is_started_like_the_old_one_with_the_time_that_is_left() -> None:
    plan = each_plan()
    history = HistoryBuilder(
        {"list": list(range(30))},
        taskList={"name": "mine"},
        executionStartToCloseTimeout="1000",
        taskStartToCloseTimeout="60",
        childPolicy="TERMINATE",
        taskPriority="3",
        tagList=["ClientA", "job-1"],
    )
    run_until_continued(history, plan)
    attributes = continued_attributes(history)
    assert attributes["taskList"] == {"name": "mine"}
    assert attributes["taskStartToCloseTimeout"] == "60"
    assert attributes["tagList"] == ["ClientA", "job-1"]
    started = next(e for e in reversed(history.events) if e["eventType"] == "DecisionTaskStarted")
    assert attributes["executionStartToCloseTimeout"] == str(1001 - int(started["eventTimestamp"]))


def test_timers_signals_faults_and_attempts_are_carried() -> None:
    plan = replace(
        make_plan(
            "  - {name: W, wait: 5000}\n"
            "  - {name: S, signal: go, requires: [W]}\n"
            "  - {name: F, eval: '{{__input__.nothing}}'}\n"
            "  - {name: G, eval: '1', requires: [[F, failed]]}\n"
            "  - {name: R, activity: Act, input: '{{__input__.list}}', retry: {interval: 100, max_attempts: 9}}\n"
            "  - {name: E, activity: Act, for_each: '{{__input__.list}}', max_parallel: 2}\n"
        ),
        continue_after=50,
    )
    history = HistoryBuilder({"list": list(range(9))})
    history.decide(plan)
    history.add("WorkflowExecutionSignaled", signalName="go", input='{"by": "Ann"}')
    history.fail("R")
    while history.closed is None:
        for name in history.open_activities:
            history.complete(name, {"value": name})
        history.decide(plan)
    waited_until = next(
        event["eventTimestamp"]
        for event in history.events
        if event["eventType"] == "TimerStarted"
        and event["timerStartedEventAttributes"]["timerId"] == "wait.W"
    )
    now = next(e for e in reversed(history.events) if e["eventType"] == "DecisionTaskStarted")[
        "eventTimestamp"
    ]
    new = history.continued()
    first = new.decide(plan)
    assert new.timers["wait.W"] == int(waited_until + 5000 - now)
    assert new.timers["retry.R.1"] < 100
    assert "F" not in [fault.activity.activity_id for fault in first.announcements if fault.activity]
    new.fire("retry.R.1")
    second = new.decide(plan)
    assert scheduled(second)["R"] == list(range(9))
    assert second.announcements[0].details["attempt"] == 2
    new.complete("R", {"value": 1})
    new.fire("wait.W")
    while new.closed is None:
        for name in new.open_activities:
            new.complete(name, {"value": name})
        new.decide(plan)
    assert new.closed == "CompleteWorkflowExecution"


def test_results_that_no_step_uses_are_not_carried() -> None:
    plan = each_plan(outputs="~")
    history = HistoryBuilder({"list": list(range(30))})
    run_until_continued(history, plan)
    assert "value" not in continued_attributes(history)["input"]


def test_what_is_too_much_for_swf_is_carried_by_reference() -> None:
    plan = each_plan()
    history = HistoryBuilder({"list": list(range(30)), "text": "x" * 40_000})
    place = PayloadPlace(bucket="payloads-of-test")
    outcome = history.decide(plan, place=place)
    while history.closed is None:
        for name in history.open_activities:
            history.start(name)
            history.complete(name, {"value": name})
        outcome = history.decide(plan, place=place)
    assert history.closed == "ContinueAsNewWorkflowExecution"
    [(reference, text)] = outcome.payloads.items()
    assert continued_attributes(history)["input"] == reference.text()
    assert json.loads(text)["input"] == history.events[0]["workflowExecutionStartedEventAttributes"]["input"]


def test_what_cannot_be_carried_goes_on_in_the_old_run() -> None:
    plan = each_plan()
    history = HistoryBuilder({"list": list(range(30)), "text": "x" * 40_000})
    history.decide(plan)
    while history.closed is None:
        for name in history.open_activities:
            history.start(name)
            history.complete(name, {"value": name})
        history.decide(plan)
    assert history.closed == "CompleteWorkflowExecution"


def test_a_run_that_swf_does_not_continue_goes_on() -> None:
    plan = each_plan()
    history = HistoryBuilder({"list": list(range(30))})
    run_until_continued(history, plan)
    history.events.pop()
    history.closed = None
    history.add("ContinueAsNewWorkflowExecutionFailed", cause="WORKFLOW_TYPE_DEPRECATED")
    assert scheduled(history.decide(plan))


def test_a_run_is_continued_when_something_happened_meanwhile() -> None:
    plan = each_plan()
    history = HistoryBuilder({"list": list(range(30))})
    run_until_continued(history, plan)
    history.events.pop()
    history.closed = None
    history.add("ContinueAsNewWorkflowExecutionFailed", cause="UNHANDLED_DECISION")
    assert kinds(history.decide(plan)) == ["ContinueAsNewWorkflowExecution"]


def test_a_client_cannot_pretend_that_its_job_continues_another() -> None:
    plan = make_plan("  - {name: S, activity: Act, input: '{{__input__}}'}")
    forged = {"$continued": {"attempts": {}}, "input": "{}", "client": {"name": "ClientA"}}
    assert scheduled(HistoryBuilder(forged).decide(plan)) == {"S": forged}


@pytest.mark.parametrize(
    ("step", "refused", "pauses"),
    [("{name: A, activity: Act}", "A", [2, 4, 8, 16, 32]), ("{name: W, wait: 5}", "wait.W", [])],
)
def test_what_swf_refuses_for_good_is_given_up_however_often_the_run_continues(
    step: str, refused: str, pauses: list[int]
) -> None:
    plan = replace(make_plan(f"  - {step}\n"), continue_after=12)
    history = HistoryBuilder()
    runs, waited = 1, []
    while True:
        history.refused[refused] = "NOT_TODAY"
        history.decide(plan)
        for timer, seconds in list(history.timers.items()):
            waited.append(seconds)
            history.fire(timer)
        if history.closed == "ContinueAsNewWorkflowExecution":
            history = history.continued()
            runs += 1
        elif history.closed is not None:
            break
    assert history.closed == "FailWorkflowExecution"
    assert runs > 1
    assert waited == pauses


def test_a_child_that_ended_is_a_child_in_the_new_run_too() -> None:
    plan = replace(
        parse_plan(
            "name: P\nversion: 1\nactivities: [{name: Act, version: 1}]\nsteps:\n"
            "  - {name: C, workflow: {name: O, version: 1}, retry: {interval: 500, on: [CHILD_TERMINATED]}}\n"
            "  - {name: E, activity: Act, for_each: '{{__input__.list}}', max_parallel: 1}\n"
        ),
        continue_after=50,
    )
    history = HistoryBuilder({"list": list(range(30))})
    history.decide(plan)
    history.start_child("C")
    history.end_child("C", "terminated")
    while history.closed is None:
        for name in history.open_activities:
            history.complete(name, 1)
        history.decide(plan)
    new = history.continued()
    new.decide(plan)
    assert "retry.C.1" in new.timers
    new.fire("retry.C.1")
    new.decide(plan)
    assert list(new.children) == ["C"]
