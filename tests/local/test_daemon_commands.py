"""The daemons as processes: flags, messages, exit codes, signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from cpe.cli.decider import decider
from cpe.cli.inputpoller import inputpoller
from cpe.cli.worker import worker
from cpe.local.server import LocalAws
from tests.local.stage import DEADLINE, WORK, Stage, wait_for

ROOT = Path(__file__).parents[2]
PLAN = """
name: Works
version: "1.0"
activities:
  - { name: Work, version: v1, input_spec: { type: object }, outputs_spec: { all: "$" } }
steps:
  - { name: First, activity: Work, input: "{{__input__.first}}" }
"""


@pytest.fixture
def stage(local_aws: LocalAws, tmp_path: Path) -> Stage:
    (tmp_path / "plan.yml").write_text(PLAN)
    tree = {"activities": [{"name": "Work", "version": "v1", "class": WORK}], "scratch": "scratch"}
    (tmp_path / "cpe.yml").write_text(yaml.safe_dump(tree))
    return Stage(tmp_path)


def command(name: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", f"cpe.cli.{name}", *map(str, arguments)]


@contextmanager
def process(name: str, *arguments: object, **environ: str) -> Iterator[subprocess.Popen[str]]:
    """Run a daemon whose log goes to standard output; kill it at the end if it still runs."""
    with subprocess.Popen(
        command(name, *arguments),
        env={**os.environ, **environ},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            yield running
        finally:
            if running.poll() is None:
                running.kill()


def until(running: subprocess.Popen[str], event: str) -> dict[str, Any]:
    """Read the log up to an event; the test's own timeout is the deadline."""
    assert running.stdout is not None
    for line in running.stdout:
        record: dict[str, Any] = json.loads(line)
        if record["event"] == event:
            return record
    assert running.stderr is not None
    raise AssertionError(f"the process ended before {event}: {running.stderr.read()}")


def refused(name: str, *arguments: object, without: str = "", **environ: str) -> tuple[int, str]:
    """Run a daemon that must end by itself; tell its exit code and message."""
    variables = {key: value for key, value in {**os.environ, **environ}.items() if key != without}
    ended = subprocess.run(
        command(name, *arguments),
        env=variables,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert "Traceback" not in ended.stderr + ended.stdout
    return ended.returncode, ended.stderr


def test_the_three_daemons_run_a_job_and_drain(stage: Stage, tmp_path: Path) -> None:
    queues = {"INPUT_QUEUE": stage.client.input_queue, "OUTPUT_QUEUE": stage.client.output_queue}
    of_decider = ("--domain", stage.domain, "--task_list", stage.task_list, "--plan", tmp_path / "plan.yml")
    of_worker = ("-D", stage.domain, "-A", "Work", "-V", "v1", "-c", tmp_path / "cpe.yml")
    log = tmp_path / "decider.log"
    to_queue = ("--output_queue", stage.client.output_queue, "--log_file", log)
    with process("decider", *of_decider, *to_queue) as deciding:
        wait_for(lambda: log.exists() and "daemon_started" in log.read_text())
        with (
            process("worker", *of_worker, OUTPUT_QUEUE=stage.client.output_queue) as working,
            process("inputpoller", "-n", "ClientA", **queues) as polling,
        ):
            until(working, "daemon_started")
            assert until(polling, "daemon_started")["name"] == "ClientA"
            stage.send(stage.start_job("j1", first={"do": "report"}))
            assert stage.event("WORKFLOW_COMPLETED")
            processes = (deciding, working, polling)
            for one in processes:
                one.send_signal(signal.SIGTERM)
            # Polls in flight are waited for; a second job ends them all.
            stage.send(stage.start_job("j2", first={"do": "report"}))
            for one in processes:
                one.send_signal(signal.SIGTERM)
            assert [one.wait(DEADLINE) for one in processes] == [0, 0, 0]


def test_the_first_signal_lets_a_task_finish_the_second_hands_it_back(stage: Stage, tmp_path: Path) -> None:
    stage.register_domain()
    of_worker = ("-D", stage.domain, "-A", "Work", "-V", "v1", "-c", tmp_path / "cpe.yml")
    of_decider = ("-d", stage.domain, "-t", stage.task_list, "--plan", tmp_path)
    of_poller = ("-n", "ClientA")
    queues = {"INPUT_QUEUE": stage.client.input_queue, "OUTPUT_QUEUE": stage.client.output_queue}
    with (
        process("worker", *of_worker, **queues) as working,
        process("decider", *of_decider, **queues) as deciding,
        process("inputpoller", *of_poller, **queues),
    ):
        until(working, "daemon_started")
        until(deciding, "daemon_started")
        stage.send(stage.start_job("j1", first={"do": "wait"}))
        until(working, "task_started")
        working.send_signal(signal.SIGTERM)
        until(working, "daemon_stopping")
        assert working.poll() is None
        working.send_signal(signal.SIGTERM)
        assert until(working, "task_ended")["reason"] == "WORKER_STOPPED"
        assert working.wait(DEADLINE) == 0
        (failed,) = stage.event("ACTIVITY_FAILED")
        assert failed["data"]["activity"]["result"]["reason"] == "WORKER_STOPPED"
    assert [path.name for path in (tmp_path / "scratch").iterdir()] == [".gate"]


def test_a_missing_queue(stage: Stage) -> None:
    gone = f"{stage.client.input_queue}-gone"
    code, message = refused("inputpoller", "-n", "A", INPUT_QUEUE=gone, OUTPUT_QUEUE=gone)
    assert code == 1
    assert message.startswith("cpe-inputpoller: ")
    assert gone in message
    assert "create the queue" in message


def test_no_credentials(stage: Stage, tmp_path: Path) -> None:
    plan = ("-d", "d", "-t", "t", "--plan", tmp_path / "plan.yml")
    code, message = refused("decider", *plan, without="AWS_ACCESS_KEY_ID")
    assert (code, message.count("\n")) == (2, 1)
    assert "AWS_ACCESS_KEY_ID" in message


def test_no_region(stage: Stage, tmp_path: Path) -> None:
    plan = ("-d", "d", "-t", "t", "--plan", tmp_path / "plan.yml")
    code, message = refused("decider", *plan, without="AWS_DEFAULT_REGION")
    assert (code, message.count("\n")) == (2, 1)
    assert "AWS_DEFAULT_REGION" in message


def test_an_endpoint_that_is_not_there(stage: Stage, tmp_path: Path) -> None:
    plan = ("-d", "d", "-t", "t", "--plan", tmp_path / "plan.yml")
    code, message = refused("decider", *plan, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert (code, message.count("\n")) == (1, 1)
    assert "http://127.0.0.1:9" in message
    assert "AWS_ENDPOINT_URL" in message


def test_a_broken_plan(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "plan.yml").write_text("name: [")
    code, message = refused("decider", "-d", "d", "-t", "t", "--plan", tmp_path / "plan.yml")
    assert code == 2
    assert f"{tmp_path}/plan.yml:" in message


def test_a_broken_plan_beside_a_good_one_is_logged(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "broken.yml").write_text("name: [")
    plans = ("--plan", tmp_path / "broken.yml", tmp_path / "plan.yml")
    with process("decider", "-d", stage.domain, "-t", "t", *plans) as deciding:
        assert until(deciding, "plan_refused")["findings"]
        assert until(deciding, "daemon_started")["plans"] == ["Works 1.0"]


def test_no_configuration(stage: Stage) -> None:
    code, message = refused("worker", "-D", "d", "-A", "Work", "-V", "v1")
    assert code == 2
    assert "CPE_CONFIG" in message


def test_no_client(stage: Stage, tmp_path: Path) -> None:
    code, message = refused("inputpoller", "-c", tmp_path / "cpe.yml")
    assert code == 2
    assert "INPUT_QUEUE" in message


def test_a_decider_that_knows_no_queue_says_so(stage: Stage, tmp_path: Path) -> None:
    plan = ("--plan", tmp_path / "plan.yml")
    with process("decider", "-d", stage.domain, "-t", "t", *plan) as deciding:
        assert "CPE_CONFIG" in until(deciding, "no_output_queue")["note"]


@pytest.mark.parametrize("program", [decider, inputpoller, worker])
def test_help_and_usage(program: Any) -> None:
    assert CliRunner().invoke(program, ["-h"]).exit_code == 0
    assert CliRunner().invoke(program, ["--no-such-flag"]).exit_code == 2


def test_help_needs_no_aws() -> None:
    """`--help` answers at once: the heavy imports come later."""
    code = (
        "import sys; from cpe.cli import decider, inputpoller, worker; "
        "sys.exit(any(name in sys.modules for name in ('boto3', 'structlog', 'yaql', 'jsonschema')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
