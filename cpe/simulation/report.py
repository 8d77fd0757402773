"""A run for people, and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from cpe.plan import StepStatus
from cpe.protocol.codec import encode_event
from cpe.simulation.run import Run
from cpe.simulation.timeline import timeline


def as_text(run: Run) -> Iterator[str]:
    """Tell what happened when, and how it ended; line by line."""
    lines = timeline(run.recorded, started_at=run.started_at)
    rows = [("time", "step", "attempt", "what happened")]
    for line in lines:
        about = line.about if line.workflow_id == run.workflow_id else f"{line.workflow_id}: {line.about}"
        rows.append((clock_time(line.seconds), about, str(line.attempt or ""), line.what))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for time, about, attempt, what in rows:
        yield f"{time:<{widths[0]}}  {about:<{widths[1]}}  {attempt:>{widths[2]}}  {what}".rstrip()
    yield ""
    said = [part for part in (run.status.value, run.reason, run.details, run.result) if part]
    yield ": ".join(said)
    for status in (StepStatus.SKIPPED, StepStatus.PENDING):  # the timeline shows nothing of these
        if steps := [step for step, stood in run.steps.items() if stood is status]:
            yield f"{status.value}: {', '.join(steps)}"
    if run.waits:
        yield f"waits for: {', '.join(run.waits)}"
    if run.stopped:
        yield run.stopped
    yield (
        f"{_count(len(run.history), 'history event')}, {_count(run.decisions, 'decision')}, "
        f"{clock_time(run.seconds)} simulated"
    )


def as_json(run: Run) -> dict[str, Any]:
    """Tell the same and the history as one JSON document."""
    return {
        "status": run.status.value,
        "reason": run.reason,
        "details": run.details,
        "result": run.result,
        "runIds": run.run_ids,
        "steps": {step: status.value for step, status in run.steps.items()},
        "seconds": run.seconds,
        "decisions": run.decisions,
        "stopped": run.stopped,
        "waitsFor": list(run.waits),
        "timeline": [
            {
                "seconds": line.seconds,
                "workflowId": line.workflow_id,
                "about": line.about,
                "what": line.what,
                "attempt": line.attempt,
            }
            for line in timeline(run.recorded, started_at=run.started_at)
        ],
        "published": [json.loads(encode_event(event)) for event in run.events],
        **history_document(run),
    }


def history_document(run: Run) -> dict[str, Any]:
    """Give the history of the job's newest execution, as `cpe plan replay` reads it."""
    return {"workflowId": run.workflow_id, "runId": run.run_id, "events": run.history}


def clock_time(seconds: float) -> str:
    """Write simulated time.

    Example:
        >>> clock_time(75.5), clock_time(90061)
        ('0:01:15.5', '1 d 1:01:01')
    """
    whole, fraction = int(seconds), round(seconds % 1, 3)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    text = f"{hours}:{minutes:02}:{rest:02}" + (f"{fraction:g}"[1:] if fraction else "")
    return f"{days} d {text}" if days else text


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
