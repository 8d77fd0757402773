"""A step that runs another workflow."""

from __future__ import annotations

from typing import Any

import pytest

from cpe.decider import Outcome
from cpe.plan import Plan, parse_plan
from tests.unit.decider_agreement import assert_agreement
from tests.unit.decider_plans import kinds, scheduled, types
from tests.unit.histories import WORKFLOW_ID, HistoryBuilder


def child_plan(keys: str = "", after: str = "") -> Plan:
    return parse_plan(
        "name: P\nversion: 1\ntags: [blue]\nactivities: [{name: Act, version: 1}]\nsteps:\n"
        "  - name: C\n    workflow: {name: Other, version: 2.0}\n    input: '{{__input__}}'\n" + keys + after
    )


def started(outcome: Outcome) -> list[dict[str, Any]]:
    return [
        decision["startChildWorkflowExecutionDecisionAttributes"]
        for decision in outcome.decisions
        if decision["decisionType"] == "StartChildWorkflowExecution"
    ]


def test_a_child_is_started_under_the_job_s_id_and_its_result_is_the_step_s_outputs() -> None:
    plan = child_plan(
        after="  - {name: N, activity: Act, requires: [[C, succeeded]], input: '{{C.value}}'}\n"
    )
    history = HistoryBuilder({"a": 1})
    first = history.decide(plan)
    assert started(first) == [
        {
            "workflowId": f"{WORKFLOW_ID}~C",
            "workflowType": {"name": "Other", "version": "2.0"},
            "control": "C",
            "childPolicy": "TERMINATE",
            "tagList": ["ClientA", "job-1~C", "blue"],
            "input": '{"a":1}',
        }
    ]
    assert types(first.announcements) == ["ACTIVITY_SCHEDULED"]
    assert first.announcements[0].details["childWorkflow"] == {"workflowId": f"{WORKFLOW_ID}~C"}
    history.start_child("C")
    second = history.decide(plan)
    assert second.decisions == ()
    assert second.facts[0].details == first.announcements[0].details
    history.end_child("C", "completed", result='{"value": 7}')
    outcome = history.decide(plan)
    assert scheduled(outcome) == {"N": 7}
    assert types(outcome.facts) == ["ACTIVITY_COMPLETED"]
    assert outcome.facts[0].details["childWorkflow"]["runId"] == "run-of-C"


def test_what_the_plan_says_of_a_child_goes_to_swf() -> None:
    plan = parse_plan(
        "name: P\nversion: 1\nactivities: []\nsteps:\n"
        "  - {name: C, priority: 5, workflow: "
        "{name: O, version: 1, task_list: gpu, timeout: 60, child_policy: ABANDON}}\n"
    )
    attributes = started(HistoryBuilder().decide(plan))[0]
    assert attributes["taskList"] == {"name": "gpu"}
    assert attributes["executionStartToCloseTimeout"] == "60"
    assert attributes["childPolicy"] == "ABANDON"
    assert attributes["taskPriority"] == "5"
    assert "input" not in attributes


@pytest.mark.parametrize(
    ("ending", "attributes", "reason", "event"),
    [
        ("failed", {"reason": "S: BROKEN", "details": "it broke"}, "S: BROKEN", "ACTIVITY_FAILED"),
        ("timed out", {"timeoutType": "START_TO_CLOSE"}, "TIMEOUT_START_TO_CLOSE", "ACTIVITY_TIMEOUT"),
        ("canceled", {"details": "stopped"}, "CHILD_CANCELED", "ACTIVITY_CANCELED"),
        ("terminated", {}, "CHILD_TERMINATED", "ACTIVITY_FAILED"),
    ],
)
def test_a_child_that_does_not_complete_fails_its_step(
    ending: str, attributes: dict[str, str], reason: str, event: str
) -> None:
    history = HistoryBuilder({})
    plan = child_plan()
    history.decide(plan)
    history.start_child("C")
    history.end_child("C", ending, **attributes)
    outcome = history.decide(plan)
    assert types(outcome.facts)[-1] == event
    assert outcome.closing is not None
    assert outcome.closing.details["reason"] == f"C: {reason}"


def test_a_child_is_tried_again() -> None:
    plan = child_plan("    retry: {interval: 3}\n")
    history = HistoryBuilder({})
    history.decide(plan)
    history.start_child("C")
    history.end_child("C", "terminated")
    assert kinds(history.decide(plan)) == ["StartTimer"]
    history.fire("retry.C.1")
    second = history.decide(plan)
    assert started(second)[0]["workflowId"] == f"{WORKFLOW_ID}~C"
    assert second.announcements[0].details["attempt"] == 2


def test_a_child_runs_for_each_item() -> None:
    plan = parse_plan(
        "name: P\nversion: 1\nactivities: []\nresult: '{{C}}'\nsteps:\n"
        "  - {name: C, workflow: {name: O, version: 1}, for_each: '{{__input__}}', input: '{{item}}'}\n"
    )
    history = HistoryBuilder([1, 2])
    first = history.decide(plan)
    assert [one["workflowId"] for one in started(first)] == [f"{WORKFLOW_ID}~C[0]", f"{WORKFLOW_ID}~C[1]"]
    for index in (1, 0):
        history.start_child(f"C[{index}]")
        history.end_child(f"C[{index}]", "completed", result=str(index))
    closing = history.decide(plan).closing
    assert closing is not None
    assert closing.details["result"] == [0, 1]


def test_a_child_that_runs_is_cancelled_with_the_job() -> None:
    plan = child_plan()
    history = HistoryBuilder({})
    history.decide(plan)
    history.start_child("C")
    history.add("WorkflowExecutionCancelRequested")
    assert kinds(history.decide(plan)) == ["RecordMarker", "RequestCancelExternalWorkflowExecution"]
    assert history.decide(plan).decisions == ()
    history.end_child("C", "canceled")
    history.decide(plan)
    assert history.closed == "CancelWorkflowExecution"


def test_a_child_that_swf_does_not_start_is_tried_again_and_then_fails_the_step() -> None:
    plan = child_plan()
    history = HistoryBuilder({})
    history.refused["C"] = "WORKFLOW_TYPE_DOES_NOT_EXIST"
    history.decide(plan)
    for count in range(1, 6):
        assert kinds(history.decide(plan)) == ["StartTimer"]
        history.fire(f"refused.C.{count}")
        assert len(started(history.decide(plan))) == 1
    closing = history.decide(plan).closing
    assert closing is not None
    assert closing.details["reason"] == "C: WORKFLOW_TYPE_DOES_NOT_EXIST"


def test_a_child_that_already_runs_was_not_started() -> None:
    plan = child_plan()
    history = HistoryBuilder({})
    history.decide(plan)
    initiated = len(history.events)
    failed = {"control": "C", "cause": "WORKFLOW_ALREADY_RUNNING", "initiatedEventId": initiated}
    history.add("StartChildWorkflowExecutionFailed", **failed)
    outcome = history.decide(plan)
    assert kinds(outcome) == ["StartTimer"]
    assert types(outcome.facts) == []


def test_a_child_whose_result_is_no_json_fails_its_step() -> None:
    plan = child_plan()
    history = HistoryBuilder({})
    history.decide(plan)
    history.start_child("C")
    history.end_child("C", "completed", result="not JSON")
    history.decide(plan)
    assert history.closed == "FailWorkflowExecution"


def test_a_child_whose_workflow_id_would_be_too_long_fails_its_step() -> None:
    name = "N" * 200
    plan = parse_plan(
        f"name: P\nversion: 1\nactivities: []\nsteps: [{{name: {name}, workflow: {{name: O, version: 1}}}}]"
    )
    history = HistoryBuilder({})
    history.workflow_id = f"ClientA.{'j' * 60}"
    closing = history.decide(plan).closing
    assert closing is not None
    assert closing.details["reason"] == f"{name}: CHILD_ID_TOO_LONG"


def test_a_child_that_was_not_started_is_no_attempt_and_those_before_it_count() -> None:
    plan = child_plan("    retry: {interval: 0, max_attempts: 2}\n")
    history = HistoryBuilder({})
    history.decide(plan)
    history.start_child("C")
    history.end_child("C", "failed", reason="BROKEN")
    history.decide(plan)
    history.refuse_child("C", "WORKFLOW_ALREADY_RUNNING")
    history.decide(plan)
    history.fire("refused.C.1")
    again = history.decide(plan)
    assert again.announcements[0].details["attempt"] == 2
    history.start_child("C")
    history.end_child("C", "failed", reason="BROKEN")
    history.decide(plan)
    assert history.closed == "FailWorkflowExecution"


def test_a_step_whose_child_was_not_started_is_not_cleaned_up_after_whoever_decides() -> None:
    plan = child_plan("    on_cancel: Tidy\n", after="  - {name: Tidy, activity: Act}\n")
    history = HistoryBuilder({})
    points = [3]
    history.decide(plan)
    points.append(len(history.events) + 2)
    history.decide(plan)
    history.add("WorkflowExecutionCancelRequested")
    history.refuse_child("C", "WORKFLOW_ALREADY_RUNNING")
    points.append(len(history.events) + 2)
    history.decide(plan)
    assert history.closed == "CancelWorkflowExecution"
    assert_agreement(plan, history.events, points)


def test_a_child_that_is_to_stop_and_was_not_started_is_not_asked() -> None:
    plan = child_plan()
    history = HistoryBuilder({})
    history.decide(plan)
    history.add("WorkflowExecutionSignaled", signalName="cpe.cancel_activity", input="C")
    history.refuse_child("C", "WORKFLOW_ALREADY_RUNNING")
    assert kinds(history.decide(plan)) == ["StartTimer"]


def test_a_child_is_asked_to_stop_once_it_has_started() -> None:
    plan = child_plan()
    history = HistoryBuilder({})
    history.decide(plan)
    history.add("WorkflowExecutionCancelRequested")
    assert kinds(history.decide(plan)) == ["RecordMarker"]
    history.start_child("C")
    assert kinds(history.decide(plan)) == ["RequestCancelExternalWorkflowExecution"]
    history.end_child("C", "canceled")
    history.decide(plan)
    assert history.closed == "CancelWorkflowExecution"
