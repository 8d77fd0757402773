"""What becomes of the decider's answers: the network and the decider's own death, chosen by a test."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Answer(StrEnum):
    """Whether SWF gets an answer, and whether its decider hears that it did."""

    HEARD = "heard"
    UNHEARD = "unheard"
    """SWF takes it; the decider learns nothing of it and reports nothing that comes after it."""
    LOST = "lost"
    """SWF never gets it: the decision task times out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of one answer, `after` seconds after its decision task was taken.

    What happens meanwhile is news to the decider: SWF does not close an execution then
    (UNHANDLED_DECISION).
    """

    answer: Answer = Answer.HEARD
    after: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionTask:
    """A decision task; `number` counts those of the simulation from 1."""

    workflow_id: str
    run_id: str
    started_event_id: int
    number: int


ChooseFate: TypeAlias = Callable[[DecisionTask], Fate]


def reliable(_task: DecisionTask) -> Fate:
    """Let every answer arrive, at once."""
    return Fate()


def losing(share: float, *, seed: int) -> ChooseFate:
    """Lose a share of the answers, half of them on the way back, by a chance that is the same each time."""
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose

    def choose(_task: DecisionTask) -> Fate:
        drawn = chance.random()
        if drawn >= share:
            return Fate()
        return Fate(answer=Answer.LOST if drawn < share / 2 else Answer.UNHEARD)

    return choose
