"""How much memory closed executions take: python -m benchmarks.swf_memory COUNT prints JSON.

A process of its own, so that its size says something. The service is driven without HTTP: each execution
lives the life of `benchmarks.swf_load` and closes. Its input and the activity's result are random letters,
which no compression makes go away.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import psutil

from benchmarks.swf_load import COMPLETE, DECISIONS, SCHEDULE, WORK, WORKFLOW, furnish
from cpe.local.swf.service import SwfService
from cpe.local.swf.store.memory import MemoryStore

DOMAIN = "memory"


class Direct:
    """Calls the service itself, as `benchmarks.swf_client.SwfClient` calls an endpoint."""

    def __init__(self, service: SwfService) -> None:
        self._service = service

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        """Call an operation."""
        return self._service.call(operation, params, self)

    def check(self) -> None:
        """Somebody waits for the answer."""


def live(client: Direct, number: int) -> None:
    """Live one life."""
    client.call(
        "StartWorkflowExecution",
        domain=DOMAIN,
        workflowId=f"life-{number}",
        workflowType=WORKFLOW,
        input=os.urandom(50).hex(),
    )
    result = os.urandom(50).hex()
    for decision in (SCHEDULE, COMPLETE):
        task = client.call("PollForDecisionTask", domain=DOMAIN, taskList=DECISIONS, identity="decider")
        client.call("RespondDecisionTaskCompleted", taskToken=task["taskToken"], decisions=[decision])
        if decision is SCHEDULE:
            task = client.call("PollForActivityTask", domain=DOMAIN, taskList=WORK, identity="worker")
            client.call("RespondActivityTaskCompleted", taskToken=task["taskToken"], result=result)


def main() -> None:
    """Live so many lives and print the size of the process before and after."""
    count = int(sys.argv[1])
    process = psutil.Process()
    service = SwfService(MemoryStore())
    client = Direct(service)
    furnish(client, DOMAIN)
    live(client, 0)
    before = process.memory_info().rss
    began = time.perf_counter()
    for number in range(1, count):
        live(client, number)
    seconds = time.perf_counter() - began
    after = process.memory_info().rss
    counted = client.call("CountClosedWorkflowExecutions", domain=DOMAIN, startTimeFilter={"oldestDate": 0})
    service.close()
    result = {
        "executions": count,
        "counted": counted["count"],
        "rss_before": before,
        "rss_after": after,
        "bytes_each": round((after - before) / max(1, count - 1)),
        "seconds": round(seconds, 2),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
