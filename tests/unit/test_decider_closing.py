"""How an execution closes: what runs is cancelled first; the result."""

from __future__ import annotations

from cpe.plan import parse_plan
from tests.unit.decider_plans import JOB, ORIGINAL, kinds, make_plan, types
from tests.unit.histories import HistoryBuilder


def test_a_cancel_request_cancels_the_workflow() -> None:
    history = HistoryBuilder(JOB)
    history.decide(ORIGINAL)
    history.add("WorkflowExecutionCancelRequested")
    first = history.decide(ORIGINAL)
    assert kinds(first) == ["RecordMarker", "RequestCancelActivityTask"]
    assert first.closing is None
    history.cancel("ValidateAssetStep")
    outcome = history.decide(ORIGINAL)
    assert types(outcome.facts) == ["ACTIVITY_CANCELED"]
    assert kinds(outcome) == ["CancelWorkflowExecution"]
    assert outcome.closing is not None
    assert outcome.closing.type == "WORKFLOW_CANCELED"


def test_a_failure_cancels_what_still_runs_before_the_workflow_fails() -> None:
    plan = make_plan(
        "  - {name: A, activity: Act}\n  - {name: B, activity: Act}\n  - {name: C, activity: Act}\n"
        "  - {name: D, activity: Act, requires: [[C, failed]]}"
    )
    history = HistoryBuilder()
    history.decide(plan)
    history.fail("A", reason="BROKEN", details="it broke")
    first = history.decide(plan)
    assert kinds(first) == ["RecordMarker", "RequestCancelActivityTask", "RequestCancelActivityTask"]
    history.cancel("C")
    second = history.decide(plan)
    assert second.decisions == ()
    assert second.closing is None
    history.complete("B", {"value": 1})
    last = history.decide(plan)
    assert kinds(last) == ["FailWorkflowExecution"]
    assert last.closing is not None
    assert last.closing.details["reason"] == "A: BROKEN"
    assert [one["step"] for one in last.closing.details["failedSteps"]] == ["A"]


def test_a_closing_decided_in_a_lost_answer_is_decided_again() -> None:
    plan = make_plan("  - {name: A, activity: Act}\n  - {name: B, activity: Act}")
    history = HistoryBuilder()
    history.decide(plan)
    history.fail("A")
    history.begin_decision()
    lost = history.outcome(plan)
    history.add("DecisionTaskTimedOut", timeoutType="START_TO_CLOSE")
    history.complete("B", {"value": 1})
    again = history.decide(plan)
    assert kinds(lost) == ["RecordMarker", "RequestCancelActivityTask"]
    assert kinds(again) == ["FailWorkflowExecution"]


def test_the_plan_s_result_is_the_workflow_s() -> None:
    plan = parse_plan(
        "name: P\nversion: 1\nactivities: [{ name: Act, version: 1, outputs_spec: { v: '$.v' } }]\n"
        "result: '{\"sum\": {{A.v + B.v}}}'\n"
        "steps: [{name: A, activity: Act}, {name: B, activity: Act}]"
    )
    history = HistoryBuilder()
    history.decide(plan)
    history.complete("A", {"v": 1})
    history.complete("B", {"v": 2})
    outcome = history.decide(plan)
    (decision,) = outcome.decisions
    assert decision["completeWorkflowExecutionDecisionAttributes"] == {"result": '{"sum":3}'}
    assert outcome.closing is not None
    assert outcome.closing.details == {"result": {"sum": 3}}


def test_a_result_that_cannot_be_made_fails_the_workflow() -> None:
    plan = parse_plan(
        "name: P\nversion: 1\nactivities: []\nresult: '{{A.x}}'\nsteps: [{name: A, eval: '{}'}]"
    )
    outcome = HistoryBuilder().decide(plan)
    assert kinds(outcome) == ["FailWorkflowExecution"]
    assert outcome.closing is not None
    assert outcome.closing.details["reason"] == "TEMPLATE_MISSING_VALUE"
