"""How much a task's scratch directory holds, and whether more fits."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cpe.errors import ActivityError

_WATCH_SECONDS = 2.0


class QuotaWatch:
    """Watches how many bytes a directory holds while a program runs there.

    Args:
        directory: Where it runs.
        most: The bytes that the directory may hold; None for any.
    """

    def __init__(self, directory: Path, most: int | None) -> None:
        self._directory = directory
        self._most = most
        self._next = time.monotonic() + _WATCH_SECONDS

    def check(self, now: float) -> None:
        """Raise ActivityError when the directory holds more; looks every two seconds."""
        if self._most is None or now < self._next:
            return
        if used(self._directory) > self._most:
            raise quota_exceeded(self._most)
        # After the looking, which takes a while where there are many files.
        self._next = time.monotonic() + _WATCH_SECONDS


def used(directory: Path) -> int:
    """Return the bytes on disk of all files in a directory and beneath it."""
    total = 0
    for folder, _, files in os.walk(directory):
        for name in files:
            # FFmpeg and others remove and rename files meanwhile.
            with suppress(FileNotFoundError):
                total += os.lstat(os.path.join(folder, name)).st_blocks * 512  # noqa: PTH118 - ten thousand files are looked at now and then
    return total


def check_room(directory: Path, size: int, quota: int | None) -> None:
    """Make sure that so many more bytes fit into a scratch directory.

    Raises:
        ActivityError: They exceed its quota (``DISK_QUOTA``) or the disk's space (``DISK_FULL``, retryable).
    """
    if quota is not None and used(directory) + size > quota:
        raise quota_exceeded(quota)
    if size > shutil.disk_usage(directory).free:
        raise disk_full()


def room_left(directory: Path, quota: int) -> tuple[int, ActivityError]:
    """Return how many more bytes fit into a scratch directory, and the error of what needs more.

    The error is ``DISK_QUOTA``, or ``DISK_FULL`` (retryable) where the disk has less than the quota leaves.
    """
    left, free = quota - used(directory), shutil.disk_usage(directory).free
    return (free, disk_full()) if free < left else (max(left, 0), quota_exceeded(quota))


@contextmanager
def telling_a_full_disk() -> Iterator[None]:
    """Tell in a block that the disk is full (``DISK_FULL``, retryable) where the system does."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise disk_full() from error


def quota_exceeded(quota: int) -> ActivityError:
    """Return the error of a task that writes more than it may."""
    return ActivityError(
        f"The task needs more than the {quota} bytes of scratch space that it may use. Make fewer outputs in "
        "one job, or raise max_scratch_bytes in the activity's settings.",
        code="DISK_QUOTA",
    )


def disk_full() -> ActivityError:
    """Return the error of a task for which the worker's disk has no room."""
    return ActivityError(
        "The worker's disk is full: free or enlarge its scratch directory.", code="DISK_FULL", retryable=True
    )
