"""What the decider should decide next, by what the interpreter reads of a job."""

from __future__ import annotations

import json
from collections.abc import Set

from cpe.plan.for_each import step_of
from tests.unit.histories import HistoryBuilder
from tests.unit.plan_interpreter import Reading, interpret, result_of, unhandled
from tests.unit.plan_record import Record
from tests.unit.plan_specs import Job, StepSpec
from tests.unit.plan_values import Broken
from tests.unit.plan_wishes import Wish


def read(job: Job, record: Record) -> Reading:
    """Read a job that is played."""
    is_cancelled = record.closing is not None and record.closing[0] == "canceled"
    still_runs = any(step_of(name) not in job.plan.cleanups for name in record.running)
    return interpret(job, record, cleaning=is_cancelled and not still_runs)


class Expectation:
    """The rules of what is done next, over one reading.

    Args:
        job: The job.
        record: What has happened to it.
        history: Which of its timers and children run.
    """

    def __init__(self, job: Job, record: Record, history: HistoryBuilder) -> None:
        self._job = job
        self._record = record
        self._history = history
        self._steps = {step.name: step for step in job.plan.steps}
        self._cleanups = job.plan.cleanups
        self._reading = read(job, record)
        self._running = {name for name in record.running if step_of(name) not in self._cleanups}

    def wishes(self) -> set[Wish]:
        """What should be decided."""
        if self._record.closing is not None:
            return self._once_closing(self._record.closing)
        stop = self._cancels(self._running)
        if self._record.cancel_requested:
            has_cleanup = any(self._steps[name].on_cancel for name in self._reading.begun)
            if self._running or has_cleanup:
                return stop | {("closing", "canceled", "JOB_CANCELED", ())}
            return {("cancelled",)}
        if failures := unhandled(self._job, self._reading):
            first = min(failures)
            reason, failed = f"{first}: {failures[first]}", tuple(sorted(failures))
            end: Wish = ("closing", "failed", reason, failed) if self._running else ("fail", reason, failed)
            return self._faults() | stop | {end}
        if self._are_completed(self._steps.keys() - self._cleanups):
            return self._faults() | {self._completion()}
        return self._next()

    def _once_closing(self, closing: tuple[str, str, tuple[str, ...]]) -> set[Wish]:
        kind, reason, failed = closing
        if self._running:
            return self._cancels(self._running)
        if kind == "failed":
            return {("fail", reason, failed)}
        if self._record.running or not self._are_completed(self._cleanups):
            return self._next()
        return {("cancelled",)}

    def _completion(self) -> Wish:
        try:
            return "complete", json.dumps(result_of(self._job, self._reading))
        except Broken as broken:
            return "fail", broken.code, ()

    def _are_completed(self, names: Set[str]) -> bool:
        states = self._reading.states
        return all(states[name].status in ("succeeded", "failed", "skipped") for name in names)

    def _next(self) -> set[Wish]:
        reading, running = self._reading, self._history.timers
        wanted = self._faults() | self._cancels(reading.cancel | self._record.unwanted)
        wanted |= {("timer", one, seconds) for one, seconds in reading.timers.items() if one not in running}
        for name, given in reading.schedule.items():
            step = self._steps[step_of(name)]
            priority = None if step.priority is None else str(step.priority)
            wanted.add(("schedule", name, json.dumps(given), _task_list(step), priority))
        return wanted

    def _faults(self) -> set[Wish]:
        faults, recorded = self._reading.faults, self._record.faults
        return {("fault", name, code) for name, code in faults.items() if name not in recorded}

    def _cancels(self, names: Set[str]) -> set[Wish]:
        """A child can be asked once it has started."""
        return {
            ("cancel", name)
            for name in names - self._record.asked_to_stop
            if self._steps[step_of(name)].does != "workflow" or name in self._history.started_children
        }


def _task_list(step: StepSpec) -> str | None:
    if step.does == "workflow":
        return None
    return "pool-1" if step.group else f"{step.activity}-1"
