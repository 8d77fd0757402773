"""What an execution's history amounts to. `fold.py` fills these values in."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from cpe.errors import WorkerStopped
from cpe.protocol.identity import JobIdentity


class Ending(StrEnum):
    """How an attempt at an activity or a child workflow ended."""

    COMPLETED = "completed"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    CANCELED = "canceled"
    TERMINATED = "terminated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The end of an attempt: what its history event says."""

    ending: Ending
    result: str | None = None
    reason: str | None = None
    details: str | None = None
    timeout_type: str | None = None


@dataclass(slots=True, kw_only=True)
class ChildRun:
    """The execution that a child workflow runs as; `run_id` is None until it has started."""

    workflow_id: str
    run_id: str | None = None


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One activity task, or one run of a child workflow.

    Attributes:
        activity_id: The step's name, or that of an item.
        name, version: The activity type, or the child's workflow type.
        number: Counts the attempts at the same id from 1.
        handbacks: How many attempts before it were handed back by workers that were stopped.
        input: None once it has completed: nobody asks for it any more.
        task_list: Where the task waits; None for a child.
        child: The child's execution; None for an activity.
        decision_started_event_id: The decision task that decided it.
        carried: Whether it was an attempt of a run before this one.
        before: The attempt before it, which counts if SWF does not start this child; None once it has.
    """

    activity_id: str
    name: str
    version: str
    number: int
    handbacks: int = 0
    input: str | None
    task_list: str | None = None
    child: ChildRun | None = None
    decision_started_event_id: int
    cancel_requested: bool = False
    carried: bool = False
    before: Attempt | None = None
    ended: Ended | None = None

    @property
    def handed_back(self) -> bool:
        """True if it ended because its worker was stopped on purpose: no failure of the activity."""
        ended = self.ended
        return (
            ended is not None
            and self.child is None
            and ended.ending is Ending.FAILED
            and ended.reason == WorkerStopped.default_code
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A step that failed before SWF ran anything for it: in the decider, or because SWF refused it."""

    step: str
    reason: str
    details: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """That SWF refused to schedule or start something.

    Attributes:
        count: How often in a row; 0 once it was taken.
        total: How often in all.
        cause: Why it did last.
    """

    count: int
    total: int
    cause: str


@dataclass(slots=True, kw_only=True)
class TimerState:
    """Where a timer stands.

    Attributes:
        started_event_id, started_at: When it was started, the time in seconds since the epoch.
        seconds: How long it runs.
        fired_event_id: The event that it fired with; None while it runs.
    """

    started_event_id: int
    started_at: float
    seconds: int
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
    """The decision to close, taken once: what still runs is cancelled first, and changes nothing about it.

    `event_id` is that of the marker that recorded it, 0 before it is recorded.
    """

    kind: ClosingKind
    reason: str
    details: str
    failed_steps: tuple[Fault, ...] = ()
    event_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """A job that runs again after it closed.

    Attributes:
        command: What asked for it; the same question again is not asked twice.
        steps: The steps that are done again, with all that require them; empty for those that failed.
    """

    command: str
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """How the run was started: what a run that continues it is started with.

    Durations are SWF's: seconds as text. `at` is in seconds since the epoch.
    """

    at: float = 0.0
    task_list: str | None = None
    execution_timeout: str | None = None
    task_timeout: str | None = None
    child_policy: str | None = None
    priority: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """An event of the history that clients are told of."""

    event_id: int
    time: float
    about: ScheduledFact | EndedFact | Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledFact:
    """An activity was scheduled, or a child workflow started."""

    attempt: Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedFact:
    """An attempt ended; `input` is what it was given."""

    attempt: Attempt
    ended: Ended
    input: str | None


@dataclass(slots=True, kw_only=True)
class Execution:
    """The state of one run, folded from its history.

    Attributes:
        workflow_id, run_id: Which run.
        identity: Whose job it is; None if the workflow id is none of CPE's.
        input: The workflow's input as text.
        started: How the run was started.
        attempts: The newest attempt by activity id.
        running: The attempts that have not ended, by the id of the event that scheduled them.
        refusals: What SWF refused to schedule, by activity id.
        timers: By timer id.
        timer_refusals: By timer id.
        carried_timers: Timers of the run before this one that still ran: the seconds that were left.
        signals: The first of each name.
        faults: Steps that failed without an attempt, by name.
        cancel_requested: Whether somebody asked for the execution to stop.
        cancels_wanted: Activities that somebody asked to stop while they ran, and that were not told yet.
        retried: What of a closed run this one does again; None if it does not follow on one.
        closing: How the execution closes once nothing runs any more; None while it goes on.
        continue_refused: Whether SWF refused to continue the run as a new one.
        plan_digest: The plan that the last answered decision was made by; None before the first.
        decision_started_event_id: The decision task being decided.
        decision_started_at: When it was started, in seconds since the epoch.
        answered_through: What happened up to this event was decided on in a task whose answer SWF took.
        last_event_id: The newest event folded.
        characters: Of the inputs and results that are kept.
        facts: What clients are told of, in order; what was answered long since is dropped.
        last_decision: The ids of the last DecisionTaskCompleted and of its DecisionTaskStarted.
        unknown_events: Types that are in no table of ours, in order.
        touched, touched_signals: The activities, steps and signals that something happened to since a walk
            over the plan last looked.
    """

    workflow_id: str
    run_id: str
    identity: JobIdentity | None
    input: str | None = None
    started: Started = field(default_factory=Started)
    attempts: dict[str, Attempt] = field(default_factory=dict)
    running: dict[int, Attempt] = field(default_factory=dict)
    refusals: dict[str, Refusal] = field(default_factory=dict)
    timers: dict[str, TimerState] = field(default_factory=dict)
    timer_refusals: dict[str, Refusal] = field(default_factory=dict)
    carried_timers: dict[str, int] = field(default_factory=dict)
    signals: dict[str, Signal] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    cancel_requested: bool = False
    cancels_wanted: set[str] = field(default_factory=set)
    retried: Retried | None = None
    closing: Closing | None = None
    continue_refused: bool = False
    plan_digest: str | None = None
    decision_started_event_id: int = 0
    decision_started_at: float = 0.0
    answered_through: int = 0
    last_event_id: int = 0
    characters: int = 0
    facts: list[Fact] = field(default_factory=list)
    last_decision: tuple[int, int] = (0, 0)
    unknown_events: list[str] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    touched_signals: set[str] = field(default_factory=set)

    def is_refused(self, name: str) -> bool:
        """Whether SWF refused to schedule an activity or to start a child when it was last asked."""
        refusal = self.refusals.get(name)
        return refusal is not None and refusal.count > 0

    def unanswered_facts(self) -> list[Fact]:
        """What clients may not have been told: no decision whose answer SWF took had seen it."""
        return [fact for fact in self.facts if fact.event_id > self.answered_through]

    def open_attempts(self) -> list[Attempt]:
        """The attempts that have not ended, by activity id."""
        return sorted(self.running.values(), key=lambda attempt: attempt.activity_id)
