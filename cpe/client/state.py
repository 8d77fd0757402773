"""What a client knows of a job: frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from cpe.client.runs import Runs


class _Status(StrEnum):
    """A status, its rank, and whether it is final: a state of higher rank is further."""

    rank: int
    final: bool

    def __new__(cls, value: str, rank: int, final: bool = False) -> Self:
        status = str.__new__(cls, value)
        status._value_ = value
        status.rank = rank
        status.final = final
        return status


class ActivityStatus(_Status):
    """How far an activity is; the last four are final: they end an attempt."""

    SCHEDULED = "SCHEDULED", 0
    STARTED = "STARTED", 1
    PREPARING = "PREPARING", 2
    RUNNING = "RUNNING", 3
    FINISHING = "FINISHING", 4
    COMPLETED = "COMPLETED", 5, True
    FAILED = "FAILED", 5, True
    TIMED_OUT = "TIMED_OUT", 5, True
    CANCELED = "CANCELED", 5, True


class JobStatus(_Status):
    """How far a job is; REJECTED and the last five are final: nothing more is to come.

    REJECTED says that a START_JOB was refused. It ends the wait for a job that never was, but yields to a
    job of that id that runs: the refused command was a second one.
    """

    REQUESTED = "REQUESTED", 0
    REJECTED = "REJECTED", 1, True
    SCHEDULED = "SCHEDULED", 2
    RUNNING = "RUNNING", 3
    COMPLETED = "COMPLETED", 4, True
    FAILED = "FAILED", 4, True
    CANCELED = "CANCELED", 4, True
    TIMED_OUT = "TIMED_OUT", 4, True
    TERMINATED = "TERMINATED", 4, True


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityState:
    """One activity of a job.

    Attributes:
        created: When the oldest event that was seen happened, in seconds since the epoch.
        updated: When the newest one did.
        run_id: The run that did it last; a later run's replaces an earlier one's.
        attempt: Which attempt of that run this is, from 1; a later one replaces an earlier one. What names
            no attempt belongs to the latest.
        progress: Percent of the whole activity, 0 to 100; within an attempt it never falls.
        outputs: How many outputs it makes, as far as its input tells; 1 for what makes none.
        reports: What ACTIVITY_PROGRESS carried last, by `output`: for a transcode `duration`, `done`,
            `progress`, `speed`, `eta`… Under "" for activities that do not name an output.
        result: What ACTIVITY_COMPLETED carried.
        reason: Why it failed, as a code; for TIMED_OUT which timeout it was.
        details: Why it failed, for a person.
    """

    activity_id: str
    name: str
    version: str
    status: ActivityStatus
    created: float
    updated: float
    run_id: str | None = None
    attempt: int = 1
    progress: float | None = None
    outputs: int = 1
    reports: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    result: Any = None
    reason: str | None = None
    details: str | None = None

    @property
    def done(self) -> bool:
        """True when nothing more is to come of this attempt."""
        return self.status.final


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """One job.

    Attributes:
        created: When the oldest event that was seen happened, in seconds since the epoch.
        updated: When the newest one did.
        result: What WORKFLOW_COMPLETED carried.
        reason: Why it ended otherwise, as a code.
        details: The same for a person.
        run_id: The newest run; `status`, `result`, `reason` and `details` are its own.
        runs: All runs that were heard of.
        activities: By activity id, over all runs: what a new run did not do again is as it was.
    """

    job_id: str
    status: JobStatus
    created: float
    updated: float
    run_id: str | None = None
    runs: Runs = field(default_factory=Runs)
    workflow_id: str | None = None
    workflow_name: str | None = None
    workflow_version: str | None = None
    result: Any = None
    reason: str | None = None
    details: str | None = None
    activities: Mapping[str, ActivityState] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """True when nothing more is to come."""
        return self.status.final
