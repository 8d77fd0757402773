"""Plans of the whole language as data, and what the world does while a job of one runs.

A plan here is a :class:`PlanSpec`, which `text` writes down as a plan file. Templates and conditions are small
trees, so that `plan_interpreter.py` can work them out without Jinja or YAQL.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from hypothesis.vendor.pretty import RepresentationPrinter

from cpe.plan import Plan, parse_plan

MAX_REFUSALS = 6
"""What SWF refuses so often is given up."""

STATUSES = ("completed", "succeeded", "failed", "skipped")
SIGNALS = ("go", "stop")
INPUT: Mapping[str, Any] = {"n": 1, "flag": True, "list": [1, 2, 3], "pairs": [{"v": 1}, {"w": 2}, {"v": 3}]}


# Templates


@dataclass(frozen=True)
class Const:
    """Plain JSON text."""

    value: Any

    def text(self) -> str:
        return json.dumps(self.value)


@dataclass(frozen=True)
class Path:
    """A value by its name and keys: ``{{S0.value}}``; with a default where it may be missing."""

    root: str
    keys: tuple[str, ...] = ()
    default: int | None = None

    def text(self) -> str:
        otherwise = "" if self.default is None else f" | default({self.default})"
        return "{{" + ".".join((self.root, *self.keys)) + otherwise + "}}"


@dataclass(frozen=True)
class Pair:
    """An object of two values."""

    left: Template
    right: Template

    def text(self) -> str:
        return f'{{ "left": {self.left.text()}, "right": {self.right.text()} }}'


@dataclass(frozen=True)
class NotJson:
    """A template whose text is no JSON."""

    def text(self) -> str:
        return "{{__input__.n}} apples"


Template: TypeAlias = "Const | Path | Pair | NotJson"


# Conditions


@dataclass(frozen=True)
class Always:
    """A condition that looks at nothing; None is neither true nor false."""

    value: bool | None

    def text(self) -> str:
        return "1" if self.value is None else str(self.value).lower()


@dataclass(frozen=True)
class ValueIs:
    """Whether the value that a step gave is a number."""

    step: str
    number: int

    def text(self) -> str:
        return f"$.{self.step}.value = {self.number}"


Condition: TypeAlias = "Always | ValueIs"


# What the world does


@dataclass(frozen=True)
class Ending:
    """How an attempt ends. `what` is one of :data:`ENDINGS`."""

    what: str
    value: int = 1
    code: str = ""

    def __repr__(self) -> str:
        return f"<{self.what} {self.code or self.value}>"


ENDINGS = ("complete", "poison", "lacking", "fail", "time out", "cancel", "stop")


@dataclass(frozen=True)
class Try:
    """One attempt: how often SWF refuses to schedule it before, and how it ends."""

    ending: Ending = Ending("complete")
    refused: int = 0

    def __repr__(self) -> str:
        return f"{self.ending}" + (f" after {self.refused} refusals" if self.refused else "")


# Plans


@dataclass(frozen=True, kw_only=True)
class StepSpec:
    """A step, and what the world does with it.

    Attributes:
        does: "activity", "workflow", "eval", "wait" or "signal".
        activity: "Act" has an output, "Quiet" has none, "Strict" takes only a whole number.
        template: Of the input, or the value of an `eval`.
        seconds: Of a `wait`; the `timeout` of a `signal`, None for none.
        tries: By item, the attempts; those that are not told complete.
        timer_refusals: How often SWF refuses each of its timers.
    """

    name: str
    does: str
    requires: tuple[tuple[str, str], ...] = ()
    failed_for: tuple[str, ...] = ()
    when: Condition | None = None
    activity: str = "Act"
    template: Template | None = None
    seconds: int | None = None
    signal: str = ""
    each: Template | None = None
    most: int | None = None
    tolerate: str | None = None
    retry: Mapping[str, Any] | None = None
    group: Path | None = None
    priority: int | None = None
    on_cancel: str | None = None
    tries: tuple[tuple[Try, ...], ...] = ((),)
    timer_refusals: int = 0

    def __repr__(self) -> str:
        world = f"  # {self.tries}" if self.runs and any(self.tries) else ""
        refusals = f"  # {self.timer_refusals} refusals of each timer" if self.timer_refusals else ""
        return json.dumps(self.raw()) + world + refusals

    @property
    def runs(self) -> bool:
        """Whether SWF runs something for it."""
        return self.does in ("activity", "workflow")

    def a_try(self, index: int | None, number: int) -> Try:
        """Attempt `number`, counted from 1, of an item."""
        tries = self.tries[(index or 0) % len(self.tries)]
        return tries[number - 1] if number <= len(tries) else Try()

    def raw(self) -> dict[str, Any]:
        """The step as a plan file has it."""
        does: Any = {
            "activity": self.activity,
            "workflow": {"name": "Child", "version": "1", "timeout": 1000},
            "eval": self.template.text() if self.template else None,
            "wait": self.seconds,
            "signal": self.signal,
        }[self.does]
        raw = {
            "name": self.name,
            self.does: does,
            "requires": [list(pair) if pair[1] != "completed" else pair[0] for pair in self.requires] or None,
            "failed_for": list(self.failed_for) or None,
            "when": self.when.text() if self.when else None,
            "input": self.template.text() if self.template and self.runs else None,
            "timeout": self.seconds if self.does == "signal" else None,
            "for_each": self.each.text() if self.each else None,
            "max_parallel": self.most,
            "tolerate": self.tolerate,
            "retry": self.retry,
            "group": "pool-" + self.group.text() if self.group else None,
            "priority": self.priority,
            "on_cancel": self.on_cancel,
        }
        return {key: value for key, value in raw.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class PlanSpec:
    """A plan; its steps each stand after those they require."""

    steps: tuple[StepSpec, ...]
    result: Template | None = None

    def plan(self, order: Sequence[int] | None = None) -> Plan:
        """Write the plan down with its steps in an order, and load it."""
        steps = [self.steps[index].raw() for index in order or range(len(self.steps))]
        turned = order is not None
        activities = [
            {"name": "Act", "version": "1", "outputs_spec": {"value": "$.value"}},
            {"name": "Quiet", "version": "1"},
            {"name": "Strict", "version": "1", "input_spec": {"type": "integer"}},
        ]
        if turned:
            activities.reverse()
            for step in steps:
                step.get("requires", []).reverse()
        raw = {"name": "P", "version": "1", "activities": activities, "steps": steps}
        if self.result is not None:
            raw["result"] = self.result.text()
        return parse_plan(json.dumps(raw))

    @property
    def cleanups(self) -> frozenset[str]:
        """The steps that only clean up."""
        return frozenset(step.on_cancel for step in self.steps if step.on_cancel)


@dataclass(frozen=True, kw_only=True)
class Job:
    """A plan, and what happens while it runs.

    Attributes:
        signals: What comes sooner or later, by name: the input as text.
        cancel: Whether somebody asks for the job to stop sooner or later.
    """

    plan: PlanSpec
    signals: Mapping[str, str] = field(default_factory=dict)
    cancel: bool = False

    def __repr__(self) -> str:
        lines = [f"  {step!r}" for step in self.plan.steps]
        lines += [f"  result: {self.plan.result.text()}"] if self.plan.result else []
        lines += [f"  signal {name}: {text}" for name, text in self.signals.items()]
        lines += ["  cancelled"] if self.cancel else []
        return "\n".join(["Job(", *lines, ")"])

    def _repr_pretty_(self, printer: RepresentationPrinter, _cycle: bool) -> None:
        """Let Hypothesis show it as above."""
        printer.text(repr(self))
