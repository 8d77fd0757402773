"""Jobs as JSON, for programs that do not read the database."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cpe.client import ActivityState, JobState, Tracker

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
        """Write it once a second at most, as long as the block runs, and at its end."""
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
        while not self._ended.wait(_LOOK_SECONDS):
            if self._news.is_set():
                self._news.clear()
                self._write(file)

    def _write(self, file: Path) -> None:
        partial = file.with_name(f".{file.name}.{os.getpid()}")
        partial.write_text(state_text(self._client, self._tracker.jobs()), encoding="utf-8")
        partial.replace(file)


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
