"""Where each step of a plan stands in an execution."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from cpe.decider.execution import Attempt, Ended, Ending, Execution, Fault, TimerState
from cpe.errors import StepFault
from cpe.plan import Plan, Step, StepStatus
from cpe.plan.retry import RetryPolicy
from cpe.plan.templates import INPUT_NAME, parse_json

MAX_INPUT = 32_768
"""Characters of an activity's input (service model of SWF)."""

MAX_HANDBACKS = 10
"""How often an activity is scheduled again because its worker was stopped.

Workers are stopped on purpose, so this is no failure of the activity; but it must not go round for ever.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """An activity to schedule; `input` is JSON text, None for none. `number` is its attempt, from 1."""

    step: Step
    input: str | None
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A timer to start; whole seconds."""

    id: str
    seconds: int


class StepStates:
    """One walk over the plan's steps, requirements first.

    Attributes:
        status: Of every step, by name.
        failures: Why each failed step failed, by name.
        ready: The activities to schedule, by step name.
        timers: The timers to start, by step name.
        new_faults: Failures found in this walk that the history does not have yet, by step name.
    """

    def __init__(self, plan: Plan, execution: Execution, workflow_input: Any) -> None:
        self.status: dict[str, StepStatus] = {}
        self.failures: dict[str, Fault] = {}
        self.ready: dict[str, Ready] = {}
        self.timers: dict[str, Timer] = {}
        self.new_faults: dict[str, Fault] = {}
        self._plan = plan
        self._execution = execution
        self._outputs: dict[str, Any] = {INPUT_NAME: workflow_input}
        for step in plan.steps:
            try:
                self.status[step.name] = self._evaluate(step)
            except StepFault as error:
                fault = Fault(step=step.name, reason=error.code, details=error.message)
                self.new_faults[step.name] = fault
                self.status[step.name] = self._failed(fault)

    def unhandled_failures(self) -> list[Fault]:
        """Failed steps that no step can handle any more, by name.

        A failure is handled by a step that requires it as failed or completed and was not skipped. A handler
        that still waits for other steps may come to run, so its failure is not counted here yet.
        """
        handlers: dict[str, list[str]] = {}
        for step in self._plan.steps:
            for requirement in step.requires:
                if requirement.handles_failure:
                    handlers.setdefault(requirement.step, []).append(step.name)
        return [
            fault
            for name, fault in sorted(self.failures.items())
            if all(self.status[handler] is StepStatus.SKIPPED for handler in handlers.get(name, ()))
        ]

    @property
    def all_completed(self) -> bool:
        return all(status.is_completed for status in self.status.values())

    def _evaluate(self, step: Step) -> StepStatus:
        fault = self._execution.faults.get(step.name)
        if fault is not None:
            return self._failed(fault)
        attempts = self._execution.attempts.get(step.name)
        if attempts:
            return self._after_attempt(step, attempts[-1])
        for requirement in step.requires:
            status = self.status[requirement.step]
            if status.is_completed and status not in requirement.accepts:
                return StepStatus.SKIPPED
        if not all(self.status[requirement.step].is_completed for requirement in step.requires):
            return StepStatus.PENDING
        return self._begin(step)

    def _after_attempt(self, step: Step, attempt: Attempt) -> StepStatus:
        ended = attempt.ended
        if ended is None:
            return StepStatus.RUNNING
        if ended.ending is Ending.COMPLETED:
            self._outputs[step.name] = _outputs_of(step, ended.result)
            return StepStatus.SUCCEEDED
        if not will_retry(step.retry, attempt):
            return self._failed(failure_of(attempt, ended))
        if not attempt.handed_back and not self._has_waited(step, attempt):
            return StepStatus.RUNNING
        self.ready[step.name] = Ready(step=step, input=attempt.input, number=attempt.number + 1)
        return StepStatus.READY

    def _has_waited(self, step: Step, attempt: Attempt) -> bool:
        """Tell whether the time before the next attempt is over; a timer is started if there is none yet."""
        timer = Timer(
            id=f"retry.{step.name}.{attempt.number}",
            seconds=step.retry.delay(
                attempt.number - attempt.handbacks, seed=f"{self._execution.run_id}:{step.name}"
            ),
        )
        state = self._execution.timers.get(timer.id)
        if state is None and timer.seconds:
            self.timers[step.name] = timer
        return state is TimerState.FIRED or not timer.seconds

    def _begin(self, step: Step) -> StepStatus:
        context = {INPUT_NAME: self._outputs[INPUT_NAME]}
        for requirement in step.requires:
            # A step that failed or was skipped has no outputs: using one is a missing value.
            context[requirement.step] = self._outputs.get(requirement.step, {})
        if step.eval is not None:
            self._outputs[step.name] = step.eval.render(context)
            return StepStatus.SUCCEEDED
        self.ready[step.name] = Ready(step=step, input=_input_of(step, context), number=1)
        return StepStatus.READY

    def _failed(self, fault: Fault) -> StepStatus:
        self.failures[fault.step] = fault
        return StepStatus.FAILED


def will_retry(policy: RetryPolicy, attempt: Attempt) -> bool:
    """True if an attempt that ended without success is followed by another.

    One that was cancelled is not: somebody wanted it to end. One that was handed back is, and does not count.
    """
    ended = attempt.ended
    if ended is None or ended.ending in (Ending.COMPLETED, Ending.CANCELED):
        return False
    if attempt.handed_back:
        return attempt.handbacks < MAX_HANDBACKS
    return policy.wants(failure_of(attempt, ended).reason, attempt.number - attempt.handbacks)


def failure_of(attempt: Attempt, ended: Ended) -> Fault:
    """Say why an attempt that did not complete ended: a code and a sentence."""
    if ended.ending is Ending.TIMED_OUT:
        reason, details = f"TIMEOUT_{ended.timeout_type}", f"the activity timed out: {ended.timeout_type}"
    elif ended.ending is Ending.CANCELED:
        reason, details = "ACTIVITY_CANCELED", ended.details or "the activity was cancelled"
    else:
        reason, details = ended.reason or "ACTIVITY_FAILED", ended.details or "the worker gave no details"
    return Fault(step=attempt.activity_id, reason=reason, details=details)


def _outputs_of(step: Step, result: str | None) -> dict[str, Any]:
    """Find a completed step's outputs; a result that no output is taken from need not be JSON."""
    if step.activity is None or not step.activity.outputs_spec:
        return {}
    parsed = parse_json(result or "null", "the activity's result", code="RESULT_NOT_JSON")
    return step.activity.outputs_spec.evaluate(parsed)


def _input_of(step: Step, context: dict[str, Any]) -> str | None:
    value = step.input.render(context) if step.input is not None else None
    if step.activity is not None:
        step.activity.input_spec.check(value, f"the input of step {step.name}")
    if step.input is None:
        return None
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if len(text) > MAX_INPUT:
        raise StepFault(
            f"the input of step {step.name} has {len(text):,} characters; SWF takes {MAX_INPUT:,}",
            code="INPUT_TOO_LARGE",
        )
    return text
