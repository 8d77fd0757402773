"""One job while it is played: the loop over what can happen, and the clock between."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from cpe.plan import Plan, StepStatus
from cpe.plan.for_each import step_of
from cpe.protocol import JobIdentity
from cpe.simulation.agenda import Action, Agenda
from cpe.simulation.children import child_id
from cpe.simulation.deciders import Deciders
from cpe.simulation.payloads import Payloads
from cpe.simulation.run import Run, Status, ending
from cpe.simulation.script import Moment, Script
from cpe.simulation.standing import standing
from cpe.simulation.swf import Recorded, SimulatedSwf
from cpe.simulation.waits import waits
from cpe.simulation.workers import Workers

JOB = JobIdentity("Simulation", "job")

Choose: TypeAlias = Callable[[int], int]
"""Picks one of so many things that can happen next at one instant: `random.Random(7).randrange`, say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a simulation is given up: after so many decision tasks, or simulated seconds."""

    decisions: int = 20_000
    seconds: float = 366 * 86_400.0


class Job:
    """One job, while it is played."""

    def __init__(
        self,
        plan: Plan,
        script: Script,
        *,
        swf: SimulatedSwf,
        agenda: Agenda,
        deciders: Deciders,
        workers: Workers,
        choose: Choose,
        limits: Limits,
        payloads: Payloads,
    ) -> None:
        self._plan = plan
        self._started_at = swf.now
        self._swf = swf
        self._agenda = agenda
        self._deciders = deciders
        self._workers = workers
        self._choose = choose
        self._limits = limits
        self._payloads = payloads
        self._seen = 0
        self._begun: set[str] = set()
        self._outside = _outside(script, swf, payloads)
        self._waits: tuple[str, ...] = ()
        self._stopped: str | None = None

    def run(self, workflow_input: object) -> Run:
        """Start the job, and let happen what happens until it is closed."""
        self._start(workflow_input)
        while self._swf.is_open(JOB.workflow_id) and self._stopped is None:
            if self._deciders.count >= self._limits.decisions:
                self._stop(f"{self._limits.decisions} decisions were made")
            elif not self._act():
                self._pass_time()
        return self._result()

    def _start(self, workflow_input: object) -> None:
        text = json.dumps(workflow_input, ensure_ascii=False, separators=(",", ":"))
        text = self._payloads.pack_given(text, "the workflow's input")
        tags = [JOB.client, JOB.job_id, *self._plan.tags]
        self._swf.start(JOB.workflow_id, self._plan.name, self._plan.version, input=text, tagList=tags)
        self._enter(None)
        self._notice()

    def _act(self) -> bool:
        """Let one thing happen now; False if nothing can."""
        due = self._agenda.due(self._swf.now)
        activities = self._swf.waiting("activity") if self._workers.is_free else []
        decisions = self._swf.waiting("decision")
        count = due + len(activities) + len(decisions)
        if not count:
            return False
        chosen = self._choose(count)
        if chosen < due:
            self._agenda.take(chosen)()
        elif (chosen := chosen - due) < len(activities):
            self._workers.take(activities[chosen])
        else:
            self._deciders.take(decisions[chosen - len(activities)])
        self._notice()
        return True

    def _pass_time(self) -> None:
        """Move the clock to what comes next; SWF closes every execution after its own time at the latest."""
        swf, agenda = self._swf.next_due(), self._agenda.next_time()
        if agenda is None and self._swf.is_idle():
            self._waits = self._waits_for()
        moments = [moment for moment in (swf, agenda) if moment is not None]
        if not moments or min(moments) > self._started_at + self._limits.seconds:
            self._stop(f"{self._limits.seconds:g} simulated seconds went by")
            return
        self._swf.move_to(min(moments))
        self._notice()

    def _notice(self) -> None:
        """Tell workers and script what came about."""
        while self._seen < len(self._swf.recorded):
            recorded = self._swf.recorded[self._seen]
            self._seen += 1
            self._workers.notice(recorded)
            if recorded.event["eventType"] in _BEGINNINGS and recorded.workflow_id == JOB.workflow_id:
                step = self._begun_step(recorded)
                if step not in self._begun:
                    self._begun.add(step)
                    self._enter(step)

    def _begun_step(self, recorded: Recorded) -> str:
        kind = recorded.event["eventType"]
        attributes = recorded.event[f"{kind[0].lower()}{kind[1:]}EventAttributes"]
        history = self._swf.history(recorded.run_id)
        if kind == "ActivityTaskStarted":
            scheduled = history[attributes["scheduledEventId"] - 1]["activityTaskScheduledEventAttributes"]
            return step_of(scheduled["activityId"])
        initiated = history[attributes["initiatedEventId"] - 1]
        return step_of(child_id(initiated["startChildWorkflowExecutionInitiatedEventAttributes"]))

    def _enter(self, step: str | None) -> None:
        """Put what comes from outside on the agenda, counted from the job's start or a step's."""
        for moment, action in self._outside:
            if moment.step == step:
                self._agenda.enter(self._swf.now + moment.seconds, action)

    def _stop(self, why: str) -> None:
        self._waits = self._waits_for()
        self._stopped = f"the simulation was stopped: {why}"

    def _waits_for(self) -> tuple[str, ...]:
        run_id = self._run_id()
        return waits(self._plan, self._swf.history(run_id), self._steps(run_id))

    def _steps(self, run_id: str) -> Mapping[str, StepStatus]:
        events = self._payloads.in_place(self._swf.history(run_id))
        return standing(self._plan, events, workflow_id=JOB.workflow_id, run_id=run_id)

    def _run_id(self) -> str:
        """The newest run of the job."""
        return next(one.run_id for one in reversed(self._swf.recorded) if one.workflow_id == JOB.workflow_id)

    def _result(self) -> Run:
        run_id = self._run_id()
        events = self._swf.history(run_id)
        status, attributes = ending(events)
        result = attributes.get("result")
        return Run(
            workflow_id=JOB.workflow_id,
            run_id=run_id,
            status=status,
            reason=str(attributes.get("reason", "")) or _REASONS.get(status, ""),
            details=str(attributes.get("details", "")),
            result=None if result is None else self._payloads.resolve(result),
            steps=self._steps(run_id),
            started_at=self._started_at,
            seconds=round(float(events[-1]["eventTimestamp"]) - self._started_at, 3),
            stopped=self._stopped,
            waits=self._waits if status in (Status.OPEN, Status.TIMED_OUT) else (),
            recorded=tuple(self._swf.recorded),
            decided=tuple(self._deciders.decided),
            published=tuple(self._deciders.published),
        )


def _outside(script: Script, swf: SimulatedSwf, payloads: Payloads) -> list[tuple[Moment, Action]]:
    """What comes from outside."""
    actions: list[tuple[Moment, Action]] = []
    for signal in script.signals:
        text = signal.text
        if text is not None:
            text = payloads.pack_given(text, f"the input of signal {signal.name!r}")
        actions.append((signal.at, partial(swf.signal, JOB.workflow_id, signal.name, text)))
    if script.cancel is not None:
        actions.append((script.cancel, partial(swf.request_cancel, JOB.workflow_id)))
    return actions


_BEGINNINGS = frozenset({"ActivityTaskStarted", "ChildWorkflowExecutionStarted"})
_REASONS = {
    Status.CANCELED: "JOB_CANCELED",
    Status.TIMED_OUT: "WORKFLOW_TIMED_OUT",
    Status.TERMINATED: "TERMINATED",
}
