"""The database of a client's jobs, which poller and commander share, and who of them reads the queue."""

from __future__ import annotations

import argparse
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from cpe.client import SqliteStore
from cpe.errors import ConfigError


def database_option(parser: argparse.ArgumentParser) -> None:
    """Add the flag that says where jobs are kept."""
    parser.add_argument(
        "--database",
        type=Path,
        metavar="FILE",
        help="where jobs are kept, in SQLite (default: beside the configuration)",
    )


def database_file(options: argparse.Namespace) -> Path:
    """Tell where jobs are kept."""
    file: Path | None = options.database
    config: Path = options.config
    return file or config.with_suffix(".sqlite")


def open_store(file: Path) -> SqliteStore:
    """Open the database; it is made if missing."""
    return SqliteStore(file)


@contextmanager
def reading(file: Path) -> Iterator[None]:
    """Be the one poller of a database for a block; the lock ends with the process, however that ends.

    Raises:
        ConfigError: ``POLLER_RUNNING``: there is one.
    """
    with _lock_file(file) as lock:
        if not _locked(lock, fcntl.LOCK_EX):
            raise ConfigError(
                f"another poller keeps its jobs in {file}; end it, or name another --database",
                code="POLLER_RUNNING",
            )
        yield


def has_poller(file: Path) -> bool:
    """Tell whether a poller runs that reads the queue for this database."""
    with _lock_file(file) as lock:
        return not _locked(lock, fcntl.LOCK_SH)


def _lock_file(file: Path) -> IO[str]:
    place = file.with_name(f"{file.name}.lock")
    try:
        return place.open("a", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{place}: {error.strerror}", code="FILE_UNUSABLE") from error


def _locked(lock: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
