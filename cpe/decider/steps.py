"""Where each step of a plan stands in an execution."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cpe.decider.execution import Attempt, Ended, Ending, Execution, Fault, TimerState
from cpe.errors import StepFault
from cpe.plan import AwaitSignal, Evaluate, Plan, RunActivity, Step, StepStatus, Wait
from cpe.plan.model import Work
from cpe.plan.retry import RetryPolicy
from cpe.plan.templates import INPUT_NAME, parse_json

MAX_DATA = 32_768
"""Characters of an input or a result (service model of SWF)."""

MAX_HANDBACKS = 10
"""How often an activity is scheduled again because its worker was stopped.

Workers are stopped on purpose, so this is no failure of the activity; but it must not go round for ever.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """An activity to schedule: the step's name, its work, and the attempt's number from 1.

    `input` is JSON text, None for none.
    """

    step: str
    work: RunActivity
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
        if isinstance(step.work, RunActivity) and (attempts := self._execution.attempts.get(step.name)):
            return self._after_attempt(step.name, step.work, attempts[-1])
        for requirement in step.requires:
            status = self.status[requirement.step]
            if status.is_completed and status not in requirement.accepts:
                return StepStatus.SKIPPED
        if not all(self.status[requirement.step].is_completed for requirement in step.requires):
            return StepStatus.PENDING
        context = self._context(requirement.step for requirement in step.requires)
        if step.when is not None and not step.when.holds(context):
            return StepStatus.SKIPPED
        return self._run(step.name, step.work, context)

    def _run(self, name: str, work: Work, context: dict[str, Any]) -> StepStatus:
        match work:
            case RunActivity():
                self.ready[name] = Ready(step=name, work=work, input=_input_of(name, work, context), number=1)
                return StepStatus.READY
            case Evaluate(template=template):
                self._outputs[name] = template.render(context)
                return StepStatus.SUCCEEDED
            case Wait(seconds=seconds):
                over = self._is_over(name, Timer(id=f"wait.{name}", seconds=seconds))
                return StepStatus.SUCCEEDED if over else StepStatus.RUNNING
            case AwaitSignal():
                return self._await(name, work)

    def _await(self, name: str, work: AwaitSignal) -> StepStatus:
        signal = self._execution.signals.get(work.signal)
        if work.timeout is not None:
            timer = Timer(id=f"signal.{name}", seconds=work.timeout)
            fired = self._execution.timers.get(timer.id, TimerState()).fired_event_id
            if fired is not None and (signal is None or fired < signal.event_id):
                message = f"no signal {work.signal!r} came within {work.timeout} s"
                raise StepFault(message, code="TIMEOUT_SIGNAL")
            if signal is None:
                self._is_over(name, timer)
        if signal is None:
            return StepStatus.RUNNING
        self._outputs[name] = parse_json(signal.input or "null", "the signal's input", code="SIGNAL_NOT_JSON")
        return StepStatus.SUCCEEDED

    def _after_attempt(self, name: str, work: RunActivity, attempt: Attempt) -> StepStatus:
        ended = attempt.ended
        if ended is None:
            return StepStatus.RUNNING
        if ended.ending is Ending.COMPLETED:
            self._outputs[name] = _outputs_of(work, ended.result)
            return StepStatus.SUCCEEDED
        if not will_retry(work.retry, attempt):
            return self._failed(failure_of(attempt, ended))
        if not attempt.handed_back and not self._is_over(name, self._pause_after(work, attempt)):
            return StepStatus.RUNNING
        self.ready[name] = Ready(step=name, work=work, input=attempt.input, number=attempt.number + 1)
        return StepStatus.READY

    def _pause_after(self, work: RunActivity, attempt: Attempt) -> Timer:
        step = attempt.activity_id
        seconds = work.retry.delay(
            attempt.number - attempt.handbacks, seed=f"{self._execution.run_id}:{step}"
        )
        return Timer(id=f"retry.{step}.{attempt.number}", seconds=seconds)

    def _is_over(self, step: str, timer: Timer) -> bool:
        """Tell whether a time is over; its timer is started if there is none yet."""
        if not timer.seconds:
            return True
        state = self._execution.timers.get(timer.id)
        if state is None:
            self.timers[step] = timer
        return state is not None and state.fired_event_id is not None

    def context(self) -> dict[str, Any]:
        """What a template over all steps may use."""
        return self._context(self.status)

    def _context(self, steps: Iterable[str]) -> dict[str, Any]:
        # A step that failed or was skipped has no outputs: using one is a missing value.
        outputs = {step: self._outputs.get(step, {}) for step in steps}
        return {INPUT_NAME: self._outputs[INPUT_NAME], **outputs}

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


def _outputs_of(work: RunActivity, result: str | None) -> dict[str, Any]:
    """Find a completed step's outputs; a result that no output is taken from need not be JSON."""
    if not work.activity.outputs_spec:
        return {}
    parsed = parse_json(result or "null", "the activity's result", code="RESULT_NOT_JSON")
    return work.activity.outputs_spec.evaluate(parsed)


def _input_of(step: str, work: RunActivity, context: dict[str, Any]) -> str | None:
    value = work.input.render(context) if work.input is not None else None
    work.activity.input_spec.check(value, f"the input of step {step}")
    if work.input is None:
        return None
    return json_text(value, f"the input of step {step}", code="INPUT_TOO_LARGE")


def json_text(value: Any, what: str, *, code: str) -> str:
    """Write a value as SWF carries it.

    Raises:
        StepFault: With `code`, if it is too long.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if len(text) > MAX_DATA:
        raise StepFault(f"{what} has {len(text):,} characters; SWF takes {MAX_DATA:,}", code=code)
    return text
