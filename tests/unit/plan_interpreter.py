"""The plan language read directly: what a job comes to, and what it wants next, from what has happened so far.

Written from the language's rules alone. It knows no histories, keeps nothing between two questions, and works out
every step each time: slow and simple, so that what it says can be held against the decider.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol

from tests.unit.plan_specs import (
    INPUT,
    MAX_REFUSALS,
    Ending,
    Job,
    StepSpec,
    Template,
)
from tests.unit.plan_values import Broken, holds, look_up, parse, render

MAX_HANDBACKS = 10
REFUSED = "OPEN_ACTIVITIES_LIMIT_EXCEEDED"
TIMER_REFUSED = "OPEN_TIMERS_LIMIT_EXCEEDED"


class World(Protocol):
    """What has happened so far."""

    def is_scheduled(self, name: str, number: int) -> bool:
        """Whether attempt `number`, from 1, was scheduled."""

    def ending(self, name: str, number: int) -> Ending | None:
        """How it ended; None while it runs."""

    def was_asked_to_stop(self, name: str, number: int) -> bool:
        """Whether it was asked to stop while it ran."""

    def refused(self, name: str, number: int) -> int:
        """How often SWF refused to schedule it."""

    def has_fired(self, timer: str) -> bool:
        """Whether a timer has fired."""

    def timer_refused(self, timer: str) -> int:
        """How often SWF refused to start it."""

    def signal(self, step: str, name: str) -> str | None:
        """The input of the signal that a step waits for; None if it did not come, or not in time."""


@dataclass
class State:
    """Where a step or an item stands: pending, running, succeeded, failed or skipped.

    `is_new_fault` tells that it failed in the decider, which is to be recorded.
    """

    status: str
    reason: str = ""
    outputs: Any = field(default_factory=dict)
    is_new_fault: bool = False


@dataclass
class Reading:
    """What a job stands at.

    Attributes:
        states: By step.
        schedule: The inputs of what is to be scheduled, by id; None for none.
        timers: The seconds of what is to be started, by id.
        cancel: What is to be cancelled since others of its step failed, if it runs still.
        faults: What failed in the decider, by step or item.
        tried: How often each activity or child was tried in all, as far as it is known.
        given: What it was given.
        begun: Steps of which something was scheduled.
        waiting: Steps that wait for a signal.
    """

    states: dict[str, State] = field(default_factory=dict)
    schedule: dict[str, Any] = field(default_factory=dict)
    timers: dict[str, int] = field(default_factory=dict)
    cancel: set[str] = field(default_factory=set)
    faults: dict[str, str] = field(default_factory=dict)
    tried: dict[str, int] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)

    @property
    def outputs(self) -> dict[str, Any]:
        return {
            name: state.outputs if state.status == "succeeded" else {} for name, state in self.states.items()
        }


def interpret(job: Job, world: World, *, cleaning: bool = False) -> Reading:
    """Read the rules over what has happened.

    Args:
        job: The job; of what it knows of the world only the `world` counts.
        world: What has happened.
        cleaning: Whether the job was cancelled and nothing of it runs any more, so that it cleans up.
    """
    reading = Reading()
    cleanups = job.plan.cleanups
    for step in job.plan.steps:
        if step.name not in cleanups:
            reading.states[step.name] = _Interpreter(step, world, reading).step()
    if cleaning:
        reading.schedule, reading.timers, reading.cancel, reading.faults = {}, {}, set(), {}
        reading.waiting = set()
        wanted = {step.on_cancel for step in job.plan.steps if step.name in reading.begun}
        for state in reading.states.values():
            if state.status in ("pending", "running"):
                state.status = "skipped"
        for step in job.plan.steps:
            if step.name in cleanups:
                reading.states[step.name] = (
                    _Interpreter(step, world, reading).step() if step.name in wanted else State("skipped")
                )
    return reading


def unhandled(job: Job, reading: Reading) -> dict[str, str]:
    """The failed steps that no step can handle any more, with their reasons."""
    cleanups = job.plan.cleanups
    found = {}
    for name, state in reading.states.items():
        handlers = [
            reading.states[other.name].status
            for other in job.plan.steps
            if other.name not in cleanups and dict(other.requires).get(name) in ("failed", "completed")
        ]
        if name not in cleanups and state.status == "failed" and all(one == "skipped" for one in handlers):
            found[name] = state.reason
    return found


def result_of(job: Job, reading: Reading) -> Any:
    """The workflow's result.

    Raises:
        Broken: It cannot be made.
    """
    if job.plan.result is None:
        return None
    return render(job.plan.result, {"__input__": dict(INPUT), **reading.outputs})


class _Interpreter:
    """One step."""

    def __init__(self, step: StepSpec, world: World, reading: Reading) -> None:
        self._step = step
        self._world = world
        self._reading = reading
        outputs = reading.outputs
        self._context = {"__input__": dict(INPUT)} | {name: outputs[name] for name, _ in step.requires}

    def step(self) -> State:
        states = self._reading.states
        for name, wanted in self._step.requires:
            is_completed = states[name].status in ("succeeded", "failed", "skipped")
            if is_completed and wanted not in ("completed", states[name].status):
                return State("skipped")
        if any(states[name].status in ("pending", "running") for name, _ in self._step.requires):
            return State("pending")
        failed = [states[name].reason for name, wanted in self._step.requires if wanted == "failed"]
        if self._step.failed_for and not set(failed) <= set(self._step.failed_for):
            return State("skipped")
        try:
            if self._step.when is not None and not holds(self._step.when, self._context):
                return State("skipped")
            return self._do()
        except Broken as broken:
            self._reading.faults[self._step.name] = broken.code
            return State("failed", broken.code)

    def _do(self) -> State:
        step = self._step
        if step.does == "eval":
            assert step.template is not None
            return State("succeeded", outputs=render(step.template, self._context))
        if step.does == "wait":
            assert step.seconds is not None
            return State("succeeded" if self._is_over(f"wait.{step.name}", step.seconds) else "running")
        if step.does == "signal":
            return self._await()
        if step.each is None:
            return self._run(step.name)
        return self._run_each(step.each)

    def _await(self) -> State:
        step, timer = self._step, f"signal.{self._step.name}"
        text = self._world.signal(step.name, step.signal)
        if text is not None:
            return State("succeeded", outputs=parse(text, "SIGNAL_NOT_JSON"))
        if step.seconds is not None and self._is_over(timer, step.seconds):
            raise Broken("TIMEOUT_SIGNAL")
        self._reading.waiting.add(step.name)
        return State("running")

    def _run_each(self, each: Template) -> State:
        step, reading = self._step, self._reading
        items = render(each, self._context)
        if not isinstance(items, list):
            raise Broken("ITEMS_NOT_A_LIST")
        names = [f"{step.name}[{index}]" for index in range(len(items))]
        begun = [
            index
            for index, name in enumerate(names)
            if self._world.is_scheduled(name, 1) or self._world.refused(name, 1)
        ]
        reached = max(begun, default=-1)
        allowed = _tolerated(step.tolerate or "0", len(items))
        states: dict[int, State] = {}
        for index, item in enumerate(items):
            over = [one for one in states.values() if one.status in ("succeeded", "failed")]
            failed = [one for one in over if one.status == "failed"]
            is_full = step.most is not None and len(states) - len(over) >= step.most
            if index > reached and (is_full or len(failed) > allowed):
                break
            context = {**self._context, "item": item, "index": index}
            try:
                states[index] = self._run(names[index], context)
            except Broken as broken:
                reading.faults[names[index]] = broken.code
                states[index] = State("failed", broken.code)
        failures = [index for index, state in states.items() if state.status == "failed"]
        if len(failures) > allowed:
            return self._give_up(names, states, failures)
        if len(states) < len(items) or any(state.status == "running" for state in states.values()):
            return State("running")
        ended = [states[index] for index in range(len(items))]
        outputs = [None if state.status == "failed" else state.outputs for state in ended]
        return State("succeeded", outputs=outputs)

    def _give_up(self, names: list[str], states: Mapping[int, State], failures: list[int]) -> State:
        """Cancel what runs; fail once nothing does. Which item is the reason is told by the first of them."""
        for name in names:
            self._reading.schedule.pop(name, None)
            for timer in [one for one in self._reading.timers if f".{name}." in one]:
                del self._reading.timers[timer]
        running = {
            names[index]
            for index, state in states.items()
            if state.status == "running" and self._is_running(names[index])
        }
        self._reading.cancel |= running
        if running:
            return State("running")
        # What was asked to stop because of the others is not why the step failed.
        by_themselves = [index for index in failures if not self._was_asked_to_stop(names[index])]
        return State("failed", states[(by_themselves or failures)[0]].reason)

    def _was_asked_to_stop(self, name: str) -> bool:
        return self._world.was_asked_to_stop(name, self._reading.tried.get(name, 0))

    def _is_running(self, name: str) -> bool:
        last = self._reading.tried.get(name, 0)
        return bool(last) and self._world.is_scheduled(name, last) and self._world.ending(name, last) is None

    def _run(self, name: str, context: Mapping[str, Any] | None = None) -> State:
        """An activity or a child, through all its attempts."""
        for number in count(1):
            is_scheduled = self._world.is_scheduled(name, number)
            if not self._may_ask(name, number, is_scheduled=is_scheduled):
                return State("running")
            if number == 1:
                self._reading.given[name] = self._input(context or self._context)
            if not is_scheduled:
                self._reading.schedule[name] = self._reading.given[name]
                return State("running")
            self._reading.begun.add(self._step.name)
            self._reading.tried[name] = number
            state = self._after(name, number)
            if state is not None:
                return state
        raise AssertionError("unreachable")

    def _may_ask(self, name: str, number: int, *, is_scheduled: bool) -> bool:
        """Whether SWF may be asked for an attempt, which it may have refused before."""
        refused = self._world.refused(name, number)
        if refused >= MAX_REFUSALS and not is_scheduled:
            raise Broken(REFUSED)
        in_all = sum(self._world.refused(name, one) for one in range(1, number + 1))
        return not refused or self._is_over(f"refused.{name}.{in_all}", 2**refused)

    def _after(self, name: str, number: int) -> State | None:
        """Where an attempt leaves its activity; None: there is another one."""
        endings = [self._world.ending(name, one) for one in range(1, number + 1)]
        ending, is_child = endings[-1], self._step.does == "workflow"
        if ending is None:
            return State("running")
        if ending.what in ("complete", "poison", "lacking"):
            return State("succeeded", outputs=self._outputs(ending))
        failed = State("failed", self._reason(ending))
        handbacks = sum(one is not None and one.what == "stop" for one in endings) if not is_child else 0
        if ending.what == "stop" and not is_child:
            return failed if handbacks > MAX_HANDBACKS else None
        if ending.what == "cancel" or not _wants(self._step.retry, failed.reason, number - handbacks):
            return failed
        pause = _pause(self._step.retry or {}, number - handbacks)
        return None if self._is_over(f"retry.{name}.{number}", pause) else State("running")

    def _input(self, context: Mapping[str, Any]) -> Any:
        step = self._step
        value = render(step.template, context) if step.template is not None else None
        if step.does == "activity" and step.activity == "Strict" and not _is_integer(value):
            raise Broken("INPUT_INVALID")
        if step.group is not None:
            look_up(step.group, context)
        return value

    def _outputs(self, ending: Ending) -> Any:
        if self._step.does == "activity" and self._step.activity != "Act":
            return {}
        if ending.what == "poison":
            raise Broken("RESULT_NOT_JSON")
        if self._step.does == "workflow":
            return json.loads(result_text(ending))
        if ending.what == "lacking":
            raise Broken("OUTPUT_MISSING")
        return {"value": ending.value}

    def _reason(self, ending: Ending) -> str:
        kind = "CHILD" if self._step.does == "workflow" else "ACTIVITY"
        if ending.what == "time out":
            return f"TIMEOUT_{time_out_kind(self._step, ending)}"
        stopped = "CHILD_TERMINATED" if kind == "CHILD" else "WORKER_STOPPED"
        return {"fail": ending.code, "stop": stopped, "cancel": f"{kind}_CANCELED"}[ending.what]

    def _is_over(self, timer: str, seconds: int) -> bool:
        if not seconds or self._world.has_fired(timer):
            return True
        if self._world.timer_refused(timer) >= MAX_REFUSALS:
            raise Broken(TIMER_REFUSED)
        self._reading.timers[timer] = seconds
        return False


def result_text(ending: Ending) -> str:
    """What an attempt gives that completes."""
    return {"complete": f'{{"value": {ending.value}}}', "poison": "no JSON", "lacking": '{"other": 5}'}[
        ending.what
    ]


def time_out_kind(step: StepSpec, ending: Ending) -> str:
    """A child has no heartbeat."""
    return "START_TO_CLOSE" if step.does == "workflow" else ending.code


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _tolerated(tolerate: str, total: int) -> int:
    if tolerate.endswith("%"):
        return int(tolerate[:-1]) * total // 100
    return int(tolerate)


def _wants(retry: Mapping[str, Any] | None, reason: str, number: int) -> bool:
    if retry is None or number >= retry["max_attempts"] or reason in retry.get("never", ()):
        return False
    return "on" not in retry or reason in retry["on"]


def _pause(retry: Mapping[str, Any], number: int) -> int:
    pause = retry["interval"] * retry.get("backoff", 2) ** (number - 1)
    return int(min(pause, retry.get("max_interval", 3600)))
