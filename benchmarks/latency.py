"""How long a job takes to start, and what idle daemons cost. Run: python -m benchmarks.latency [--json]

The three daemons run as processes against a local AWS in this one. *Latency* is the time from sending
START_JOB to receiving the first ACTIVITY_STARTED; the target is 3 s. *Idle CPU* is what each daemon uses of
one core while nothing happens; the target is 1 %.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import boto3
import psutil
import yaml
from rich.console import Console
from rich.table import Table

from cpe.local.server import LocalAws

MOST_SECONDS = 3.0
MOST_CPU = 1.0
DOMAIN, TASK_LIST, CLIENT = "Latency", "latency", "Bench"
DEADLINE = 60.0
PLAN = """
name: Latency
version: "1.0"
activities:
  - { name: Echo, version: v1, input_spec: { type: object }, outputs_spec: { all: "$" } }
steps:
  - { name: Echo, activity: Echo, input: "{{__input__}}" }
"""
ACTIVITY = """
from cpe.activity import Activity

class Echo(Activity):
    def run(self, context):
        return "echo"
"""


def main() -> None:
    """Measure, print, and exit 1 when a target is missed."""
    parser = argparse.ArgumentParser(description="Measure the start of jobs and the cost of idle daemons.")
    parser.add_argument("--jobs", type=int, default=20, help="jobs to start, one after the other (20)")
    parser.add_argument("--idle", type=float, default=30.0, help="seconds to watch the idle daemons (30)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    result = measure(options.jobs, options.idle)
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        show(result)
    sys.exit(0 if result["met"] else 1)


def measure(jobs: int, idle: float) -> dict[str, Any]:
    """Run the daemons and measure both."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        aws = stack.enter_context(LocalAws())
        os.environ.update(aws.environment())
        sqs = boto3.client("sqs")
        input_queue = sqs.create_queue(QueueName="in")["QueueUrl"]
        output_queue = sqs.create_queue(QueueName="out")["QueueUrl"]
        daemons = stack.enter_context(running_daemons(folder, input_queue, output_queue))
        latencies = sorted(latency(sqs, input_queue, output_queue, f"job-{number}") for number in range(jobs))
        usage = idle_cpu(daemons, idle)
    met = latencies[-1] <= MOST_SECONDS and max(usage.values()) < MOST_CPU
    return {
        "latency_seconds": {
            "jobs": jobs,
            "median": round(statistics.median(latencies), 3),
            "worst": round(latencies[-1], 3),
            "target": MOST_SECONDS,
        },
        "idle_cpu_percent": {**{name: round(value, 2) for name, value in usage.items()}, "target": MOST_CPU},
        "met": met,
    }


@contextmanager
def running_daemons(folder: Path, input_queue: str, output_queue: str) -> Iterator[dict[str, psutil.Process]]:
    """Start the daemons, wait until they are up, end them."""
    (folder / "plan.yml").write_text(PLAN)
    (folder / "echo.py").write_text(ACTIVITY)
    echo = {"name": "Echo", "version": "v1", "file": "echo.py", "class": "Echo"}
    client = {"name": CLIENT, "queues": {"input": input_queue, "output": output_queue}}
    config = folder / "cpe.yml"
    config.write_text(yaml.safe_dump({"clients": [client], "activities": [echo], "scratch": "scratch"}))
    commands: dict[str, Sequence[str]] = {
        "decider": ["-d", DOMAIN, "-t", TASK_LIST, "--plan", "plan.yml", "--log-file", "cpe-decider.log"],
        "worker": ["-D", DOMAIN, "-A", "Echo", "-V", "v1", "-l", "."],
        "inputpoller": ["-n", CLIENT, "-l", "."],
    }
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, arguments in commands.items():
            processes[name] = subprocess.Popen(
                [sys.executable, "-m", f"cpe.cli.{name}", *arguments],
                cwd=folder,
                env={**os.environ, "CPE_CONFIG": str(config)},
            )
            wait_until_up(processes[name], folder / f"cpe-{name}.log")
        yield {name: psutil.Process(process.pid) for name, process in processes.items()}
    finally:
        for process in processes.values():
            process.kill()
            process.wait()


def wait_until_up(process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for the daemon's own word."""
    end = time.monotonic() + DEADLINE
    while not (log.exists() and "daemon_started" in log.read_text()):
        if process.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"{log.stem} did not start")
        time.sleep(0.05)


def latency(sqs: Any, input_queue: str, output_queue: str, job_id: str) -> float:
    """Start a job; tell the seconds until its activity started. Waits for the job's end too."""
    workflow = {"name": "Latency", "version": "1.0", "domain": DOMAIN, "taskList": TASK_LIST}
    body = {"time": time.time(), "type": "START_JOB", "jobId": job_id, "data": {"workflow": workflow}}
    began = time.monotonic()
    sqs.send_message(QueueUrl=input_queue, MessageBody=json.dumps(body))
    started: float | None = None
    while time.monotonic() < began + DEADLINE:
        answer = sqs.receive_message(QueueUrl=output_queue, MaxNumberOfMessages=10, WaitTimeSeconds=5)
        for message in answer.get("Messages", []):
            event = json.loads(message["Body"])
            if event["type"] == "ACTIVITY_STARTED":
                started = time.monotonic() - began
            sqs.delete_message(QueueUrl=output_queue, ReceiptHandle=message["ReceiptHandle"])
            if event["type"].startswith("WORKFLOW_") and event["type"] != "WORKFLOW_SCHEDULED":
                if started is None:
                    raise SystemExit(f"{job_id} ended without ACTIVITY_STARTED: {event}")
                return started
    raise SystemExit(f"{job_id} did not end within {DEADLINE} s")


def idle_cpu(daemons: dict[str, psutil.Process], seconds: float) -> dict[str, float]:
    """Tell what each process uses of one core, in percent, while nothing happens."""
    before = {name: cpu_seconds(process) for name, process in daemons.items()}
    time.sleep(seconds)
    return {name: 100 * (cpu_seconds(process) - before[name]) / seconds for name, process in daemons.items()}


def cpu_seconds(process: psutil.Process) -> float:
    """Tell how much CPU time a process used so far, in user and system mode."""
    times = process.cpu_times()
    return float(times.user + times.system)


def show(result: dict[str, Any]) -> None:
    """Print a table."""
    table = Table("what", "measured", "target")
    timing = result["latency_seconds"]
    goal = f"≤ {timing['target']:g} s"
    table.add_row(f"START_JOB → ACTIVITY_STARTED, median of {timing['jobs']}", f"{timing['median']} s", goal)
    table.add_row("the same, worst", f"{timing['worst']} s", goal)
    usage = dict(result["idle_cpu_percent"])
    goal = f"< {usage.pop('target'):g} %"
    for name, value in usage.items():
        table.add_row(f"idle CPU, cpe-{name}", f"{value} %", goal)
    Console().print(table)


if __name__ == "__main__":
    main()
