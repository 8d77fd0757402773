"""The timers of an execution. Their ids say what each is for, so a history tells whom one concerns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A timer to start; whole seconds."""

    id: str
    seconds: int


def wait_timer(step: str, seconds: int) -> Timer:
    """What a `wait` waits for."""
    return Timer(id=f"wait.{step}", seconds=seconds)


def signal_timer(step: str, seconds: int) -> Timer:
    """The time that a signal has to come."""
    return Timer(id=f"signal.{step}", seconds=seconds)


def retry_timer(name: str, attempt: int, seconds: int) -> Timer:
    """The pause after an attempt that failed."""
    return Timer(id=f"retry.{name}.{attempt}", seconds=seconds)


def refusal_timer(name: str, refusals: int, seconds: int) -> Timer:
    """The pause after SWF refused to schedule something, for so many times in all."""
    return Timer(id=f"refused.{name}.{refusals}", seconds=seconds)


def next_decision_timer(decision_started_event_id: int) -> Timer:
    """A timer that brings the next decision at once: there was more to decide than one answer takes."""
    return Timer(id=f"more.{decision_started_event_id}", seconds=0)


def owner_of(timer_id: str) -> str | None:
    """The name of what a timer is for: a step, or an item of one; None for nothing that waits.

    Example:
        >>> owner_of("retry.Cut[3].2"), owner_of("wait.Pause"), owner_of("more.7")
        ('Cut[3]', 'Pause', None)
    """
    kind, _, rest = timer_id.partition(".")
    if kind in ("wait", "signal"):
        return rest
    if kind in ("retry", "refused"):
        return rest.rpartition(".")[0]
    return None
