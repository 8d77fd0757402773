"""The folder in which a running stack tells about itself, `.cpe` by default.

=====================  ================================================================
``config.json``        the daemons' configuration (``CPE_CONFIG``)
``client.json``        a client's configuration (``CPE_CLIENT_CONFIG``)
``environment.json``   variable names and values. It appears, whole, once the stack
                       takes jobs, and goes when it stops: what programs wait for
``lock``               held as long as the stack runs
=====================  ================================================================
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cpe.errors import ConfigError


class StackFolder:
    """Reads and writes what stands in the folder.

    Args:
        path: The folder; made when a stack starts.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.config = self.path / "config.json"
        self.client = self.path / "client.json"
        self.environment = self.path / "environment.json"
        self._lock = self.path / "lock"

    @contextlib.contextmanager
    def occupied(self) -> Iterator[None]:
        """Claim the folder for a running stack; the claim ends with the process, however that ends.

        Raises:
            ConfigError: Another stack runs in it (``STACK_RUNNING``), or it cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ConfigError(
                    f"a stack runs in {self.path} already; stop it, or choose another folder with --dir",
                    code="STACK_RUNNING",
                ) from error
            self.environment.unlink(missing_ok=True)
            try:
                yield
            finally:
                self.environment.unlink(missing_ok=True)
        finally:
            os.close(lock)

    def write(self, path: Path, content: Mapping[str, Any]) -> None:
        """Write a JSON file that appears whole or not at all.

        Raises:
            ConfigError: The folder cannot be written.
        """
        draft = path.with_suffix(".new")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            draft.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
            draft.replace(path)
        except OSError as error:
            raise self._unwritable(error) from error

    def read_environment(self) -> dict[str, str]:
        """Tell the environment of the stack that runs here.

        Raises:
            ConfigError: No stack runs here (``NO_STACK``), or it takes no jobs yet (``STACK_NOT_READY``).
        """
        if not self._is_occupied():
            raise ConfigError(
                f"no stack runs in {self.path}; start one with `cpe up`, or name its folder with --dir",
                code="NO_STACK",
            )
        try:
            environment: dict[str, str] = json.loads(self.environment.read_text("utf-8"))
        except FileNotFoundError as error:
            raise ConfigError(
                f"the stack in {self.path} is still starting (or stops); try again in a moment",
                code="STACK_NOT_READY",
            ) from error
        return environment

    def _unwritable(self, error: OSError) -> ConfigError:
        return ConfigError(
            f"{self.path} cannot be written: {error.strerror}; choose another folder with --dir",
            code="FOLDER_NOT_WRITABLE",
        )

    def _is_occupied(self) -> bool:
        try:
            lock = os.open(self._lock, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False
