"""Where each step of a plan stands in an execution, kept up to date from decision to decision.

A step that is completed stays so, and one that waits for others is not looked at before the last of them is
completed: keeping up costs what happened, not the size of the plan or of the history. Nothing here depends on
how the history was cut into decisions: the same history gives the same statuses.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable
from functools import partial
from typing import Any

from cpe.decider.activities import Activities, has_fired
from cpe.decider.execution import Attempt, Execution, Fault
from cpe.decider.handling import FailedSteps
from cpe.decider.items import Items
from cpe.decider.parcels import Packer
from cpe.decider.timers import signal_timer, wait_timer
from cpe.errors import StepFault
from cpe.plan import AwaitSignal, Evaluate, Plan, RunActivity, RunWorkflow, Step, StepStatus, Wait
from cpe.plan.for_each import item_index, step_of
from cpe.plan.model import REQUIRED_STATUSES, Runs
from cpe.plan.templates import INPUT_NAME, parse_json


class StepStates:
    """The steps of one execution.

    Args:
        plan: The plan.
        execution: The execution; what is folded into it later is taken in by :meth:`update`.
        workflow_input: The workflow's input, parsed.
        packer: Packs what the steps are given.

    Attributes:
        status: Of every step, by name.
        activities: What is to be scheduled, started and recorded.
    """

    def __init__(self, plan: Plan, execution: Execution, workflow_input: Any, packer: Packer) -> None:
        self.status = {step.name: StepStatus.PENDING for step in plan.steps}
        self.activities = Activities(execution, packer)
        self._plan = plan
        self._execution = execution
        self._input = workflow_input
        self._steps = {step.name: step for step in plan.steps}
        self._items: dict[str, Items] = {}
        self._waits = {step.name: len(step.requires) for step in plan.steps}
        self._cleanups = {step.on_cancel for step in plan.steps if step.on_cancel is not None}
        self._cleaning = False
        self._incomplete = len(self.status) - len(self._cleanups)
        self._failed = FailedSteps(plan, self.status, self._cleanups)
        # What was scheduled once goes on although the plan may say otherwise by now.
        self._begun: dict[str, set[str]] = defaultdict(set)
        self._wanted: set[str] = set()
        self._skipped: set[str] = set()
        self._touched: dict[str, set[int]] = defaultdict(set)
        self._queue: list[tuple[int, str]] = []
        self._awaiting: dict[str, list[str]] = defaultdict(list)
        for step in plan.steps:
            if isinstance(step.work, AwaitSignal):
                self._awaiting[step.work.signal].append(step.name)
            if not step.requires:
                self._push(step.name)
        execution.touched |= execution.attempts.keys() | execution.faults.keys() | execution.refusals.keys()
        self.update()

    def update(self) -> None:
        """Take in what was folded into the execution since the last time."""
        execution = self._execution
        for name in execution.touched:
            self._touch(name)
        for signal in execution.touched_signals:
            for step in self._awaiting.get(signal, ()):
                self._push(step)
        execution.touched.clear()
        execution.touched_signals.clear()
        self._drain()

    @property
    def all_completed(self) -> bool:
        """Whether every step is completed, but for those that only clean up."""
        return self._incomplete == 0

    @property
    def all_cleaned_up(self) -> bool:
        """Whether every step that cleans up is completed."""
        return all(self.status[step].is_completed for step in self._cleanups)

    def cancels(self) -> list[Attempt]:
        """What runs and is no longer wanted, since its step is about to fail."""
        return [attempt for step in sorted(self._items) for attempt in self._items[step].cancels]

    def unhandled_failures(self) -> list[Fault]:
        """Failed steps that no step can handle any more, by name."""
        return [self.activities.failures[name] for name in self._failed.unhandled()]

    def cleans_up(self, activity_id: str) -> bool:
        """Tell whether an activity belongs to a step that only runs when the job is cancelled."""
        return step_of(activity_id) in self._cleanups or activity_id in self._cleanups

    def wants_cleaning(self) -> bool:
        """Tell whether a step was begun that is to be cleaned up after."""
        return any(step.on_cancel is not None and self._begun[step.name] for step in self._plan.steps)

    def clean_up(self) -> None:
        """Begin to clean up: no other step goes on."""
        if self._cleaning:
            return
        self._cleaning = True
        begun = {step.on_cancel for step in self._plan.steps if self._begun[step.name]}
        for name in self.status:
            if name not in self._cleanups or name not in begun:
                self._skipped.add(name)
                self._begun[name].clear()
            self._push(name)
        self.activities.ready.clear()
        self.activities.timers.clear()
        self.activities.new_faults.clear()
        self._drain()

    def failed_cleanups(self) -> list[str]:
        """The steps that should have cleaned up and failed, with their reasons, by name."""
        return [
            f"{name} failed: {self.activities.failures[name].reason}"
            for name in sorted(self._cleanups)
            if self.status[name] is StepStatus.FAILED
        ]

    def position(self, activity_id: str) -> tuple[int, int]:
        """The place of an activity in the plan's order: its step's, and the item's."""
        step = self._step_of(activity_id)
        if step is None:
            return len(self.status), 0
        index = item_index(activity_id) if step != activity_id else None
        return self._plan.dependencies.positions[step], index or 0

    def work_of(self, activity_id: str) -> Runs | None:
        """What an activity id runs by the plan; None if the plan has no such step."""
        step = self._step_of(activity_id)
        work = self._steps[step].work if step is not None else None
        return work if isinstance(work, RunActivity | RunWorkflow) else None

    def context(self) -> dict[str, Any]:
        """What a template over all steps may use."""
        return self._context(self.status)

    def _step_of(self, activity_id: str) -> str | None:
        if activity_id in self.status:
            return activity_id
        step = step_of(activity_id)
        return step if step in self.status else None

    def _touch(self, name: str) -> None:
        if name in self._execution.faults:
            self.activities.new_faults.pop(name, None)
        step = self._step_of(name)
        if step is None:
            return
        work = self._steps[step].work
        is_item = isinstance(work, RunActivity | RunWorkflow) and work.for_each is not None
        if is_item != (step != name):
            return  # the plan has changed since
        if name in self._execution.attempts:
            self._begun[step].add(name)
        else:
            self._begun[step].discard(name)  # a child that SWF did not start
        if is_item:
            self._touched[step].add(item_index(name))
        self._push(step)

    def _push(self, name: str) -> None:
        heapq.heappush(self._queue, (self._plan.dependencies.positions[name], name))

    def _drain(self) -> None:
        """Evaluate what is queued, each step after those it requires."""
        while self._queue:
            _, name = heapq.heappop(self._queue)
            if self.status[name].is_completed or (name in self._cleanups and not self._cleaning):
                continue
            step = self._steps[name]
            self.activities.forget(name)
            self.status[name] = self.activities.guarded(name, partial(self._evaluate, step))
            if self.status[name].is_completed:
                self._complete(name)

    def _complete(self, name: str) -> None:
        status = self.status[name]
        self._items.pop(name, None)
        self._touched.pop(name, None)
        self._incomplete -= name not in self._cleanups
        if status is StepStatus.FAILED:
            self._failed.add(name)
        for dependent, wanted in self._plan.dependencies.dependents[name]:
            self._waits[dependent] -= 1
            if status not in REQUIRED_STATUSES[wanted]:
                self._skipped.add(dependent)
                self._push(dependent)
            elif not self._waits[dependent]:
                self._push(dependent)

    def _evaluate(self, step: Step) -> StepStatus:
        name, work = step.name, step.work
        fault = self._execution.faults.get(name)
        if fault is not None:
            return self.activities.fail(fault)
        if not self._begun[name]:
            if name in self._skipped:
                return StepStatus.SKIPPED
            if self._waits[name]:
                return StepStatus.PENDING
        if isinstance(work, RunActivity | RunWorkflow) and work.for_each is None:
            known = self.activities.known(name, work)
            if known is not None:
                return known
        context = self._context(requirement.step for requirement in step.requires)
        if name not in self._wanted and not self._applies(step, context):
            return StepStatus.SKIPPED
        self._wanted.add(name)
        return self._run(step, context)

    def _applies(self, step: Step, context: dict[str, Any]) -> bool:
        """Tell whether what a step requires has failed for one of its reasons, and its condition holds."""
        failed = [one.step for one in step.requires if one.status == StepStatus.FAILED]
        if step.failed_for and any(
            self.activities.failures[name].reason not in step.failed_for for name in failed
        ):
            return False
        return step.when is None or step.when.holds(context)

    def _run(self, step: Step, context: dict[str, Any]) -> StepStatus:
        name = step.name
        match step.work:
            case RunActivity() | RunWorkflow() as work:
                return self._schedule(name, work, context)
            case Evaluate(template=template):
                self.activities.outputs[name] = template.render(context)
                return StepStatus.SUCCEEDED
            case Wait(seconds=seconds):
                over = not seconds or self.activities.is_over(name, wait_timer(name, seconds))
                return StepStatus.SUCCEEDED if over else StepStatus.RUNNING
            case AwaitSignal() as work:
                return self._await(name, work)

    def _schedule(self, name: str, work: Runs, context: dict[str, Any]) -> StepStatus:
        each = work.for_each
        if each is None:
            return self.activities.begin(name, work, context)
        items = self._items.get(name)
        if items is None:
            items = self._items[name] = Items(
                name,
                work,
                each,
                context=context,
                activities=self.activities,
                execution=self._execution,
            )
        return items.evaluate(self._touched.pop(name, ()))

    def _await(self, name: str, work: AwaitSignal) -> StepStatus:
        execution = self._execution
        signal = execution.signals.get(work.signal)
        if signal is not None and self._is_too_late(name, signal.event_id):
            signal = None
        if work.timeout is not None:
            timer = signal_timer(name, work.timeout)
            state = execution.timers.get(timer.id)
            if state is not None and state.fired_event_id is not None and has_fired(state, execution.closing):
                if signal is None or state.fired_event_id < signal.event_id:
                    message = f"no signal {work.signal!r} came within {work.timeout} s"
                    raise StepFault(message, code="TIMEOUT_SIGNAL")
            elif signal is None:
                self.activities.is_over(name, timer)
        if signal is None:
            return StepStatus.RUNNING
        outputs = parse_json(signal.input or "null", "the signal's input", code="SIGNAL_NOT_JSON")
        self.activities.outputs[name] = outputs
        return StepStatus.SUCCEEDED

    def _is_too_late(self, name: str, event_id: int) -> bool:
        """Once an execution is closing, only what it cleans up hears what happens."""
        closing = self._execution.closing
        return closing is not None and event_id > closing.event_id and name not in self._cleanups

    def _context(self, steps: Iterable[str]) -> dict[str, Any]:
        # A step that failed or was skipped has no outputs: using one is a missing value.
        outputs = self.activities.outputs
        return {INPUT_NAME: self._input, **{step: outputs.get(step, {}) for step in steps}}
