"""A script: what becomes of each task in a simulation, and what comes from outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from cpe.simulation.behaviour import Behaviour, Succeed, Task

Behaviours: TypeAlias = tuple[Behaviour, ...]
"""Those of successive attempts; the last one goes for all that follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """So many simulated seconds after the start of the job, or after a step first began to run."""

    seconds: float = 0.0
    step: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A signal from outside; `text` is its input, None for none."""

    name: str
    at: Moment = Moment()
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What is played.

    Attributes:
        behaviours: By activity id, step, or the name of the activity or child workflow; the nearest counts.
        default: For every other task.
        signals: What is sent to the job.
        cancel: When somebody asks for the job to stop; None for never.
        workers: How many tasks run at once; None for any number.
        input: The workflow's input, unless the simulation is given another.

    Example:
        >>> script = Script(behaviours={"Cut": (Fail(code="BUSY"), Succeed())})
    """

    behaviours: Mapping[str, Behaviours] = field(default_factory=dict)
    default: Behaviours = (Succeed(),)
    signals: tuple[Signal, ...] = ()
    cancel: Moment | None = None
    workers: int | None = None
    input: Any = None

    def choose(self, task: Task) -> Behaviour:
        """Tell what becomes of a task."""
        names = (task.activity_id, task.step, task.name)
        found = next((self.behaviours[name] for name in names if name in self.behaviours), self.default)
        return found[min(task.attempt, len(found)) - 1]
