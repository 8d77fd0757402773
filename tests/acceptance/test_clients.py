"""Clients as programs: the example's poller and commander, and one that knows the original's fields only."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from cpe.client import Client
from tests.acceptance.site import Site
from tests.acceptance.stack import PATIENCE, REPOSITORY, Stack, run_python, until

EXAMPLES = REPOSITORY / "client_example"

PROGRAMS = Path(__file__).parent / "programs"


def test_the_originals_command_is_carried_out_and_its_fields_tell_of_the_job(
    stack: Stack, clip: Path
) -> None:
    source = (PROGRAMS / "original_client.py").read_text()
    assert "cpe" not in re.findall(r"^(?:import|from) (\w+)", source, re.MULTILINE)
    stack.upload(clip, "input/of-old.mp4")
    done = run_python(
        *(PROGRAMS / "original_client.py", stack.environment["CPE_CLIENT_CONFIG"]),
        *(PROGRAMS / "original_start_job.json", "/input/of-old.mp4", "/of-old/out.mp4"),
        cwd=stack.folder,
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = done.stdout.splitlines()
    assert "WORKFLOW_SCHEDULED" in told
    assert told[-1] == "WORKFLOW_COMPLETED"
    for name in ("ValidateAsset", "TranscodeAsset"):
        assert {f"ACTIVITY_{what} {name}" for what in ("SCHEDULED", "STARTED", "COMPLETED")} <= set(told)
    assert "ACTIVITY_PROGRESS TranscodeAsset" in told
    assert stack.outputs("of-old/") == ["of-old/out.mp4"]


def test_the_first_command_of_the_protocols_page_is_carried_out_as_it_stands(
    stack: Stack, clip: Path
) -> None:
    page = (REPOSITORY / "docs" / "protocol.md").read_text("utf-8")
    body = re.findall(r"```json\n(.*?)```", page, re.DOTALL)[0]
    s3 = boto3.client("s3")
    for bucket in ("my-input", "my-output"):
        s3.create_bucket(Bucket=bucket)
    s3.upload_file(str(clip), "my-input", "input/video1.mp4")
    stack.send(body)
    state = stack.client().job(json.loads(body)["jobId"]).wait(timeout=PATIENCE)
    assert (state.status.value, state.reason) == ("COMPLETED", None)
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket="my-output")["Contents"]] == [
        "output/video1.mp4"
    ]


@contextmanager
def poller(config: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, str(EXAMPLES / "client_poller.py"), "-c", str(config), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def commander(config: Path, *words: str) -> str:
    done = run_python(EXAMPLES / "client_commander.py", "-c", config, *words, cwd=config.parent)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def exported(file: Path, job_id: str) -> dict[str, Any]:
    if not file.exists():
        return {}
    jobs = json.loads(file.read_text("utf-8"))["jobs"]
    return next((job for job in jobs if job["jobId"] == job_id), {})


def test_a_poller_that_is_killed_in_mid_job_knows_the_job_to_its_end(
    stack: Stack, clip: Path, tmp_path: Path
) -> None:
    stack.upload(clip, "input/video1.mp4")
    config, file = tmp_path / "client.json", tmp_path / "jobs.json"
    config.write_text(Path(stack.environment["CPE_CLIENT_CONFIG"]).read_text("utf-8"))
    sample = EXAMPLES / "input_samples" / "video_approved.json"
    job_id = uuid.uuid4().hex

    def activities() -> dict[str, str]:
        told = exported(file, job_id).get("activities", [])
        return {activity["activityId"]: activity["status"] for activity in told}

    with poller(config, "--export", str(file)) as first:
        assert "accepted" in commander(config, "start_job", str(sample), job_id, "--wait")
        until(lambda: activities() == {"ThumbnailStep": "COMPLETED"}, what="the thumbnail")
        assert commander(config, "get_job_status", job_id).startswith(
            f"{job_id}  TranscodeApproved 1.0  RUNNING"
        )
        first.send_signal(signal.SIGKILL)
        first.wait()
    # What now happens, happens without it.
    sender = Client.from_config(config, reads=False)
    sender.signal(job_id, "review", {"approved": True}, wait=False)
    until(lambda: "output/approved/video1-360p.mp4" in stack.outputs("output/"), what="the video")
    with poller(config, "--export", str(file)) as second:
        until(lambda: exported(file, job_id).get("done"), what="the job's end in the file")
        listed = commander(config, "get_job_list", "--status", "COMPLETED", "--json")
        assert job_id in {json.loads(line)["job_id"] for line in listed.splitlines()}
        second.send_signal(signal.SIGTERM)
        assert second.wait(PATIENCE) == 0
        assert second.stderr is not None
        assert second.stderr.read() == ""
    job = exported(file, job_id)
    assert job["status"] == "COMPLETED"
    assert activities() == {"ThumbnailStep": "COMPLETED", "TranscodeAssetStep": "COMPLETED"}
    assert [one["progress"] for one in job["activities"]] == [100.0, 100.0]
    dumped = run_python(EXAMPLES / "client_poller.py", "-c", config, "--dump", cwd=tmp_path)
    assert json.loads(dumped.stdout) == json.loads(file.read_text("utf-8"))

    # Without a poller the commander reads the queue itself; a job that completed is done again on demand.
    assert "runId" in commander(config, "retry_job", job_id, "--from", "TranscodeAssetStep")
    statuses = {"RUNNING", "COMPLETED"}
    assert set(commander(config, "get_job_status", job_id).split()) & statuses
    until(lambda: " COMPLETED " in commander(config, "get_job_status", job_id), what="the second run's end")


def test_a_poller_that_is_killed_amid_a_stream_of_events_misses_none(site: Site, tmp_path: Path) -> None:
    config, file = tmp_path / "client.json", tmp_path / "jobs.json"
    config.write_text(site.clients["Stubborn"].read_text("utf-8"))

    def runs() -> set[str]:
        answered = site.logged("decision_answered")
        return {entry["runId"] for entry in answered if job_id in entry["workflowId"]}

    def all_is_told(job: dict[str, Any]) -> bool:
        ended = {one["status"] for one in job["activities"]} == {"COMPLETED"}
        return ended and len(job["activities"]) == len(items) and set(job["runs"]) == runs()

    # A third for each of those that are killed; the second and the third are done once they are released.
    gates = [tmp_path / f"go on {number}" for number in range(3)]
    items = list(range(60))
    sender = Client.from_config(config, reads=False)
    job_id = sender.start_job(
        {
            "workflow": {"name": "GoesOn", "version": "1.0"},
            "list": [{"value": item, "until": str(gates[item // 20])} for item in items],
        }
    )
    until(lambda: job_id in {entry["jobId"] for entry in site.logged("command_answered")}, what="the start")
    sender.signal(job_id, "approve", {"by": "Ann", "ok": True}, wait=False)
    # Each sees something new; some of it is read, kept or deleted, and some not yet.
    for gate, lines in zip(gates, (5, 20, 40), strict=True):
        with poller(config, "--export", str(file), "-d") as running:
            gate.touch()
            assert running.stdout is not None
            for _ in range(lines):
                assert running.stdout.readline()
            running.send_signal(signal.SIGKILL)
    with poller(config, "--export", str(file)):
        until(lambda: exported(file, job_id).get("done"), what="the job's end in the file")
        # A poller that dies takes a batch along, for as long as the queue hides it.
        until(lambda: all_is_told(exported(file, job_id)), what="what the killed ones had taken")
    job = exported(file, job_id)
    assert (job["status"], job["result"]) == ("COMPLETED", {"by": "Ann", "values": items})
    assert {one["activityId"]: one["progress"] for one in job["activities"]} == {
        f"Do[{item}]": 100.0 for item in items
    }
    assert len(runs()) > 1
    assert set(job["runs"]) == runs()


def test_there_is_one_poller_for_a_database(stack: Stack, tmp_path: Path) -> None:
    config = tmp_path / "client.json"
    config.write_text(Path(stack.environment["CPE_CLIENT_CONFIG"]).read_text("utf-8"))
    with poller(config):
        until((tmp_path / "client.sqlite").exists, what="the database")
        done = run_python(EXAMPLES / "client_poller.py", "-c", config, cwd=tmp_path)
        assert done.returncode == 2
        assert "another poller keeps its jobs in" in done.stderr
