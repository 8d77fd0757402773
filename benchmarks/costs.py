"""What work costs: on the clock, and of all processors."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of one way: on the clock, and of all processors."""

    wall: float
    cpu: float


def cost(work: Callable[[], None]) -> Cost:
    """Do work; return what it and its processes cost."""
    began, before = time.perf_counter(), _cpu()
    work()
    return Cost(time.perf_counter() - began, _cpu() - before)


def _cpu() -> float:
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in (
            resource.getrusage(resource.RUSAGE_SELF),
            resource.getrusage(resource.RUSAGE_CHILDREN),
        )
    )
