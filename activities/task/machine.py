"""What one task may use of the machine."""

from __future__ import annotations

from pathlib import Path

from activities.media.planner import MIB, Machine
from cpe.machine import CGROUP, measure

_LEAST_MEMORY = 512 * MIB


def this_machine(*, cores: int | None = None, cgroup: Path = CGROUP) -> Machine:
    """Return the processors and the memory that one task may use.

    Of the memory a task has its share by processors.

    Args:
        cores: How many processors it uses at most; None for all that this process may use.
        cgroup: Where the control group's files are.
    """
    here = measure(cgroup)
    whole = max(int(here.cores), 1)
    used = min(cores or whole, whole)
    return Machine(cores=used, memory=max(here.memory * used // whole, _LEAST_MEMORY))
