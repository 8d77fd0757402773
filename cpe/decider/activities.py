"""Where each activity of one walk over a plan stands: a step's own, or that of an item of `for_each`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cpe.decider.execution import Attempt, Ended, Ending, Execution, Fault
from cpe.errors import StepFault
from cpe.plan import RunActivity, StepStatus
from cpe.plan.retry import RetryPolicy
from cpe.plan.templates import parse_json

MAX_DATA = 32_768
"""Characters of an input or a result (service model of SWF)."""

MAX_HANDBACKS = 10
"""How often an activity is scheduled again because its worker was stopped.

Workers are stopped on purpose, so this is no failure of the activity; but it must not go round for ever.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """An activity to schedule: its id, what to run, and the attempt's number from 1.

    `input` is JSON text, None for none.
    """

    activity_id: str
    work: RunActivity
    input: str | None
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A timer to start; whole seconds."""

    id: str
    seconds: int


class Activities:
    """The activities of one walk. Names are activity ids, or those of steps that run none.

    Attributes:
        outputs: What was found in results, by name.
        failures: Why what failed failed, by name.
        ready: The activities to schedule.
        timers: The timers to start.
        new_faults: Failures found in this walk that the history does not have yet.
    """

    def __init__(self, execution: Execution) -> None:
        self.outputs: dict[str, Any] = {}
        self.failures: dict[str, Fault] = {}
        self.ready: dict[str, Ready] = {}
        self.timers: dict[str, Timer] = {}
        self.new_faults: dict[str, Fault] = {}
        self._execution = execution

    def known(self, name: str, work: RunActivity) -> StepStatus | None:
        """Tell where an activity stands; None if it was never begun."""
        fault = self._execution.faults.get(name)
        if fault is not None:
            return self.fail(fault)
        attempts = self._execution.attempts.get(name)
        if not attempts:
            return None
        return self.guarded(name, lambda: self._after(name, work, attempts[-1]))

    def begin(self, name: str, work: RunActivity, context: Mapping[str, Any]) -> StepStatus:
        """Make an activity ready for its first attempt.

        Raises:
            StepFault: Its input cannot be made.
        """
        text = _input_of(name, work, context)
        self.ready[name] = Ready(activity_id=name, work=work, input=text, number=1)
        return StepStatus.READY

    def guarded(self, name: str, evaluate: Callable[[], StepStatus]) -> StepStatus:
        """Evaluate; a fault in the execution's data fails what it concerns, and is to be recorded."""
        try:
            return evaluate()
        except StepFault as error:
            fault = Fault(step=name, reason=error.code, details=error.message)
            self.new_faults[name] = fault
            return self.fail(fault)

    def fail(self, fault: Fault) -> StepStatus:
        """Note a failure."""
        self.failures[fault.step] = fault
        return StepStatus.FAILED

    def is_over(self, name: str, timer: Timer) -> bool:
        """Tell whether a time is over; its timer is to be started if there is none yet."""
        if not timer.seconds:
            return True
        state = self._execution.timers.get(timer.id)
        if state is None:
            self.timers[name] = timer
        return state is not None and state.fired_event_id is not None

    def forget(self, name: str) -> None:
        """Drop what was to be begun or started for an activity."""
        self.ready.pop(name, None)
        self.timers.pop(name, None)

    def _after(self, name: str, work: RunActivity, attempt: Attempt) -> StepStatus:
        ended = attempt.ended
        if ended is None:
            return StepStatus.RUNNING
        if ended.ending is Ending.COMPLETED:
            self.outputs[name] = _outputs_of(work, ended.result)
            return StepStatus.SUCCEEDED
        if not will_retry(work.retry, attempt):
            return self.fail(failure_of(attempt, ended))
        if not attempt.handed_back and not self.is_over(name, self._pause_after(work, attempt)):
            return StepStatus.RUNNING
        number = attempt.number + 1
        self.ready[name] = Ready(activity_id=name, work=work, input=attempt.input, number=number)
        return StepStatus.READY

    def _pause_after(self, work: RunActivity, attempt: Attempt) -> Timer:
        name = attempt.activity_id
        failures = attempt.number - attempt.handbacks
        seconds = work.retry.delay(failures, seed=f"{self._execution.run_id}:{name}")
        return Timer(id=f"retry.{name}.{attempt.number}", seconds=seconds)


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


def json_text(value: Any, what: str, *, code: str) -> str:
    """Write a value as SWF carries it.

    Raises:
        StepFault: With `code`, if it is too long.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if len(text) > MAX_DATA:
        raise StepFault(f"{what} has {len(text):,} characters; SWF takes {MAX_DATA:,}", code=code)
    return text


def _outputs_of(work: RunActivity, result: str | None) -> dict[str, Any]:
    """Find what steps may use of a result; one that no output is taken from need not be JSON."""
    if not work.activity.outputs_spec:
        return {}
    parsed = parse_json(result or "null", "the activity's result", code="RESULT_NOT_JSON")
    return work.activity.outputs_spec.evaluate(parsed)


def _input_of(name: str, work: RunActivity, context: Mapping[str, Any]) -> str | None:
    value = work.input.render(context) if work.input is not None else None
    work.activity.input_spec.check(value, f"the input of {name}")
    if work.input is None:
        return None
    return json_text(value, f"the input of {name}", code="INPUT_TOO_LARGE")
