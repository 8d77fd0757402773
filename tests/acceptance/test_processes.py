"""Real signals: what daemons do when they are told to stop, and what is left when they are killed."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import boto3
import psutil
import pytest

from cpe.client import JobState, JobStatus
from cpe.daemons.registration import LONGEST_DECISION
from cpe.protocol import Event, EventType
from tests.acceptance.jobs import pid_of
from tests.acceptance.stack import PATIENCE, REPOSITORY, Stack, job, run_python, standing_still, until


@pytest.fixture
def own_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """A stack that a test may break."""
    with Stack(tmp_path / "stack").running() as stack:
        for name, value in stack.environment.items():
            monkeypatch.setenv(name, value)
        yield stack


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip that takes long enough to transcode to be interrupted."""
    path = tmp_path_factory.mktemp("media") / "long.mp4"
    made = run_python(
        "-m", "activities.sample_clip", path, "--seconds", "20", "--size", "640x360", cwd=REPOSITORY
    )
    assert made.returncode == 0, made.stderr
    return path


def order(file: str) -> dict[str, object]:
    output = {"type": "VIDEO", "bucket": "cpe-output", "file": "signals/out.mp4", "preset": "720p-generic"}
    return job("Transcode", file, output_asset={**output, "allow_upscale": True})


def worker_of(stack: Stack, activity: str) -> psutil.Process | None:
    """The activity's worker; None while the stack starts it again."""
    for child in psutil.Process(stack.pid).children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if {activity, "cpe-worker"} <= set(child.cmdline()):
                return child
    return None


def transcoding(stack: Stack, clip: Path) -> tuple[str, psutil.Process]:
    """Start a job and wait until its transcode is under way; returns its id and the worker."""
    stack.upload(clip, "signals/long.mp4")
    job_id = stack.client().start_job(order("signals/long.mp4"))
    wait_for(stack, job_id, EventType.ACTIVITY_PROGRESS)
    worker = worker_of(stack, "TranscodeAsset")
    assert worker is not None
    return job_id, worker


def ffmpegs(stack: Stack) -> list[psutil.Process]:
    """Processes of ffmpeg that work in this stack's scratch directories."""
    return [
        process
        for process in psutil.process_iter(["name", "cmdline", "cwd"])
        if "ffmpeg" in (process.info["name"] or "") and str(stack.scratch) in (process.info["cwd"] or "")
    ]


@contextlib.contextmanager
def interrupted(stack: Stack) -> Iterator[None]:
    """Let no transcode get on during a block."""
    running = until(lambda: ffmpegs(stack), what="ffmpeg")
    with standing_still(*(process.pid for process in running)):
        assert ffmpegs(stack)
        yield


def wait_for(stack: Stack, job_id: str, kind: EventType) -> Event:
    stream = stack.client().events()
    for event in stream:
        if event.type is kind and event.job_id == job_id:
            stream.close()
            return event
    raise AssertionError


def test_a_killed_worker_leaves_no_ffmpeg_and_its_successor_no_scratch(
    own_stack: Stack, long_clip: Path
) -> None:
    _, worker = transcoding(own_stack, long_clip)
    # What stands still does not end because it is done.
    with interrupted(own_stack):
        worker.kill()
        until(lambda: not ffmpegs(own_stack), what="the end of ffmpeg")
    until(lambda: worker_of(own_stack, "TranscodeAsset") not in (None, worker), what="the next worker")
    until(lambda: not own_stack.leftovers(), what="the sweep of the scratch directory")


def test_a_worker_told_twice_to_stop_hands_its_task_to_the_next(own_stack: Stack, long_clip: Path) -> None:
    job_id, worker = transcoding(own_stack, long_clip)
    with interrupted(own_stack):
        worker.send_signal(signal.SIGTERM)
        until(lambda: own_stack.logged("daemon_stopping"), what="the first stop")
        worker.send_signal(signal.SIGTERM)
        failed = wait_for(own_stack, job_id, EventType.ACTIVITY_FAILED)
    assert failed.details["result"]["reason"] == "WORKER_STOPPED"
    assert failed.details["result"]["willRetry"] is True
    state = own_stack.client().job(job_id).wait(timeout=PATIENCE)
    assert state.status is JobStatus.COMPLETED
    assert state.activities["TranscodeAssetStep"].attempt == 2
    assert own_stack.outputs("signals/") == ["signals/out.mp4"]


def test_a_worker_told_once_to_stop_finishes_what_it_runs(own_stack: Stack, long_clip: Path) -> None:
    job_id, worker = transcoding(own_stack, long_clip)
    with interrupted(own_stack):
        worker.send_signal(signal.SIGTERM)
        until(lambda: own_stack.logged("daemon_stopping"), what="the stop")
    state = own_stack.client().job(job_id).wait(timeout=PATIENCE)
    assert state.status is JobStatus.COMPLETED
    assert state.activities["TranscodeAssetStep"].attempt == 1
    until(lambda: not worker.is_running(), what="the end of the worker")


def test_a_killed_decider_and_poller_lose_nothing(own_stack: Stack, clip: Path) -> None:
    own_stack.upload(clip, "signals/clip.mp4")
    client = own_stack.client()
    job_id = client.start_job(order("signals/clip.mp4"))
    run = wait_for(own_stack, job_id, EventType.ACTIVITY_SCHEDULED).workflow
    assert run is not None
    killed = set()
    for child in psutil.Process(own_stack.pid).children():
        if {"cpe-decider", "cpe-inputpoller"} & set(child.cmdline()):
            os.kill(child.pid, signal.SIGKILL)
            killed.add(child.pid)

    def ended() -> JobState | None:
        try:
            return client.job(job_id).wait(timeout=1)
        except TimeoutError:
            # A decision that was the killed one's is made by another once its time is up.
            (newest,) = boto3.client("swf").get_workflow_execution_history(
                domain="SADomain",
                execution={"workflowId": run.workflow_id, "runId": run.run_id},
                reverseOrder=True,
                maximumPageSize=1,
            )["events"]
            started = newest.get("decisionTaskStartedEventAttributes")
            if started is not None and pid_of(started) in killed:
                own_stack.advance(LONGEST_DECISION + 1)
            return None

    state = until(ended, what="the job's end")
    assert state is not None
    assert state.status is JobStatus.COMPLETED
    assert (
        client.job(client.start_job(order("signals/clip.mp4"))).wait(timeout=PATIENCE).status
        is JobStatus.COMPLETED
    )


def test_the_end_of_the_stack_is_the_end_of_all_its_processes(tmp_path: Path) -> None:
    with Stack(tmp_path / "stack").running() as stack:
        processes = psutil.Process(stack.pid).children(recursive=True)
        assert len(processes) >= 4
        os.kill(stack.pid, signal.SIGKILL)
        _, alive = psutil.wait_procs(processes, timeout=PATIENCE)
        assert alive == []
