"""What to do next with an execution."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cpe.decider.carrying import carried_input
from cpe.decider.changes import changes_since
from cpe.decider.context import context_text
from cpe.decider.decisions import (
    cancel_workflow,
    complete_workflow,
    continue_as_new,
    fail_workflow,
    record_closing,
    record_fault,
    start_timer,
    workflow_failure,
)
from cpe.decider.execution import Attempt, Closing, ClosingKind, Execution
from cpe.decider.fold import apply_event
from cpe.decider.history import HistoryEvent
from cpe.decider.outcome import Draft, Outcome
from cpe.decider.parcels import Packer
from cpe.decider.reports import Reporter
from cpe.decider.retrying import drop_retried
from cpe.decider.steps import StepStates
from cpe.decider.timers import next_decision_timer
from cpe.errors import StepFault
from cpe.plan import Plan, RunActivity
from cpe.plan.templates import parse_json
from cpe.protocol.references import PayloadPlace, Reference

_CANCELED = Closing(
    kind=ClosingKind.CANCELED, reason="JOB_CANCELED", details="the execution was asked to stop"
)

PATIENCE_TO_CONTINUE = 2
"""A run that cannot be continued is not kept waiting for it once its history is so many times as long."""


class Walk:
    """A plan walked over one execution, again and again as its history grows.

    What it worked out is kept between decisions. The same plan and history give the same decisions, whatever
    the order of the steps in the file, and however the history was cut into decisions.

    Args:
        plan: The plan of the execution's workflow type.
        execution: The execution; `apply` folds new events into it.
        place: Where payloads go that are too large for SWF; None for nowhere.
    """

    def __init__(self, plan: Plan, execution: Execution, *, place: PayloadPlace | None = None) -> None:
        self._plan = plan
        self._execution = execution
        client = execution.identity.client if execution.identity else None
        self._packer = Packer(place=place, client=client)
        self._reporter = Reporter(plan, execution)
        self._states: StepStates | Closing | None = None

    @property
    def execution(self) -> Execution:
        """The execution, as far as its history was folded."""
        return self._execution

    def apply(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Fold more of the history, as boto3 gives it; what was folded before is passed over."""
        for raw in events:
            if raw["eventId"] > self._execution.last_event_id:
                apply_event(self._execution, HistoryEvent.from_swf(raw))

    def decide(self, *, now: float) -> Outcome:
        """Decide what to do next.

        Args:
            now: The time of what is announced, in seconds since the epoch; it decides nothing.
        """
        draft = Draft(self._plan, self._execution)
        states = self._states = self._states or self._begin()
        if isinstance(states, Closing):
            self._close_unread(draft, states, now)
        else:
            states.update()
            self._fill(draft, states, now)
        return draft.outcome(
            context=context_text(self._plan, self._execution),
            facts=tuple(self._reporter.fact(fact) for fact in self._execution.unanswered_facts()),
            changes=changes_since(self._plan, self._execution),
        )

    def _begin(self) -> StepStates | Closing:
        """The plan's steps, or how an execution closes whose input nothing can be made of."""
        try:
            value = _workflow_input(self._plan, self._execution)
            drop_retried(self._plan, self._execution)
            return StepStates(self._plan, self._execution, value, self._packer)
        except StepFault as error:
            return Closing(kind=ClosingKind.FAILED, reason=error.code, details=error.message)

    def _close_unread(self, draft: Draft, refused: Closing, now: float) -> None:
        """Close an execution that has no steps."""
        closing = self._execution.closing or (_CANCELED if self._execution.cancel_requested else refused)
        if self._drain(draft, closing, self._execution.open_attempts()):
            return
        if closing.kind is ClosingKind.CANCELED:
            event = self._reporter.canceled(closing.details, now)
            draft.close(cancel_workflow(closing.details), event)
        else:
            self._fail(draft, closing, now)

    def _fill(self, draft: Draft, states: StepStates, now: float) -> None:
        execution = self._execution
        if execution.closing is not None:
            self._close(draft, states, execution.closing, now)
        elif execution.cancel_requested:
            self._close(draft, states, _CANCELED, now)
        elif failures := states.unhandled_failures():
            self._record_faults(draft, states, now)
            reason, details = workflow_failure(failures)
            closing = Closing(
                kind=ClosingKind.FAILED, reason=reason, details=details, failed_steps=tuple(failures)
            )
            self._close(draft, states, closing, now)
        elif states.all_completed:
            self._record_faults(draft, states, now)
            self._complete(draft, states, now)
        elif not (self._wants_to_continue() and self._continue(draft, states, now)):
            self._go_on(draft, states, now)

    def _record_faults(self, draft: Draft, states: StepStates, now: float) -> None:
        for _, fault in sorted(states.activities.new_faults.items()):
            draft.add(record_fault(fault), self._reporter.fault(fault, now))

    def _go_on(self, draft: Draft, states: StepStates, now: float) -> None:
        """Do what the plan wants next."""
        self._record_faults(draft, states, now)
        self._stop_unwanted(draft, states)
        for _, timer in sorted(states.activities.timers.items()):
            draft.add(start_timer(timer))
        draft.schedule(
            states.activities.ready.values(),
            position=states.position,
            announce=lambda ready: self._reporter.scheduled(ready, now),
        )

    def _stop_unwanted(self, draft: Draft, states: StepStates) -> None:
        """Ask to stop what a failing step no longer wants, and what somebody asked for."""
        unwanted = {attempt.activity_id: attempt for attempt in states.cancels()}
        for name in sorted(self._execution.cancels_wanted):
            unwanted.setdefault(name, self._execution.attempts[name])
        draft.cancel(unwanted.values())

    def _complete(self, draft: Draft, states: StepStates, now: float) -> None:
        """Complete with the plan's result; one that cannot be made fails the workflow."""
        result, text = None, None
        if self._plan.result is not None:
            try:
                result = self._plan.result.render(states.context())
                parcel = self._packer.pack_value(result, "the workflow's result", code="RESULT_TOO_LARGE")
            except StepFault as error:
                closing = Closing(kind=ClosingKind.FAILED, reason=error.code, details=error.message)
                self._close(draft, states, closing, now)
                return
            draft.carry(parcel.payload)
            text = parcel.text
        draft.close(complete_workflow(text), self._reporter.completed(result, now))

    def _close(self, draft: Draft, states: StepStates, closing: Closing, now: float) -> None:
        """Close, after what still runs has been cancelled and has ended."""
        if closing.kind is ClosingKind.CANCELED:
            self._cancel(draft, states, closing, now)
        elif not self._drain(draft, closing, self._execution.open_attempts()):
            self._fail(draft, closing, now)

    def _fail(self, draft: Draft, closing: Closing, now: float) -> None:
        event = self._reporter.failed(closing.reason, closing.details, closing.failed_steps, now)
        draft.close(fail_workflow(closing.reason, closing.details), event)

    def _cancel(self, draft: Draft, states: StepStates, closing: Closing, now: float) -> None:
        """Cancel the job: what runs ends, then the plan's clean-up steps run, then the workflow closes."""
        recorded = self._execution.closing is not None
        running = [one for one in self._execution.open_attempts() if not states.cleans_up(one.activity_id)]
        if self._drain(draft, closing, running):
            return
        if not recorded and states.wants_cleaning():
            draft.add(record_closing(closing))
            draft.add(start_timer(next_decision_timer(self._execution.decision_started_event_id)))
            return
        if recorded:
            states.clean_up()
        if recorded and not (states.all_cleaned_up and not self._execution.running):
            self._go_on(draft, states, now)
            return
        details = "; ".join([closing.details, *states.failed_cleanups()])
        draft.close(cancel_workflow(details), self._reporter.canceled(details, now))

    def _drain(self, draft: Draft, closing: Closing, running: list[Attempt]) -> bool:
        """Ask what runs to stop; True if something does, and so the end must be waited for."""
        if running and self._execution.closing is None:
            draft.add(record_closing(closing))
        draft.cancel(running)
        return bool(running)

    def _wants_to_continue(self) -> bool:
        """Tell whether the history is so long that the run should continue as a new one."""
        most, events = self._plan.continue_after, self._execution.last_event_id
        return most <= events < PATIENCE_TO_CONTINUE * most and not self._execution.continue_refused

    def _continue(self, draft: Draft, states: StepStates, now: float) -> bool:
        """Continue as a new run once nothing runs any more; False if what is known is too much to carry."""
        if self._execution.running:
            self._record_faults(draft, states, now)
            self._stop_unwanted(draft, states)
            return True
        text = carried_input(
            self._execution,
            faults=states.activities.new_faults,
            wants_result=lambda name: _has_outputs(states, name),
        )
        parcel = self._packer.pack(text)
        if parcel is None:
            return False
        draft.carry(parcel.payload)
        self._record_faults(draft, states, now)
        decision = continue_as_new(parcel.text, self._plan, self._execution)
        draft.close(decision, self._reporter.continued(now))
        return True


def decide(plan: Plan, execution: Execution, *, now: float, place: PayloadPlace | None = None) -> Outcome:
    """Decide what to do next with an execution, from scratch; see :class:`Walk`."""
    return Walk(plan, execution, place=place).decide(now=now)


def _has_outputs(states: StepStates, activity_id: str) -> bool:
    work = states.work_of(activity_id)
    return not isinstance(work, RunActivity) or bool(work.activity.outputs_spec)


def _workflow_input(plan: Plan, execution: Execution) -> Any:
    if Reference.parse(execution.input) is not None:
        message = f"the workflow's input lies elsewhere and could not be read: {execution.input}"
        raise StepFault(message, code="PAYLOAD_UNAVAILABLE")
    value = parse_json(execution.input or "null", "the workflow's input", code="INPUT_NOT_JSON")
    plan.input_spec.check(value, "the workflow's input")
    return value
