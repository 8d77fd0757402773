"""Events in, jobs out: no duplicates, and no job that goes backwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from cpe.client.advance import advance, requested
from cpe.client.recall import recalled
from cpe.client.state import JobState
from cpe.client.store import MemoryStore, Store
from cpe.protocol import CommandType, Event, EventType, WorkflowRef, decode_event, encode_event
from cpe.protocol.references import MAX_PAYLOAD

# Looking a member of an enum up takes as long as all else that is done to some events.
_SCHEDULED = EventType.WORKFLOW_SCHEDULED
_TRIAL = "trial"
_NO_ANSWERS: Mapping[str, Event] = MappingProxyType({})


class Tracker:
    """Keeps the state of every job of one client. Safe to use from several threads.

    Of answers only JOB_STATUS counts: it tells what events had told, had they not got lost.

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

    @property
    def shared(self) -> bool:
        """Whether other processes may take events in, too."""
        return self._store.shared

    def apply(self, event: Event) -> JobState | None:
        """Take an event in.

        Returns:
            The job's state after it; None for a duplicate, for an answer that tells nothing of a job, and
            for an event that belongs to no job.

        Raises:
            StoreFailed: Nothing was taken in.
        """
        store = self._store
        with store.transaction():
            batch = _Batch(store)
            state = batch.take(event)
            batch.save()
            return state

    def apply_all(
        self, events: Sequence[Event], answers: Mapping[str, Event] = _NO_ANSWERS
    ) -> list[JobState | None]:
        """Take several events in, all or none; for each what :meth:`apply` returns.

        Args:
            events: The events.
            answers: Those of them that :meth:`keep_answer` is to keep, too, by their `requestId`.
        """
        store = self._store
        with store.transaction():
            batch = _Batch(store)
            states = [batch.take(event) for event in events]
            batch.save()
            for request_id, answer in answers.items():
                self.keep_answer(request_id, answer)
            return states

    def check(self) -> None:
        """Try whether the store takes something in; nothing stays there.

        Raises:
            StoreFailed: It does not.
        """
        if self._store.shared:
            with self._store.transaction():
                self._store.keep_answer(_TRIAL, "")
                self._store.take_answer(_TRIAL)

    def request(self, job_id: str, time: float) -> JobState:
        """Note that a START_JOB was sent, at `time` seconds since the epoch."""
        with self._store.transaction():
            state = self._store.job(job_id)
            if state is None:
                state = requested(job_id, time)
                self._store.save(state)
            return state

    def job(self, job_id: str) -> JobState | None:
        """The state of a job; None if nothing was heard of it."""
        with self._store.transaction():
            return self._store.job(job_id)

    def jobs(self, newest: int | None = None) -> Sequence[JobState]:
        """All jobs, or only so many of the newest; the oldest of them first."""
        with self._store.transaction():
            return self._store.jobs(newest)

    def keep_answer(self, request_id: str, answer: Event) -> None:
        """Keep an answer for the process that asked, if the store is shared."""
        if self._store.shared:
            body = encode_event(answer, most=MAX_PAYLOAD)
            with self._store.transaction():
                self._store.keep_answer(request_id, body)

    def take_answer(self, request_id: str) -> Event | None:
        """Get the answer that another process read and kept; None while there is none."""
        if not self._store.shared:
            return None
        with self._store.transaction():
            body = self._store.take_answer(request_id)
        return None if body is None else decode_event(body, most=MAX_PAYLOAD)


class _Batch:
    """Events on their way into a store: a job that many are about is read and written once."""

    __slots__ = ("_changed", "_jobs", "_new", "_store")

    def __init__(self, store: Store) -> None:
        self._store = store
        self._jobs: dict[str, JobState] = {}
        self._changed: dict[str, list[str]] = {}
        self._new: dict[str, None] = {}

    def take(self, event: Event) -> JobState | None:
        if event.type.is_answer:
            return self._take_answer(event)
        event_id = event.event_id
        if event_id in self._new or self._store.seen(event_id):
            return None
        job_id = event.job_id if event.job_id is not None else self._job_of(event.workflow)
        if job_id is None:
            return None
        known = self._job(job_id)
        if known is None and _is_refusal_of_no_job(event):
            return None
        if event.type is _SCHEDULED and event.workflow is not None:
            known = self._adopted(event.workflow.run_id, job_id, known)
        state = advance(known or requested(job_id, event.time), event)
        self._put(state, event)
        self._new[event_id] = None
        return state

    def save(self) -> None:
        for job_id, activities in self._changed.items():
            self._store.save(self._jobs[job_id], activities)
        if self._new:
            self._store.remember(self._new)

    def _take_answer(self, event: Event) -> JobState | None:
        if event.type is not EventType.JOB_STATUS or event.job_id is None:
            return None
        before = state = self._job(event.job_id)
        for told in recalled(event):
            state = advance(state or requested(event.job_id, told.time), told)
            self._put(state, told)
        return None if state == before else state

    def _job(self, job_id: str) -> JobState | None:
        return self._jobs.get(job_id) or self._store.job(job_id)

    def _put(self, state: JobState, event: Event) -> None:
        self._jobs[state.job_id] = state
        changed = self._changed.setdefault(state.job_id, [])
        if event.activity is not None:
            changed.append(event.activity.activity_id)

    def _job_of(self, run: WorkflowRef | None) -> str | None:
        """Which job an event belongs to that does not say so.

        The original's events name the run only. Until WORKFLOW_SCHEDULED tells whose run it is, the run's id
        stands for the job's.
        """
        if run is None:
            return None
        run_id = run.run_id
        for job_id, state in self._jobs.items():
            if state.run_id == run_id:
                return job_id
        return self._store.job_of_run(run_id) or run_id

    def _adopted(self, run_id: str, job_id: str, known: JobState | None) -> JobState | None:
        """Give what was heard of a run before its job was known to the job."""
        orphan = self._job(run_id) if run_id != job_id else None
        if orphan is None:
            return known
        self._jobs.pop(run_id, None)
        self._changed.pop(run_id, None)
        self._store.drop(run_id)
        self._changed.setdefault(job_id, []).extend(orphan.activities)
        created = orphan.created if known is None else min(known.created, orphan.created)
        return replace(orphan, job_id=job_id, created=created)


def _is_refusal_of_no_job(event: Event) -> bool:
    """A refused question about a job that nobody knows does not make it one."""
    return event.type is EventType.COMMAND_REJECTED and event.details.get("command") not in (
        CommandType.START_JOB,
        None,
    )
