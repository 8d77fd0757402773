"""The shop's worker: python -m tests.acceptance.swf_program.worker."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.acceptance.swf_program.shop import DOMAIN, WORK, connect

THREADS = 4


def main() -> None:
    """Work until the process is ended."""
    swf = connect()
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(work, [swf] * THREADS))


def work(swf: Any) -> None:
    """Take one task after the other."""
    while True:
        task = swf.poll_for_activity_task(domain=DOMAIN, taskList=WORK, identity=f"worker-{os.getpid()}")
        if task.get("taskToken"):
            ACTIVITIES[task["activityType"]["name"]](swf, task["taskToken"], json.loads(task["input"]))


def echo(swf: Any, token: str, order: Any) -> None:
    """Return the input."""
    swf.respond_activity_task_completed(taskToken=token, result=json.dumps(order))


def flaky(swf: Any, token: str, order: Any) -> None:
    """Fail as often as told."""
    if order["attempt"] <= order["failures"]:
        swf.respond_activity_task_failed(
            taskToken=token, reason="NO_ANSWER", details=f"attempt {order['attempt']}"
        )
    else:
        swf.respond_activity_task_completed(taskToken=token, result=json.dumps("delivered"))


def slow(swf: Any, token: str, _order: Any) -> None:
    """Work until told to stop, with a heartbeat at every step."""
    step = 0
    while not swf.record_activity_task_heartbeat(taskToken=token, details=f"step {step}")["cancelRequested"]:
        step += 1
        time.sleep(0.05)
    swf.respond_activity_task_canceled(taskToken=token, details="stopped cleanly")


def silent(swf: Any, token: str, order: Any) -> None:
    """Begin, say so to a workflow, and never be heard of again."""
    swf.record_activity_task_heartbeat(taskToken=token, details="last words")
    swf.signal_workflow_execution(domain=DOMAIN, workflowId=order["tell"], signalName="begun")


ACTIVITIES: Mapping[str, Callable[[Any, str, Any], None]] = {
    "Echo": echo,
    "Flaky": flaky,
    "Slow": slow,
    "Silent": silent,
}

if __name__ == "__main__":
    main()
