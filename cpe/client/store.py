"""Where a tracker keeps what it knows."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from cpe.client.state import JobState

MAX_ANSWERS = 1000
"""Answers that a store keeps for those who asked; nobody waits for an older one."""


class Store(Protocol):
    """Jobs, which run belongs to which, which events were seen, and answers that wait for who asked.

    Every method is called within :meth:`transaction`. Events may be forgotten, oldest first: an event that is
    taken twice changes nothing, it only costs time.
    """

    @property
    def shared(self) -> bool:
        """Whether other processes may keep their jobs here too."""
        ...

    def transaction(self) -> AbstractContextManager[object]:
        """Do what is done inside for one thread of one process at a time, and all of it or nothing."""
        ...

    def seen(self, event_id: str) -> bool:
        """Tell whether the event was remembered."""
        ...

    def remember(self, event_ids: Iterable[str]) -> None:
        """Note events that were seen; none of them was before."""
        ...

    def job(self, job_id: str) -> JobState | None:
        """The state of a job."""
        ...

    def job_of_run(self, run_id: str) -> str | None:
        """The id of the job that a run belongs to, if it is the newest run of its job."""
        ...

    def jobs(self, newest: int | None = None) -> Sequence[JobState]:
        """All jobs, or only so many of the newest; the oldest of them first."""
        ...

    def save(self, state: JobState, activities: Collection[str] | None = None) -> None:
        """Keep a state; only these of its activities differ from what was saved before (None: any)."""
        ...

    def drop(self, job_id: str) -> None:
        """Forget a job."""
        ...

    def keep_answer(self, request_id: str, body: str) -> None:
        """Keep the answer to a request, as a message, for the process that asked."""
        ...

    def take_answer(self, request_id: str) -> str | None:
        """Give the answer to a request away; None while there is none."""
        ...


class MemoryStore:
    """Keeps everything in this process.

    Args:
        remember: How many events are remembered to tell duplicates; SQS repeats itself within minutes.
    """

    shared = False

    def __init__(self, *, remember: int = 100_000) -> None:
        self._remember = remember
        self._lock = threading.RLock()
        self._jobs: dict[str, JobState] = {}
        self._runs: dict[str, str] = {}
        self._seen: set[str] = set()
        self._oldest: deque[str] = deque()
        self._answers: dict[str, str] = {}

    def transaction(self) -> AbstractContextManager[object]:
        return self._lock

    def seen(self, event_id: str) -> bool:
        return event_id in self._seen

    def remember(self, event_ids: Iterable[str]) -> None:
        # Not one dict of them: to find its oldest entry takes as long as many were deleted before it.
        seen, oldest = self._seen, self._oldest
        for event_id in event_ids:
            seen.add(event_id)
            oldest.append(event_id)
        while len(oldest) > self._remember:
            seen.discard(oldest.popleft())

    def job(self, job_id: str) -> JobState | None:
        return self._jobs.get(job_id)

    def job_of_run(self, run_id: str) -> str | None:
        return self._runs.get(run_id)

    def jobs(self, newest: int | None = None) -> Sequence[JobState]:
        ordered = sorted(self._jobs.values(), key=lambda state: state.created)
        return ordered if newest is None else ordered[len(ordered) - min(newest, len(ordered)) :]

    def save(self, state: JobState, activities: Collection[str] | None = None) -> None:  # noqa: ARG002 - the states are kept whole
        self._jobs[state.job_id] = state
        if state.run_id is not None:
            self._runs[state.run_id] = state.job_id

    def drop(self, job_id: str) -> None:
        self._jobs.pop(job_id, None)

    def keep_answer(self, request_id: str, body: str) -> None:
        self._answers[request_id] = body
        if len(self._answers) > MAX_ANSWERS:
            del self._answers[next(iter(self._answers))]

    def take_answer(self, request_id: str) -> str | None:
        return self._answers.pop(request_id, None)
