"""Scratch space: a private directory per task, and none left behind by the dead."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from types import TracebackType

from cpe.errors import ConfigError

_PREFIX = "worker-"
_GATE = ".gate"


class Scratch:
    """The scratch directory of one worker process, with a directory per task inside.

    It is locked (`flock`) for as long as the process lives. The kernel frees the lock when the process dies,
    however it dies; the next worker that starts on the same root removes what is not locked.

    Args:
        root: Where workers keep their directories; made if missing.

    Raises:
        ConfigError: ``SCRATCH_UNWRITABLE``.

    Example:
        >>> with Scratch(Path("/var/tmp/cpe")) as scratch, scratch.task("encode") as folder:  # doctest: +SKIP
        ...     (folder / "part").write_bytes(b"")
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            _refuse_foreign(root)
            # Between making a directory and locking it, a sweeper could take it for a dead worker's.
            with _locked(root / _GATE):
                self.swept = _sweep(root)
                self.path = Path(mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=root))
                self._lock = _lock_directory(self.path)
        except OSError as error:
            raise ConfigError(
                f"scratch directory {root} cannot be used: {error.strerror}; "
                "name a writable one with CPE_SCRATCH, or `scratch` in the configuration",
                code="SCRATCH_UNWRITABLE",
            ) from error

    def __enter__(self) -> Scratch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)

    @contextmanager
    def task(self, name: str) -> Iterator[Path]:
        """Give an empty directory and remove it afterwards, with all it holds.

        Args:
            name: For people who look; anything.
        """
        folder = Path(mkdtemp(prefix=f"{_readable(name)}-", dir=self.path))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _refuse_foreign(root: Path) -> None:
    """Refuse another user's directory in a folder where everybody may make one, such as the temporary one."""
    shared = root.parent.stat().st_mode & stat.S_ISVTX
    if shared and root.lstat().st_uid not in (0, os.getuid()):
        raise PermissionError(errno.EPERM, "it belongs to another user")


def _sweep(root: Path) -> tuple[str, ...]:
    """Remove directories whose owners died; tell their names."""
    swept = []
    for directory in sorted(root.glob(f"{_PREFIX}*")):
        # Another user's, or just removed by its owner: leave it.
        with suppress(OSError):
            lock = _lock_directory(directory)
            try:
                shutil.rmtree(directory, ignore_errors=True)
                swept.append(directory.name)
            finally:
                os.close(lock)
    return tuple(swept)


def _lock_directory(path: Path) -> int:
    """Lock a directory; BlockingIOError if its owner lives. Programs it starts do not inherit the lock."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise
    return handle


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _readable(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:40]
