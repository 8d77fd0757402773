"""A stack for many clients, a process for each of its programs."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import boto3
import pytest

from cpe.aws.provision import PAYLOADS, provision_stack
from cpe.aws.session import AwsSession
from cpe.config import ActivitySettings, load_settings
from cpe.stack.configuration import client_configuration, client_entry, stack_configuration
from tests.acceptance.stack import REPOSITORY, Stack, standing_still, until

PLANS = REPOSITORY / "tests" / "plans"
POLLERS = ("poller-0", "poller-1")
WORKERS = {"Work": 2, "ValidateAsset": 1, "TranscodeAsset": 1}
"""Processes for each activity. One transcodes, so that a second job waits for it."""

_SHIPPED = load_settings(REPOSITORY / "config" / "cpe.yml", environ={}).activities
_VERSIONS = {"Work": "v1", **{activity.name: activity.version for activity in _SHIPPED}}

# Workers learn by heartbeat that they shall stop: each second for one of three.
_HEARTBEAT = {"defaultTaskHeartbeatTimeout": "3"}


class Site(Stack):
    """The local AWS, two input pollers that serve all clients, a decider, and workers.

    Args:
        folder: For its files, and the scratch directories of its workers.
        clients: Their names.
        hasty: Those whose commands come again after a second, unless they were deleted.
        workers: How many are started for each activity.
        plans: Files and folders of plans.
    """

    def __init__(
        self,
        folder: Path,
        clients: Sequence[str],
        *,
        hasty: Sequence[str] = (),
        workers: Mapping[str, int] = MappingProxyType(WORKERS),
        plans: Sequence[Path] = (PLANS, REPOSITORY / "plans" / "transcode.yml"),
    ) -> None:
        super().__init__(folder)
        self._hasty = hasty
        self._workers = workers
        self._plans = plans
        self.clients = {name: folder / f"{name}.json" for name in clients}
        self._processes = contextlib.ExitStack()
        self._pollers: dict[str, subprocess.Popen[Any]] = {}

    @contextlib.contextmanager
    def running(self) -> Iterator[Site]:
        """Run it for a block."""
        self.scratch.mkdir(parents=True)
        with self._processes:
            local = self._start("main", "cpe", "local", "--port", "0", "--json", output=subprocess.PIPE)
            assert local.stdout is not None
            self.environment = json.loads(local.stdout.readline())["environment"]
            with pytest.MonkeyPatch.context() as patch:
                for name, value in self.environment.items():
                    patch.setenv(name, value)
                config = self._provide()
            self.environment["CPE_CONFIG"] = str(config)
            for name in POLLERS:
                self._pollers[name] = self._start("inputpoller", "cpe-inputpoller", "--name", name)
            plans = [word for plan in self._plans for word in ("--plan", str(plan))]
            self._start("decider", "cpe-decider", "-d", "SADomain", "-t", "basic_transcode", *plans)
            for activity, count in self._workers.items():
                for _ in range(count):
                    self.start_worker(activity)
            daemons = len(POLLERS) + 1 + sum(self._workers.values())
            until(lambda: len(self.logged("daemon_started")) >= daemons, what="the daemons' start")
            yield self

    def start_worker(self, activity: str) -> None:
        """Start one more worker."""
        self._start("worker", "cpe-worker", "-D", "SADomain", "-A", activity, "-V", _VERSIONS[activity])

    @contextlib.contextmanager
    def alone(self, poller: str) -> Iterator[None]:
        """Let one input poller do all the work of a block: the others stand still, with what they have in hand."""
        with standing_still(*(process.pid for name, process in self._pollers.items() if name != poller)):
            yield

    def queues(self, client: str) -> dict[str, str]:
        """URLs of a client's queues: `input` and `output`."""
        urls: dict[str, str] = json.loads(self.clients[client].read_text())["queues"]
        return urls

    def _provide(self) -> Path:
        """Make what the programs need, and their configurations."""
        entries = []
        for name, file in self.clients.items():
            queues = provision_stack(AwsSession(), domain="SADomain", client=name)
            if name in self._hasty:
                boto3.client("sqs").set_queue_attributes(
                    QueueUrl=queues.input, Attributes={"VisibilityTimeout": "1"}
                )
            entry = client_entry(name, input_queue=queues.input, output_queue=queues.output)
            file.write_text(json.dumps(client_configuration(entry, payloads=PAYLOADS)))
            entries.append(entry)
        work = ActivitySettings(name="Work", version="v1", class_name="Work", file=PLANS / "work.py")
        activities = [
            replace(activity, default_timeouts={**activity.default_timeouts, **_HEARTBEAT})
            for activity in (work, *_SHIPPED)
            if activity.name in self._workers
        ]
        tree = stack_configuration(
            domain="SADomain", client=entries[0], activities=activities, payloads=PAYLOADS
        )
        config = self.folder / "config.json"
        config.write_text(json.dumps({**tree, "clients": entries}))
        return config

    def _start(
        self, module: str, program: str, *arguments: str, output: int | None = None
    ) -> subprocess.Popen[Any]:
        """Start a program that ends with this process, whatever ends that."""
        log = self._processes.enter_context(self.log.open("ab"))
        process = subprocess.Popen(
            [sys.executable, "-m", "cpe.stack.launch", f"cpe.cli.{module}:main", program, *arguments],
            cwd=self.folder,
            env={
                **os.environ,
                "PYTHONPATH": str(REPOSITORY),
                "TMPDIR": str(self.scratch),
                **self.environment,
            },
            stdin=subprocess.PIPE,
            stdout=log if output is None else output,
            stderr=log,
            start_new_session=True,
        )
        self._processes.enter_context(process)
        self._processes.callback(process.kill)
        return process
