"""The jobs of one client, all at once: what tests do to them, and what they hear of them."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import boto3

from cpe.client import JobState
from cpe.protocol import EventType
from tests.acceptance.heard import Heard
from tests.acceptance.stack import PATIENCE, Stack


class Jobs(Heard):
    """Starts jobs and reads the client's events in a thread of its own, as a context manager."""

    def __init__(self, stack: Stack) -> None:
        super().__init__()
        self.stack = stack
        self.client = stack.client()
        self.swf = boto3.client("swf")
        self._stopped = threading.Event()
        self._reader = threading.Thread(target=self._read, name="jobs")

    def __enter__(self) -> Self:
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._reader.join(PATIENCE)

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

    def push(self, *job_ids: str, seconds: float) -> None:
        """Wait for the end of jobs, and move the clock now and then: what a process took along times out."""
        deadline = time.monotonic() + PATIENCE
        while not all(any(event.type.closes_job for event in self.heard(job_id)) for job_id in job_ids):
            assert time.monotonic() < deadline, f"not all of {job_ids} have ended"
            if self.quiet(2):
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
        deadline = time.monotonic() + PATIENCE
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

    def _read(self) -> None:
        while not self._stopped.is_set():
            for event in self.client.events(wait=1):
                self.client.tracker.apply(event)
                self.take(event)


def workflow_id(job_id: str) -> str:
    """The workflow id of a job."""
    return f"ClientA.{job_id}"


def child_of(job_id: str, step: str) -> str:
    """The job id of a child workflow."""
    return f"{job_id}~{step}"


def pid_of(attributes: Mapping[str, Any]) -> int:
    """The process that took a task, by the attributes of the task's start."""
    return int(attributes["identity"].rpartition(":")[2])
