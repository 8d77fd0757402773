"""How long it takes to read a history as long as SWF allows."""

from __future__ import annotations

import time
from dataclasses import dataclass

from benchmarks.swf_client import SwfClient
from benchmarks.swf_load import DECISIONS, WORKFLOW, furnish

DOMAIN = "paging"
PAGE = 1000
MARKER = {
    "decisionType": "RecordMarker",
    "recordMarkerDecisionAttributes": {"markerName": "marker", "details": "x" * 100},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Seconds to read all pages while the execution is open, and once it is closed."""

    events: int
    open: float
    closed: float


def read_long_history(endpoint: str, events: int) -> Reading:
    """Let an execution have so many events, but for the one that closes it, and read them."""
    client = SwfClient(endpoint)
    furnish(client, DOMAIN)
    started = client.call(
        "StartWorkflowExecution", domain=DOMAIN, workflowId="long", workflowType=WORKFLOW, input="long"
    )
    run_id = str(started["runId"])
    known = 2
    while (missing := events - 1 - known) > 4:
        task = client.call("PollForDecisionTask", domain=DOMAIN, taskList=DECISIONS, maximumPageSize=1)
        markers = [MARKER] * min(PAGE, missing - 4)
        client.call("RespondDecisionTaskCompleted", taskToken=task["taskToken"], decisions=markers)
        client.call("SignalWorkflowExecution", domain=DOMAIN, workflowId="long", signalName="more")
        known += len(markers) + 4  # the task's start and end, the signal and the next task
    open_count, open_seconds = _read(client, run_id)
    client.call("TerminateWorkflowExecution", domain=DOMAIN, workflowId="long")
    closed_count, closed_seconds = _read(client, run_id)
    assert closed_count == open_count + 1
    return Reading(events=closed_count, open=open_seconds, closed=closed_seconds)


def _read(client: SwfClient, run_id: str) -> tuple[int, float]:
    began = time.perf_counter()
    count = 0
    token: dict[str, str] = {}
    while True:
        page = client.call(
            "GetWorkflowExecutionHistory",
            domain=DOMAIN,
            execution={"workflowId": "long", "runId": run_id},
            maximumPageSize=PAGE,
            **token,
        )
        count += len(page["events"])
        if "nextPageToken" not in page:
            return count, time.perf_counter() - began
        token = {"nextPageToken": page["nextPageToken"]}
