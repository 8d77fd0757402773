"""The example clients as processes: commander and poller against real queues."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from client_example.demo import demo_job
from cpe.local.server import LocalAws
from cpe.plan import load_plans
from cpe.protocol import Event, EventType, WorkflowRef, decode_command, encode_event
from cpe.protocol.requests import workflow_request

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

ROOT = Path(__file__).parents[2]
SAMPLES = sorted((ROOT / "client_example" / "input_samples").glob("*.json"))
PLANS = load_plans([ROOT / "plans"])
DEADLINE = 100.0


@pytest.fixture
def sqs(local_aws: LocalAws) -> SQSClient:
    return boto3.client("sqs")


@pytest.fixture
def config(sqs: SQSClient, tmp_path: Path) -> Path:
    urls = {
        name: sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
        for name in ("input", "output")
    }
    file = tmp_path / "clientConfig.json"
    file.write_text(json.dumps({"clients": [{"name": "ClientA", "queues": urls}]}))
    return file


def url(config: Path, queue: str) -> str:
    return str(json.loads(config.read_text())["clients"][0]["queues"][queue])


def arguments(program: str, config: Path, *more: str) -> list[str]:
    return [sys.executable, str(ROOT / "client_example" / program), "-c", str(config), *more]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm"}


def command(config: Path, typed: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments("client_commander.py", config),
        input=typed,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        env=environment(),
        check=False,
    )


def until(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not met():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_each_sample_is_sent(sqs: SQSClient, config: Path, sample: Path) -> None:
    done = command(config, f"start_job {sample} j-1\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "START_JOB sent, jobId j-1\n"
    answer = sqs.receive_message(QueueUrl=url(config, "input"))
    sent = decode_command(answer["Messages"][0]["Body"])
    assert sent.data == json.loads(sample.read_text())
    request = workflow_request(sent)
    plan = PLANS[request.name, request.version]
    plan.input_spec.check({**sent.data, "client": {"name": "ClientA"}}, "the sample")


def test_every_plan_has_a_sample() -> None:
    workflows = [json.loads(sample.read_text())["workflow"] for sample in SAMPLES]
    assert {(workflow["name"], workflow["version"]) for workflow in workflows} == set(PLANS)


def test_an_error_is_one_line_and_the_commander_goes_on(sqs: SQSClient, config: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text('{"workflow": }')
    (tmp_path / "empty.json").write_text("{}")
    (tmp_path / "binary.json").write_bytes(b"\xff")
    typed = [
        "",
        "explode now",
        "start_job",
        'start_job "a',
        f"start_job {tmp_path / 'missing.json'}",
        f"start_job {tmp_path}",
        f"start_job {tmp_path / 'broken.json'}",
        f"start_job {tmp_path / 'empty.json'}",
        f"start_job {tmp_path / 'binary.json'}",
        f"start_job {SAMPLES[0]} a/b",
        "upload x",
        f"upload {tmp_path / 'missing.mp4'} cpe-input/x",
        f"download cpe-none/x {tmp_path / 'x'}",
        "help",
        f"start_job {SAMPLES[0]} good",
        "quit",
        "explode after quit",
    ]
    done = command(config, "\n".join(typed))
    complaints = done.stderr.splitlines()
    assert done.returncode == 1
    assert len(complaints) == 12
    assert all(line.startswith("error: ") for line in complaints)
    assert "line 1, column 14" in done.stderr
    assert "data is empty (MISSING_FIELD)" in done.stderr
    assert "FILE [JOB_ID] - ask for the job that the JSON file describes" in done.stdout
    assert done.stdout.endswith("START_JOB sent, jobId good\n")


def test_files_go_to_buckets_and_back(config: Path, tmp_path: Path) -> None:
    boto3.client("s3").create_bucket(Bucket="cpe-input")
    source, target = tmp_path / "a file.txt", tmp_path / "new" / "copy.txt"
    source.write_text("content")
    done = command(
        config, f"upload '{source}' cpe-input/in/a.txt\ndownload s3://cpe-input/in/a.txt '{target}'\n"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert target.read_text() == "content"
    done = command(config, f"upload '{source}' cpe-none/a\ndownload cpe-input/none {target}\n")
    assert done.stderr.splitlines() == [
        f"error: upload of {source} to s3://cpe-none/a: there is no such bucket (STORAGE_REFUSED)",
        f"error: download of s3://cpe-input/none to {target}: there is no such object (STORAGE_REFUSED)",
    ]


def test_requests_are_logged_on_demand_without_signatures(config: Path) -> None:
    done = subprocess.run(
        arguments("client_commander.py", config, "-d", "start_job", str(SAMPLES[0]), "j1"),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        env=environment(),
        check=False,
    )
    (line,) = done.stderr.splitlines()
    assert line.startswith("DEBUG Making request for OperationModel(name=SendMessage)")
    assert "START_JOB" in line
    assert "Signature" not in line


def test_the_configuration_may_be_named_by_a_variable(sqs: SQSClient, config: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "client_example" / "client_commander.py"), "start_job", str(SAMPLES[0])],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        env=environment() | {"CPE_CLIENT_CONFIG": str(config)},
        cwd=tmp_path / "..",
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Messages" in sqs.receive_message(QueueUrl=url(config, "input"))


@pytest.mark.parametrize("program", ["client_commander.py", "client_poller.py"])
def test_a_configuration_that_is_not_there_is_one_line(program: str, config: Path) -> None:
    done = subprocess.run(
        arguments(program, config.with_name("none.json")),
        input="",
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        env=environment(),
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == f"{program}: {config.with_name('none.json')}: No such file or directory\n"
    assert done.stdout == ""


def test_a_person_types_completes_and_leaves(config: Path, tmp_path: Path) -> None:
    main, terminal = pty.openpty()
    typed = f"start_j\t{SAMPLES[0].parent}/water\tj-9\nexplode\n\x04"
    process = subprocess.Popen(
        arguments("client_commander.py", config),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=environment() | {"HOME": str(tmp_path)},
        start_new_session=True,
    )
    os.close(terminal)
    try:
        shown = seen(main, "ClientA> ")
        os.write(main, typed.encode())
        assert process.wait(DEADLINE) == 0
        shown += seen(main, None)
    finally:
        process.kill()
        process.wait()
        os.close(main)
    assert "START_JOB sent, jobId j-9" in shown
    assert "error: 'explode' is no command" in shown
    assert "explode" in (tmp_path / ".cpe_commander_history").read_text()


def seen(terminal: int, text: str | None) -> str:
    """What a terminal shows, until it shows the text, or until nothing more comes."""
    shown = ""
    deadline = time.monotonic() + DEADLINE
    while text is None or text not in shown:
        assert time.monotonic() < deadline, shown
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                shown += os.read(terminal, 65536).decode(errors="replace")
            except OSError:  # Linux says so when the other side has closed
                break
        elif text is None:
            break
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)


def told(number: int, event_type: EventType) -> Event:
    return Event(
        type=event_type,
        time=1_700_000_000.0 + number,
        event_id=f"e{number}",
        job_id="j1",
        workflow=WorkflowRef(workflow_id="ClientA.j1", run_id="run1"),
        details={"workflowType": {"name": "Transcode", "version": "1.0"}, "input": {}}
        if event_type is EventType.WORKFLOW_SCHEDULED
        else {},
    )


@contextmanager
def poller(config: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        arguments("client_poller.py", config, *more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def jobs(config: Path) -> list[tuple[str, ...]]:
    database = config.with_suffix(".sqlite")
    if not database.exists():
        return []
    with closing(sqlite3.connect(database)) as connection:
        try:
            return connection.execute("SELECT job_id, run_id, status FROM jobs").fetchall()
        except sqlite3.OperationalError:  # its tables are being made
            return []


def test_the_poller_survives_a_kill(sqs: SQSClient, config: Path) -> None:
    def publish(event: Event) -> None:
        sqs.send_message(QueueUrl=url(config, "output"), MessageBody=encode_event(event))

    publish(told(1, EventType.WORKFLOW_SCHEDULED))
    with poller(config):
        until(lambda: jobs(config) == [("j1", "run1", "SCHEDULED")])
    publish(told(2, EventType.WORKFLOW_COMPLETED))
    with poller(config) as second:
        assert second.stdout is not None
        until(lambda: jobs(config) == [("j1", "run1", "COMPLETED")])
        assert second.stdout.readline() == "2023-11-14T22:13:22Z j1 WORKFLOW_COMPLETED\n"
        second.send_signal(signal.SIGTERM)
        assert second.wait(DEADLINE) == 0
        assert second.stderr is not None
        assert second.stderr.read() == ""


def test_the_poller_prints_every_event_as_json(sqs: SQSClient, config: Path) -> None:
    event = told(1, EventType.WORKFLOW_SCHEDULED)
    sqs.send_message(QueueUrl=url(config, "output"), MessageBody=encode_event(event))
    with poller(config, "-d", "--database", str(config.with_name("other.sqlite"))) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == encode_event(event) + "\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE) == 0
    assert config.with_name("other.sqlite").exists()


def test_the_demos_job_is_of_the_plan_for_many_outputs() -> None:
    job = demo_job("input/clip.mov")
    assert job["workflow"]["name"] == "TranscodeOutputs"
    assert [asset["file"] for asset in job["output_assets"]] == ["output/clip-360p.mp4", "output/clip.jpg"]
