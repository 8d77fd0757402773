"""The stack of the demo: `cpe up` as a subprocess."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from cpe.errors import ConfigError, CpeError

_READY_SECONDS = 60
_STOP_SECONDS = 15
_LOG_LINES = 15
_LOOK = 0.1


class DemoStack:
    """A stack in a folder of its own, on a free port.

    Args:
        folder: Where it keeps its files; its log is `stack.log` there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment = folder / "environment.json"
        self.log = folder / "stack.log"
        self.client_config = folder / "client.json"
        self._process: subprocess.Popen[bytes] | None = None

    @contextlib.contextmanager
    def running(self) -> Iterator[DemoStack]:
        """Start it, and stop it with all that it started, whatever happens."""
        scratch = self._folder / "tmp"
        try:
            scratch.mkdir(parents=True, exist_ok=True)
            self._environment.unlink(missing_ok=True)
            log = self.log.open("wb")
        except OSError as error:
            raise ConfigError(
                f"{self._folder} cannot be written: {error.strerror}", code="FILE_UNUSABLE"
            ) from error
        with log:
            # A session of its own: Ctrl-C comes to the demo alone, which then stops the stack in order.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "cpe.cli.main", "up", "--port", "0", "--dir", str(self._folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | {"TMPDIR": str(scratch.absolute())},
                start_new_session=True,
            )
            try:
                yield self
            finally:
                self._stop(self._process)
                shutil.rmtree(scratch, ignore_errors=True)

    def wait_until_ready(self) -> Mapping[str, str]:
        """Wait until jobs are taken.

        Returns:
            The environment that leads to the stack.

        Raises:
            CpeError: ``STACK_FAILED``, with the end of its log.
        """
        deadline = time.monotonic() + _READY_SECONDS
        while not self._environment.exists():
            if self._process is None or self._process.poll() is not None:
                raise self._failure("the stack did not start")
            if time.monotonic() > deadline:
                raise self._failure(f"the stack was not ready after {_READY_SECONDS} s")
            time.sleep(_LOOK)
        environment: dict[str, str] = json.loads(self._environment.read_text())
        return environment

    def _failure(self, finding: str) -> CpeError:
        end = self.log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
        return CpeError("\n  ".join([f"{finding}; the end of {self.log}:", *end]), code="STACK_FAILED")

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        try:
            # Asked once, it finishes what runs; asked twice, it stops at once.
            for _ in range(2):
                if process.poll() is None:
                    process.terminate()
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(_STOP_SECONDS)
        finally:
            # Somebody is impatient, or it hangs: what it started ends with it.
            if process.poll() is None:
                process.kill()
                process.wait()
