"""The workers' scratch space: writable, large enough, and with locks that work."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cpe.config import Settings
from cpe.doctor.check import Check
from cpe.doctor.finding import Finding, Part, fault, well
from cpe.errors import ConfigError

GIB = 1024**3
LEAST_FREE = 1 * GIB
"""Bytes. Below that even a short video and its renditions do not fit."""

ENOUGH_FREE = 5 * GIB
"""Bytes for an hour of video, its renditions and what lies between."""

LEAST_FILES = 1_000
"""Files and folders; HLS makes hundreds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """What a scratch root offers.

    Attributes:
        free: Bytes that this user may write.
        files: Files that may be made; None where the file system has no limit.
        locks: Whether a lock keeps others out.
    """

    free: int
    files: int | None
    locks: bool


def scratch_checks(settings: Settings) -> tuple[Check, ...]:
    """What is looked at: the scratch root of this machine."""
    root = settings.scratch_root()

    def look() -> Iterator[Finding]:
        yield from judge_space(probe_space(root), root)

    return (Check(part=Part.SCRATCH, subject=str(root), look=look),)


def probe_space(root: Path) -> Space:
    """Write into the scratch root, and try its locks; what is made is removed.

    Raises:
        ConfigError: ``SCRATCH_UNWRITABLE``.
    """
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="doctor-", dir=root) as folder:
            locks = _locks_work(Path(folder))
        space = os.statvfs(root)
    except OSError as error:
        message = f"scratch directory {root} cannot be used: {error.strerror}"
        raise ConfigError(message, code="SCRATCH_UNWRITABLE") from error
    return Space(
        free=space.f_bavail * space.f_frsize, files=space.f_favail if space.f_files else None, locks=locks
    )


def judge_space(space: Space, root: Path) -> Iterator[Finding]:
    """Judge what a scratch root offers."""
    subject, free = str(root), f"{space.free / GIB:.1f} GiB are free"
    if not space.locks:
        yield fault(Part.SCRATCH, subject, "LOCKS_BROKEN", "a directory can be locked twice (flock)")
    if space.files is not None and space.files < LEAST_FILES:
        yield fault(Part.SCRATCH, subject, "SCRATCH_FULL", f"{space.files} more files fit (inodes)")
    elif space.free < LEAST_FREE:
        yield fault(Part.SCRATCH, subject, "SCRATCH_FULL", free)
    elif space.free < ENOUGH_FREE:
        yield fault(Part.SCRATCH, subject, "SCRATCH_LOW", free, only_warn=True)
    elif space.locks:
        yield well(Part.SCRATCH, subject, f"can be written, {free}, locks work")


def _locks_work(folder: Path) -> bool:
    """Whether a second lock on a locked directory is refused, as workers' directories are locked."""
    first = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    second = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    finally:
        os.close(first)
        os.close(second)
    return False
