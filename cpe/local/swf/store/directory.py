"""A data directory, for one process at a time."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import TYPE_CHECKING

from cpe.errors import ConfigError

if TYPE_CHECKING:
    from typing import IO

_LOCK = "lock"


class DataDirectory:
    """A directory that is made if need be, and locked until `release` or the process's end of any kind.

    Raises:
        ConfigError: It cannot be used (``DATA_UNUSABLE``), or another process uses it (``DATA_IN_USE``).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock = (path / _LOCK).open("a+")
        except OSError as error:
            raise ConfigError(
                f"the data directory {path} cannot be used: {error.strerror or error}; "
                "give one that this user may write to",
                code="DATA_UNUSABLE",
            ) from error
        _take(self._lock, path)

    def release(self) -> None:
        """Let others have it."""
        self._lock.close()


def _take(lock: IO[str], path: Path) -> None:
    try:
        # The system gives it back when the process ends, be it by kill -9.
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.seek(0)
        holder = lock.read().strip()
        lock.close()
        raise ConfigError(
            f"the data directory {path} is in use by process {holder or 'unknown'}; "
            "stop that one or give another directory",
            code="DATA_IN_USE",
        ) from error
    lock.seek(0)
    lock.truncate()
    lock.write(str(os.getpid()))
    lock.flush()
