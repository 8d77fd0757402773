"""Both shapes for garcon's decider: python -m benchmarks.rivals.garcon_decider SHAPE, in its environment.

This is garcon's documented way: a flow with a `decider` that schedules, and a loop around its worker.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import boto3
from garcon import activity, runner, task  # type: ignore[import-not-found]  # is in an environment of its own
from garcon.decider import DeciderWorker  # type: ignore[import-not-found]  # the same

from benchmarks.rivals.work import CHAIN, DOMAIN, FAN, SHAPES

Schedule = Callable[..., Any]


@task.decorate(timeout=600)  # type: ignore[untyped-decorator]  # garcon has no types
def work(activity: Any) -> None:
    """Is done elsewhere; tells garcon the timeouts and that no input is needed."""


class Flow:
    """What garcon asks of a flow. Its name is also the task list of its decisions.

    Args:
        shape: One of `SHAPES`.
    """

    domain = DOMAIN

    def __init__(self, shape: str) -> None:
        self.name = shape
        self.client = boto3.client("swf")
        create = activity.create(self.client, self.domain, self.name)
        self.work = create(name="work", run=runner.Sync(work))
        self.decider = self.chain if shape == SHAPES[0] else self.fan_out

    def chain(self, schedule: Schedule) -> None:
        """Run one after the other."""
        requires: list[Any] = []
        for number in range(CHAIN):
            requires = [schedule(f"step-{number}", self.work, requires=requires)]

    def fan_out(self, schedule: Schedule) -> None:
        """Run many at once between a first and a last one."""
        first = schedule("first", self.work)
        parts = [schedule(f"part-{number}", self.work, requires=[first]) for number in range(FAN)]
        schedule("last", self.work, requires=parts)


def main() -> None:
    """Decide until killed."""
    worker = DeciderWorker(Flow(sys.argv[1]))
    while worker.run():
        continue


if __name__ == "__main__":
    main()
