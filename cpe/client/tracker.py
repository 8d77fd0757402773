"""Events in, jobs out: no duplicates, and no job that goes backwards."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

from cpe.client.advance import advance, requested
from cpe.client.state import JobState
from cpe.client.store import MemoryStore, Store
from cpe.protocol import Event, EventType


class Tracker:
    """Keeps the state of every job of one client. Safe to use from several threads.

    Args:
        store: Where it is kept; in memory unless given.

    Example:
        >>> from cpe.protocol import Event, EventType, WorkflowRef
        >>> run = WorkflowRef(workflow_id="ClientA.j1", run_id="r1")
        >>> closed = Event(type=EventType.WORKFLOW_COMPLETED, time=2.0, event_id="r1:closed", job_id="j1",
        ...                workflow=run)
        >>> tracker = Tracker()
        >>> tracker.apply(closed).status
        <JobStatus.COMPLETED: 'COMPLETED'>
        >>> tracker.apply(closed) is None
        True
    """

    def __init__(self, store: Store | None = None) -> None:
        self._store: Store = store if store is not None else MemoryStore()
        self._lock = threading.Lock()

    def apply(self, event: Event) -> JobState | None:
        """Take an event in.

        Returns:
            The job's state after it; None for a duplicate, for what answers a question, and for an event that
            belongs to no job.
        """
        if event.type.is_answer:
            return None
        with self._lock:
            if self._store.seen(event.event_id):
                return None
            job_id = self._job_id(event)
            if job_id is None:
                return None
            orphan = self._orphan(event)
            known = self._store.job(job_id) or requested(job_id, event.time)
            if orphan is not None:
                known = replace(orphan, job_id=job_id, created=min(known.created, orphan.created))
            state = advance(known, event)
            self._store.save(
                state, event_id=event.event_id, replaces=orphan.job_id if orphan is not None else None
            )
            return state

    def request(self, job_id: str, time: float) -> JobState:
        """Note that a START_JOB was sent, at `time` seconds since the epoch."""
        with self._lock:
            state = self._store.job(job_id)
            if state is None:
                state = requested(job_id, time)
                self._store.save(state)
            return state

    def job(self, job_id: str) -> JobState | None:
        """The state of a job; None if nothing was heard of it."""
        with self._lock:
            return self._store.job(job_id)

    def jobs(self, newest: int | None = None) -> Sequence[JobState]:
        """All jobs, or only so many of the newest; the oldest of them first."""
        with self._lock:
            return self._store.jobs(newest)

    def _job_id(self, event: Event) -> str | None:
        """Which job an event belongs to.

        The original's events name the run only. Until WORKFLOW_SCHEDULED tells whose run it is, the run's id
        stands for the job's.
        """
        if event.job_id is not None or event.workflow is None:
            return event.job_id
        return self._store.job_of_run(event.workflow.run_id) or event.workflow.run_id

    def _orphan(self, event: Event) -> JobState | None:
        """What was heard of a run before its job was known; WORKFLOW_SCHEDULED tells whose it is."""
        if event.type is not EventType.WORKFLOW_SCHEDULED or event.workflow is None:
            return None
        return self._store.job(event.workflow.run_id)
