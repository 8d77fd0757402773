"""What this process may use of the machine."""

from __future__ import annotations

import os
from pathlib import Path

from activities.media.planner import MIB, Machine

_CGROUP = Path("/sys/fs/cgroup")
_LEAST_MEMORY = 512 * MIB


def this_machine(*, cores: int | None = None, cgroup: Path = _CGROUP) -> Machine:
    """Return the processors and the memory that one task may use.

    In a container they are what its control group allows (version 2: ``cpu.max``, ``memory.max``). Of the
    memory a task has its share by processors.

    Args:
        cores: How many processors it uses at most; None for all.
        cgroup: Where the control group's files are.
    """
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, period = [*_words(cgroup / "cpu.max"), "max", "max"][:2]
    if quota.isdigit() and period.isdigit():
        here = min(here, max(int(quota) // int(period), 1))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = [*_words(cgroup / "memory.max"), "max"][0]
    if limit.isdigit():
        memory = min(memory, int(limit))
    used = min(cores or here, here)
    return Machine(cores=used, memory=max(memory * used // here, _LEAST_MEMORY))


def _words(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="ascii").split()
    except OSError:
        return []
