"""Both shapes as simpleflow's decider takes them; `simpleflow decider.start` imports the classes by name."""

from __future__ import annotations

from typing import Any

from simpleflow import (  # type: ignore[import-not-found]  # is in an environment of its own
    Workflow,
    activity,
    futures,
)

from benchmarks.rivals.work import CHAIN, FAN, SHAPES, VERSION, activity_of


def _work_of(shape: str) -> Any:
    name = activity_of(shape)

    @activity.with_attributes(name=name, version=VERSION, task_list=name)  # type: ignore[untyped-decorator]  # no types
    def work(*_: Any) -> None:
        """Is done elsewhere."""

    return work


class Chain(Workflow):  # type: ignore[misc]  # simpleflow has no types
    """One after the other."""

    name, version, task_list = SHAPES[0], VERSION, SHAPES[0]
    work = _work_of(SHAPES[0])

    def run(self) -> None:
        """Submit until one is not done yet."""
        for number in range(CHAIN):
            futures.wait(self.submit(self.work, number))


class FanOut(Workflow):  # type: ignore[misc]  # simpleflow has no types
    """Many at once between a first and a last one."""

    name, version, task_list = SHAPES[1], VERSION, SHAPES[1]
    work = _work_of(SHAPES[1])

    def run(self) -> None:
        """Submit as far as what is done allows."""
        futures.wait(self.submit(self.work, "first"))
        futures.wait(*[self.submit(self.work, number) for number in range(FAN)])
        futures.wait(self.submit(self.work, "last"))
