"""Where a tracker keeps what it knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from cpe.client.state import JobState


class Store(Protocol):
    """Jobs, which run belongs to which, and which events were seen.

    The tracker calls one method at a time. Events may be forgotten, oldest first: an event that is taken
    twice changes nothing, it only costs time.
    """

    def seen(self, event_id: str) -> bool:
        """Tell whether the event was saved before."""
        ...

    def job(self, job_id: str) -> JobState | None:
        """The state of a job."""
        ...

    def job_of_run(self, run_id: str) -> str | None:
        """The id of the job that a run belongs to."""
        ...

    def jobs(self, newest: int | None = None) -> Sequence[JobState]:
        """All jobs, or only so many of the newest; the oldest of them first."""
        ...

    def save(self, state: JobState, *, event_id: str | None = None, replaces: str | None = None) -> None:
        """Keep a state and the event that made it, and drop the job `replaces`: all of it or nothing."""
        ...


class MemoryStore:
    """Keeps everything in this process.

    Args:
        remember: How many events are remembered to tell duplicates; SQS repeats itself within minutes.
    """

    def __init__(self, *, remember: int = 100_000) -> None:
        self._remember = remember
        self._jobs: dict[str, JobState] = {}
        self._runs: dict[str, str] = {}
        self._seen: dict[str, None] = {}

    def seen(self, event_id: str) -> bool:
        return event_id in self._seen

    def job(self, job_id: str) -> JobState | None:
        return self._jobs.get(job_id)

    def job_of_run(self, run_id: str) -> str | None:
        return self._runs.get(run_id)

    def jobs(self, newest: int | None = None) -> Sequence[JobState]:
        ordered = sorted(self._jobs.values(), key=lambda state: state.created)
        return ordered if newest is None else ordered[len(ordered) - min(newest, len(ordered)) :]

    def save(self, state: JobState, *, event_id: str | None = None, replaces: str | None = None) -> None:
        self._jobs[state.job_id] = state
        if state.run_id is not None:
            self._runs[state.run_id] = state.job_id
        if replaces is not None:
            self._jobs.pop(replaces, None)
        if event_id is not None:
            self._seen[event_id] = None
            if len(self._seen) > self._remember:
                del self._seen[next(iter(self._seen))]
