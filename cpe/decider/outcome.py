"""What one decision task comes to, and how it is put together within SWF's limits."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cpe.decider.activities import Ready
from cpe.decider.decisions import Decision, request_cancel, schedule, start_timer
from cpe.decider.execution import Attempt, Execution
from cpe.decider.items import MAX_PARALLEL
from cpe.decider.timers import next_decision_timer
from cpe.plan import Plan
from cpe.protocol import Event
from cpe.protocol.references import Reference

MAX_DECISIONS = 100
"""Decisions of one answer, but for the timer that brings the rest."""

MAX_CHARACTERS = 500_000
"""Characters of one answer: its request has at most 1 MB, and in UTF-8 they may take two bytes each."""

MAX_OPEN = MAX_PARALLEL
"""Activities and children open at once; the rest waits until some have ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one decision task comes to.

    Attributes:
        decisions: For RespondDecisionTaskCompleted, in this order.
        payloads: Texts that the decisions refer to; store them before answering.
        context: The answer's executionContext: which plan decided, see `context.py`.
        facts: Events of what the history says since the last answered decision; publish them before
            answering. Published again when an answer was lost; a client knows them by their ids.
        announcements: Events of what the decisions do; publish them once SWF has taken the answer.
        closing: The event that closes the run; publish it once the execution is closed. SWF takes an answer
            and yet leaves the execution open when something happened meanwhile (UNHANDLED_DECISION).
        changes: How the plan differs from the one that decided before; empty if it is the same.
    """

    decisions: tuple[Decision, ...]
    payloads: Mapping[Reference, str] = field(default_factory=dict)
    context: str
    facts: tuple[Event, ...] = ()
    announcements: tuple[Event, ...] = ()
    closing: Event | None = None
    changes: tuple[str, ...] = ()


class Draft:
    """The answer as it grows, within SWF's limits: what does not fit is for the next decision.

    Args:
        plan: The plan.
        execution: The execution.
    """

    def __init__(self, plan: Plan, execution: Execution) -> None:
        self._plan = plan
        self._execution = execution
        self._decisions: list[Decision] = []
        self._announcements: list[Event] = []
        self._payloads: dict[Reference, str] = {}
        self._characters = 0
        self._full = False
        self._closing: tuple[Decision, Event] | None = None

    def add(self, decision: Decision, announcement: Event | None = None) -> bool:
        """Add a decision and what is announced of it; False if there is no room."""
        characters = sum(len(str(value)) for value in _attributes(decision).values())
        if self._full or self._closing is not None:
            return False
        if len(self._decisions) >= MAX_DECISIONS or (
            self._decisions and self._characters + characters > MAX_CHARACTERS
        ):
            self._full = True
            return False
        self._decisions.append(decision)
        self._characters += characters
        if announcement is not None:
            self._announcements.append(announcement)
        return True

    def carry(self, payload: tuple[Reference, str] | None) -> None:
        """Add a payload that a decision refers to."""
        if payload is not None:
            self._payloads[payload[0]] = payload[1]

    def cancel(self, attempts: Iterable[Attempt]) -> None:
        """Ask what runs to stop, once. A child can be asked when it has started, which SWF tells."""
        for attempt in attempts:
            is_there = attempt.child is None or attempt.child.run_id is not None
            if is_there and not attempt.cancel_requested:
                self.add(request_cancel(attempt))

    def schedule(
        self,
        ready: Iterable[Ready],
        *,
        position: Callable[[str], tuple[int, int]],
        announce: Callable[[Ready], Event],
    ) -> None:
        """Schedule what may begin, ordered by position."""
        running = len(self._execution.running)
        room = max(MAX_OPEN - running, 0)
        most = min(room, MAX_DECISIONS + 1)
        wanted = heapq.nsmallest(most, ready, key=lambda one: position(one.activity_id))
        for ahead, one in enumerate(wanted, start=running):
            if not self.add(schedule(one, self._plan, self._execution, ahead=ahead), announce(one)):
                break
            if one.input is not None:
                self.carry(one.input.payload)

    def close(self, decision: Decision, event: Event) -> None:
        """Close the run, if all before it found room; else in the next decision."""
        if not self._full:
            self._closing = decision, event

    def outcome(self, *, context: str, facts: tuple[Event, ...], changes: tuple[str, ...]) -> Outcome:
        """The whole answer."""
        decisions = list(self._decisions)
        if self._closing is not None:
            decisions.append(self._closing[0])
        elif self._full:
            decisions.append(start_timer(next_decision_timer(self._execution.decision_started_event_id)))
        return Outcome(
            decisions=tuple(decisions),
            payloads=self._payloads,
            context=context,
            facts=facts,
            announcements=tuple(self._announcements),
            closing=self._closing[1] if self._closing is not None else None,
            changes=changes,
        )


def _attributes(decision: Decision) -> Mapping[str, Any]:
    kind: str = decision["decisionType"]
    attributes: Mapping[str, Any] = decision[f"{kind[0].lower()}{kind[1:]}DecisionAttributes"]
    return attributes
