"""How a simulation decides: by the real decider, which remembers or begins anew each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from cpe.decider import Outcome, Walk
from cpe.decider.fold import new_execution
from cpe.plan import Plan
from cpe.simulation.payloads import Payloads


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a decider is asked about an execution.

    Attributes:
        history: All events of the execution; those up to the decision task's start are the decider's.
        started_event_id: The decision task.
        previous_started_event_id: The last decision task whose answer SWF took; 0 for none.
        was_heard: Whether the decider heard that SWF took its last answer in this run: only then it goes on
            from what it worked out.
        payloads: The large texts of the job.
        now: Seconds since the epoch.
    """

    plan: Plan
    workflow_id: str
    run_id: str
    history: Sequence[Mapping[str, Any]]
    started_event_id: int
    previous_started_event_id: int
    was_heard: bool
    payloads: Payloads
    now: float

    def events(self, *, after: int = 0) -> Iterator[Mapping[str, Any]]:
        """Give the decider's events behind one, their payloads in place."""
        return self.payloads.in_place(self.history[after : self.started_event_id])


Decide: TypeAlias = Callable[[Question], Outcome]
"""A decider. A test may give its own: one that forgets, or compares two ways of deciding."""


def from_scratch(question: Question) -> Outcome:
    """Decide over the whole history."""
    return _new_walk(question).decide(now=question.now)


class Remembering:
    """Goes on from what was worked out for the last decision, as the daemon does."""

    def __init__(self) -> None:
        self._walks: dict[str, Walk] = {}

    def __call__(self, question: Question) -> Outcome:
        """Decide over what happened since."""
        walk = self._walks.pop(question.run_id, None)
        if walk is None or not question.was_heard:
            walk = _new_walk(question)
        walk.apply(question.events(after=walk.execution.last_event_id))
        self._walks[question.run_id] = walk
        return walk.decide(now=question.now)


def _new_walk(question: Question) -> Walk:
    execution = new_execution(question.workflow_id, question.run_id)
    walk = Walk(question.plan, execution, place=question.payloads.place)
    walk.apply(question.events())
    return walk
