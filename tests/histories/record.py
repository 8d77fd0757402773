"""Record histories: ``python -m tests.histories.record``.

Runs jobs with real daemons on the local SWF and writes their histories into this folder. Record again only when a
plan of `tests/plans` changes or a feature is added: what a recording is worth is its age. Names behind the command
record these alone.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import boto3

from cpe.decider.history import MAY_LIE_ELSEWHERE
from cpe.protocol import EventType
from cpe.protocol.references import Reference
from tests.acceptance.jobs import Jobs, child_of, pid_of, workflow_id
from tests.acceptance.stack import REPOSITORY, Stack, until

if TYPE_CHECKING:
    from types_boto3_swf.type_defs import ActivityTypeTypeDef

FOLDER = Path(__file__).parent
PLANS = REPOSITORY / "tests" / "plans"
FOR_EVER = {"for_ever": True}
WORK: ActivityTypeTypeDef = {"name": "Work", "version": "v1"}

Act: TypeAlias = "Callable[[Jobs, str], None]"
"""Does something to a job of that id."""


def nothing(_jobs: Jobs, _job_id: str) -> None:
    """Let a job run."""


def approving(text: str) -> Act:
    """Send the signal that a job waits for."""

    def act(jobs: Jobs, job_id: str) -> None:
        jobs.run_id(job_id)
        jobs.signal(job_id, "approve", text)

    return act


def cancelling(kind: EventType, activity_id: str) -> Act:
    """Cancel a job once something was told of one of its activities."""

    def act(jobs: Jobs, job_id: str) -> None:
        jobs.event(job_id, kind, activity_id)
        jobs.cancel(job_id)

    return act


def passing(*seconds: int) -> Act:
    """Let so many seconds pass after each timer's start."""

    def act(jobs: Jobs, job_id: str) -> None:
        for number, pause in enumerate(seconds, start=1):
            jobs.happened(job_id, "TimerStarted", number)
            jobs.stack.advance(pause)

    return act


def time_out(jobs: Jobs, job_id: str) -> None:
    """Let both attempts of `Late` wait in vain for a worker."""
    jobs.event(job_id, EventType.ACTIVITY_SCHEDULED)
    jobs.stack.advance(100)
    jobs.happened(job_id, "TimerStarted")
    jobs.stack.advance(5)
    jobs.event(job_id, EventType.ACTIVITY_SCHEDULED, number=2)
    jobs.stack.advance(100)


def cancel_with_child(jobs: Jobs, job_id: str) -> None:
    """Cancel a job whose child runs."""
    jobs.event(child_of(job_id, "Child"), EventType.ACTIVITY_STARTED)
    jobs.cancel(job_id)


def terminate_child(jobs: Jobs, job_id: str) -> None:
    """Terminate a job's child, and the one that is started after it."""
    child_id = child_of(job_id, "Child")
    for attempt in (1, 2):
        jobs.event(child_id, EventType.ACTIVITY_STARTED, number=attempt)
        jobs.terminate(child_id)
        if attempt == 1:
            jobs.happened(job_id, "TimerStarted")
            jobs.stack.advance(5)


def hand_back(jobs: Jobs, job_id: str) -> None:
    """Stop the worker at once; cancel the job when the next one has its task."""
    jobs.event(job_id, EventType.ACTIVITY_STARTED)
    worker = pid_of(jobs.happened(job_id, "ActivityTaskStarted"))
    stopping = len(jobs.stack.logged("daemon_stopping"))
    os.kill(worker, signal.SIGTERM)
    until(lambda: len(jobs.stack.logged("daemon_stopping")) > stopping, 20, "the first stop")
    os.kill(worker, signal.SIGTERM)
    jobs.event(job_id, EventType.ACTIVITY_STARTED, number=2)
    jobs.cancel(job_id)


def refused_once(jobs: Jobs, job_id: str) -> None:
    """Let SWF take the activity that it has refused."""
    jobs.happened(job_id, "ScheduleActivityTaskFailed")
    jobs.swf.undeprecate_activity_type(domain="SADomain", activityType=WORK)
    passing(2)(jobs, job_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A job to record.

    Attributes:
        plan: Its plan's file, without the ending.
        data: What it takes.
        act: What is done to it.
        refused: Whether SWF refuses its activity at first.
        last_run: The name of the recording of the last run, of a job that goes on as new runs.
    """

    plan: str
    data: Mapping[str, Any] = field(default_factory=dict)
    act: Act = nothing
    refused: bool = False
    last_run: str | None = None


RECORDINGS: Mapping[str, Recording] = {
    "parallel_failure": Recording(plan="parallel"),
    "retry_success": Recording(plan="again", data={"try": {"fail_times": 1, "value": 7}}),
    "retry_never": Recording(plan="again", data={"try": {"fail": "BROKEN"}}),
    "retry_growing": Recording(
        plan="patient", data={"try": {"fail_times": 4, "value": 7}}, act=passing(60, 180, 540, 1000)
    ),
    "input_fault": Recording(plan="again"),
    "for_each": Recording(
        plan="each", data={"list": [{"value": 1}, {"fail": "BROKEN"}, {"value": 3}, {"value": 4}]}
    ),
    "for_each_failed": Recording(
        plan="each", data={"list": [{"fail": "A"}, {"fail": "B"}, {"value": 3}, {"value": 4}]}
    ),
    "for_each_empty": Recording(plan="each", data={"list": []}),
    "for_each_no_list": Recording(plan="each", data={"list": 3}),
    "signal": Recording(plan="approved", act=approving('{"by": "Ann", "ok": true}')),
    "signal_skipped": Recording(plan="approved", act=approving('{"by": "Bob", "ok": false}')),
    "signal_no_json": Recording(plan="approved", act=approving("yes")),
    "signal_timed_out": Recording(plan="approved", act=passing(600)),
    "wait": Recording(plan="waits", act=passing(3600)),
    "when_and_timeout": Recording(plan="late", data={"step": "Taken"}, act=time_out),
    "group_and_priority": Recording(plan="urgent", data={"group": "Work-v1"}),
    "group_invalid": Recording(plan="urgent", data={"group": "a:b"}),
    "schedule_refused": Recording(plan="again", data={"try": {"value": 7}}, act=refused_once, refused=True),
    "handed_back": Recording(plan="endless", act=hand_back),
    "cancelled": Recording(plan="endless", act=cancelling(EventType.ACTIVITY_STARTED, "Long")),
    "cancelled_and_cleaned": Recording(
        plan="cleans",
        data={"long": FOR_EVER, "remove": {"value": 1}},
        act=cancelling(EventType.ACTIVITY_STARTED, "Long"),
    ),
    "child": Recording(plan="parent", data={"try": {"value": 7}}),
    "child_failed": Recording(plan="parent", data={"try": {"fail": "BROKEN"}}),
    "child_terminated": Recording(plan="parent", data={"try": FOR_EVER}, act=terminate_child),
    "child_cancelled": Recording(plan="parent", data={"try": FOR_EVER}, act=cancel_with_child),
    "children": Recording(plan="family", data={"list": [{"value": 1}, {"fail": "BROKEN"}, {"value": 3}]}),
    "continued": Recording(
        plan="goes_on",
        data={"list": [{"value": number} for number in range(15)]},
        act=approving('{"by": "Ann"}'),
        last_run="continued_last",
    ),
    "by_reference": Recording(plan="again", data={"try": {"value": "x" * 33_000}}),
}


def main() -> None:
    """Record all jobs, or those that are named."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.json"
        entry = {"name": "Work", "version": "v1", "file": str(PLANS / "work.py"), "class": "Work"}
        config.write_text(json.dumps({"activities": [{**entry, "defaultTaskHeartbeatTimeout": "3"}]}))
        options = ("--config", str(config), "--plan", str(PLANS), "--workers", "2")
        with Stack(Path(folder) / "stack", *options).running() as stack:
            os.environ.update(stack.environment)
            with Jobs(stack) as jobs:
                for name in sys.argv[1:] or RECORDINGS:
                    _record(name, RECORDINGS[name], jobs)


def _record(name: str, recording: Recording, jobs: Jobs) -> None:
    text = (PLANS / f"{recording.plan}.yml").read_text("utf-8")
    workflow = next(line.removeprefix("name: ") for line in text.splitlines() if line.startswith("name: "))
    if recording.refused:
        jobs.swf.deprecate_activity_type(domain="SADomain", activityType=WORK)
    job_id = jobs.start(workflow, recording.data)
    first = jobs.run_id(job_id)
    recording.act(jobs, job_id)
    closing = jobs.closed(job_id)
    if closing.workflow is None:
        raise AssertionError(closing)
    _write(name, recording, jobs, job_id, first)
    if recording.last_run is not None:
        _write(recording.last_run, recording, jobs, job_id, closing.workflow.run_id)


def _write(name: str, recording: Recording, jobs: Jobs, job_id: str, run_id: str) -> None:
    events = [_plain(dict(raw)) for raw in jobs.history(job_id, run_id)]
    document: dict[str, Any] = {
        "plan": f"../plans/{recording.plan}.yml",
        "workflowId": workflow_id(job_id),
        "runId": run_id,
        "events": events,
    }
    payloads = dict(_payloads(events))
    if payloads:
        document["payloads"] = payloads
    (FOLDER / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n", "utf-8")


def _plain(event: dict[str, Any]) -> dict[str, Any]:
    """An event as JSON, without who polled."""
    for attributes in event.values():
        if isinstance(attributes, dict):
            attributes.pop("identity", None)
    return {**event, "eventTimestamp": event["eventTimestamp"].timestamp()}


def _payloads(events: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """What the references stand for that a decider follows."""
    for event in events:
        kind = event["eventType"]
        name = MAY_LIE_ELSEWHERE.get(kind)
        text = event[f"{kind[0].lower()}{kind[1:]}EventAttributes"].get(name, "") if name else ""
        reference = Reference.parse(text)
        if reference is not None:
            body = boto3.client("s3").get_object(Bucket=reference.bucket, Key=reference.key)["Body"]
            yield text, body.read().decode()


if __name__ == "__main__":
    main()
