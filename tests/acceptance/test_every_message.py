"""Every command and every event, between client processes and daemon processes.

The tests are a story, told once for each client; the last one finds what none of them sent or heard.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from cpe.protocol import CommandType, EventType
from tests.acceptance.parties import Example, Party, Program, Refused
from tests.acceptance.site import PLANS, Site
from tests.acceptance.stack import REPOSITORY, job, run_python, until
from tests.acceptance.test_processes import ffmpegs

STEP = "TranscodeAssetStep"
PARTIES = {"ClientA": Example, "ClientB": Program}

_tried: dict[str, set[str]] = {}
"""The tests of this module that a client went through."""


@pytest.fixture(scope="module", params=PARTIES)
def _party(_site: Site, request: pytest.FixtureRequest) -> Iterator[Party]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _site.environment.items():
            patch.setenv(name, value)
        with PARTIES[request.param](request.param, _site.clients[request.param]) as party:
            yield party


@pytest.fixture
def party(site: Site, _party: Party, request: pytest.FixtureRequest) -> Party:
    """A client of the site, in each of its two forms."""
    _tried.setdefault(_party.name, set()).add(request.function.__name__)
    return _party


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip that takes longer to transcode than any test waits."""
    path = tmp_path_factory.mktemp("media") / "long.mp4"
    options = ("--seconds", "120", "--size", "160x120")
    made = run_python("-m", "activities.sample_clip", path, *options, cwd=REPOSITORY)
    assert made.returncode == 0, made.stderr
    return path


def order(file: str, output: str, preset: str = "320x240-generic") -> dict[str, Any]:
    """What a job of the plan `Transcode` takes."""
    asset = {"type": "VIDEO", "bucket": "cpe-output", "file": output, "preset": preset}
    return {
        key: value
        for key, value in job("Transcode", file, output_asset={**asset, "allow_upscale": True}).items()
        if key != "workflow"
    }


def test_a_video_is_made_and_asked_about_and_made_again(site: Site, party: Party, clip: Path) -> None:
    site.upload(clip, f"{party.name}/clip.mp4")
    job_id = party.start("Transcode", order(f"{party.name}/clip.mp4", f"{party.name}/made.mp4"))
    assert party.closed(job_id).type is EventType.WORKFLOW_COMPLETED
    scheduled = party.event(job_id, EventType.WORKFLOW_SCHEDULED)
    for phase in ("SCHEDULED", "STARTED", "PREPARING", "PROGRESS", "FINISHING", "COMPLETED"):
        party.event(job_id, EventType(f"ACTIVITY_{phase}"), STEP)

    (status,) = party.ask(CommandType.GET_JOB_STATUS, job_id)
    assert scheduled.workflow is not None
    assert (status["status"], status["run_id"]) == ("COMPLETED", scheduled.workflow.run_id)
    activities = party.ask(CommandType.GET_ACTIVITY_LIST, job_id)
    assert activities == status["activities"]
    assert {one["activity_id"]: one["status"] for one in activities} == {
        "ValidateAssetStep": "COMPLETED",
        STEP: "COMPLETED",
    }
    (activity,) = party.ask(CommandType.GET_ACTIVITY_STATUS, job_id, STEP)
    assert activity["result"] == party.event(job_id, EventType.ACTIVITY_COMPLETED, STEP).details["result"]
    assert job_id in {one["job_id"] for one in party.ask(CommandType.GET_JOB_LIST, "COMPLETED")}

    with pytest.raises(Refused, match="JOB_COMPLETED"):
        party.ask(CommandType.RETRY_JOB, job_id)
    assert party.event(job_id, EventType.COMMAND_REJECTED).details["command"] == "RETRY_JOB"
    party.ask(CommandType.RETRY_JOB, job_id, STEP)
    again = party.event(job_id, EventType.WORKFLOW_SCHEDULED, number=2)
    party.event(job_id, EventType.WORKFLOW_COMPLETED, number=2)
    (status,) = party.ask(CommandType.GET_JOB_STATUS, job_id)
    assert again.workflow is not None
    assert (status["status"], status["run_id"]) == ("COMPLETED", again.workflow.run_id)
    assert len(party.heard(job_id, EventType.ACTIVITY_STARTED)) == 3


def test_an_ffmpeg_that_runs_and_a_task_that_waits_are_stopped(
    site: Site, party: Party, long_clip: Path
) -> None:
    site.upload(long_clip, f"{party.name}/long.mp4")

    def start(number: int) -> str:
        output = f"{party.name}/stopped-{number}.mp4"
        return party.start("Transcode", order(f"{party.name}/long.mp4", output, "720p-generic"))

    first = start(1)
    party.event(first, EventType.ACTIVITY_PROGRESS, STEP)
    second, third = start(2), start(3)
    for job_id in (second, third):
        party.event(job_id, EventType.ACTIVITY_SCHEDULED, STEP)

    # One that waits for the worker, which it never gets.
    party.ask(CommandType.CANCEL_ACTIVITY, third, STEP)
    assert party.closed(third).type is EventType.WORKFLOW_FAILED
    assert party.closed(third).details["reason"] == f"{STEP}: ACTIVITY_CANCELED"
    party.event(third, EventType.ACTIVITY_CANCEL_REQUESTED, STEP)
    party.event(third, EventType.ACTIVITY_CANCELED, STEP)
    assert STEP not in {
        event.activity and event.activity.activity_id
        for event in party.heard(third, EventType.ACTIVITY_STARTED)
    }
    with pytest.raises(Refused, match="JOB_CLOSED"):
        party.ask(CommandType.CANCEL_JOB, third)
    # The first goes on: an ffmpeg for each of its segments, and one for the sound.
    running = until(lambda: ffmpegs(site), what="ffmpeg")
    assert not party.heard(first, EventType.ACTIVITY_CANCELED)

    # One that runs; what waited for its worker runs then, and its job is cancelled.
    party.ask(CommandType.CANCEL_ACTIVITY, first, STEP)
    assert party.closed(first).type is EventType.WORKFLOW_FAILED
    party.event(first, EventType.ACTIVITY_CANCELED, STEP)
    assert not any(process.is_running() for process in running)
    party.event(second, EventType.ACTIVITY_PROGRESS, STEP)
    until(lambda: ffmpegs(site), what="the next job's ffmpeg")
    party.ask(CommandType.CANCEL_JOB, second)
    assert party.closed(second).type is EventType.WORKFLOW_CANCELED
    party.event(second, EventType.JOB_CANCEL_REQUESTED)
    party.event(second, EventType.ACTIVITY_CANCELED, STEP)
    assert not ffmpegs(site)
    assert site.outputs(f"{party.name}/stopped") == []


def test_a_job_waits_for_a_signal_and_goes_on_in_runs(site: Site, party: Party) -> None:
    job_id = party.start("GoesOn", {"list": [{"value": number} for number in range(20)]})
    party.ask(CommandType.SIGNAL_JOB, job_id, "approve", '{"by": "Ann", "ok": true}')
    assert party.event(job_id, EventType.JOB_SIGNALED).details["signal"] == "approve"
    closed = party.closed(job_id)
    assert closed.details["result"] == {"by": "Ann", "values": list(range(20))}
    continued = party.event(job_id, EventType.WORKFLOW_CONTINUED)
    assert closed.workflow is not None
    assert continued.workflow != closed.workflow
    with pytest.raises(Refused, match="SIGNAL_RESERVED"):
        party.ask(CommandType.SIGNAL_JOB, job_id, "cpe.cancel_activity", '"Do[1]"')


def test_a_task_whose_worker_is_killed_is_done_by_another(site: Site, party: Party, tmp_path: Path) -> None:
    release = tmp_path / "go on"
    job_id = party.start("Again", {"try": {"until": str(release)}}, version="1.0")
    started = party.event(job_id, EventType.ACTIVITY_STARTED, "Try")
    assert started.workflow is not None
    history = boto3.client("swf").get_workflow_execution_history(
        domain="SADomain",
        execution={"workflowId": started.workflow.workflow_id, "runId": started.workflow.run_id},
    )
    (identity,) = (
        event["activityTaskStartedEventAttributes"]["identity"]
        for event in history["events"]
        if event["eventType"] == "ActivityTaskStarted"
    )
    os.kill(int(identity.rpartition(":")[2]), signal.SIGKILL)
    site.start_worker("Work")
    site.advance(60)
    timeout = party.event(job_id, EventType.ACTIVITY_TIMEOUT, "Try").details
    assert (timeout["timeoutType"], timeout["attempt"], timeout["willRetry"]) == ("HEARTBEAT", 1, True)
    party.event(job_id, EventType.ACTIVITY_STARTED, "Try", 2)
    release.touch()
    assert party.closed(job_id).type is EventType.WORKFLOW_COMPLETED
    (activity,) = party.ask(CommandType.GET_ACTIVITY_LIST, job_id)
    assert (activity["status"], activity["attempt"]) == ("COMPLETED", 2)


def test_jobs_fail_take_too_long_and_are_terminated(site: Site, party: Party) -> None:
    failing = party.start("Parallel")
    slow, ended = party.start("Endless", timeout=2), party.start("Endless")
    assert party.closed(failing).details["reason"] == "Bad: BROKEN"
    failed = party.event(failing, EventType.ACTIVITY_FAILED, "Bad").details["result"]
    assert (failed["reason"], failed["willRetry"]) == ("BROKEN", False)

    name = f"{party.name}.{ended}"
    terminated = run_python(
        *("-m", "cpe.cli.main", "job", "terminate", name, "--reason", "no more", "--yes"), cwd=site.folder
    )
    assert (terminated.returncode, terminated.stderr) == (0, "")
    until(lambda: party.ask(CommandType.GET_JOB_STATUS, slow)[0]["status"] == "TIMED_OUT")
    # A decider that starts looks at once for what no decider has seen; those that run do so now and then.
    with site.deciders("nothing", PLANS):
        assert party.closed(slow).type is EventType.WORKFLOW_TIMED_OUT
        closed = party.closed(ended)
    assert (closed.type, closed.details["reason"]) == (EventType.WORKFLOW_TERMINATED, "no more")


def test_nothing_is_left_untried(site: Site, party: Party) -> None:
    if _tried[party.name] != {name for name in globals() if name.startswith("test_")}:
        pytest.skip("counts what all tests of this module do together")
    answered = [entry for entry in site.logged("command_answered") if entry["client"] == party.name]
    assert {entry["command"] for entry in answered} == {command.value for command in CommandType}
    assert party.kinds() == set(EventType)
