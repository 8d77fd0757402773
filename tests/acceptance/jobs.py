"""The jobs of one client, all at once: what tests do to them, and what they hear of them."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

import boto3

from cpe.client import JobState
from cpe.protocol import Event, EventType
from tests.acceptance.stack import Stack

DEADLINE = 40.0
"""Seconds that a test waits for anything."""

T = TypeVar("T")


class Jobs:
    """Starts jobs and reads the client's events in a thread of its own, as a context manager."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.client = stack.client()
        self.swf = boto3.client("swf")
        self._events: dict[str, dict[str, Event]] = {}
        self._news = threading.Condition()
        self._stopped = threading.Event()
        self._reader = threading.Thread(target=self._read, name="jobs")

    def __enter__(self) -> Self:
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._reader.join(DEADLINE)

    def start(
        self,
        workflow: str,
        data: Mapping[str, Any] | None = None,
        *,
        version: str = "1.0",
        task_list: str = "basic_transcode",
        timeout: int | None = None,
    ) -> str:
        """Ask for a job that takes `data`; returns its id."""
        what: dict[str, Any] = {"name": workflow, "version": version, "taskList": task_list}
        if timeout is not None:
            what["executionStartToCloseTimeout"] = timeout
        return self.client.start_job({"workflow": what, **(data or {})}, uuid.uuid4().hex[:8])

    def heard(self, job_id: str, kind: EventType | None = None) -> list[Event]:
        """The events of a job so far, each once, in the order in which they came."""
        with self._news:
            events = list(self._events.get(job_id, {}).values())
        return [event for event in events if kind in (None, event.type)]

    def event(self, job_id: str, kind: EventType, activity_id: str | None = None, number: int = 1) -> Event:
        """Wait for the so-maniest event of a kind, of an activity if one is named."""

        def found() -> Event | None:
            events = self._events.get(job_id, {}).values()
            named = [event for event in events if event.type is kind and _is_of(event, activity_id)]
            return named[number - 1] if len(named) >= number else None

        return self._wait(found, f"{kind} {activity_id or ''} of {job_id}")

    def closed(self, job_id: str) -> Event:
        """Wait for the event that closes a job."""

        def found() -> Event | None:
            events = self._events.get(job_id, {}).values()
            return next((event for event in events if event.type.closes_job), None)

        return self._wait(found, f"the end of {job_id}")

    def push(self, *job_ids: str, seconds: float) -> None:
        """Wait for the end of jobs, and move the clock now and then: what a process took along times out."""
        deadline = time.monotonic() + DEADLINE
        while not all(any(event.type.closes_job for event in self.heard(job_id)) for job_id in job_ids):
            assert time.monotonic() < deadline, f"not all of {job_ids} have ended"
            with self._news:
                still = not self._news.wait(2)
            if still:
                self.stack.advance(seconds)

    def state(self, job_id: str) -> JobState:
        """What the client's tracker makes of what was heard."""
        state = self.client.tracker.job(job_id)
        assert state is not None
        return state

    def run_id(self, job_id: str) -> str:
        """The newest run, as far as it was told; waits for the first."""
        self.event(job_id, EventType.WORKFLOW_SCHEDULED)
        run_id = self.state(job_id).run_id
        assert run_id is not None
        return run_id

    def history(self, job_id: str, run_id: str | None = None) -> list[Mapping[str, Any]]:
        """A run's history; the newest run's unless one is named."""
        pages = self.swf.get_paginator("get_workflow_execution_history").paginate(
            domain="SADomain",
            execution={"workflowId": workflow_id(job_id), "runId": run_id or self.run_id(job_id)},
        )
        return [event for page in pages for event in page["events"]]

    def happened(self, job_id: str, kind: str, number: int = 1) -> Mapping[str, Any]:
        """Wait for the so-maniest event of a type in the history; returns its attributes."""
        deadline = time.monotonic() + DEADLINE
        while True:
            events = [event for event in self.history(job_id) if event["eventType"] == kind]
            if len(events) >= number:
                found: Mapping[str, Any] = events[number - 1][f"{kind[0].lower()}{kind[1:]}EventAttributes"]
                return found
            assert time.monotonic() < deadline, f"no {kind} {number} of {job_id}"
            time.sleep(0.02)

    def cancel(self, job_id: str) -> None:
        """Ask a job to stop."""
        self.swf.request_cancel_workflow_execution(domain="SADomain", workflowId=workflow_id(job_id))

    def signal(self, job_id: str, name: str, text: str) -> None:
        """Send a job a signal."""
        self.swf.signal_workflow_execution(
            domain="SADomain", workflowId=workflow_id(job_id), signalName=name, input=text
        )

    def terminate(self, job_id: str) -> None:
        """End a job at once."""
        self.swf.terminate_workflow_execution(domain="SADomain", workflowId=workflow_id(job_id))

    def _wait(self, found: Callable[[], T | None], what: str) -> T:
        value: T | None = None

        def is_there() -> bool:
            nonlocal value
            value = found()
            return value is not None

        with self._news:
            there = self._news.wait_for(is_there, DEADLINE)
            heard = {
                job_id: [event.type.value for event in all_.values()] for job_id, all_ in self._events.items()
            }
        assert there, f"{what} did not come; heard of the last jobs: {dict(list(heard.items())[-3:])}"
        assert value is not None
        return value

    def _read(self) -> None:
        while not self._stopped.is_set():
            for event in self.client.events(wait=1):
                with self._news:
                    self.client.tracker.apply(event)
                    self._events.setdefault(event.job_id or "", {}).setdefault(event.event_id, event)
                    self._news.notify_all()


def workflow_id(job_id: str) -> str:
    """The workflow id of a job."""
    return f"ClientA.{job_id}"


def child_of(job_id: str, step: str) -> str:
    """The job id of a child workflow."""
    return f"{job_id}~{step}"


def pid_of(attributes: Mapping[str, Any]) -> int:
    """The process that took a task, by the attributes of the task's start."""
    return int(attributes["identity"].rpartition(":")[2])


def _is_of(event: Event, activity_id: str | None) -> bool:
    return activity_id is None or (event.activity is not None and event.activity.activity_id == activity_id)
