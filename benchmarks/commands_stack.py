"""What the benchmark of commands measures: queues with a backlog, and an input poller as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import boto3
import yaml

from cpe.config import Client

DOMAIN = "Commands"
BUCKET = "commands-payloads"


def command(job_id: str) -> str:
    """A START_JOB as clients send them."""
    data = {
        "workflow": {"name": "Works", "version": "1.0"},
        "input_asset": {"type": "VIDEO", "bucket": "my-input", "file": "/input/video1.mp4"},
        "output_asset": {"type": "VIDEO", "bucket": "my-output", "file": "/output/video1.mp4"},
    }
    return json.dumps({"time": time.time(), "type": "START_JOB", "jobId": job_id, "data": data})


class Stack:
    """A domain with a workflow type, a bucket for payloads, and clients with queues of their own."""

    def __init__(self) -> None:
        self.domain = DOMAIN
        self.sqs = boto3.client("sqs")
        swf = boto3.client("swf")
        swf.register_domain(name=DOMAIN, workflowExecutionRetentionPeriodInDays="1")
        swf.register_workflow_type(
            domain=DOMAIN,
            name="Works",
            version="1.0",
            defaultTaskList={"name": "nobody"},
            defaultTaskStartToCloseTimeout="300",
            defaultExecutionStartToCloseTimeout="3600",
            defaultChildPolicy="TERMINATE",
        )
        boto3.client("s3").create_bucket(Bucket=BUCKET)

    def client(self, name: str) -> Client:
        """A new client."""
        urls = [self.sqs.create_queue(QueueName=f"{name}-{end}")["QueueUrl"] for end in ("in", "out")]
        return Client(name=name, input_queue=urls[0], output_queue=urls[1])


def backlog(stack: Stack, client: Client, count: int) -> None:
    """Send commands that nobody has answered yet."""
    for start in range(0, count, 10):
        entries: list[Any] = [
            {"Id": str(number), "MessageBody": command(f"job-{number}")}
            for number in range(start, min(start + 10, count))
        ]
        stack.sqs.send_message_batch(QueueUrl=client.input_queue, Entries=entries)


class Pollers:
    """The input poller of some clients, as a process, from its first command on."""

    def __init__(self, stack: Stack, clients: Sequence[Client]) -> None:
        self._stack = stack
        self._clients = clients
        self._opened = ExitStack()
        self._log = Path()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Pollers:
        folder = Path(self._opened.enter_context(tempfile.TemporaryDirectory()))
        self._log = folder / "cpe-inputpoller.log"
        config = {
            "domain": self._stack.domain,
            "payloads": {"bucket": BUCKET},
            "clients": [
                {"name": one.name, "queues": {"input": one.input_queue, "output": one.output_queue}}
                for one in self._clients
            ],
        }
        (folder / "cpe.yml").write_text(yaml.safe_dump(config))
        self._folder = folder
        return self

    def start(self) -> None:
        """Start it, and wait until it polls."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "cpe.cli.inputpoller", "-c", "cpe.yml", "-l", "."],
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        )
        while not (self._log.exists() and "daemon_started" in self._log.read_text()):
            if self._process.poll() is not None:
                raise SystemExit("the input poller did not start")
            time.sleep(0.01)

    def answered(self) -> int:
        """Count the commands that were answered, by the log: asking the queues would slow them down."""
        return self._log.read_bytes().count(b'"command_answered"')

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._opened.close()
