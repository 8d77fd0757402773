"""What a simulation came to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cpe.decider import Outcome
from cpe.plan import StepStatus
from cpe.protocol import Event
from cpe.simulation.deciders import Decided
from cpe.simulation.swf import Recorded


class Status(StrEnum):
    """How a run ended; OPEN when the simulation was stopped before."""

    OPEN = "open"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "cancelled"
    TIMED_OUT = "timed out"
    TERMINATED = "terminated"
    CONTINUED_AS_NEW = "continued as new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A job that was simulated.

    Attributes:
        workflow_id, run_id: The job's execution; the newest one if it continued as new.
        status: How it ended.
        reason: Why, unless it completed: a code, with the step's name before it where there is one.
        details: The same for people.
        result: The workflow's result as JSON text; None for none.
        steps: Where each step stood at the end, in the order of the plan.
        started_at: Seconds since the epoch.
        seconds: Simulated seconds until the last event of the job.
        stopped: Why the simulation was ended before the job was; None if it was not.
        waits: What the job waited for at its end, if nothing that was under way could end it.
        recorded: The events of all executions, in the order in which they came about.
        decided: The decision tasks of all executions whose plans were given.
        published: What the decider told the client, in order; the same event may come twice.
    """

    workflow_id: str
    run_id: str
    status: Status
    reason: str
    details: str
    result: str | None
    steps: Mapping[str, StepStatus]
    started_at: float
    seconds: float
    stopped: str | None
    waits: tuple[str, ...]
    recorded: Sequence[Recorded] = field(repr=False)
    decided: Sequence[Decided] = field(repr=False)
    published: Sequence[Event] = field(repr=False)

    @property
    def succeeded(self) -> bool:
        """Whether the workflow completed."""
        return self.status is Status.COMPLETED

    @property
    def value(self) -> Any:
        """The workflow's result."""
        return json.loads(self.result or "null")

    @property
    def history(self) -> list[Mapping[str, Any]]:
        """The events of the job's execution, the newest one if it continued as new."""
        return self.history_of(self.run_id)

    @property
    def run_ids(self) -> list[str]:
        """The job's executions, the oldest first."""
        mine = (one.run_id for one in self.recorded if one.workflow_id == self.workflow_id)
        return list(dict.fromkeys(mine))

    @property
    def outcomes(self) -> list[Outcome]:
        """What the decider decided, be it that SWF took it or not."""
        return [one.outcome for one in self.decided]

    @property
    def decisions(self) -> int:
        """How many decision tasks were decided."""
        return len(self.decided)

    @property
    def events(self) -> list[Event]:
        """What the decider told the client, as the client takes it: each event once, by its id."""
        first: dict[str, Event] = {}
        for event in self.published:
            first.setdefault(event.event_id, event)
        return list(first.values())

    @property
    def closing(self) -> Event | None:
        """The event that told the client how the job ended, if a decider told it."""
        closings = (one for one in reversed(self.published) if one.type.closes_job)
        return next((one for one in closings if one.workflow and one.workflow.run_id == self.run_id), None)

    def history_of(self, run_id: str) -> list[Mapping[str, Any]]:
        """The events of one execution."""
        return [one.event for one in self.recorded if one.run_id == run_id]


def ending(events: Sequence[Mapping[str, Any]]) -> tuple[Status, Mapping[str, Any]]:
    """Tell how an execution ended, and the attributes of its last event."""
    kind = events[-1]["eventType"]
    attributes: Mapping[str, Any] = events[-1][f"{kind[0].lower()}{kind[1:]}EventAttributes"]
    return _STATUSES.get(kind, Status.OPEN), attributes


_STATUSES = {
    "WorkflowExecutionCompleted": Status.COMPLETED,
    "WorkflowExecutionFailed": Status.FAILED,
    "WorkflowExecutionCanceled": Status.CANCELED,
    "WorkflowExecutionTimedOut": Status.TIMED_OUT,
    "WorkflowExecutionTerminated": Status.TERMINATED,
    "WorkflowExecutionContinuedAsNew": Status.CONTINUED_AS_NEW,
}
