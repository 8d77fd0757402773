"""Where each activity and child workflow of a walk stands: a step's own, or that of an item of `for_each`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cpe.decider.execution import Attempt, Closing, Ending, Execution, Fault, TimerState
from cpe.decider.failures import failure_of
from cpe.decider.parcels import Packer, Parcel
from cpe.decider.timers import Timer, refusal_timer, retry_timer
from cpe.errors import StepFault
from cpe.plan import RunActivity, Runs, StepStatus
from cpe.plan.retry import RetryPolicy
from cpe.plan.swf_names import MAX_NAME, name_problem
from cpe.plan.templates import parse_json
from cpe.protocol.references import Reference

MAX_HANDBACKS = 10
"""How often an activity is scheduled again because its worker was stopped.

Workers are stopped on purpose, so this is no failure of the activity; but it must not go round for ever.
"""

MAX_REFUSALS = 6
"""How often SWF is asked for something that it refuses. The pauses are 2, 4, 8, 16 and 32 seconds.

Most causes pass: a rate or a quota, or a type that a worker registers as soon as it starts.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """What to schedule: an activity, or a child workflow.

    Attributes:
        activity_id: Its id.
        work: What to run.
        input: JSON text, or a reference to it; None for none.
        number: The attempt's, from 1.
        task_list: Instead of the plan's own; None for that.
    """

    activity_id: str
    work: Runs
    input: Parcel | None
    number: int
    task_list: str | None


class Activities:
    """The activities and child workflows of one walk. Names are their ids, or those of steps that run none.

    Attributes:
        outputs: What was found in results, by name.
        failures: Why what failed failed, by name.
        ready: What is to be scheduled, by name.
        timers: The timers to start, by name.
        new_faults: Failures found in this walk that the history does not have yet, by name.
    """

    def __init__(self, execution: Execution, packer: Packer) -> None:
        self.outputs: dict[str, Any] = {}
        self.failures: dict[str, Fault] = {}
        self.ready: dict[str, Ready] = {}
        self.timers: dict[str, Timer] = {}
        self.new_faults: dict[str, Fault] = {}
        self._execution = execution
        self._packer = packer

    def known(self, name: str, work: Runs) -> StepStatus | None:
        """Tell where an activity stands; None if it was never begun, or SWF has refused it so far."""
        fault = self._execution.faults.get(name)
        if fault is not None:
            return self.fail(fault)
        attempt = self._execution.attempts.get(name)
        if attempt is None:
            return None
        return self.guarded(name, lambda: self._after(name, work, attempt))

    def begin(self, name: str, work: Runs, context: Mapping[str, Any]) -> StepStatus:
        """Make an activity ready for its first attempt.

        Raises:
            StepFault: Its input cannot be made.
        """
        if self._execution.is_refused(name) and not self._is_over_refusal(name):
            return StepStatus.RUNNING
        self.ready[name] = Ready(
            activity_id=name,
            work=work,
            input=self._input_of(name, work, context),
            number=1,
            task_list=_group_of(work, context),
        )
        return StepStatus.READY

    def guarded(self, name: str, evaluate: Callable[[], StepStatus]) -> StepStatus:
        """Evaluate; a fault in the execution's data fails what it concerns, and is to be recorded."""
        try:
            return evaluate()
        except StepFault as error:
            self.forget(name)
            fault = Fault(step=name, reason=error.code, details=error.message)
            self.new_faults[name] = fault
            return self.fail(fault)

    def fail(self, fault: Fault) -> StepStatus:
        """Note a failure."""
        self.failures[fault.step] = fault
        return StepStatus.FAILED

    def is_over(self, name: str, timer: Timer) -> bool:
        """Tell whether a time is over; its timer is to be started if there is none yet.

        Raises:
            StepFault: SWF refuses to start the timer; the code is its cause.
        """
        state = self._execution.timers.get(timer.id)
        if state is not None:
            return has_fired(state, self._execution.closing)
        seconds = self._execution.carried_timers.get(timer.id, timer.seconds)
        if not seconds:
            return True
        refusal = self._execution.timer_refusals.get(timer.id)
        if refusal is not None and refusal.count >= MAX_REFUSALS:
            raise StepFault(f"SWF refused to start timer {timer.id}: {refusal.cause}", code=refusal.cause)
        self.timers[name] = Timer(id=timer.id, seconds=seconds)
        return False

    def forget(self, name: str) -> None:
        """Drop what was to be begun or started for an activity."""
        self.ready.pop(name, None)
        self.timers.pop(name, None)

    def _after(self, name: str, work: Runs, attempt: Attempt) -> StepStatus:
        ended = attempt.ended
        if ended is None:
            return StepStatus.RUNNING
        if ended.ending is Ending.COMPLETED:
            self.outputs[name] = _outputs_of(work, ended.result)
            return StepStatus.SUCCEEDED
        if not will_retry(work.retry, attempt):
            return self.fail(failure_of(attempt, ended))
        if self._execution.is_refused(name):
            if not self._is_over_refusal(name):
                return StepStatus.RUNNING
        elif not attempt.handed_back and not self.is_over(name, self._pause_after(work, attempt)):
            return StepStatus.RUNNING
        self.ready[name] = Ready(
            activity_id=name,
            work=work,
            input=None if attempt.input is None else Parcel(text=attempt.input),
            number=attempt.number + 1,
            task_list=attempt.task_list,
        )
        return StepStatus.READY

    def _pause_after(self, work: Runs, attempt: Attempt) -> Timer:
        name = attempt.activity_id
        seconds = work.retry.delay(
            attempt.number - attempt.handbacks, seed=f"{self._execution.run_id}:{name}"
        )
        return retry_timer(name, attempt.number, seconds)

    def _is_over_refusal(self, name: str) -> bool:
        """Tell whether SWF may be asked again for what it refused.

        Raises:
            StepFault: It refused too often; the code is its cause.
        """
        refusal = self._execution.refusals[name]
        if refusal.count >= MAX_REFUSALS:
            raise StepFault(
                f"SWF refused {refusal.count} times to schedule {name}: {refusal.cause}", code=refusal.cause
            )
        return self.is_over(name, refusal_timer(name, refusal.total, 2**refusal.count))

    def _input_of(self, name: str, work: Runs, context: Mapping[str, Any]) -> Parcel | None:
        value = work.input.render(context) if work.input is not None else None
        if isinstance(work, RunActivity):
            work.activity.input_spec.check(value, f"the input of {name}")
        elif len(child_id(self._execution, name)) > MAX_NAME:
            message = (
                f"a child's workflow id has at most {MAX_NAME} characters: {child_id(self._execution, name)}"
            )
            raise StepFault(message, code="CHILD_ID_TOO_LONG")
        if work.input is None:
            return None
        return self._packer.pack_value(value, f"the input of {name}", code="INPUT_TOO_LARGE")


def child_id(execution: Execution, name: str) -> str:
    """The workflow id that a child runs under: its job is the parent's, with the step after a tilde.

    SWF lets one execution be open under an id, so the same step never runs twice at once.
    """
    return f"{execution.workflow_id}~{name}"


def has_fired(timer: TimerState, closing: Closing | None) -> bool:
    """Tell whether a timer has fired, as far as it counts.

    Once an execution is closing only what it cleans up goes on: an older timer that fires then is not heard.
    """
    if timer.fired_event_id is None:
        return False
    return (
        closing is None
        or timer.fired_event_id < closing.event_id
        or timer.started_event_id > closing.event_id
    )


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


def _outputs_of(work: Runs, result: str | None) -> Any:
    """Find what steps may use of a result; one that no output is taken from need not be JSON."""
    spec = work.activity.outputs_spec if isinstance(work, RunActivity) else None
    if spec is not None and not spec:
        return {}
    what = "the child workflow's result" if spec is None else "the activity's result"
    if Reference.parse(result) is not None:
        raise StepFault(f"{what} lies elsewhere and could not be read: {result}", code="PAYLOAD_UNAVAILABLE")
    parsed = parse_json(result or "null", what, code="RESULT_NOT_JSON")
    return parsed if spec is None else spec.evaluate(parsed)


def _group_of(work: Runs, context: Mapping[str, Any]) -> str | None:
    if not isinstance(work, RunActivity) or work.group is None:
        return None
    name = work.group.render(context).strip()
    problem = name_problem(name)
    if problem is not None:
        raise StepFault(f"the group {name!r:.100} is no task list: it {problem}", code="GROUP_INVALID")
    return name
