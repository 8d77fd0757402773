"""One video by many workers: cut, encoded in segments, joined; with real daemons, two workers an activity."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3

from activities.tools import find_tools
from cpe.client import JobStatus
from cpe.protocol import EventType
from tests.acceptance.stack import (
    PATIENCE,
    REPOSITORY,
    Stack,
    finish,
    follow_events,
    job,
    run_python,
    until,
)
from tests.media.clips import ClipMaker

SAMPLE = REPOSITORY / "client_example" / "input_samples" / "video_segments.json"


def film(folder: Path, seconds: int = 9) -> Path:
    path = folder / "film.mp4"
    made = run_python(
        "-m", "activities.sample_clip", path, "--seconds", str(seconds), "--size", "320x180", cwd=REPOSITORY
    )
    assert made.returncode == 0, made.stderr
    return path


def ladder(prefix: str) -> list[dict[str, Any]]:
    common = {"type": "VIDEO", "bucket": "cpe-output", "preset": "320x240-generic"}
    return [
        {**common, "file": f"{prefix}/auto.mp4", "frame_rate": "auto"},
        {**common, "file": f"{prefix}/small.mp4", "size": "160x90"},
    ]


def times(clips: ClipMaker, path: Path) -> list[str]:
    packets = clips.probe(path, "-show_packets", "-select_streams", "v")["packets"]
    return sorted((packet["pts_time"] for packet in packets), key=float)


def test_segments_make_what_one_activity_makes(stack: Stack, tmp_path: Path) -> None:
    stack.upload(film(tmp_path), "input/film.mp4")
    client = stack.client()
    thumb = {"type": "THUMB", "bucket": "cpe-output", "file": "cut/t.jpg", "size": "-1:90"}
    whole = job("TranscodeOutputs", "input/film.mp4", output_assets=ladder("whole"))
    parts = job("TranscodeSegments", "input/film.mp4", output_assets=[*ladder("cut"), thumb], segments=3)
    assert finish(client, whole).status is JobStatus.COMPLETED
    events = follow_events(client, parts)
    assert events[-1].type is EventType.WORKFLOW_COMPLETED, events[-1]

    made = {output["key"]: output for output in events[-1].details["result"]["outputs"]}
    assert sorted(made) == ["cut/auto.mp4", "cut/small.mp4", "cut/t.jpg"]
    assert stack.outputs("cut/") == sorted(made)
    assert stack.outputs("cpe-work/") == [], "the parts are gone"
    started = {
        event.activity.activity_id
        for event in events
        if event.type is EventType.ACTIVITY_STARTED and event.activity
    }
    assert {f"SegmentsStep[{index}]" for index in range(4)} <= started, "the sound and three segments"
    told = {
        event.details["result"]["part"]
        for event in events
        if event.type is EventType.ACTIVITY_PROGRESS and "part" in event.details["result"]
    }
    assert told == {"sound", "segment 0", "segment 1", "segment 2"}

    clips = ClipMaker(tools=find_tools(None, None), folder=tmp_path)
    for name in ("auto.mp4", "small.mp4"):
        one = stack.download(f"whole/{name}", tmp_path / "one.mp4")
        joined = stack.download(f"cut/{name}", tmp_path / "joined.mp4")
        assert times(clips, joined) == times(clips, one)
        assert joined.stat().st_size == made[f"cut/{name}"]["size"]


def test_a_short_video_is_made_in_one_piece(stack: Stack, clip: Path) -> None:
    stack.upload(clip, "input/short.mp4")
    state = finish(stack.client(), job("TranscodeSegments", "input/short.mp4", output_assets=ladder("short")))
    assert state.status is JobStatus.COMPLETED, (state.reason, state.details)
    assert stack.outputs("short/") == ["short/auto.mp4", "short/small.mp4"]
    assert [output["key"] for output in state.result["outputs"]] == stack.outputs("short/")


def test_the_sample_job_runs(stack: Stack, tmp_path: Path) -> None:
    order: Mapping[str, Any] = json.loads(SAMPLE.read_text())
    stack.upload(film(tmp_path), order["input_asset"]["file"].lstrip("/"))
    state = finish(stack.client(), order)
    assert state.status is JobStatus.COMPLETED, (state.reason, state.details)
    wanted = [asset["file"].lstrip("/") for asset in order["output_assets"]]
    assert sorted(output["key"] for output in state.result["outputs"]) == sorted(wanted)


def test_a_cancelled_job_leaves_no_parts(stack: Stack, tmp_path: Path) -> None:
    # Too long to be done before it is cancelled.
    stack.upload(film(tmp_path, seconds=90), "input/cancelled.mp4")
    client = stack.client()
    slow = [{**output, "size": "1280x720", "allow_upscale": True} for output in ladder("cancelled")]
    order = job("TranscodeSegments", "input/cancelled.mp4", output_assets=slow, segments=12)
    job_id = client.start_job(order)
    until(lambda: stack.outputs("cpe-work/"), what="the first part")
    boto3.client("swf").request_cancel_workflow_execution(domain="SADomain", workflowId=f"ClientA.{job_id}")
    state = client.job(job_id).wait(timeout=PATIENCE)
    assert state.status is JobStatus.CANCELED, (state.reason, state.details)
    assert stack.outputs("cancelled/") == []
    assert stack.outputs("cpe-work/") == []
