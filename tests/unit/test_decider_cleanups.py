"""Steps that run when a job is cancelled, before it closes."""

from __future__ import annotations

from tests.unit.decider_plans import kinds, make_plan, scheduled
from tests.unit.histories import HistoryBuilder

PLAN = make_plan(
    "  - {name: A, activity: Act, on_cancel: Tidy}\n"
    "  - {name: B, activity: Act, requires: [A]}\n"
    "  - {name: Tidy, activity: Act, requires: [A], input: '{\"of\": {{__input__.who}}}'}\n"
)


def cancelled() -> HistoryBuilder:
    history = HistoryBuilder({"who": "me"})
    history.decide(PLAN)
    history.add("WorkflowExecutionCancelRequested")
    return history


def test_a_clean_up_step_does_not_run_in_a_job_that_is_not_cancelled() -> None:
    history = HistoryBuilder({"who": "me"})
    assert list(scheduled(history.decide(PLAN))) == ["A"]
    history.complete("A", {"value": 1})
    assert list(scheduled(history.decide(PLAN))) == ["B"]
    history.complete("B", {"value": 1})
    history.decide(PLAN)
    assert history.closed == "CompleteWorkflowExecution"


def test_it_runs_once_what_ran_has_ended_and_the_job_closes_after_it() -> None:
    history = cancelled()
    assert kinds(history.decide(PLAN)) == ["RecordMarker", "RequestCancelActivityTask"]
    history.cancel("A")
    assert scheduled(history.decide(PLAN)) == {"Tidy": {"of": "me"}}
    assert history.decide(PLAN).decisions == ()
    history.complete("Tidy", {"value": 1})
    closing = history.decide(PLAN).closing
    assert closing is not None
    assert history.closed == "CancelWorkflowExecution"
    assert closing.details["details"] == "the execution was asked to stop"


def test_it_runs_when_its_step_was_done_already_and_nothing_runs() -> None:
    plan = make_plan(
        "  - {name: A, activity: Act, on_cancel: Tidy}\n"
        "  - {name: W, wait: 100, requires: [A]}\n"
        "  - {name: Tidy, activity: Act, requires: [[A, succeeded]], input: '{{A.value}}'}\n"
    )
    history = HistoryBuilder()
    history.decide(plan)
    history.complete("A", {"value": 5})
    history.decide(plan)
    history.add("WorkflowExecutionCancelRequested")
    assert kinds(history.decide(plan)) == ["RecordMarker", "StartTimer"]
    history.fire("wait.W")
    history.fire(next(timer for timer in history.timers if timer.startswith("more.")))
    assert scheduled(history.decide(plan)) == {"Tidy": 5}
    history.complete("Tidy", {"value": 1})
    history.decide(plan)
    assert history.closed == "CancelWorkflowExecution"


def test_it_does_not_run_when_its_step_was_never_begun() -> None:
    plan = make_plan(
        "  - {name: A, activity: Act}\n"
        "  - {name: B, activity: Act, requires: [A], on_cancel: Tidy}\n"
        "  - {name: Tidy, activity: Act}\n"
    )
    history = HistoryBuilder()
    history.decide(plan)
    history.add("WorkflowExecutionCancelRequested")
    history.decide(plan)
    history.cancel("A")
    assert kinds(history.decide(plan)) == ["CancelWorkflowExecution"]


def test_its_requirements_count() -> None:
    plan = make_plan(
        "  - {name: A, activity: Act, on_cancel: Tidy}\n"
        "  - {name: Tidy, activity: Act, requires: [[A, succeeded]]}\n"
    )
    history = HistoryBuilder()
    history.decide(plan)
    history.add("WorkflowExecutionCancelRequested")
    history.decide(plan)
    history.cancel("A")
    assert kinds(history.decide(plan)) == ["CancelWorkflowExecution"]


def test_one_that_fails_is_told_and_the_job_is_cancelled_all_the_same() -> None:
    history = cancelled()
    history.decide(PLAN)
    history.complete("A", {"value": 1})
    assert list(scheduled(history.decide(PLAN))) == ["Tidy"]
    history.fail("Tidy", reason="BROKEN")
    closing = history.decide(PLAN).closing
    assert closing is not None
    assert closing.details["details"] == "the execution was asked to stop; Tidy failed: BROKEN"


def test_it_does_not_handle_a_failure() -> None:
    history = HistoryBuilder({"who": "me"})
    plan = make_plan(
        "  - {name: A, activity: Act, on_cancel: Tidy}\n  - {name: Tidy, activity: Act, requires: [A]}\n"
    )
    history.decide(plan)
    history.fail("A")
    history.decide(plan)
    assert history.closed == "FailWorkflowExecution"


def test_it_is_tried_again_by_its_retry() -> None:
    plan = make_plan(
        "  - {name: A, activity: Act, on_cancel: Tidy}\n"
        "  - {name: Tidy, activity: Act, requires: [A], retry: {interval: 4}}\n"
    )
    history = HistoryBuilder()
    history.decide(plan)
    history.add("WorkflowExecutionCancelRequested")
    history.decide(plan)
    history.cancel("A")
    history.decide(plan)
    history.fail("Tidy")
    assert kinds(history.decide(plan)) == ["StartTimer"]
    history.fire("retry.Tidy.1")
    assert list(scheduled(history.decide(plan))) == ["Tidy"]


def test_an_item_of_a_clean_up_is_not_cancelled() -> None:
    plan = make_plan(
        "  - {name: A, activity: Act, on_cancel: Tidy}\n"
        "  - {name: Tidy, activity: Act, requires: [A], for_each: '[1, 2]'}\n"
    )
    history = HistoryBuilder()
    history.decide(plan)
    history.add("WorkflowExecutionCancelRequested")
    history.decide(plan)
    history.cancel("A")
    assert list(scheduled(history.decide(plan))) == ["Tidy[0]", "Tidy[1]"]
    history.complete("Tidy[0]", {"value": 1})
    assert history.decide(plan).decisions == ()
    history.complete("Tidy[1]", {"value": 1})
    history.decide(plan)
    assert history.closed == "CancelWorkflowExecution"
