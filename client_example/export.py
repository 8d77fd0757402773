"""Jobs as JSON, for programs that do not read the database."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cpe.client import ActivityState, JobState, Tracker
from cpe.errors import ConfigError, CpeError

_log = logging.getLogger("client_poller")
_LOOK_SECONDS = 1.0


def state_text(client: str, jobs: Sequence[JobState]) -> str:
    """All jobs of a client as one JSON object, oldest first; times are in seconds since the epoch."""
    return json.dumps({"client": client, "jobs": [_job(job) for job in jobs]}, indent=2) + "\n"


class Export:
    """Keeps a file up to date with what a tracker knows. It is replaced whole: readers see no half of it.

    Args:
        file: The file; None for none.
        client: The client's name.
        tracker: Knows the jobs.
    """

    def __init__(self, file: Path | None, client: str, tracker: Tracker) -> None:
        self._file = file
        self._client = client
        self._tracker = tracker
        self._news = threading.Event()
        self._ended = threading.Event()

    def note(self) -> None:
        """Say that something has changed."""
        self._news.set()

    @contextmanager
    def running(self) -> Iterator[Export]:
        """Write it once a second at most, as long as the block runs, and at its end.

        While that fails, or the tracker's database does, it stays as it is; it is tried again each second.

        Raises:
            ConfigError: ``FILE_UNUSABLE``, at the beginning or the end.
            StoreFailed: The same of the database.
        """
        if self._file is None:
            yield self
            return
        self._write(self._file)
        thread = threading.Thread(target=self._run, args=(self._file,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            thread.join()
            self._write(self._file)

    def _run(self, file: Path) -> None:
        in_trouble = False
        while not self._ended.wait(_LOOK_SECONDS):
            if not self._news.is_set():
                continue
            self._news.clear()
            try:
                self._write(file)
            except CpeError as error:
                self._news.set()
                if not in_trouble:
                    _log.warning("%s; trying again", error)
                in_trouble = True
            else:
                in_trouble = False

    def _write(self, file: Path) -> None:
        text = state_text(self._client, self._tracker.jobs())
        partial = file.with_name(f".{file.name}.{os.getpid()}")
        try:
            try:
                partial.write_text(text, encoding="utf-8")
                partial.replace(file)
            finally:
                partial.unlink(missing_ok=True)
        except OSError as error:
            raise ConfigError(f"{file} cannot be written: {error.strerror}", code="FILE_UNUSABLE") from error


def _job(job: JobState) -> dict[str, Any]:
    return {
        "jobId": job.job_id,
        "workflowId": job.workflow_id,
        "runId": job.run_id,
        "runs": sorted(job.runs.seen, key=lambda run_id: job.runs.seen[run_id]),
        "workflow": {"name": job.workflow_name, "version": job.workflow_version},
        "status": job.status.value,
        "done": job.done,
        "created": job.created,
        "updated": job.updated,
        "result": job.result,
        "reason": job.reason,
        "details": job.details,
        "activities": [_activity(activity) for activity in job.activities.values()],
    }


def _activity(activity: ActivityState) -> dict[str, Any]:
    return {
        "activityId": activity.activity_id,
        "activityType": {"name": activity.name, "version": activity.version},
        "status": activity.status.value,
        "attempt": activity.attempt,
        "progress": activity.progress,
        "created": activity.created,
        "updated": activity.updated,
        "result": activity.result,
        "reason": activity.reason,
        "details": activity.details,
    }
