"""What this machine has: processors and memory, as far as this process may use them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")

_SIZE = re.compile(r"(\d+) ?(?:([KMGT])i?B?|B)?", re.ASCII)
_UNITS = {None: 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Processors, a fraction for a part of one, and memory in bytes."""

    cores: float
    memory: int


def measure(cgroup: Path = CGROUP) -> Resources:
    """Tell what this process may use.

    In a container that is what its control group allows (version 2: ``cpu.max``, ``memory.max``).

    Args:
        cgroup: Where the control group's files are.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, period = [*_words(cgroup / "cpu.max"), "max", "max"][:2]
    if quota.isdigit() and period.isdigit():
        cores = min(cores, max(int(quota) // int(period), 1))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = [*_words(cgroup / "memory.max"), "max"][0]
    if limit.isdigit():
        memory = min(memory, int(limit))
    return Resources(cores=cores, memory=memory)


def parse_bytes(text: str | int) -> int:
    """Read a size: bytes, or with a unit of 1024.

    Raises:
        ValueError: It is none.

    Example:
        >>> parse_bytes("2GiB"), parse_bytes("512M"), parse_bytes(1024)
        (2147483648, 536870912, 1024)
    """
    match = _SIZE.fullmatch(str(text))
    if match is None or int(match[1]) == 0:
        raise ValueError(f"{text!r} is no size, such as 2GiB or 512MiB")
    return int(match[1]) * _UNITS[match[2]]


def _words(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="ascii").split()
    except OSError:
        return []
