"""Workers of a site that a test starts quickly and kills, and what works for them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from tests.acceptance.site import Site
from tests.acceptance.stack import REPOSITORY, standing_still, until

_PROGRAM = Path(__file__).parent / "programs" / "worker_nursery.py"
_GONE_SECONDS = 2.0


class WorkerNursery:
    """Starts workers one after the other; those that are left end with it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._log = site.log.open("ab")
        self._mother = subprocess.Popen(
            [sys.executable, _PROGRAM],
            cwd=site.folder,
            env={
                **os.environ,
                "PYTHONPATH": str(REPOSITORY),
                "TMPDIR": str(site.scratch),
                **site.environment,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            start_new_session=True,
        )
        assert self._read() == "ready"

    def start(self, activity: str = "TranscodeAsset", version: str = "v2") -> int:
        """Start one, for one task at a time; returns its process id."""
        assert self._mother.stdin is not None
        arguments = f"-D SADomain -A {activity} -V {version} --cores 2 --concurrency 1"
        self._mother.stdin.write(f"{arguments}\n")
        self._mother.stdin.flush()
        return int(self._read())

    def kill(self, worker: int) -> int:
        """Kill one with ``kill -9``, and see that nothing works for it any more; tell how many did."""
        running = encoding(self._site, worker)
        # What stands still does not end because it is done.
        with standing_still(*running):
            os.kill(worker, signal.SIGKILL)
            until(
                lambda: not working(self._site, worker),
                _GONE_SECONDS,
                what="the end of all that the worker started",
            )
        return len(running)

    def close(self) -> None:
        """End all that are left."""
        with self._log, self._mother as mother:
            os.killpg(mother.pid, signal.SIGKILL)

    def _read(self) -> str:
        assert self._mother.stdout is not None
        return self._mother.stdout.readline().strip()


def working(site: Site, worker: int | None = None) -> list[psutil.Process]:
    """All processes that work in the scratch directories of a site's workers, or of one of them."""
    name = f"worker-{worker}-" if worker is not None else "worker-"
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if f"{site.scratch}{os.sep}" in process.cwd() and name in process.cwd():
                found.append(process)
    return found


def encoding(site: Site, worker: int | None = None) -> list[int]:
    """The process ids of the runs of ffmpeg."""
    found = []
    for process in working(site, worker):
        with contextlib.suppress(psutil.Error):
            if process.name().startswith("ffmpeg"):
                found.append(process.pid)
    return found
