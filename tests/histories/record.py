"""Record histories: ``python -m tests.histories.record``.

Runs jobs with real daemons on the local SWF and writes their histories into this folder. Record again only when a
plan of `tests/plans` changes or a feature is added: what a recording is worth is its age.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from cpe.client import Client
from cpe.protocol import Event, EventType
from tests.acceptance.stack import REPOSITORY, Stack

if TYPE_CHECKING:
    from types_boto3_swf import SWFClient

FOLDER = Path(__file__).parent
PLANS = REPOSITORY / "tests" / "plans"
JOBS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "parallel_failure": ("parallel", {}),
    "retry_success": ("again", {"try": {"fail_times": 1, "value": 7}}),
    "retry_never": ("again", {"try": {"fail": "BROKEN"}}),
    "input_fault": ("again", {}),
    "for_each": ("each", {"list": [{"value": 1}, {"fail": "BROKEN"}, {"value": 3}, {"value": 4}]}),
    "for_each_failed": ("each", {"list": [{"fail": "A"}, {"fail": "B"}, {"value": 3}, {"value": 4}]}),
    "signal": ("approved", {}),
    "signal_skipped": ("approved", {}),
    "cancelled": ("endless", {}),
}
SIGNALS = {"signal": '{"by": "Ann", "ok": true}', "signal_skipped": '{"by": "Bob", "ok": false}'}


def main() -> None:
    """Record all jobs."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.json"
        entry = {"name": "Work", "version": "v1", "file": str(PLANS / "work.py"), "class": "Work"}
        config.write_text(json.dumps({"activities": [{**entry, "defaultTaskHeartbeatTimeout": "6"}]}))
        options = ("--config", str(config), "--plan", str(PLANS), "--workers", "2")
        with Stack(Path(folder) / "stack", *options).running() as stack:
            os.environ.update(stack.environment)
            client, swf = stack.client(), boto3.client("swf")
            for name in JOBS:
                _record(name, client, swf)


def _record(name: str, client: Client, swf: SWFClient) -> None:
    plan, data = JOBS[name]
    workflow = {"name": plan.capitalize(), "version": "1.0", "taskList": "basic_transcode"}
    job_id = client.start_job({"workflow": workflow, **data})
    closing = _run(name, job_id, client, swf)
    if closing.workflow is None:
        raise AssertionError(closing)
    workflow_id, run_id = closing.workflow.workflow_id, closing.workflow.run_id
    pages = swf.get_paginator("get_workflow_execution_history").paginate(
        domain="SADomain", execution={"workflowId": workflow_id, "runId": run_id}
    )
    events = [_plain(dict(raw)) for page in pages for raw in page["events"]]
    document = {"plan": f"../plans/{plan}.yml", "runId": run_id, "events": events}
    (FOLDER / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n", "utf-8")


def _run(name: str, job_id: str, client: Client, swf: SWFClient) -> Event:
    """Do to a job what its name asks for; returns the event that closed it."""
    for event in client.events():
        if event.job_id != job_id or event.workflow is None:
            continue
        workflow_id = event.workflow.workflow_id
        if event.type is EventType.WORKFLOW_SCHEDULED and name in SIGNALS:
            swf.signal_workflow_execution(
                domain="SADomain", workflowId=workflow_id, signalName="approve", input=SIGNALS[name]
            )
        if event.type is EventType.ACTIVITY_STARTED and name == "cancelled":
            swf.request_cancel_workflow_execution(domain="SADomain", workflowId=workflow_id)
        if event.type.closes_job:
            return event
    raise AssertionError(name)


def _plain(event: dict[str, Any]) -> dict[str, Any]:
    """An event as JSON, without who polled."""
    for attributes in event.values():
        if isinstance(attributes, dict):
            attributes.pop("identity", None)
    return {**event, "eventTimestamp": event["eventTimestamp"].timestamp()}


if __name__ == "__main__":
    main()
