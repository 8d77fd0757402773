"""`cpe local`, `cpe up` and `cpe env` as processes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from botocore.config import Config

PLAN = """
name: Count
version: "1"
default_execution_start_to_close_timeout: "600"
default_task_start_to_close_timeout: "60"
input_spec: {type: object}
activities:
  - name: CountWords
    version: v1
    input_spec: {type: object}
    outputs_spec: {words: "$.words"}
steps:
  - name: CountStep
    activity: CountWords
    input: "{{ __input__ }}"
"""
ACTIVITY = """
import time
from cpe.activity import Activity

class CountWords(Activity):
    def run(self, context):
        while context.input.get("forever") and not context.cancelled:
            time.sleep(0.02)
        context.check()
        return {"words": len(context.input["text"].split())}
"""
CONFIG: dict[str, Any] = {
    "activities": [
        {"name": "CountWords", "version": "v1", "file": "count_words.py", "class": "CountWords"}
        | {
            f"defaultTask{name}Timeout": "NONE"
            for name in ("StartToClose", "ScheduleToStart", "ScheduleToClose")
        }
        | {"defaultTaskHeartbeatTimeout": "60"}
    ]
}
SMALL = ("--port", "0", "--plan", "plan.yml", "--config", "config.json")
REPOSITORY = Path(__file__).parents[2]


def cpe(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "cpe.cli.main", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(*arguments: str, cwd: Path) -> tuple[int, str]:
    with cpe(*arguments, cwd=cwd) as process:
        output, _ = process.communicate(timeout=100)
        return process.returncode, output


def until(condition: Any, seconds: float = 100) -> Any:
    """Wait for something real, and tell what came of it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"it did not happen within {seconds} s")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plan.yml").write_text(PLAN)
    (tmp_path / "count_words.py").write_text(ACTIVITY)
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    return tmp_path


@contextmanager
def stack(folder: Path, *more: str, place: str = ".cpe") -> Iterator[subprocess.Popen[str]]:
    """A stack that takes jobs; ended by whatever the test does, at the latest by a signal."""
    output = folder / "output"
    with output.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "cpe.cli.main", "up", *SMALL, *more],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stdout=file,
            stderr=subprocess.STDOUT,
            text=True,
        )
    with process:
        try:
            environment = folder / place / "environment.json"
            until(lambda: environment.exists() or process.poll() is not None)
            assert process.poll() is None, output.read_text()
            yield process
        except BaseException:
            print(output.read_text())  # noqa: T201 - pytest shows it with the failure
            raise
        finally:
            process.terminate()
            process.wait(timeout=60)


def send(environment: dict[str, str], job_id: str, **data: Any) -> Any:
    """Put a job on the input queue and tell a client for the queues."""
    sqs = boto3.client("sqs", endpoint_url=environment["AWS_ENDPOINT_URL"])
    workflow = {"name": "Count", "version": "1", "domain": "SADomain", "taskList": "basic_transcode"}
    body = {"time": time.time(), "type": "START_JOB", "jobId": job_id, "data": {"workflow": workflow, **data}}
    sqs.send_message(QueueUrl=environment["INPUT_QUEUE"], MessageBody=json.dumps(body))
    return sqs


def events_until(sqs: Any, queue: str, *wanted: str) -> list[str]:
    """Read events until there was one of each type that is wanted; returns the types."""
    seen: list[str] = []

    def look() -> bool:
        for message in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", []):
            seen.append(json.loads(message["Body"])["type"])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return set(wanted) <= set(seen)

    until(look)
    return seen


def test_a_stack_runs_a_job_and_leaves_nothing_behind(folder: Path) -> None:
    with stack(folder, "--workers", "2") as process:
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) == 4
        exit_code, output = run("env", "--json", cwd=folder)
        assert exit_code == 0, output
        environment = json.loads(output)
        assert set(environment) == {
            *("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"),
            *("INPUT_QUEUE", "OUTPUT_QUEUE", "CPE_CONFIG", "CPE_CLIENT_CONFIG", "CPE_PAYLOADS"),
        }
        assert "export INPUT_QUEUE=http://127.0.0.1:" in run("env", cwd=folder)[1]
        client = json.loads(Path(environment["CPE_CLIENT_CONFIG"]).read_text())
        assert client == {
            "name": "ClientA",
            "queues": {"input": environment["INPUT_QUEUE"], "output": environment["OUTPUT_QUEUE"]},
            "payloads": {"bucket": "cpe-payloads", "prefix": "payloads/"},
        }
        assert environment["CPE_PAYLOADS"] == "s3://cpe-payloads/payloads/"
        s3 = boto3.client("s3", endpoint_url=environment["AWS_ENDPOINT_URL"])
        assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == [
            "cpe-input",
            "cpe-output",
            "cpe-payloads",
        ]

        sqs = send(environment, "job-1", text="one two three")
        seen = events_until(sqs, environment["OUTPUT_QUEUE"], "WORKFLOW_COMPLETED", "WORKFLOW_SCHEDULED")
        assert {"ACTIVITY_STARTED", "ACTIVITY_COMPLETED"} <= set(seen)

        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
        assert not psutil.wait_procs(children, timeout=60)[1]
    assert guide(folder) == ['eval "$(cpe env)"', "cpe job start Count --data job.json --wait"]
    assert not (folder / ".cpe" / "environment.json").exists()
    assert run("env", cwd=folder) == (
        2,
        f"cpe: no stack runs in {folder}/.cpe; start one with `cpe up`, or name its folder with --dir\n",
    )
    assert re.search(r"^up +ready", (folder / "output").read_text(), re.MULTILINE)


def guide(folder: Path) -> list[str]:
    """What a stack says that can be done in another shell."""
    lines = re.findall(r"^up +(.*)$", (folder / "output").read_text(), re.MULTILINE)
    return lines[lines.index("In another shell:") + 1 : lines.index("Ctrl-C stops everything.")]


def test_what_a_stack_says_of_another_shell_works_there(folder: Path) -> None:
    (folder / "job.json").write_text('{"text": "one two three"}')
    with stack(folder, "--dir", "a stack", place="a stack"):
        until(lambda: "Ctrl-C" in (folder / "output").read_text())
        commands = guide(folder)
        assert commands[0] == """eval "$(cpe env --dir 'a stack')\""""
        done = subprocess.run(
            ["/bin/bash", "-euc", "\n".join(commands)],
            cwd=folder,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=100,
            check=True,
        )
        assert '{"words": 3}' in done.stdout


def test_nothing_outlives_a_stack_that_was_killed(folder: Path) -> None:
    with stack(folder, "--json") as process:
        environment = json.loads((folder / ".cpe" / "environment.json").read_text())
        sqs = send(environment, "job-1", text="", forever=True)
        events_until(sqs, environment["OUTPUT_QUEUE"], "ACTIVITY_STARTED")
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) == 3
        process.kill()
        process.wait(timeout=60)
        assert not psutil.wait_procs(children, timeout=60)[1]
    for line in (folder / "output").read_text().splitlines():
        assert "event" in json.loads(line)


def test_a_busy_worker_does_not_hold_the_end_up(folder: Path) -> None:
    with stack(folder) as process:
        environment = json.loads((folder / ".cpe" / "environment.json").read_text())
        sqs = send(environment, "job-1", text="", forever=True)
        events_until(sqs, environment["OUTPUT_QUEUE"], "ACTIVITY_STARTED")
        process.terminate()
        assert process.wait(timeout=60) == 0


def test_a_daemon_that_dies_comes_back(folder: Path) -> None:
    with stack(folder) as process:
        environment = json.loads((folder / ".cpe" / "environment.json").read_text())
        children = psutil.Process(process.pid).children()
        for child in children:
            child.kill()
        psutil.wait_procs(children, timeout=60)
        sqs = send(environment, "job-1", text="one two")
        assert "ACTIVITY_COMPLETED" in events_until(sqs, environment["OUTPUT_QUEUE"], "WORKFLOW_COMPLETED")


def test_two_stacks_cannot_share_a_folder(folder: Path) -> None:
    with stack(folder):
        assert run("up", *SMALL, cwd=folder) == (
            2,
            f"cpe: a stack runs in {folder}/.cpe already; stop it, or choose another folder with --dir\n",
        )


def test_a_plan_with_an_error_is_refused_at_once(folder: Path) -> None:
    (folder / "plan.yml").write_text(PLAN.replace("activity: CountWords", "activity: CountWord"))
    exit_code, output = run("up", *SMALL, cwd=folder)
    assert exit_code == 2
    assert output.startswith("cpe: ")
    assert "plan.yml:" in output
    assert "CountWord" in output


def test_an_activity_that_is_not_configured_is_refused_at_once(folder: Path) -> None:
    (folder / "config.json").write_text("{}")
    assert run("up", *SMALL, cwd=folder) == (
        2,
        "cpe: plan Count 1 uses activity CountWords v1, which no configuration names; "
        "add it to a file and give that with --config\n",
    )


def test_a_worker_that_cannot_load_its_class_stops_the_stack(folder: Path) -> None:
    (folder / "count_words.py").write_text("class Other: ...")
    exit_code, output = run("up", *SMALL, cwd=folder)
    assert exit_code == 2
    assert "program_refused" in output
    assert "CountWords" in output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_local_aws_tells_its_endpoint_and_ends_at_once(tmp_path: Path, number: signal.Signals) -> None:
    with cpe("local", "--port", "0", "--json", cwd=tmp_path) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert told["environment"]["AWS_ENDPOINT_URL"] == told["endpoint"]
        once = Config(retries={"total_max_attempts": 1})
        sqs = boto3.client("sqs", endpoint_url=told["endpoint"], config=once)
        queue = sqs.create_queue(QueueName="q")["QueueUrl"]
        exit_code, output = run("local", "--port", told["endpoint"].rpartition(":")[2], cwd=tmp_path)
        assert exit_code == 2
        assert output == (
            f"cpe: port {told['endpoint'].rpartition(':')[2]} on 127.0.0.1 is in use; "
            "stop what listens there or choose another with --port\n"
        )
        with ThreadPoolExecutor() as pool:
            poll = pool.submit(sqs.receive_message, QueueUrl=queue, WaitTimeSeconds=20)
            with pytest.raises(TimeoutError):
                poll.result(timeout=0.3)
            process.send_signal(number)
            # Sooner than what is asked of it would have ended by itself.
            assert process.wait(timeout=15) == 0
            poll.exception(timeout=60)


def test_local_aws_prints_what_a_shell_can_read(tmp_path: Path) -> None:
    with cpe("local", "--port", "0", cwd=tmp_path) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(5)]
        process.terminate()
        process.wait(timeout=60)
    assert lines[0].startswith("# local AWS on http://127.0.0.1:")
    assert all(line.startswith("export AWS_") for line in lines[1:])
