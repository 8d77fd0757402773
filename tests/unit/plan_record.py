"""What has happened to a job that is played, as the interpreter asks for it."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from cpe.decider.timers import owner_of
from cpe.plan.for_each import step_of
from tests.unit.plan_specs import Ending, Job


@dataclass
class Record:
    """What has happened, as the interpreter asks for it.

    Attributes:
        closing: "failed" or "cancelled" with the reason and the failed steps, once that is recorded.
            From then on only clean-up steps hear what happens.
        asked_to_stop: What runs and was told to stop.
        ever_asked: What was told to stop while it ran, with the number of the attempt.
        unwanted: What somebody asked to stop while it ran.
    """

    job: Job
    scheduled: Counter[str] = field(default_factory=Counter)
    inputs: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    endings: dict[str, list[Ending]] = field(default_factory=lambda: defaultdict(list))
    refusals: Counter[tuple[str, int]] = field(default_factory=Counter)
    fired: set[str] = field(default_factory=set)
    timer_refusals: Counter[str] = field(default_factory=Counter)
    signals: dict[str, str] = field(default_factory=dict)
    late: set[tuple[str, str]] = field(default_factory=set)
    faults: set[str] = field(default_factory=set)
    cancel_requested: bool = False
    asked_to_stop: set[str] = field(default_factory=set)
    ever_asked: set[tuple[str, int]] = field(default_factory=set)
    unwanted: set[str] = field(default_factory=set)
    closing: tuple[str, str, tuple[str, ...]] | None = None

    def is_scheduled(self, name: str, number: int) -> bool:
        return self.scheduled[name] >= number

    def ending(self, name: str, number: int) -> Ending | None:
        endings = self.endings.get(name, [])
        return endings[number - 1] if len(endings) >= number else None

    def was_asked_to_stop(self, name: str, number: int) -> bool:
        return (name, number) in self.ever_asked

    def refused(self, name: str, number: int) -> int:
        return self.refusals[name, number]

    def has_fired(self, timer: str) -> bool:
        return timer in self.fired

    def timer_refused(self, timer: str) -> int:
        return self.timer_refusals[timer]

    def signal(self, step: str, name: str) -> str | None:
        return None if (step, name) in self.late else self.signals.get(name)

    def note_fired(self, timer: str) -> None:
        if self.hears(owner_of(timer) or ""):
            self.fired.add(timer)

    def note_signal(self, name: str, text: str) -> None:
        for step in self.job.plan.steps:
            if f"signal.{step.name}" in self.fired or not self.hears(step.name):
                self.late.add((step.name, name))
        self.signals[name] = text

    def hears(self, owner: str) -> bool:
        return self.closing is None or step_of(owner) in self.job.plan.cleanups

    @property
    def running(self) -> set[str]:
        return {name for name, times in self.scheduled.items() if times > len(self.endings.get(name, ()))}
