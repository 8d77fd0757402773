"""``kill -9`` of workers that share one film: its playlist is made by others, as if nothing had happened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from activities.ffmpeg.tools import find_tools
from activities.media.playlist_reading import read_manifest, read_media
from cpe.client import Client, JobState, JobStatus
from tests.acceptance.site import Site
from tests.acceptance.stack import PATIENCE, REPOSITORY, run_python, until
from tests.acceptance.worker_nursery import WorkerNursery, encoding
from tests.media.clips import ClipMaker
from tests.media.fleet import frames_of

_SECONDS, _RATE, _PARTS = 12, 25, 5
_HEARTBEAT, _INTERVAL = 60, 10
"""Seconds, as the plan says: after which a silent worker is given up, and before the next attempt."""

_STREAMS = ("video-1", "video-2", "audio-1")
_SURVIVORS = {"ValidateAsset": 1, "SplitAsset": 1, "DiscardSegments": 1}
_KILLED = {"TranscodeSegment": 0, "JoinAsset": 0, "TranscodeAsset": 0}


@pytest.fixture
def own_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    plan = REPOSITORY / "plans" / "transcode_segments.yml"
    workers = {**_SURVIVORS, **_KILLED}
    with Site(tmp_path / "site", ["Lazarus"], workers=workers, plans=[plan]).running() as site:
        for name, value in site.environment.items():
            monkeypatch.setenv(name, value)
        yield site


def _film(folder: Path) -> Path:
    path = folder / "film.mp4"
    made = run_python(
        *("-m", "activities.sample_clip", path, "--seconds", str(_SECONDS), "--size", "640x360"),
        cwd=REPOSITORY,
    )
    assert made.returncode == 0, made.stderr
    return path


def _order(prefix: str) -> dict[str, object]:
    common = {"preset": "360p-16.9-generic", "frame_rate": "auto"}
    playlist = {
        "type": "PLAYLIST",
        "bucket": "cpe-output",
        "file": f"{prefix}/movie.m3u8",
        "renditions": [common, {**common, "size": "160x90"}],
        "segment_seconds": 4,
    }
    return {
        "workflow": {
            "name": "TranscodeSegments",
            "version": "1.0",
            "domain": "SADomain",
            "taskList": "basic_transcode",
        },
        "input_asset": {"type": "VIDEO", "bucket": "cpe-input", "file": "film.mp4"},
        "output_assets": [playlist],
        "segments": _PARTS,
    }


def test_a_playlist_survives_the_kill_of_its_workers(own_site: Site, tmp_path: Path) -> None:
    site = own_site
    site.upload(_film(tmp_path), "film.mp4")
    client = Client.from_config(str(site.clients["Lazarus"]))
    nursery = WorkerNursery(site)
    try:
        first, _ = [nursery.start("TranscodeSegment", "v1") for _ in range(2)]
        joiner = nursery.start("JoinAsset", "v1")
        calm = client.job(client.start_job(_order("calm"))).wait(timeout=PATIENCE)
        assert calm.status is JobStatus.COMPLETED, (calm.reason, calm.details)

        job_id = client.start_job(_order("killed"))
        until(lambda: encoding(site, first), what="a segment")
        assert nursery.kill(first) >= 1
        _pass_on(site, job_id)
        until(lambda: encoding(site, joiner), what="the join")
        assert nursery.kill(joiner) >= 1
        nursery.start("JoinAsset", "v1")
        _pass_on(site, job_id)
        state = client.job(job_id).wait(timeout=PATIENCE)
    finally:
        nursery.close()
    assert state.status is JobStatus.COMPLETED, (state.reason, state.details)
    _check_attempts(state)
    _check_outputs(site, state, calm)
    clips = ClipMaker(tools=find_tools(None, None), folder=tmp_path)
    for stream in _STREAMS:
        _check_stream(site, stream, clips, tmp_path)


def _pass_on(site: Site, job_id: str) -> None:
    """Let the heartbeat of a worker that was killed be missed, and the time before the next attempt pass."""
    timers = _events(job_id, "TimerStarted")
    site.advance(_HEARTBEAT + 1)
    until(lambda: _events(job_id, "TimerStarted") > timers, what="the time-out")
    site.advance(_INTERVAL + 1)


def _events(job_id: str, kind: str) -> int:
    swf = boto3.client("swf")
    workflow_id = f"Lazarus.{job_id}"
    listed = [
        info
        for listing in (swf.list_open_workflow_executions, swf.list_closed_workflow_executions)
        for info in listing(
            domain="SADomain",
            startTimeFilter={"oldestDate": "2020-01-01"},
            executionFilter={"workflowId": workflow_id},
        )["executionInfos"]
    ]
    pages = swf.get_paginator("get_workflow_execution_history").paginate(
        domain="SADomain", execution=listed[0]["execution"]
    )
    return sum(event["eventType"] == kind for page in pages for event in page["events"])


def _check_attempts(state: JobState) -> None:
    attempts = {name: activity.attempt or 1 for name, activity in state.activities.items()}
    assert attempts["JoinStep"] == 2
    assert max(attempt for name, attempt in attempts.items() if name.startswith("SegmentsStep")) >= 2


def _check_outputs(site: Site, state: JobState, calm: JobState) -> None:
    made = [
        [{**output, "key": output["key"].partition("/")[2]} for output in one.result["outputs"]]
        for one in (calm, state)
    ]
    assert made[0] == made[1]
    names = [[key.partition("/")[2] for key in site.outputs(f"{prefix}/")] for prefix in ("calm", "killed")]
    assert names[0] == names[1]
    assert sorted(site.outputs("")) == sorted([*site.outputs("calm/"), *site.outputs("killed/")])
    assert "Uploads" not in boto3.client("s3").list_multipart_uploads(Bucket="cpe-output")
    until(lambda: not site.leftovers(), what="the end of the last task")


def _check_stream(site: Site, stream: str, clips: ClipMaker, folder: Path) -> None:
    """Play a stream by the playlists of HLS and of DASH, and compare it with that of the undisturbed job."""
    wholes = []
    for prefix in ("calm", "killed"):
        listing = read_media(_text(site, f"{prefix}/movie/{stream}/playlist.m3u8", folder))
        manifest = read_manifest(_text(site, f"{prefix}/movie.mpd", folder))[stream]
        files = [entry.file for entry in listing.entries]
        assert [entry.file for entry in manifest.entries] == [f"movie/{stream}/{file}" for file in files]
        assert sum(entry.seconds for entry in listing.entries) == pytest.approx(_SECONDS, abs=0.1)
        whole = folder / f"{prefix}-{stream}.mp4"
        keys = [f"{prefix}/movie/{stream}/{name}" for name in ("init.mp4", *files)]
        whole.write_bytes(b"".join(site.download(key, folder / "part").read_bytes() for key in keys))
        wholes.append(whole)
    assert wholes[0].read_bytes() == wholes[1].read_bytes()
    if stream.startswith("video"):
        assert len(frames_of(clips, wholes[1])) == _SECONDS * _RATE


def _text(site: Site, key: str, folder: Path) -> str:
    return site.download(key, folder / "text").read_text()
