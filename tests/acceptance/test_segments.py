"""One video by many workers: cut, encoded in segments, joined; with real daemons, two workers an activity."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from activities.ffmpeg.tools import find_tools
from cpe.client import ActivityStatus, JobStatus
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

EXAMPLES = REPOSITORY / "client_example" / "input_samples"
SAMPLES = ("video_segments.json", "playlist_segments.json")


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


def times(clips: ClipMaker, path: Path, kind: str = "v") -> list[str]:
    packets = clips.probe(path, "-show_packets", "-select_streams", kind)["packets"]
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


def playlist(prefix: str) -> dict[str, Any]:
    common = {"preset": "320x240-generic", "frame_rate": "auto"}
    return {
        "type": "PLAYLIST",
        "bucket": "cpe-output",
        "file": f"{prefix}/movie.m3u8",
        "renditions": [common, {**common, "size": "160x90"}],
        "segment_seconds": 4,
    }


def test_segments_make_the_playlist_that_one_activity_makes(stack: Stack, tmp_path: Path) -> None:
    stack.upload(film(tmp_path), "input/ladder.mp4")
    client = stack.client()
    whole = job("TranscodeOutputs", "input/ladder.mp4", output_assets=[playlist("one")])
    parts = job("TranscodeSegments", "input/ladder.mp4", output_assets=[playlist("fleet")], segments=3)
    assert finish(client, whole).status is JobStatus.COMPLETED
    events = follow_events(client, parts)
    assert events[-1].type is EventType.WORKFLOW_COMPLETED, events[-1]
    made = [output["key"] for output in events[-1].details["result"]["outputs"]]
    assert made == ["fleet/movie.mpd", "fleet/movie.m3u8"]
    names = [key.removeprefix("fleet/") for key in stack.outputs("fleet/")]
    assert names == [key.removeprefix("one/") for key in stack.outputs("one/")]
    assert [name for name in names if name.startswith("movie/video-2/0")] == [
        f"movie/video-2/0000{number}.m4s" for number in (1, 2, 3)
    ]
    assert stack.outputs("cpe-work/") == [], "the parts are gone"

    clips = ClipMaker(tools=find_tools(None, None), folder=tmp_path)
    for stream in ("video-1", "video-2", "audio-1"):
        folders = [f"{prefix}/movie/{stream}/" for prefix in ("one", "fleet")]
        one, fleet = (whole_stream(stack, folder, names, tmp_path) for folder in folders)
        assert times(clips, fleet, stream[0]) == times(clips, one, stream[0])


def whole_stream(stack: Stack, folder: str, names: list[str], place: Path) -> Path:
    """Put the segments of a stream together, as a player does."""
    inside = folder.partition("/")[2]
    segments = [
        name.removeprefix(inside) for name in names if name.startswith(inside) and name.endswith(".m4s")
    ]
    parts = [stack.download(f"{folder}{name}", place / name) for name in ("init.mp4", *segments)]
    path = place / folder.replace("/", "-")
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_sample_jobs_run(stack: Stack, tmp_path: Path, sample: str) -> None:
    order: Mapping[str, Any] = json.loads((EXAMPLES / sample).read_text())
    stack.upload(film(tmp_path), order["input_asset"]["file"].lstrip("/"))
    state = finish(stack.client(), order)
    assert state.status is JobStatus.COMPLETED, (state.reason, state.details)
    wanted = {asset["file"].lstrip("/") for asset in order["output_assets"]}
    assert wanted <= {output["key"] for output in state.result["outputs"]}


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


def test_what_does_not_join_is_made_whole(stack: Stack, tmp_path: Path) -> None:
    stack.upload(film(tmp_path, seconds=30), "input/spoilt.mp4")
    client = stack.client()
    whole = job("TranscodeOutputs", "input/spoilt.mp4", output_assets=ladder("unspoilt"))
    assert finish(client, whole).status is JobStatus.COMPLETED
    job_id = client.start_job(
        job("TranscodeSegments", "input/spoilt.mp4", output_assets=ladder("spoilt"), segments=15)
    )
    part = until(lambda: pictures(stack), what="a part")[0]
    other = tmp_path / "other.mp4"
    made = run_python("-m", "activities.sample_clip", other, "--seconds", "1", cwd=REPOSITORY)
    assert made.returncode == 0, made.stderr
    boto3.client("s3").upload_file(str(other), "cpe-output", part)
    state = client.job(job_id).wait(timeout=PATIENCE)
    assert state.status is JobStatus.COMPLETED, (state.reason, state.details)
    join = state.activities["JoinStep"]
    assert (join.status, join.reason) == (ActivityStatus.FAILED, "OUTPUT_INVALID")
    keys = ["spoilt/auto.mp4", "spoilt/small.mp4"]
    assert [output["key"] for output in state.result["outputs"]] == keys
    assert stack.outputs("spoilt/") == keys
    assert stack.outputs("cpe-work/") == [], "the parts are gone"
    clips = ClipMaker(tools=find_tools(None, None), folder=tmp_path)
    for name in ("auto.mp4", "small.mp4"):
        files = [stack.download(f"{folder}/{name}", tmp_path / folder) for folder in ("unspoilt", "spoilt")]
        assert times(clips, files[0]) == times(clips, files[1])


def pictures(stack: Stack) -> list[str]:
    """The parts of the first output that lie in the work folder."""
    return [key for key in stack.outputs("cpe-work/") if key.endswith("/output-0")]
