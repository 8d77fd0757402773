"""What to do next with an execution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cpe.decider.decisions import (
    Decision,
    cancel_workflow,
    complete_workflow,
    fail_workflow,
    record_fault,
    schedule_activity,
    workflow_failure,
)
from cpe.decider.execution import Execution
from cpe.decider.reports import Reporter
from cpe.decider.steps import StepStates
from cpe.errors import StepFault
from cpe.plan import Plan
from cpe.plan.templates import parse_json
from cpe.protocol import Event


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
    if execution.cancel_requested:
        details = "the execution was asked to stop"
        closing = reporter.canceled(details, now)
        return Outcome(decisions=(cancel_workflow(details),), facts=facts, closing=closing)
    try:
        workflow_input = _workflow_input(plan, execution)
    except StepFault as error:
        closing = reporter.failed(error.code, error.message, (), now)
        return Outcome(decisions=(fail_workflow(error.code, error.message),), facts=facts, closing=closing)

    steps = StepStates(plan, execution, workflow_input)
    new_faults = [steps.new_faults[name] for name in sorted(steps.new_faults)]
    markers = tuple(record_fault(fault) for fault in new_faults)
    announced = tuple(reporter.fault(fault, now) for fault in new_faults)
    failures = steps.unhandled_failures()
    if failures:
        reason, details = workflow_failure(failures)
        return Outcome(
            decisions=(*markers, fail_workflow(reason, details)),
            facts=facts,
            announcements=announced,
            closing=reporter.failed(reason, details, failures, now),
        )
    if steps.all_completed:
        return Outcome(
            decisions=(*markers, complete_workflow()),
            facts=facts,
            announcements=announced,
            closing=reporter.completed(now),
        )
    ready = [steps.ready[name] for name in sorted(steps.ready)]
    return Outcome(
        decisions=(*markers, *(schedule_activity(one) for one in ready)),
        facts=facts,
        announcements=(*announced, *(reporter.scheduled(one, now) for one in ready)),
    )


def _workflow_input(plan: Plan, execution: Execution) -> Any:
    value = parse_json(execution.input or "null", "the workflow's input", code="INPUT_NOT_JSON")
    plan.input_spec.check(value, "the workflow's input")
    return value
