"""The load: whole lives of a one-activity workflow, over HTTP, with four pollers.

Two deciders and two workers, each a process, poll while one more process starts the workflows. One life is
seven calls: start, decide, work and decide again, with a poll before each of the last three.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from typing import Any, NamedTuple, Protocol

from benchmarks.swf_client import SwfClient, SwfError

WORKFLOW = {"name": "Life", "version": "1"}
ACTIVITY = {"name": "Work", "version": "1"}
DECISIONS, WORK = {"name": "decisions"}, {"name": "work"}
SCHEDULE = {
    "decisionType": "ScheduleActivityTask",
    "scheduleActivityTaskDecisionAttributes": {
        "activityType": ACTIVITY,
        "activityId": "work",
        "input": "x" * 100,
    },
}
COMPLETE = {
    "decisionType": "CompleteWorkflowExecution",
    "completeWorkflowExecutionDecisionAttributes": {"result": "y" * 100},
}
_DEADLINE = 1800.0


class Caller(Protocol):
    """Whatever calls operations: over HTTP, or the service itself."""

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        """Call an operation."""


def furnish(client: Caller, domain: str) -> None:
    """Register a domain and the types of the load."""
    client.call("RegisterDomain", name=domain, workflowExecutionRetentionPeriodInDays="1")
    client.call(
        "RegisterWorkflowType",
        domain=domain,
        **WORKFLOW,
        defaultTaskList=DECISIONS,
        defaultChildPolicy="TERMINATE",
        defaultTaskStartToCloseTimeout="600",
        defaultExecutionStartToCloseTimeout="86400",
    )
    client.call(
        "RegisterActivityType",
        domain=domain,
        **ACTIVITY,
        defaultTaskList=WORK,
        defaultTaskStartToCloseTimeout="NONE",
        defaultTaskHeartbeatTimeout="NONE",
        defaultTaskScheduleToStartTimeout="NONE",
        defaultTaskScheduleToCloseTimeout="NONE",
    )


def next_decision(task: dict[str, Any]) -> dict[str, Any]:
    """Decide: the activity first, then the end."""
    kinds = {event["eventType"] for event in task["events"]}
    return COMPLETE if "ActivityTaskCompleted" in kinds else SCHEDULE


@dataclass(frozen=True, slots=True)
class _Place:
    """What the processes share."""

    endpoint: str
    domain: str
    count: int
    closed: Synchronized[int]
    refused: Synchronized[int]
    go: Event

    def call(self, client: SwfClient, operation: str, **params: Any) -> dict[str, Any] | None:
        """Call an operation; None, and counted, when it is refused."""
        try:
            return client.call(operation, **params)
        except SwfError:
            with self.refused.get_lock():
                self.refused.value += 1
            return None


class Lives(NamedTuple):
    """What came of a load.

    Attributes:
        seconds: From the first start to the last close.
        refused: Calls that were answered with a fault. moto gives one task to two pollers at times.
    """

    seconds: float
    refused: int


def lives(endpoint: str, domain: str, count: int) -> Lives:
    """Live so many lives in a domain that `furnish` prepared."""
    context = multiprocessing.get_context("spawn")
    place = _Place(endpoint, domain, count, context.Value("i", 0), context.Value("i", 0), context.Event())
    roles: list[Callable[[_Place], None]] = [_decide, _decide, _work, _work, _start]
    processes = [context.Process(target=_run, args=(role, place), daemon=True) for role in roles]
    for process in processes:
        process.start()
    try:
        _wait_for(place, processes)
        began = time.perf_counter()
        place.go.set()
        while place.closed.value < count:
            if time.perf_counter() > began + _DEADLINE:
                raise SystemExit(f"{place.closed.value} of {count} workflows within {_DEADLINE} s")
            if any(process.exitcode for process in processes):
                raise SystemExit("a client of the load died; see above")
            time.sleep(0.002)
        return Lives(time.perf_counter() - began, place.refused.value)
    finally:
        for process in processes:
            process.kill()
            process.join()


def _wait_for(place: _Place, processes: list[Any]) -> None:
    """Wait until all processes have started: each counts itself in as a negative life."""
    while place.closed.value > -len(processes):
        time.sleep(0.01)
    place.closed.value = 0


def _run(role: Callable[[_Place], None], place: _Place) -> None:
    with place.closed.get_lock():
        place.closed.value -= 1
    place.go.wait()
    role(place)


def _start(place: _Place) -> None:
    client = SwfClient(place.endpoint)
    for number in range(place.count):
        client.call(
            "StartWorkflowExecution",
            domain=place.domain,
            workflowId=f"life-{number}",
            workflowType=WORKFLOW,
            input="z" * 100,
        )


def _decide(place: _Place) -> None:
    client, where = SwfClient(place.endpoint), {"domain": place.domain, "taskList": DECISIONS}
    while True:
        task = place.call(client, "PollForDecisionTask", **where, identity=f"decider-{os.getpid()}")
        if not task or not task.get("taskToken"):
            continue
        decision = next_decision(task)
        answer = {"taskToken": task["taskToken"], "decisions": [decision]}
        answered = place.call(client, "RespondDecisionTaskCompleted", **answer)
        if answered is not None and decision is COMPLETE:
            with place.closed.get_lock():
                place.closed.value += 1


def _work(place: _Place) -> None:
    client, where = SwfClient(place.endpoint), {"domain": place.domain, "taskList": WORK}
    while True:
        task = place.call(client, "PollForActivityTask", **where, identity=f"worker-{os.getpid()}")
        if task and task.get("taskToken"):
            place.call(client, "RespondActivityTaskCompleted", taskToken=task["taskToken"], result="w" * 100)
