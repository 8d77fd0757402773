"""What to do next with an execution."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from cpe.decider.activities import Ready, Timer, json_text
from cpe.decider.decisions import (
    Decision,
    cancel_activity,
    cancel_workflow,
    complete_workflow,
    fail_workflow,
    record_closing,
    record_fault,
    schedule_activity,
    start_timer,
    workflow_failure,
)
from cpe.decider.execution import Closing, ClosingKind, Execution
from cpe.decider.reports import Reporter
from cpe.decider.steps import StepStates
from cpe.errors import StepFault
from cpe.plan import Plan
from cpe.plan.templates import parse_json
from cpe.protocol import Event

MAX_SCHEDULED = 100
"""Activities scheduled by one decision task; SWF's requests have at most 1 MB."""

MAX_CHARACTERS = 500_000
"""Characters of their inputs in all: escaped and in UTF-8 they may take twice as many bytes."""

MAX_OPEN_ACTIVITIES = 900
"""Of the 1,000 that SWF allows an execution (quotas of SWF); the rest waits until some have ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one decision task comes to.

    Attributes:
        decisions: For RespondDecisionTaskCompleted, in this order.
        facts: Events of what the history says since the last answered decision; publish them before
            answering. Published again when an answer was lost; a client knows them by their ids.
        announcements: Events of what the decisions do; publish them once SWF has taken the answer.
        closing: The event that closes the job; publish it once the execution is closed. SWF takes an answer
            and yet leaves the execution open when something happened meanwhile (UNHANDLED_DECISION).
    """

    decisions: tuple[Decision, ...]
    facts: tuple[Event, ...]
    announcements: tuple[Event, ...] = ()
    closing: Event | None = None


def decide(plan: Plan, execution: Execution, *, now: float) -> Outcome:
    """Decide what to do next.

    The same plan and history give the same decisions, whatever the order of the steps in the file.

    Args:
        plan: The plan of the execution's workflow type.
        execution: Its history up to the decision task being decided.
        now: The time of what is announced, in seconds since the epoch; it decides nothing.
    """
    reporter = Reporter(plan, execution)
    facts = tuple(reporter.fact(fact) for fact in execution.unanswered_facts())
    if execution.closing is not None:
        return _close(execution, execution.closing, reporter, facts, now)
    if execution.cancel_requested:
        details = "the execution was asked to stop"
        closing = Closing(kind=ClosingKind.CANCELED, reason="JOB_CANCELED", details=details)
        return _close(execution, closing, reporter, facts, now)
    try:
        workflow_input = _workflow_input(plan, execution)
    except StepFault as error:
        closing = Closing(kind=ClosingKind.FAILED, reason=error.code, details=error.message)
        return _close(execution, closing, reporter, facts, now)

    steps = StepStates(plan, execution, workflow_input)
    new_faults = [steps.activities.new_faults[name] for name in sorted(steps.activities.new_faults)]
    markers = tuple(record_fault(fault) for fault in new_faults)
    announced = tuple(reporter.fault(fault, now) for fault in new_faults)
    failures = steps.unhandled_failures()
    if failures:
        reason, details = workflow_failure(failures)
        closing = Closing(
            kind=ClosingKind.FAILED, reason=reason, details=details, failed_steps=tuple(failures)
        )
        outcome = _close(execution, closing, reporter, facts, now)
        return replace(outcome, decisions=(*markers, *outcome.decisions), announcements=announced)
    if steps.all_completed:
        outcome = _complete(plan, execution, steps, reporter, now)
        return replace(
            outcome, decisions=(*markers, *outcome.decisions), facts=facts, announcements=announced
        )
    ready, timers = _batch(execution, steps)
    return Outcome(
        decisions=(
            *markers,
            *(cancel_activity(activity_id) for activity_id in steps.cancels),
            *(start_timer(timer) for timer in timers),
            *(schedule_activity(one) for one in ready),
        ),
        facts=facts,
        announcements=(*announced, *(reporter.scheduled(one, now) for one in ready)),
    )


def _batch(execution: Execution, steps: StepStates) -> tuple[list[Ready], list[Timer]]:
    """Choose what is scheduled now, within SWF's limits; a timer brings the next decision for the rest."""
    waiting = list(steps.activities.ready.values())
    room = MAX_OPEN_ACTIVITIES - len(execution.open_attempts())
    chosen: list[Ready] = []
    characters = 0
    for ready in waiting[: max(min(room, MAX_SCHEDULED), 0)]:
        characters += len(ready.input or "")
        if chosen and characters > MAX_CHARACTERS:
            break
        chosen.append(ready)
    timers = list(steps.activities.timers.values())
    if len(chosen) < min(len(waiting), room):
        timers.append(Timer(id=f"more.{execution.decision_started_event_id}", seconds=0))
    return chosen, timers


def _complete(plan: Plan, execution: Execution, steps: StepStates, reporter: Reporter, now: float) -> Outcome:
    """Complete with the plan's result; one that cannot be made fails the workflow."""
    if plan.result is None:
        return Outcome(decisions=(complete_workflow(None),), facts=(), closing=reporter.completed(None, now))
    try:
        result = plan.result.render(steps.context())
        text = json_text(result, "the workflow's result", code="RESULT_TOO_LARGE")
    except StepFault as error:
        closing = Closing(kind=ClosingKind.FAILED, reason=error.code, details=error.message)
        return _close(execution, closing, reporter, (), now)
    return Outcome(decisions=(complete_workflow(text),), facts=(), closing=reporter.completed(result, now))


def _close(
    execution: Execution, closing: Closing, reporter: Reporter, facts: tuple[Event, ...], now: float
) -> Outcome:
    """Close, or first cancel what still runs and wait for its end."""
    running = execution.open_attempts()
    if not running:
        if closing.kind is ClosingKind.CANCELED:
            decision = cancel_workflow(closing.details)
            event = reporter.canceled(closing.details, now)
        else:
            decision = fail_workflow(closing.reason, closing.details)
            event = reporter.failed(closing.reason, closing.details, closing.failed_steps, now)
        return Outcome(decisions=(decision,), facts=facts, closing=event)
    marker = (record_closing(closing),) if execution.closing is None else ()
    requests = (cancel_activity(one.activity_id) for one in running if not one.cancel_requested)
    return Outcome(decisions=(*marker, *requests), facts=facts)


def _workflow_input(plan: Plan, execution: Execution) -> Any:
    value = parse_json(execution.input or "null", "the workflow's input", code="INPUT_NOT_JSON")
    plan.input_spec.check(value, "the workflow's input")
    return value
