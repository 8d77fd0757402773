"""How long a task waits for a long poll that waits for it, with many other polls waiting as well."""

from __future__ import annotations

import selectors
import time

from benchmarks.swf_client import SwfClient
from benchmarks.swf_load import DECISIONS, WORKFLOW, furnish

DOMAIN = "latency"


def latencies(endpoint: str, pollers: int, samples: int) -> list[float]:
    """Return seconds from sending StartWorkflowExecution to a poll's whole answer, sorted.

    This is more than what is asked for: the request that makes the task counts as well. All connections are
    one thread's, so that no client waits for another.
    """
    client = SwfClient(endpoint)
    furnish(client, DOMAIN)
    found = []
    with selectors.DefaultSelector() as selector:
        for _ in range(pollers):
            poller = SwfClient(endpoint)
            _poll(poller)
            selector.register(poller, selectors.EVENT_READ, poller)
        time.sleep(0.5)  # until all of them wait
        for number in range(samples):
            began = time.perf_counter()
            client.send(
                "StartWorkflowExecution", domain=DOMAIN, workflowId=f"w-{number}", workflowType=WORKFLOW
            )
            ((key, _),) = selector.select(timeout=60)
            task = key.data.receive()
            found.append(time.perf_counter() - began)
            client.receive()
            assert task["workflowExecution"]["workflowId"] == f"w-{number}"
            client.call("TerminateWorkflowExecution", domain=DOMAIN, workflowId=f"w-{number}")
            _poll(key.data)
    return sorted(found)


def _poll(poller: SwfClient) -> None:
    poller.send("PollForDecisionTask", domain=DOMAIN, taskList=DECISIONS, maximumPageSize=10)
