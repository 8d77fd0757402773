"""What an execution's history amounts to. `fold.py` fills these values in."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from cpe.errors import WorkerStopped
from cpe.protocol.identity import JobIdentity


class Ending(StrEnum):
    """How an attempt at an activity ended."""

    COMPLETED = "completed"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The end of an attempt: what its history event says."""

    ending: Ending
    result: str | None = None
    reason: str | None = None
    details: str | None = None
    timeout_type: str | None = None


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One activity task.

    Attributes:
        number: Counts the attempts at the same activity id from 1.
        handbacks: How many attempts before it were handed back by workers that were stopped.
    """

    activity_id: str
    name: str
    version: str
    number: int
    handbacks: int = 0
    input: str | None
    decision_started_event_id: int
    cancel_requested: bool = False
    ended: Ended | None = None

    @property
    def handed_back(self) -> bool:
        """True if it ended because its worker was stopped on purpose: no failure of the activity."""
        ended = self.ended
        return (
            ended is not None and ended.ending is Ending.FAILED and ended.reason == WorkerStopped.default_code
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A step that failed before SWF ran anything for it: in the decider, or because SWF refused it."""

    step: str
    reason: str
    details: str


@dataclass(slots=True, kw_only=True)
class TimerState:
    """Where a timer stands: the event that it fired with, None while it runs.

    One that SWF refused to start counts as fired: what waits for it goes on.
    """

    fired_event_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A signal that came, with its input as text."""

    event_id: int
    input: str | None


class ClosingKind(StrEnum):
    """How an execution is going to close although activities still run."""

    FAILED = "failed"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """The decision to close, taken once: what still runs is cancelled first, and changes nothing about it."""

    kind: ClosingKind
    reason: str
    details: str
    failed_steps: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """An event of the history that clients are told of."""

    event_id: int
    time: float
    about: ScheduledFact | EndedFact | Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledFact:
    """An activity was scheduled."""

    attempt: Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedFact:
    """An attempt at an activity ended."""

    attempt: Attempt
    ended: Ended


@dataclass(slots=True, kw_only=True)
class Execution:
    """The state of one run, folded from its history.

    Attributes:
        workflow_id, run_id: Which run.
        identity: Whose job it is; None if the workflow id is none of CPE's.
        input: The workflow's input as text.
        attempts: By activity id, the oldest first.
        timers: By timer id.
        signals: The first of each name.
        faults: Steps that failed without an attempt, by name.
        cancel_requested: Whether somebody asked for the execution to stop.
        closing: How the execution closes once nothing runs any more; None while it goes on.
        decision_started_event_id: The decision task being decided.
        answered_through: What happened up to this event was decided on in a task whose answer SWF took.
        last_event_id: The newest event folded.
        facts: What clients are told of, in order.
        by_scheduled_event: Attempts by the id of the history event that scheduled them.
        decision_starts: For each answered decision, by the id of its DecisionTaskCompleted, its
            DecisionTaskStarted.
        unknown_events: Types that are in no table of ours, in order.
    """

    workflow_id: str
    run_id: str
    identity: JobIdentity | None
    input: str | None = None
    attempts: dict[str, list[Attempt]] = field(default_factory=dict)
    timers: dict[str, TimerState] = field(default_factory=dict)
    signals: dict[str, Signal] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    cancel_requested: bool = False
    closing: Closing | None = None
    decision_started_event_id: int = 0
    answered_through: int = 0
    last_event_id: int = 0
    facts: list[Fact] = field(default_factory=list)
    by_scheduled_event: dict[int, Attempt] = field(default_factory=dict)
    decision_starts: dict[int, int] = field(default_factory=dict)
    unknown_events: list[str] = field(default_factory=list)

    def open_attempts(self) -> list[Attempt]:
        """The attempts that have not ended, by activity id."""
        latest = [attempts[-1] for _, attempts in sorted(self.attempts.items())]
        return [attempt for attempt in latest if attempt.ended is None]

    def unanswered_facts(self) -> list[Fact]:
        """What clients may not have been told: no decision whose answer SWF took had seen it."""
        return [fact for fact in self.facts if fact.event_id > self.answered_through]
