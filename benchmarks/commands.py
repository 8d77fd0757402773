"""How fast commands are taken, and events tracked. Run: python -m benchmarks.commands [--json]

The local AWS runs as a process of its own. *Input poller* is the ratio of commands a second that the input
poller answers to what bare boto3 reaches (`benchmarks/commands_poller.py`); the runs alternate. *Waiting* is
how long a client's command takes from the send to its answer while another has a backlog, as a multiple
of how long it takes alone.
*Tracker* is how many events a second `cpe.client.Tracker` takes in, in memory: the best of five runs, beside
how long a loop takes that is always the same, so that a busy machine is seen. *Command line* is how long each
command of `cpe` takes as a process, beside what Python and boto3 take (`benchmarks/commands_cli.py`).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import commands_cli, commands_poller
from cpe.client import Tracker
from cpe.protocol import ActivityRef, Event, EventType, WorkflowRef

PARTS = ("poller", "tracker", "cli")
LEAST_EVENTS = 50_000
_TRACKED = 5
_LOOP = 1_000_000


def main() -> None:
    """Measure, print, and exit 1 when a target is missed."""
    parser = argparse.ArgumentParser(
        description="Measure the input poller, the tracker and the command line."
    )
    parser.add_argument("--commands", type=int, default=1000, help="commands to answer (1000)")
    parser.add_argument("--rounds", type=int, default=2, help="runs of each, alternating (2)")
    parser.add_argument("--events", type=int, default=200_000, help="events to track (200000)")
    parser.add_argument("--cli-rounds", type=int, default=5, help="runs of each command of cpe (5)")
    parser.add_argument("--only", choices=PARTS, action="append", help="measure this part only; repeatable")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    result: dict[str, Any] = {}
    parts = options.only or PARTS
    if "poller" in parts:
        result |= commands_poller.measure(options.commands, options.rounds)
    if "tracker" in parts:
        result["tracker"] = measure_tracker(options.events)
    if "cli" in parts:
        result["command_line"] = commands_cli.measure(options.cli_rounds)
    result["met"] = all(part["met"] for part in result.values())
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        show(result)
    sys.exit(0 if result["met"] else 1)


def measure_tracker(events: int) -> dict[str, Any]:
    """Measure the tracker, and how fast the machine is meanwhile."""
    told = list(stories(events))
    runs = [(loop(), track(told)) for _ in range(_TRACKED)]
    loop_seconds, tracked = max(runs, key=lambda run: run[1])
    return {
        "events": events,
        "events_per_second": round(tracked),
        "loop_seconds": round(loop_seconds, 3),
        "target": LEAST_EVENTS,
        "met": tracked >= LEAST_EVENTS,
    }


def loop() -> float:
    """Tell how many seconds a loop takes that is always the same."""
    began = time.perf_counter()
    total = 0
    for number in range(_LOOP):
        total += number * number % 7
    return time.perf_counter() - began


def track(told: Sequence[Event]) -> float:
    """Tell how many events a second a new tracker takes in."""
    tracker = Tracker()
    began = time.perf_counter()
    for event in told:
        tracker.apply(event)
    return len(told) / (time.perf_counter() - began)


def stories(count: int) -> Iterator[Event]:
    """Events of as many jobs as it takes, in order: of two activities each, twenty events."""
    for number in range(count // 20):
        job_id = f"job-{number}"
        run = WorkflowRef(workflow_id=f"A.{job_id}", run_id=f"run-{number}")

        def tell(
            kind: EventType,
            place: int,
            activity: ActivityRef | None = None,
            *,
            run: WorkflowRef = run,
            job_id: str = job_id,
            **details: Any,
        ) -> Event:
            return Event(
                type=kind,
                time=1e9 + place,
                event_id=f"{run.run_id}:{place}",
                job_id=job_id,
                workflow=run,
                activity=activity,
                details=details,
            )

        yield tell(EventType.WORKFLOW_SCHEDULED, 1, workflowType={"name": "T", "version": "1"}, input={})
        for step in (0, 1):
            activity = ActivityRef(activity_id=f"Step{step}", name="Work", version="v1")
            base = 2 + 9 * step
            yield tell(EventType.ACTIVITY_SCHEDULED, base, activity, attempt=1)
            yield tell(EventType.ACTIVITY_STARTED, base + 1, activity, input={})
            for percent in range(6):
                report = {"output": "a.mp4", "progress": percent * 20.0}
                yield tell(EventType.ACTIVITY_PROGRESS, base + 2 + percent, activity, result=report)
            yield tell(EventType.ACTIVITY_COMPLETED, base + 8, activity, result={}, attempt=1)
        yield tell(EventType.WORKFLOW_COMPLETED, 20, result={})


def show(result: dict[str, Any]) -> None:
    """Print a table."""
    table = Table("what", "measured", "target")
    if "input_poller" in result:
        near, far, waiting = result["input_poller"], result["far_input_poller"], result["waiting"]
        for poller, where in ((near, ""), (far, f", calls {far['latency_ms']} ms longer")):
            what = f"bare boto3, {poller['commands']} commands{where}"
            table.add_row(what, f"{poller['bare_boto3_per_second']} /s", "")
            table.add_row("the same with claims", f"{poller['bare_boto3_with_claims_per_second']} /s", "")
            table.add_row("input poller", f"{poller['commands_per_second']} /s", "")
            table.add_row("ratio", f"{poller['ratio']}", f"≥ {near['target']}")
            table.add_row("ratio to bare boto3 with claims", f"{poller['ratio_with_claims']}", "")
        table.add_row("a command's wait, alone", f"{waiting['alone_seconds']} s", "")
        table.add_row(f"beside a backlog of {waiting['backlog']}", f"{waiting['beside_seconds']} s", "")
        table.add_row("ratio", f"{waiting['ratio']}", f"≤ {waiting['target']}")
    if "tracker" in result:
        tracker = result["tracker"]
        table.add_row(f"a loop of {_LOOP:,}", f"{tracker['loop_seconds']} s", "")
        table.add_row("tracker", f"{tracker['events_per_second']:,} events/s", f"≥ {tracker['target']:,}")
    for row in result.get("command_line", {}).get("commands", ()):
        measured = f"{row['seconds']:.2f} s (least {row['least_seconds']:.2f}, CPU {row['cpu_seconds']:.2f})"
        table.add_row(row["command"], measured, f"≤ {row['target']} s" if row["target"] else "")
    Console().print(table)


if __name__ == "__main__":
    main()
