"""What a decision costs a decider that kept what it knows, and how much it keeps."""

from __future__ import annotations

import gc
import time
import tracemalloc
from itertools import pairwise
from typing import Any

from benchmarks.decider_histories import PARALLEL, RUN_ID, WORKFLOW_ID, Recorded
from cpe.decider import Outcome, Walk, fold_history


def decisions(recorded: Recorded, count: int) -> list[float]:
    """Return the CPU seconds of so many decisions, sorted: the last ones that schedule something.

    Each folds what happened since the one before, six events, and decides on it.
    """
    events = recorded.as_read()
    turns = recorded.turns[-count - 1 - PARALLEL : -PARALLEL]
    walk = Walk(recorded.plan, fold_history(events[: turns[0]], workflow_id=WORKFLOW_ID, run_id=RUN_ID))
    walk.decide(now=_time_of(events[turns[0] - 1]))
    seconds = []
    for known, newest in pairwise(turns):
        news, now = events[known:newest], _time_of(events[newest - 1])
        began = time.thread_time()
        walk.apply(news)
        outcome = walk.decide(now=now)
        seconds.append(time.thread_time() - began)
        _check(outcome, events[newest + 1])
    return sorted(seconds)


def _check(outcome: Outcome, scheduled: dict[str, Any]) -> None:
    """See that what was decided is what the history has after the answer."""
    (decision,) = outcome.decisions
    wanted = scheduled["activityTaskScheduledEventAttributes"]["activityId"]
    assert decision["scheduleActivityTaskDecisionAttributes"]["activityId"] == wanted


def bytes_kept(recorded: Recorded) -> int:
    """Return the bytes that a decider keeps for an execution between decisions, at the end of a history."""
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        kept = _read(recorded)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    del kept
    return after - before


def _read(recorded: Recorded) -> Walk:
    events = recorded.as_read()
    walk = Walk(recorded.plan, fold_history(events, workflow_id=WORKFLOW_ID, run_id=RUN_ID))
    walk.decide(now=_time_of(events[-1]))
    return walk


def _time_of(event: dict[str, Any]) -> float:
    return float(event["eventTimestamp"].timestamp())
