"""What is wrong gets one clear message, and the daemons go on."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cpe.client import JobStatus
from cpe.protocol import Event
from cpe.protocol.events import rejected_id
from tests.acceptance.stack import PATIENCE, REPOSITORY, Stack, finish, job, until

NOWHERE = "http://127.0.0.1:9"
"""No AWS is there, so that a daemon under test reaches none."""


def video(**keys: object) -> dict[str, object]:
    return {
        "type": "VIDEO",
        "bucket": "cpe-output",
        "file": "bad/out.mp4",
        "preset": "320x240-generic",
        **keys,
    }


@pytest.fixture
def media(stack: Stack, clip: Path, tmp_path: Path) -> None:
    """A good clip, a text that says it is one, and the first half of one."""
    stack.upload(clip, "bad/good.mp4")
    (tmp_path / "text.mp4").write_text("this is no video\n" * 100)
    stack.upload(tmp_path / "text.mp4", "bad/text.mp4")
    content = clip.read_bytes()
    (tmp_path / "half.mp4").write_bytes(content[: len(content) // 2])
    stack.upload(tmp_path / "half.mp4", "bad/half.mp4")
    (tmp_path / "empty.mp4").touch()
    stack.upload(tmp_path / "empty.mp4", "bad/empty.mp4")


@pytest.mark.usefixtures("media")
@pytest.mark.parametrize(
    ("file", "output", "step", "reason"),
    [
        ("bad/good.mp4", {"preset": "360p-16.9-generik"}, "TranscodeAssetStep", "UNKNOWN_PRESET"),
        ("bad/nowhere.mp4", {}, "ValidateAssetStep", "OBJECT_NOT_FOUND"),
        ("bad/text.mp4", {}, "ValidateAssetStep", "INPUT_NOT_MEDIA"),
        ("bad/half.mp4", {}, "ValidateAssetStep", "INPUT_TRUNCATED"),
        ("bad/empty.mp4", {}, "ValidateAssetStep", "INPUT_EMPTY"),
        ("bad/good.mp4", {"bucket": "cpe-nowhere"}, "TranscodeAssetStep", "BUCKET_NOT_FOUND"),
        ("bad/good.mp4", {"size": "12 x 7; rm -rf /"}, "TranscodeAssetStep", "INPUT_INVALID"),
    ],
)
def test_a_job_that_cannot_be_done_fails_with_a_code(
    stack: Stack, file: str, output: dict[str, object], step: str, reason: str
) -> None:
    state = finish(stack.client(), job("Transcode", file, output_asset=video(**output)))
    assert state.status is JobStatus.FAILED
    assert state.reason == f"{step}: {reason}"
    assert state.details
    assert "Traceback" not in state.details
    assert state.activities[step].reason == reason
    until(lambda: not stack.leftovers(), what="an empty scratch directory")
    assert stack.outputs("bad/out") == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("{ not JSON", "INVALID_JSON"),
        ('{"time": 1, "type": "START_JOB", "jobId": "bad-1"}', "MISSING_FIELD"),
        ('{"time": 1, "type": "START_JOB", "jobId": "bad-2", "data": {"a": 1}}', "MISSING_FIELD"),
        ('{"time": 1, "type": "MAKE_TEA", "jobId": "bad-3", "data": {"a": 1}}', "UNKNOWN_COMMAND"),
        (
            json.dumps({"time": 1, "type": "START_JOB", "jobId": "bad-4", "data": job("Brew", "x")}),
            "UNKNOWN_WORKFLOW",
        ),
    ],
)
def test_a_command_that_cannot_be_carried_out_is_answered(stack: Stack, body: str, reason: str) -> None:
    rejected = _rejection_of(stack, stack.send(body))
    assert rejected.details["reason"] == reason
    assert rejected.details["details"]


def test_a_daemon_without_credentials_says_so_once(tmp_path: Path) -> None:
    for program, arguments in (
        (
            "decider",
            ["-d", "D", "-t", "T", "--plan", str(REPOSITORY / "plans"), "--output-queue", "http://q/1/o"],
        ),
        (
            "worker",
            ["-D", "D", "-A", "ValidateAsset", "-V", "v2", "-c", str(REPOSITORY / "config" / "cpe.yml")],
        ),
        ("inputpoller", ["-n", "ClientA", "-c", str(REPOSITORY / "config" / "cpe.yml")]),
    ):
        code, told = _daemon(
            program, *arguments, cwd=tmp_path, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY=""
        )
        assert code == 2, told
        assert len(told.splitlines()) == 1
        assert "no AWS credentials found; set AWS_ACCESS_KEY_ID" in told


def test_a_worker_without_ffmpeg_says_how_to_get_it(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    entry = {
        "name": "TranscodeAsset",
        "version": "v2",
        "class": "activities.transcode_asset:TranscodeAsset",
        "settings": {"ffmpeg": "/nowhere/ffmpeg"},
    }
    client = {
        "name": "ClientA",
        "queues": {"input": "http://127.0.0.1:9/1/i", "output": "http://127.0.0.1:9/1/o"},
    }
    config.write_text(json.dumps({"clients": [client], "activities": [entry]}))
    code, told = _daemon(
        "worker", "-D", "D", "-A", "TranscodeAsset", "-V", "v2", "-c", str(config), cwd=tmp_path
    )
    assert code == 2, told
    assert "/nowhere/ffmpeg" in told
    assert "Traceback" not in told


def test_a_worker_that_cannot_write_its_scratch_says_so(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, told = _daemon(
        *("worker", "-D", "SADomain", "-A", "TranscodeAsset", "-V", "v2"),
        *("-c", str(REPOSITORY / "config" / "cpe.yml")),
        cwd=tmp_path,
        CPE_SCRATCH=str(tmp_path / "file" / "scratch"),
    )
    assert code == 2, told
    assert str(tmp_path / "file") in told
    assert "Traceback" not in told


def test_a_decider_with_a_broken_plan_names_every_finding(tmp_path: Path) -> None:
    (tmp_path / "plan.yml").write_text(
        "name: x\nversion: 1\nactivities: []\nsteps: [{name: s, activity: a}]\n"
    )
    code, told = _daemon(
        *("decider", "-d", "D", "-t", "T", "--plan", "plan.yml", "--output-queue", "http://q/1/o"),
        cwd=tmp_path,
    )
    assert code == 2
    assert "plan.yml:4:29: UNKNOWN_ACTIVITY: there is no activity 'a'" in told


def _daemon(program: str, *arguments: str, cwd: Path, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", f"cpe.cli.{program}", *arguments],
        cwd=cwd,
        env={"AWS_ENDPOINT_URL": NOWHERE, **os.environ, "PYTHONPATH": str(REPOSITORY), **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stderr


def _rejection_of(stack: Stack, message_id: str) -> Event:
    """Wait for what is said of a message; what a test before this one has heard may come again."""
    with contextlib.closing(stack.client().events(wait=PATIENCE)) as stream:
        return next(event for event in stream if event.event_id == rejected_id(message_id))


def test_good_jobs_still_run(stack: Stack, clip: Path) -> None:
    stack.upload(clip, "bad/good.mp4")
    order: dict[str, Any] = job("Transcode", "bad/good.mp4", output_asset=video(file="bad/then-good.mp4"))
    assert finish(stack.client(), order).status is JobStatus.COMPLETED
