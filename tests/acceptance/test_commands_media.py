"""What a client asks of jobs that transcode: to stop an ffmpeg that runs, and a task that waits for a worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cpe.client import ActivityStatus, Client, JobState, JobStatus
from tests.acceptance.stack import REPOSITORY, Stack, job, run_python, until
from tests.acceptance.test_processes import ffmpegs

STEP = "TranscodeAssetStep"


@pytest.fixture
def long_clip(stack: Stack, tmp_path: Path) -> str:
    path = tmp_path / "long.mp4"
    made = run_python(
        "-m", "activities.sample_clip", path, "--seconds", "90", "--size", "640x360", cwd=REPOSITORY
    )
    assert made.returncode == 0, made.stderr
    return stack.upload(path, "commands/long.mp4")


def order(file: str, name: str) -> dict[str, Any]:
    output = {
        "type": "VIDEO",
        "bucket": "cpe-output",
        "file": f"commands/{name}.mp4",
        "preset": "720p-generic",
    }
    return job("Transcode", file, output_asset={**output, "allow_upscale": True})


def wait_until(client: Client, job_id: str, status: ActivityStatus) -> None:
    for state in client.follow(job_id, timeout=60):
        transcode = state.activities.get(STEP)
        if transcode is not None and transcode.status is status:
            return
    raise AssertionError(job_id)


def end_of(client: Client, job_id: str) -> JobState:
    return client.job(job_id).wait(timeout=60)


def test_what_runs_and_what_waits_is_stopped_by_command(stack: Stack, long_clip: str) -> None:
    client = stack.client()
    running = [client.start_job(order(long_clip, f"running-{number}")) for number in range(2)]
    for job_id in running:
        wait_until(client, job_id, ActivityStatus.RUNNING)
    assert ffmpegs(stack)
    waiting = client.start_job(order(long_clip, "waiting"))
    wait_until(client, waiting, ActivityStatus.SCHEDULED)

    client.cancel_activity(waiting, STEP)
    state = end_of(client, waiting)
    assert (state.status, state.reason) == (JobStatus.FAILED, f"{STEP}: ACTIVITY_CANCELED")
    assert state.activities[STEP].status is ActivityStatus.CANCELED

    for job_id in running:
        client.cancel_job(job_id)
    assert [end_of(client, job_id).status for job_id in running] == [JobStatus.CANCELED] * 2
    until(lambda: not ffmpegs(stack), 10, "the end of ffmpeg")
    assert stack.outputs("commands/") == []
