"""The commands of ``docs/local-aws.md``, as they are printed there."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner

from cpe.cli.local import local
from cpe.local.faults import FaultKind, parse_faults
from cpe.local.faults.parse import decode_faults
from tests.acceptance.stack import PATIENCE, REPOSITORY

GUIDE = (REPOSITORY / "docs" / "local-aws.md").read_text("utf-8")
ENVIRONMENT = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}


def blocks(section: str, language: str = "sh") -> list[str]:
    """A section's blocks of code in one language."""
    text = GUIDE.split(f"\n## {section}\n")[1].split("\n## ")[0]
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@contextmanager
def started(command: str, cwd: Path) -> Iterator[list[str]]:
    """Run a command that starts the local AWS; give what it prints first."""
    assert command.startswith("cpe local")
    program = f"exec {sys.executable} -m cpe.cli.main local --port 0"
    with subprocess.Popen(
        ["/bin/bash", "-c", command.replace("cpe local", program)],
        cwd=cwd,
        env={**ENVIRONMENT, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield [process.stdout.readline().rstrip("\n") for _ in range(5)]
        finally:
            process.terminate()
    assert process.returncode == 0


def endpoint_of(printed: list[str]) -> str:
    return printed[1].removeprefix("export AWS_ENDPOINT_URL=")


def run(lines: str, endpoint: str) -> list[Any]:
    """Run commands line by line; give the JSON that each prints."""
    found = []
    for line in lines.splitlines():
        ended = subprocess.run(
            ["/bin/bash", "-c", line],
            env={**ENVIRONMENT, "AWS_ENDPOINT_URL": endpoint},
            capture_output=True,
            timeout=PATIENCE,
            check=True,
        )
        found.append(json.loads(ended.stdout) if ended.stdout else None)
    return found


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """What the guide's first command prints; it runs."""
    with started(blocks("Start")[0], tmp_path_factory.mktemp("local")) as lines:
        yield lines


def test_the_start(printed: list[str]) -> None:
    shown = GUIDE.split("```\n# local AWS")[1].partition("```")[0]
    port = endpoint_of(printed).rpartition(":")[2]
    assert "\n".join(printed) == f"# local AWS{shown}".replace("4566", port).strip()
    (told,) = blocks("Start", "json")
    assert run(blocks("Start")[1], endpoint_of(printed)) == [json.loads(told)]


def test_faults_are_switched_and_the_clock_is_moved(printed: list[str]) -> None:
    endpoint = endpoint_of(printed)
    (told,) = blocks("Faults", "json")
    expected = json.loads(told)
    assert run(blocks("Faults")[1], endpoint) == [expected, expected, {"seed": 0, "rules": []}]
    (told,) = blocks("Clock", "json")
    moved, read = run(blocks("Clock")[0], endpoint)
    assert moved.keys() == json.loads(told).keys()
    assert moved["offset"] == read["offset"] == json.loads(told)["offset"]
    run(blocks("Reset")[0], endpoint)
    assert run(blocks("Clock")[0].splitlines()[1], endpoint)[0]["offset"] == 0


def test_a_workflow_of_a_timer(printed: list[str], tmp_path: Path) -> None:
    environment = dict(line.removeprefix("export ").split("=") for line in printed[1:])
    (program,) = blocks("Try it", "python")
    run(blocks("Reset")[0], endpoint_of(printed))
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**ENVIRONMENT, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    expected = re.search(r"prints `(\[.*\])`", GUIDE)
    assert expected is not None
    assert ast.literal_eval(ended.stdout) == ast.literal_eval(expected[1])


@pytest.mark.parametrize("command", [*blocks("Data"), blocks("Faults")[0]])
def test_the_options(command: str, tmp_path: Path) -> None:
    with started(command, tmp_path) as lines:
        assert endpoint_of(lines).startswith("http://127.0.0.1:")
    assert (tmp_path / ".cpe" / "aws" / "swf.sqlite").exists() == ("--data" in command)


def test_the_record(tmp_path: Path) -> None:
    (command,), (told,) = blocks("Record"), blocks("Record", "json")
    with started(command, tmp_path) as lines:
        sqs = boto3.client("sqs", endpoint_url=endpoint_of(lines))
        sqs.send_message(QueueUrl=sqs.create_queue(QueueName="q")["QueueUrl"], MessageBody="hello")
    recorded = json.loads((tmp_path / "messages.jsonl").read_text())
    assert recorded.keys() == json.loads(told).keys()
    assert [recorded[key] for key in ("queue", "body")] == [
        json.loads(told)[key] for key in ("queue", "body")
    ]


def test_the_fault_file_says_what_it_seems_to() -> None:
    (content,) = blocks("Faults", "yaml")
    text = "seed=7 swf.RespondDecisionTaskCompleted.lost=0.1 s3.*.latency=1,ms=200 *.*.throttle=0.05,limit=3"
    assert decode_faults(content.encode(), place="guide") == parse_faults(text)


def test_every_kind_and_option_is_told() -> None:
    assert set(re.findall(r"^\| `(\w+)` \| (?:yes|no) \|", GUIDE, re.MULTILINE)) == set(FaultKind)
    helped = CliRunner().invoke(local, ["--help"]).output
    options = set(re.findall(r"--[a-z]+", helped)) - {"--help"}
    assert set(re.findall(r"^\| `(--[a-z]+)", GUIDE, re.MULTILINE)) == options
