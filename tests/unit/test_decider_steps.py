"""Steps: requirements, conditions, values, timers, signals."""

from __future__ import annotations

import pytest

from tests.unit.decider_plans import kinds, make_plan, scheduled, types
from tests.unit.histories import HistoryBuilder


@pytest.mark.parametrize(
    ("end", "event", "reason"),
    [
        ("fail", "ACTIVITY_FAILED", "S: BROKEN"),
        ("time_out", "ACTIVITY_TIMEOUT", "S: TIMEOUT_HEARTBEAT"),
        ("cancel", "ACTIVITY_CANCELED", "S: ACTIVITY_CANCELED"),
    ],
)
def test_a_failed_timed_out_or_cancelled_activity_is_a_failed_step(end: str, event: str, reason: str) -> None:
    plan = make_plan("  - {name: S, activity: Act}\n  - {name: N, activity: Act, requires: [[S, succeeded]]}")
    history = HistoryBuilder()
    history.decide(plan)
    getattr(history, end)("S")
    outcome = history.decide(plan)
    assert types(outcome.facts) == ["ACTIVITY_SCHEDULED", event]
    assert kinds(outcome) == ["FailWorkflowExecution"]
    assert outcome.closing is not None
    assert outcome.closing.details["reason"] == reason
    assert outcome.closing.details["failedSteps"][0]["step"] == "S"


@pytest.mark.parametrize(
    ("status", "ending", "ran"),
    [
        ("succeeded", "complete", True),
        ("succeeded", "fail", False),
        ("failed", "fail", True),
        ("failed", "complete", False),
        ("completed", "complete", True),
        ("completed", "fail", True),
        ("skipped", "complete", False),
    ],
)
def test_a_step_runs_if_its_requirement_ended_as_required_and_is_skipped_otherwise(
    status: str, ending: str, ran: bool
) -> None:
    plan = make_plan(
        f"  - {{name: S, activity: Act}}\n  - {{name: N, activity: Act, requires: [[S, {status}]]}}"
    )
    history = HistoryBuilder()
    history.decide(plan)
    if ending == "complete":
        history.complete("S", {"value": 1})
    else:
        history.fail("S")
    outcome = history.decide(plan)
    assert ("N" in scheduled(outcome)) is ran
    if not ran:
        assert history.closed == (
            "CompleteWorkflowExecution" if ending == "complete" else "FailWorkflowExecution"
        )


def test_a_plain_name_requires_completed() -> None:
    plan = make_plan("  - {name: S, activity: Act}\n  - {name: N, activity: Act, requires: [S]}")
    history = HistoryBuilder()
    history.decide(plan)
    history.fail("S")
    assert scheduled(history.decide(plan)) == {"N": None}


def test_a_skipped_step_satisfies_completed_and_skipped() -> None:
    plan = make_plan(
        "  - {name: S, activity: Act}\n"
        "  - {name: Rescue, activity: Act, requires: [[S, failed]]}\n"
        "  - {name: After, activity: Act, requires: [Rescue]}\n"
        "  - {name: Instead, activity: Act, requires: [[Rescue, skipped]]}\n"
    )
    history = HistoryBuilder()
    history.decide(plan)
    history.complete("S", {"value": 1})
    assert scheduled(history.decide(plan)) == {"After": None, "Instead": None}


def test_a_handled_failure_lets_the_workflow_succeed() -> None:
    plan = make_plan(
        "  - {name: S, activity: Act}\n  - {name: Rescue, activity: Act, requires: [[S, failed]]}"
    )
    history = HistoryBuilder()
    history.decide(plan)
    history.fail("S")
    history.decide(plan)
    history.complete("Rescue", {"value": 1})
    history.decide(plan)
    assert history.closed == "CompleteWorkflowExecution"


def test_a_failure_whose_handler_may_still_run_does_not_end_the_workflow() -> None:
    plan = make_plan(
        "  - {name: S, activity: Act}\n  - {name: T, activity: Act}\n"
        "  - {name: Rescue, activity: Act, requires: [[S, failed], [T, succeeded]]}"
    )
    history = HistoryBuilder()
    history.decide(plan)
    history.fail("S")
    assert history.decide(plan).decisions == ()
    history.complete("T", {"value": 1})
    assert scheduled(history.decide(plan)) == {"Rescue": None}


def test_a_failure_whose_handler_was_skipped_ends_the_workflow() -> None:
    plan = make_plan(
        "  - {name: S, activity: Act}\n  - {name: T, activity: Act}\n"
        "  - {name: Rescue, activity: Act, requires: [[S, failed], [T, failed]]}"
    )
    history = HistoryBuilder()
    history.decide(plan)
    history.fail("S")
    history.decide(plan)
    history.complete("T", {"value": 1})
    history.decide(plan)
    assert history.closed == "FailWorkflowExecution"


def test_eval_computes_a_value_without_an_activity() -> None:
    plan = make_plan(
        "  - {name: S, activity: Act}\n"
        "  - name: V\n    requires: [S]\n    eval: '{\"twice\": {{S.value * 2}}}'\n"
        "  - {name: N, activity: Act, requires: [V], input: '{{V.twice}}'}"
    )
    history = HistoryBuilder()
    history.decide(plan)
    history.complete("S", {"value": 21})
    assert scheduled(history.decide(plan)) == {"N": 42}


def test_an_output_with_a_free_name_is_reached_by_index() -> None:
    plan = make_plan(
        "  - {name: S, activity: Act}\n  - {name: N, activity: Act, requires: [S], input: \"{{S['home-address']}}\"}",
        outputs="{ home-address: '$.addresses.home' }",
    )
    history = HistoryBuilder()
    history.decide(plan)
    history.complete("S", {"addresses": {"home": "Main St"}})
    assert scheduled(history.decide(plan)) == {"N": "Main St"}


def test_a_condition_that_does_not_hold_skips_its_step() -> None:
    plan = make_plan(
        "  - {name: S, activity: Act}\n"
        "  - {name: Large, activity: Act, requires: [S], when: '$.S.value > 10'}\n"
        "  - {name: Small, activity: Act, requires: [S], when: '$.S.value <= 10 and $__input__.go'}\n"
        "  - {name: Never, activity: Act, requires: [[Large, skipped]]}"
    )
    history = HistoryBuilder({"go": True})
    history.decide(plan)
    history.complete("S", {"value": 3})
    assert scheduled(history.decide(plan)) == {"Small": None, "Never": None}


@pytest.mark.parametrize("condition", ["$.S.nope > 1", "$.S.value", "1 / 0 > 1"])
def test_a_condition_that_cannot_be_evaluated_fails_its_step(condition: str) -> None:
    plan = make_plan(
        f"  - {{name: S, activity: Act}}\n  - {{name: N, activity: Act, requires: [S], when: '{condition}'}}"
    )
    history = HistoryBuilder()
    history.decide(plan)
    history.complete("S", {"value": 3})
    outcome = history.decide(plan)
    assert outcome.closing is not None
    assert outcome.closing.details["reason"] == "N: CONDITION_FAILED"


def test_wait_lets_time_pass_on_a_timer() -> None:
    plan = make_plan("  - {name: W, wait: 3600}\n  - {name: N, activity: Act, requires: [W]}")
    history = HistoryBuilder()
    assert kinds(history.decide(plan)) == ["StartTimer"]
    assert history.timers == {"wait.W": 3600}
    assert history.decide(plan).decisions == ()
    history.fire("wait.W")
    assert scheduled(history.decide(plan)) == {"N": None}


APPROVAL = (
    "  - {name: Ask, signal: approve, timeout: 60}\n"
    "  - {name: Go, activity: Act, requires: [[Ask, succeeded]], input: '{{Ask.by}}'}\n"
    "  - {name: Stop, activity: Act, requires: [[Ask, failed]]}"
)


def test_a_signal_s_input_is_the_outputs_of_the_step_that_waits_for_it() -> None:
    plan = make_plan(APPROVAL)
    history = HistoryBuilder()
    assert kinds(history.decide(plan)) == ["StartTimer"]
    history.add("WorkflowExecutionSignaled", signalName="other", input="{}")
    assert history.decide(plan).decisions == ()
    history.add("WorkflowExecutionSignaled", signalName="approve", input='{"by": "Ann"}')
    history.fire("signal.Ask")
    assert scheduled(history.decide(plan)) == {"Go": "Ann"}


def test_a_signal_that_comes_too_late_does_not_count() -> None:
    plan = make_plan(APPROVAL)
    history = HistoryBuilder()
    history.decide(plan)
    history.fire("signal.Ask")
    history.add("WorkflowExecutionSignaled", signalName="approve", input='{"by": "Ann"}')
    outcome = history.decide(plan)
    assert outcome.announcements[0].details["result"]["reason"] == "TIMEOUT_SIGNAL"
    assert list(scheduled(outcome)) == ["Stop"]


def test_a_signal_that_came_before_its_step_counts() -> None:
    plan = make_plan(APPROVAL)
    history = HistoryBuilder()
    history.add("WorkflowExecutionSignaled", signalName="approve", input='{"by": "Ann"}')
    assert scheduled(history.decide(plan)) == {"Go": "Ann"}


def test_a_signal_with_a_poisonous_input_fails_its_step() -> None:
    plan = make_plan(APPROVAL)
    history = HistoryBuilder()
    history.decide(plan)
    history.add("WorkflowExecutionSignaled", signalName="approve", input="{")
    outcome = history.decide(plan)
    assert outcome.announcements[0].details["result"]["reason"] == "SIGNAL_NOT_JSON"


def test_a_step_has_timeouts_and_a_priority_of_its_own() -> None:
    plan = make_plan("  - {name: S, activity: Act, timeouts: {heartbeat_timeout: 5}, priority: -3}")
    (decision,) = HistoryBuilder().decide(plan).decisions
    attributes = decision["scheduleActivityTaskDecisionAttributes"]
    assert attributes["heartbeatTimeout"] == "5"
    assert attributes["startToCloseTimeout"] == "432000"
    assert attributes["taskPriority"] == "-3"
