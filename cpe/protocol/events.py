"""Events: what the stack tells a client on its output queue.

An :class:`Event` is the typed value; `codec.py` knows how each type lies on the wire, in the original's
layout. Wherever an event comes from, the same fact has the same `event_id`, so that a client can drop what it
has seen; the functions at the end of this module are the only ones that make these ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cpe.protocol.references import Reference

PROTOCOL_VERSION = "2.0"
"""Version of the wire format. 1.x is the original's, which had no version field."""


class EventType(StrEnum):
    """All event types, the original's and ours."""

    WORKFLOW_SCHEDULED = "WORKFLOW_SCHEDULED"
    WORKFLOW_CONTINUED = "WORKFLOW_CONTINUED"
    WORKFLOW_COMPLETED = "WORKFLOW_COMPLETED"
    WORKFLOW_FAILED = "WORKFLOW_FAILED"
    WORKFLOW_CANCELED = "WORKFLOW_CANCELED"
    WORKFLOW_TIMED_OUT = "WORKFLOW_TIMED_OUT"
    WORKFLOW_TERMINATED = "WORKFLOW_TERMINATED"
    ACTIVITY_SCHEDULED = "ACTIVITY_SCHEDULED"
    ACTIVITY_STARTED = "ACTIVITY_STARTED"
    ACTIVITY_PREPARING = "ACTIVITY_PREPARING"
    ACTIVITY_PROGRESS = "ACTIVITY_PROGRESS"
    ACTIVITY_FINISHING = "ACTIVITY_FINISHING"
    ACTIVITY_COMPLETED = "ACTIVITY_COMPLETED"
    ACTIVITY_FAILED = "ACTIVITY_FAILED"
    ACTIVITY_TIMEOUT = "ACTIVITY_TIMEOUT"
    ACTIVITY_CANCELED = "ACTIVITY_CANCELED"
    JOB_CANCEL_REQUESTED = "JOB_CANCEL_REQUESTED"
    ACTIVITY_CANCEL_REQUESTED = "ACTIVITY_CANCEL_REQUESTED"
    JOB_STATUS = "JOB_STATUS"
    JOB_LIST = "JOB_LIST"
    ACTIVITY_STATUS = "ACTIVITY_STATUS"
    ACTIVITY_LIST = "ACTIVITY_LIST"
    JOB_SIGNALED = "JOB_SIGNALED"
    COMMAND_REJECTED = "COMMAND_REJECTED"

    @property
    def is_activity(self) -> bool:
        """True if the event names one activity."""
        return self.value.startswith("ACTIVITY_") and self is not EventType.ACTIVITY_LIST

    @property
    def is_answer(self) -> bool:
        """True for what answers a command and reports nothing that happened to a job."""
        return self in _ANSWERS

    @property
    def closes_job(self) -> bool:
        """True for the last event of a job."""
        return self in _CLOSING


_CLOSING = frozenset(
    {
        EventType.WORKFLOW_COMPLETED,
        EventType.WORKFLOW_FAILED,
        EventType.WORKFLOW_CANCELED,
        EventType.WORKFLOW_TIMED_OUT,
        EventType.WORKFLOW_TERMINATED,
    }
)
_ANSWERS = frozenset(
    {
        EventType.JOB_CANCEL_REQUESTED,
        EventType.ACTIVITY_CANCEL_REQUESTED,
        EventType.JOB_STATUS,
        EventType.JOB_LIST,
        EventType.ACTIVITY_STATUS,
        EventType.ACTIVITY_LIST,
        EventType.JOB_SIGNALED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRef:
    """Which run of which workflow execution."""

    workflow_id: str
    run_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityRef:
    """Which activity of a run."""

    activity_id: str
    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event.

    Attributes:
        type: What happened.
        time: When, in seconds since the epoch.
        event_id: The same for the same fact, whoever reports it and however often.
        job_id: The client's own id of the job; None if the execution is none of CPE's.
        workflow: The run it belongs to; None only for COMMAND_REJECTED and JOB_LIST.
        activity: The activity, where the event is about one.
        details: What else the type carries, under its names on the wire: `result`, `input`, `reason`, …;
            of what answers a command its `requestId` too.
        reference: Where the whole event lies if it was too large for the queue; some `details` are None then.
    """

    type: EventType
    time: float
    event_id: str
    job_id: str | None = None
    workflow: WorkflowRef | None = None
    activity: ActivityRef | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    reference: Reference | None = None


def workflow_scheduled_id(run_id: str) -> str:
    """Id of WORKFLOW_SCHEDULED: WorkflowExecutionStarted is event 1 of every history."""
    return f"{run_id}:1"


def history_event_id(run_id: str, event_id: int) -> str:
    """Id of an event that reports a fact of the history, such as ACTIVITY_COMPLETED."""
    return f"{run_id}:{event_id}"


def activity_scheduled_id(run_id: str, decision_started_event_id: int, activity_id: str) -> str:
    """Id of ACTIVITY_SCHEDULED.

    It is reported as soon as SWF took the decision, when the id of the history event to come is not known
    yet; the decision task that decided it is known then, and can be read from the history later.
    """
    return f"{run_id}:{decision_started_event_id}:scheduled:{activity_id}"


def step_fault_id(run_id: str, step: str) -> str:
    """Id of the ACTIVITY_FAILED of a step that failed before anything was scheduled: once a run."""
    return f"{run_id}:fault:{step}"


def activity_phase_id(run_id: str, started_event_id: int, phase: str) -> str:
    """Id of what a worker reports of one attempt; `phase` is `started`, `preparing`, `progress:<n>`, …"""
    return f"{run_id}:{started_event_id}:{phase}"


def closed_id(run_id: str) -> str:
    """Id of the event that closes a job, or says that it goes on as a new run: a run closes once."""
    return f"{run_id}:closed"


def rejected_id(message_id: str) -> str:
    """Id of COMMAND_REJECTED, from the id that SQS gave the command."""
    return f"rejected:{message_id}"


def answer_id(message_id: str) -> str:
    """Id of what answers a command and reports no fact, from the id that SQS gave the command."""
    return f"answer:{message_id}"
