"""What a job may come to, said before it runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from typing import TypeAlias

from cpe.decider.timers import owner_of
from cpe.plan.for_each import item_index, step_of
from tests.unit.plan_interpreter import Reading, interpret, result_of, unhandled
from tests.unit.plan_specs import MAX_REFUSALS, Ending, Job, Try
from tests.unit.plan_values import Broken

End: TypeAlias = "tuple[str, str | tuple[str, ...] | None]"
"""How a job ended: "completed" with its result as JSON, "failed" with the failed steps or with a code of no step's,
"cancelled", or "open": it waits for a signal that does not come."""


@dataclass(frozen=True)
class Foreseen:
    """A world in which all has happened that is going to happen.

    Chance decides whether a signal comes before the time of its step is over; `late` are the steps for which it
    does not.
    """

    job: Job
    late: frozenset[str]

    def is_scheduled(self, name: str, number: int) -> bool:
        return self._try(name, number).refused < MAX_REFUSALS

    def ending(self, name: str, number: int) -> Ending | None:
        return self._try(name, number).ending

    def was_asked_to_stop(self, name: str, number: int) -> bool:
        return False  # nobody knows beforehand; it matters for a step's reason alone

    def refused(self, name: str, number: int) -> int:
        return self._try(name, number).refused

    def has_fired(self, timer: str) -> bool:
        return self.timer_refused(timer) < MAX_REFUSALS

    def timer_refused(self, timer: str) -> int:
        name = step_of(owner_of(timer) or "")
        return next(step.timer_refusals for step in self.job.plan.steps if step.name == name)

    def signal(self, step: str, name: str) -> str | None:
        return None if step in self.late else self.job.signals.get(name)

    def _try(self, name: str, number: int) -> Try:
        step = next(step for step in self.job.plan.steps if step.name == step_of(name))
        return step.a_try(item_index(name) if name != step.name else None, number)


def foresee(job: Job) -> Iterator[Reading]:
    """What a job may stand at in the end if nobody stops it, and no failure ends it before."""
    racing = [
        step.name
        for step in job.plan.steps
        if step.does == "signal" and step.seconds is not None and step.signal in job.signals
    ]
    for late in chain.from_iterable(combinations(racing, size) for size in range(len(racing) + 1)):
        yield interpret(job, Foreseen(job, frozenset(late)))


def assert_as_predicted(job: Job, end: End, inputs: Mapping[str, Sequence[str]]) -> None:
    """Hold a job's end, and what its activities and children were given attempt by attempt, against the rules.

    A job that fails may do so by any of its failures that nothing handles, whichever was seen first.
    """
    readings = list(foresee(job))
    if any(_agrees(job, reading, end, inputs) for reading in readings):
        return
    told = "\n".join(f"  {_end(job, reading)}, tries {reading.tried}" for reading in readings)
    tries = {name: len(given) for name, given in inputs.items()}
    raise AssertionError(f"it came to {end}, tries {tries}; the rules say\n{told}")


def _end(job: Job, reading: Reading) -> End:
    failures = unhandled(job, reading)
    if failures:
        return "failed", tuple(sorted(failures))
    if any(state.status in ("pending", "running") for state in reading.states.values()):
        return "open", None
    try:
        return "completed", json.dumps(result_of(job, reading))
    except Broken as broken:
        return "failed", broken.code


def _agrees(job: Job, reading: Reading, end: End, inputs: Mapping[str, Sequence[str]]) -> bool:
    foreseen, detail = _end(job, reading)
    cleanups = job.plan.cleanups
    tried = {name: given for name, given in inputs.items() if given and step_of(name) not in cleanups}
    if end[0] == "cancelled":
        return job.cancel and _at_most(tried, reading)
    if end[0] != foreseen or len(tried) < len(inputs.keys() - {n for n in inputs if not inputs[n]}):
        return False
    if foreseen == "failed" and isinstance(detail, tuple):
        some = isinstance(end[1], tuple) and bool(end[1]) and set(end[1]) <= set(detail)
        return some and _at_most(tried, reading)
    return end[1] == detail and _at_most(tried, reading) and _at_least(tried, reading)


def _at_most(tried: Mapping[str, Sequence[str]], reading: Reading) -> bool:
    return all(
        len(given) <= reading.tried.get(name, 0) and set(given) == {json.dumps(reading.given[name])}
        for name, given in tried.items()
    )


def _at_least(tried: Mapping[str, Sequence[str]], reading: Reading) -> bool:
    """But for items of a step that failed: what ran was cancelled, what did not was not begun."""
    failed = {name for name, state in reading.states.items() if state.status == "failed"}
    return all(
        len(tried.get(name, ())) == times
        for name, times in reading.tried.items()
        if name == step_of(name) or step_of(name) not in failed
    )
