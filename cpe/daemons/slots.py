"""A worker's slots: each polls for a task when there is room for it, and runs it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cpe.activity import Logger
from cpe.aws.tasks import ActivityTask
from cpe.config import ActivitySettings
from cpe.daemons.budget import LOOK, Budget
from cpe.daemons.loop import Loop, Stop
from cpe.machine import Resources

MOST_SLOTS = 64
"""Tasks of one activity at once in one worker. Each slot holds a connection while it polls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a worker may use.

    Attributes:
        machine: Processors and memory for all its tasks together.
        concurrency: How many tasks run at once, whatever they need; None for as many as `machine` has room
            for.
    """

    machine: Resources
    concurrency: int | None = None

    def budget(self) -> Budget:
        """Make what its tasks take their share of."""
        if self.concurrency is None:
            return Budget(self.machine)
        return Budget(Resources(cores=self.concurrency, memory=0))

    def need_of(self, activity: ActivitySettings) -> Resources:
        """Tell what a task takes of the budget; one that does not say what it needs takes all."""
        if self.concurrency is not None:
            return Resources(cores=1, memory=0)
        if activity.cpu is None and activity.memory is None:
            return self.machine
        return Resources(cores=activity.cpu or 0, memory=activity.memory or 0)

    def slots_of(self, activity: ActivitySettings) -> int:
        """Tell how many tasks of an activity may run at once."""
        return min(self.budget().fits(self.need_of(activity)), MOST_SLOTS)

    def cores_of(self, activity: ActivitySettings) -> int:
        """Tell how many processors a task of an activity should keep busy: its `cpu`, or an equal share."""
        cores = activity.cpu or self.machine.cores / self.slots_of(activity)
        return max(int(min(cores, self.machine.cores)), 1)


def slots(
    *,
    name: str,
    number: int,
    budget: Budget,
    need: Resources,
    poll: Callable[[], ActivityTask | None],
    handle: Callable[[ActivityTask], None],
    stop: Stop,
    log: Logger,
) -> Iterator[Loop[ActivityTask]]:
    """Make the slots of one activity.

    The room for a task is taken before it is polled for: SWF may give one at any moment, and cannot be given
    it back. One slot of an activity polls at a time: an activity with nothing to do keeps no more than
    the room of one task from the others.

    Args:
        name: For the log.
        number: How many.
        budget: What the slots of all activities share.
        need: What a task takes of it.
        poll: Waits for a task, up to a minute.
        handle: Runs it.
        stop: When to end.
        log: Gets what loops log.
    """

    turn = threading.Lock()

    def poll_in_turn() -> ActivityTask | None:
        while not turn.acquire(timeout=LOOK):
            if stop.draining:
                return None
        try:
            return poll_with_room() if not stop.draining else None
        finally:
            turn.release()

    def poll_with_room() -> ActivityTask | None:
        if not budget.take(need, stopped=lambda: stop.draining):
            return None
        task = None
        try:
            task = poll()
        finally:
            if task is None:
                budget.give_back(need)
        return task

    def handle_and_leave(task: ActivityTask) -> None:
        try:
            handle(task)
        finally:
            budget.give_back(need)

    for each in range(1, number + 1):
        yield Loop(name=f"{name}-{each}", poll=poll_in_turn, handle=handle_and_leave, stop=stop, log=log)
