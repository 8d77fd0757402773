"""Where each step of a plan stands in an execution."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from cpe.decider.activities import Activities, Timer
from cpe.decider.execution import Execution, Fault, TimerState
from cpe.decider.items import Items
from cpe.errors import StepFault
from cpe.plan import AwaitSignal, Evaluate, Plan, RunActivity, Step, StepStatus, Wait
from cpe.plan.for_each import ForEach
from cpe.plan.model import Work
from cpe.plan.templates import INPUT_NAME, parse_json


class StepStates:
    """One walk over the plan's steps, requirements first.

    Attributes:
        status: Of every step, by name.
        activities: What is to be scheduled, started and recorded.
        cancels: Ids of activities that are no longer wanted.
    """

    def __init__(self, plan: Plan, execution: Execution, workflow_input: Any) -> None:
        self.status: dict[str, StepStatus] = {}
        self.activities = Activities(execution)
        self.cancels: list[str] = []
        self._plan = plan
        self._execution = execution
        self._input = workflow_input
        for step in plan.steps:
            self.status[step.name] = self.activities.guarded(step.name, partial(self._evaluate, step))

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
            self.activities.failures[name]
            for name, status in sorted(self.status.items())
            if status is StepStatus.FAILED
            and all(self.status[handler] is StepStatus.SKIPPED for handler in handlers.get(name, ()))
        ]

    @property
    def all_completed(self) -> bool:
        return all(status.is_completed for status in self.status.values())

    def context(self) -> dict[str, Any]:
        """What a template over all steps may use."""
        return self._context(self.status)

    def _evaluate(self, step: Step) -> StepStatus:
        fault = self._execution.faults.get(step.name)
        if fault is not None:
            return self.activities.fail(fault)
        work = step.work
        if isinstance(work, RunActivity) and (known := self.activities.known(step.name, work)) is not None:
            return known
        for requirement in step.requires:
            status = self.status[requirement.step]
            if status.is_completed and status not in requirement.accepts:
                return StepStatus.SKIPPED
        if not all(self.status[requirement.step].is_completed for requirement in step.requires):
            return StepStatus.PENDING
        context = self._context(requirement.step for requirement in step.requires)
        if step.when is not None and not step.when.holds(context):
            return StepStatus.SKIPPED
        return self._run(step.name, work, context)

    def _run(self, name: str, work: Work, context: dict[str, Any]) -> StepStatus:
        match work:
            case RunActivity(for_each=ForEach() as each):
                items = Items(
                    name, work, each, context=context, activities=self.activities, execution=self._execution
                )
                status = items.evaluate()
                self.cancels += items.cancels
                return status
            case RunActivity():
                return self.activities.begin(name, work, context)
            case Evaluate(template=template):
                self.activities.outputs[name] = template.render(context)
                return StepStatus.SUCCEEDED
            case Wait(seconds=seconds):
                over = self.activities.is_over(name, Timer(id=f"wait.{name}", seconds=seconds))
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
                self.activities.is_over(name, timer)
        if signal is None:
            return StepStatus.RUNNING
        outputs = parse_json(signal.input or "null", "the signal's input", code="SIGNAL_NOT_JSON")
        self.activities.outputs[name] = outputs
        return StepStatus.SUCCEEDED

    def _context(self, steps: Iterable[str]) -> dict[str, Any]:
        # A step that failed or was skipped has no outputs: using one is a missing value.
        outputs = self.activities.outputs
        return {INPUT_NAME: self._input, **{step: outputs.get(step, {}) for step in steps}}
