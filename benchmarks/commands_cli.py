"""How long each command of `cpe` takes as a process, to its end; a part of `benchmarks.commands`.

`cpe up` runs beside it with a worker whose activity does nothing. The rounds go through all commands by
turns, after one that warms the disk up. What a command changes, such as a job that it cancels, it finds
new in each round.
"""

from __future__ import annotations

import json
import os
import pty
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

MOST_SECONDS = 0.7
_DEADLINE = 60.0
_DOMAIN, _CLIENT = "SADomain", "ClientA"
_CPE = ("-m", "cpe.cli.main")
_BOTO3 = "import boto3; boto3.client('swf')"
_BOTOCORE = "import botocore.session as b; b.get_session().create_client('swf')"
_WORKS = """
name: Works
version: "1.0"
activities: [{ name: Work, version: v1, input_spec: { type: object }, outputs_spec: { all: "$" } }]
steps: [{ name: Work, activity: Work, input: "{{__input__}}" }]
"""
_WAITS = """
name: Waits
version: "1.0"
activities: []
steps: [{ name: Go, signal: go, timeout: 3600 }]
"""
_ACTIVITY = """
from cpe.activity import Activity
from cpe.errors import ActivityError

class Work(Activity):
    def run(self, context):
        if context.input.get("fail"):
            raise ActivityError("as asked", code="ASKED")
        return {"done": True}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What is measured.

    Attributes:
        name: Shown in the table.
        arguments: Of Python; ``{round}`` is the round's number.
        codes: With which codes it may end.
        target: Seconds it may take; None if it is only shown.
        on_terminal: Whether standard output is a terminal.
        until_line: Whether it goes on for ever, and is measured to its first line.
    """

    name: str
    arguments: tuple[str, ...]
    codes: frozenset[int] = frozenset({0})
    target: float | None = MOST_SECONDS
    on_terminal: bool = False
    until_line: bool = False


@dataclass(slots=True)
class Times:
    """Seconds of each round."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def _commands() -> Iterator[Command]:
    """All that is measured, in the order of the table."""
    yield Command(name="python -c pass", arguments=("-c", "pass"), target=None)
    yield Command(name="a client of SWF, botocore's", arguments=("-c", _BOTOCORE), target=None)
    yield Command(name="a client of SWF, boto3's", arguments=("-c", _BOTO3), target=None)
    for line in (
        *("job list", "job list --json", "job show done", "job watch done", "job history done"),
        *(
            "job start Works",
            "job start Works:1.0",
            "job signal signal-{round} go",
            "job retry failed-{round}",
        ),
        *("job cancel cancel-{round} --yes", "job terminate terminate-{round} --yes"),
        *("activity list done", "worker list", "dlq list"),
        *(
            "config show --origin",
            "plan validate plans/works.yml",
            "plan replay plans/works.yml history.json",
        ),
        *(
            "provision --dir provisioned",
            "provision --dir provisioned --dry-run",
            "env --dir stack",
            "--version",
        ),
    ):
        yield _command(line)
    yield _command("job tail --since 1h", until_line=True)
    for line in ("job list", "job show done", "job watch done"):
        yield _command(line, on_terminal=True)
    # What these take is what they run: an activity, and ffmpeg. 1: the machine may lack something.
    yield _command("activity rerun done Work --yes", target=None)
    yield _command("doctor", codes=frozenset({0, 1}), target=None)


def _command(line: str, **more: Any) -> Command:
    name = "cpe " + re.sub(r"\w+-{round}|\bdone\b", "JOB", line)
    if more.get("on_terminal"):
        name += ", on a terminal"
    if more.get("until_line"):
        name += ", to its first line"
    return Command(name=name, arguments=(*_CPE, *line.split()), **more)


def measure(rounds: int) -> dict[str, Any]:
    """Measure all commands so many times."""
    measured = {command: Times() for command in _commands()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with _stack(folder, rounds + 1) as environment:
            for number in range(rounds + 1):
                for command, times in measured.items():
                    wall, cpu = _run(command, number, folder, environment)
                    if number > 0:
                        times.wall.append(wall)
                        times.cpu.append(cpu)
    rows: list[dict[str, Any]] = [
        {
            "command": command.name,
            "seconds": round(statistics.median(times.wall), 3),
            "least_seconds": round(min(times.wall), 3),
            "cpu_seconds": round(statistics.median(times.cpu), 3),
            "target": command.target,
        }
        for command, times in measured.items()
    ]
    met = all(row["target"] is None or row["seconds"] <= row["target"] for row in rows)
    return {"rounds": rounds, "commands": rows, "met": met}


def _run(command: Command, number: int, folder: Path, environment: Mapping[str, str]) -> tuple[float, float]:
    """Run a command; tell its seconds, and those of the CPU."""
    arguments = [sys.executable, *(each.replace("{round}", str(number)) for each in command.arguments)]
    cpu, began = _cpu_of_children(), time.perf_counter()
    with (folder / "errors").open("wb") as errors:
        out, end = pty.openpty() if command.on_terminal else os.pipe()
        process = subprocess.Popen(
            arguments, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=end, stderr=errors
        )
        os.close(end)
        _read(out, until_line=command.until_line)
        wall = time.perf_counter() - began
        if command.until_line:
            process.send_signal(signal.SIGINT)
        code = process.wait(_DEADLINE)
        os.close(out)
    if not command.until_line:
        wall = time.perf_counter() - began
        if code not in command.codes:
            raise SystemExit(f"{command.name} ended with {code}: {(folder / 'errors').read_text()}")
    return wall, _cpu_of_children() - cpu


def _read(out: int, *, until_line: bool) -> None:
    """Read what a process prints, to its end or to the first line's."""
    while True:
        try:
            text = os.read(out, 65536)
        except OSError:  # how a terminal ends
            return
        if not text or (until_line and b"\n" in text):
            return


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def _stack(folder: Path, rounds: int) -> Iterator[dict[str, str]]:
    """Run a stack with the jobs that commands need; yields the environment of commands."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CPE_"))}
    # As of what pip installed, the bytecode of all modules is on the disk.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment |= {"PYTHONPYCACHEPREFIX": str(folder / "bytecode"), "PYTHONPATH": str(Path.cwd())}
    (folder / "plans").mkdir()
    (folder / "plans" / "works.yml").write_text(_WORKS)
    (folder / "plans" / "waits.yml").write_text(_WAITS)
    (folder / "work.py").write_text(_ACTIVITY)
    activities = [{"name": "Work", "version": "v1", "file": "work.py", "class": "Work"}]
    (folder / "cpe.json").write_text(json.dumps({"activities": activities, "scratch": "scratch"}))
    up = [*_CPE, "up", "--port", "0", "--dir", "stack", "--plan", "plans", "-c", "cpe.json", "--json"]
    with (folder / "stack.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *up],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        ready = folder / "stack" / "environment.json"
        _until(lambda: ready.exists() or process.poll() is not None, "the stack's start")
        if process.poll() is not None:
            raise SystemExit((folder / "stack.log").read_text())
        told = json.loads(ready.read_text())
        _start_jobs(told, rounds)
        history = subprocess.run(
            [sys.executable, *_CPE, "job", "history", "done"],
            cwd=folder,
            env=environment | told,
            capture_output=True,
            check=True,
        )
        (folder / "history.json").write_bytes(history.stdout)
        yield environment | told
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _start_jobs(environment: Mapping[str, str], rounds: int) -> None:
    """Start a job that completes, and for each round those that are acted on; wait until they are there."""
    aws: dict[str, Any] = {
        "endpoint_url": environment["AWS_ENDPOINT_URL"],
        "region_name": environment["AWS_DEFAULT_REGION"],
        "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
    }
    sqs, swf = boto3.client("sqs", **aws), boto3.client("swf", **aws)

    def start(job_id: str, workflow: str, **data: Any) -> None:
        asked = {"workflow": {"name": workflow, "version": "1.0", "domain": _DOMAIN}, **data}
        body = {"time": time.time(), "type": "START_JOB", "jobId": job_id, "data": asked}
        sqs.send_message(QueueUrl=environment["INPUT_QUEUE"], MessageBody=json.dumps(body))

    start("done", "Works")
    for number in range(rounds):
        start(f"failed-{number}", "Works", fail=True)
        for what in ("signal", "cancel", "terminate"):
            start(f"{what}-{number}", "Waits")

    times: Any = {"oldestDate": 0}

    def closed() -> int:
        return swf.count_closed_workflow_executions(domain=_DOMAIN, startTimeFilter=times)["count"]

    def opened() -> int:
        return swf.count_open_workflow_executions(domain=_DOMAIN, startTimeFilter=times)["count"]

    _until(lambda: closed() > rounds and opened() >= 3 * rounds, "the start of jobs")


def _until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _DEADLINE
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"{what} took more than {_DEADLINE:g} s")
        time.sleep(0.05)
