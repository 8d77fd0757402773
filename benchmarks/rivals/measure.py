"""One decider, measured at one shape of work, on a local SWF of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rivals.client import make_queue
from benchmarks.rivals.contenders import Contender, Site
from benchmarks.rivals.process import DeciderProcess, running
from benchmarks.rivals.proxy import counting
from benchmarks.rivals.work import ACTIVITIES, DOMAIN, VERSION, activity_of
from benchmarks.swf_client import SwfClient
from benchmarks.swf_servers import ours

_REPOSITORY = Path(__file__).parents[2]
_DEADLINE = 300.0
_LOOK = 0.02


class RunFailedError(Exception):
    """A decider did not carry its executions to their end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One decider at one shape.

    Attributes:
        executions: How many it carried to the end, at the same time.
        seconds: From the first start to the last close.
        decisions: Decision tasks that it answered.
        cpu_seconds: CPU time of the decider, with all of its processes.
        history_bytes: Of the answers to PollForDecisionTask and GetWorkflowExecutionHistory.
    """

    executions: int
    seconds: float
    decisions: int
    cpu_seconds: float
    history_bytes: int

    @property
    def decisions_per_second(self) -> float:
        """The rate."""
        return self.decisions / self.seconds


def measure(contender: Contender, shape: str, executions: int, warm_up: int) -> Measured:
    """Measure one decider at one shape, on a new SWF.

    Raises:
        RivalMissingError: It cannot be installed.
        RunFailedError: It did not carry the executions to their end.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        endpoint = stack.enter_context(ours())
        proxy = stack.enter_context(counting(endpoint))
        environment = _environment(proxy.endpoint)
        site = Site(shape=shape, folder=folder, queue=make_queue(endpoint))
        command = contender.command(site)
        client = SwfClient(endpoint)
        _furnish(client, shape)
        stack.enter_context(_helping("answerer", endpoint, activity_of(shape)))
        stack.enter_context(_helping("client", endpoint, site.queue))
        decider = stack.enter_context(running(command, environment, folder))
        _carry(client, shape, decider, range(warm_up))
        decider.wait_until_idle()
        counts, cpu_seconds = proxy.counts(), decider.cpu_seconds()
        seconds = _carry(client, shape, decider, range(warm_up, warm_up + executions))
        decider.wait_until_idle()
        counted = proxy.counts() - counts
        if counted.refused:
            raise RunFailedError(f"{counted.refused} of its answers were refused")
        return Measured(
            executions=executions,
            seconds=seconds,
            decisions=counted.decisions,
            cpu_seconds=decider.cpu_seconds() - cpu_seconds,
            history_bytes=counted.history_bytes,
        )


def _environment(endpoint: str) -> dict[str, str]:
    """Make a decider's environment: where its AWS is, nothing of this machine's own configuration."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.environ["HOME"],
        "PYTHONPATH": str(_REPOSITORY),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def _furnish(client: SwfClient, shape: str) -> None:
    """Register what the executions need; a decider that registers its own finds it there."""
    client.call("RegisterDomain", name=DOMAIN, workflowExecutionRetentionPeriodInDays="1")
    client.call("RegisterWorkflowType", domain=DOMAIN, name=shape, version=VERSION)
    client.call("RegisterActivityType", domain=DOMAIN, name=activity_of(shape), version=VERSION)


@contextmanager
def _helping(program: str, *arguments: str) -> Iterator[None]:
    """Run a program of `benchmarks.rivals` for a block."""
    command = [sys.executable, "-m", f"benchmarks.rivals.{program}", *arguments]
    with subprocess.Popen(command, cwd=_REPOSITORY, stdin=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.kill()


def _carry(client: SwfClient, shape: str, decider: DeciderProcess, numbers: range) -> float:
    """Start executions and wait for the last to close; tell the seconds."""
    began = time.perf_counter()
    for number in numbers:
        client.call(
            "StartWorkflowExecution",
            domain=DOMAIN,
            workflowId=f"{shape}-{number}",
            workflowType={"name": shape, "version": VERSION},
            taskList={"name": shape},
            input="{}",
            childPolicy="TERMINATE",
            executionStartToCloseTimeout="86400",
            taskStartToCloseTimeout="300",
        )
    while (open_still := numbers.stop - _closed(client)) > 0:
        if not decider.running or time.perf_counter() > began + _DEADLINE:
            how = (
                f"did not close within {_DEADLINE:g} s" if decider.running else "are open; the decider ended"
            )
            raise RunFailedError(f"{open_still} of {len(numbers)} {shape} {how}: {decider.last_words()}")
        time.sleep(_LOOK)
    seconds = time.perf_counter() - began
    _check(client)
    return seconds


def _closed(client: SwfClient) -> int:
    told = client.call("CountClosedWorkflowExecutions", domain=DOMAIN, startTimeFilter={"oldestDate": 0})
    return int(told["count"])


def _check(client: SwfClient) -> None:
    """Raise RunFailedError unless every execution completed, with all of its activities."""
    told = client.call("ListClosedWorkflowExecutions", domain=DOMAIN, startTimeFilter={"oldestDate": 0})
    for info in told["executionInfos"]:
        history = client.call("GetWorkflowExecutionHistory", domain=DOMAIN, execution=info["execution"])
        kinds = [event["eventType"] for event in history["events"]]
        done = kinds.count("ActivityTaskCompleted")
        if info["closeStatus"] != "COMPLETED" or done != ACTIVITIES:
            failed = history["events"][-1].get("workflowExecutionFailedEventAttributes", {})
            reason = failed.get("reason", "no reason given")
            raise RunFailedError(f"one closed {info['closeStatus']} after {done} activities: {reason}")
