"""A stack of real processes, and what tests do with it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import boto3
import psutil
import urllib3

from cpe.client import Client, JobState
from cpe.protocol import Event, EventType

REPOSITORY = Path(__file__).parents[2]
PATIENCE = 150.0
"""Seconds that a test waits for anything: far more than it takes, so that a busy machine fails nothing."""

T = TypeVar("T")


def until(condition: Callable[[], T], seconds: float = PATIENCE, what: str = "it") -> T:
    """Wait for something real, and tell what came of it."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.05)
    return found


def run_python(*arguments: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one of the project's programs to its end."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=250,  # less than pytest's, which would not tell what was printed
        check=False,
    )


def job(workflow: str, input_file: str, **outputs: Any) -> dict[str, Any]:
    """A job as clients write it."""
    return {
        "workflow": {"name": workflow, "version": "1.0", "domain": "SADomain", "taskList": "basic_transcode"},
        "input_asset": {"type": "VIDEO", "bucket": "cpe-input", "file": input_file},
        **outputs,
    }


@contextlib.contextmanager
def standing_still(*pids: int) -> Iterator[None]:
    """Stop processes for a block, with what they have in hand; those that are left go on afterwards."""
    try:
        for pid in pids:
            _signal(pid, signal.SIGSTOP)
        until(lambda: all(map(_stands_still, pids)), what="the standstill")
        yield
    finally:
        for pid in pids:
            _signal(pid, signal.SIGCONT)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _stands_still(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() in {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE}
    except psutil.NoSuchProcess:
        return True


class Stack:
    """`cpe up` as a process.

    Args:
        folder: For its files, and the scratch directories of its workers.
        options: More of its flags.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.scratch = folder / "scratch"
        self.log = folder / "stack.log"
        self._options = options
        self.environment: dict[str, str] = {}
        self.pid = 0

    @contextlib.contextmanager
    def running(self) -> Iterator[Stack]:
        """Run it for a block."""
        self.scratch.mkdir(parents=True)
        place = self.folder / "cpe"
        command = [sys.executable, "-m", "cpe.cli.main", "up", "--port", "0", "--dir", str(place), "--json"]
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [*command, *self._options],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(REPOSITORY), "TMPDIR": str(self.scratch)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self.pid = process.pid
            ready = place / "environment.json"
            until(lambda: ready.exists() or process.poll() is not None, what="the stack's start")
            assert process.poll() is None, self.log.read_text()
            self.environment = json.loads(ready.read_text())
            yield self
        finally:
            for _ in range(2):
                if process.poll() is None:
                    process.terminate()
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(60)
            process.kill()
            process.wait()

    def client(self) -> Client:
        """A client that reads the output queue; make one in a test at most."""
        return Client.from_config(self.environment["CPE_CLIENT_CONFIG"])

    def upload(self, file: Path, key: str) -> str:
        boto3.client("s3").upload_file(str(file), "cpe-input", key)
        return key

    def download(self, key: str, file: Path) -> Path:
        boto3.client("s3").download_file("cpe-output", key, str(file))
        return file

    def outputs(self, prefix: str) -> list[str]:
        """Keys in the output bucket."""
        listed = boto3.client("s3").list_objects_v2(Bucket="cpe-output", Prefix=prefix)
        return sorted(entry["Key"] for entry in listed.get("Contents", []))

    def send(self, body: str) -> str:
        """Put a raw message on the input queue; returns its id."""
        queue = self.environment["INPUT_QUEUE"]
        return boto3.client("sqs").send_message(QueueUrl=queue, MessageBody=body)["MessageId"]

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The log's entries of one name. The last line may be in the middle of being written."""
        *whole, _ = self.log.read_bytes().split(b"\n")
        lines = (line for line in whole if line.startswith(b"{"))
        return [entry for entry in map(json.loads, lines) if entry.get("event") == event]

    @contextlib.contextmanager
    def deciders(
        self, task_list: str, *plans: Path, count: int = 1
    ) -> Iterator[list[subprocess.Popen[bytes]]]:
        """Run more deciders for a block, on a task list of their own; they log where the stack does.

        A killed process is given tasks until the system has closed its connections, some milliseconds later,
        so no other test should use the list.
        """
        ready = len(self.logged("daemon_started")) + count
        paths = [argument for plan in plans for argument in ("--plan", str(plan))]
        command = [sys.executable, "-m", "cpe.cli.decider", "-d", "SADomain", "-t", task_list, *paths]
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), **self.environment}
        with contextlib.ExitStack() as opened:
            log = opened.enter_context(self.log.open("ab"))
            started = []
            for _ in range(count):
                process = subprocess.Popen(
                    command,
                    cwd=self.folder,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
                opened.callback(process.wait)
                opened.callback(process.kill)
                started.append(process)
            until(lambda: len(self.logged("daemon_started")) >= ready, what="the deciders' start")
            yield started

    def advance(self, seconds: float) -> None:
        """Move SWF's clock ahead."""
        self._control("POST", "clock", json.dumps({"advance": seconds}))

    @contextlib.contextmanager
    def faults(self, rules: str) -> Iterator[Callable[[], int]]:
        """Let calls go wrong for a block; gives what tells how many did."""
        self._control("PUT", "faults", rules)
        try:
            yield lambda: sum(rule["hits"] for rule in self._control("GET", "faults")["rules"])
        finally:
            self._control("DELETE", "faults")

    def _control(self, method: str, path: str, body: str | None = None) -> Any:
        url = f"{self.environment['AWS_ENDPOINT_URL']}/cpe-local/{path}"
        answer = urllib3.request(method, url, body=body, timeout=PATIENCE)
        assert answer.status < HTTPStatus.BAD_REQUEST, answer.data
        return json.loads(answer.data or b"null")

    def leftovers(self) -> list[Path]:
        """What tasks have in the scratch directories of the workers."""
        return list(self.scratch.glob("*/worker-*/*"))


def finish(client: Client, order: Mapping[str, Any], seconds: float = PATIENCE) -> JobState:
    """Run one job to its end."""
    return list(client.follow(client.start_job(order), timeout=seconds))[-1]


def follow_events(client: Client, order: Mapping[str, Any]) -> list[Event]:
    """Run one job to its end; returns its events, each once, in the order in which they came.

    That it was started is told by the input poller, and may be heard after all else.
    """
    job_id = client.start_job(order, uuid.uuid4().hex)
    events: dict[str, Event] = {}
    deadline = time.monotonic() + PATIENCE
    started, closed = False, None
    stream = client.events()
    for event in stream:
        if event.job_id == job_id:
            events.setdefault(event.event_id, event)
            started |= event.type is EventType.WORKFLOW_SCHEDULED
            closed = event if event.type.closes_job else closed
            if started and closed is not None:
                break
        assert time.monotonic() < deadline
    stream.close()
    assert closed is not None
    del events[closed.event_id]
    return [*events.values(), closed]
