"""The main job through real processes: queue, SWF, decider, workers, ffmpeg, S3, events."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

from activities.ffmpeg.tools import find_tools
from cpe.client import JobStatus
from cpe.protocol import encode_event
from cpe.protocol.schema import validator
from tests.acceptance.stack import PATIENCE, REPOSITORY, Stack, finish, follow_events, job
from tests.media.clips import ClipMaker

PRESET = json.loads((REPOSITORY / "activities" / "presets" / "360p-16.9-generic.json").read_text())


def video(file: str, **keys: object) -> dict[str, object]:
    return {"type": "VIDEO", "bucket": "cpe-output", "file": file, "preset": "320x240-generic", **keys}


def test_the_original_plan_takes_a_job_from_the_queue_to_the_bucket(
    stack: Stack, clip: Path, tmp_path: Path
) -> None:
    stack.upload(clip, "input/original.mp4")
    output = {
        "type": "VIDEO",
        "bucket": "cpe-output",
        "file": "/original/out.mp4",
        "preset": "360p-16.9-generic",
        "allow_upscale": True,
        "s3_rrs": True,
        "s3_encrypt": True,
    }
    order = job("Transcode", "/input/original.mp4", output_asset=output)
    events = follow_events(stack.client(), order)

    kinds = [
        (event.type.value, event.activity.activity_id if event.activity else None)
        for event in sorted(events, key=lambda event: event.time)
        if event.type.value != "ACTIVITY_PROGRESS"
    ]
    for step in ("ValidateAssetStep", "TranscodeAssetStep"):
        of_step = [kind for kind, activity in kinds if activity == step]
        assert set(of_step) >= {
            "ACTIVITY_SCHEDULED",
            "ACTIVITY_STARTED",
            "ACTIVITY_PREPARING",
            "ACTIVITY_COMPLETED",
        }
    assert ("ACTIVITY_FINISHING", "TranscodeAssetStep") in kinds
    assert kinds[-1] == ("WORKFLOW_COMPLETED", None)
    assert ("WORKFLOW_SCHEDULED", None) in kinds
    for event in events:
        validator(event.type).validate(json.loads(encode_event(event)))

    progress = [event.details["result"] for event in events if event.type.value == "ACTIVITY_PROGRESS"]
    assert progress[-1]["progress"] == 100
    assert all(0 <= one["progress"] <= 100 for one in progress)

    file = stack.download("original/out.mp4", tmp_path / "out.mp4")
    clips = ClipMaker(tools=find_tools(None, None), folder=tmp_path)
    found = clips.probe(file)
    (picture,) = [stream for stream in found["streams"] if stream["codec_type"] == "video"]
    (sound,) = [stream for stream in found["streams"] if stream["codec_type"] == "audio"]
    options = dict(pair.split(":") for pair in PRESET["video_codec_options"].split(","))
    assert picture["codec_name"] == "h264"
    assert options["Profile"].lower() in picture["profile"].lower()
    assert picture["level"] == round(float(options["Level"]) * 10)
    # 4:3 into 640x360 with its ratio kept.
    assert (picture["width"], picture["height"]) == (480, 360)
    assert Fraction(picture["avg_frame_rate"]) == Fraction(30000, 1001)
    assert sound["codec_name"] == "aac"
    assert abs(float(picture["duration"]) - 2.0) <= 1 / 25

    completed = next(
        event
        for event in events
        if event.type.value == "ACTIVITY_COMPLETED" and "outputs" in event.details["result"]
    )
    (told,) = completed.details["result"]["outputs"]
    assert told["size"] == file.stat().st_size
    assert told["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()


def test_many_outputs_come_of_one_job(stack: Stack, clip: Path, watermark: Path, tmp_path: Path) -> None:
    stack.upload(clip, "input/many.mp4")
    stack.upload(watermark, "input/mark.png")
    mark = {"bucket": "cpe-input", "file": "input/mark.png", "size": "64:-1"}
    thumb = {"type": "THUMB", "bucket": "cpe-output", "size": "-1:120"}
    order = job(
        "TranscodeOutputs",
        "input/many.mp4",
        output_assets=[
            video("many/marked.mp4", watermark=mark),
            {**thumb, "file": "many/snap.jpg", "mode": "snapshot", "snapshot_sec": 1},
            {**thumb, "file": "many/each.jpg", "mode": "intervals", "intervals": 1},
        ],
    )
    state = finish(stack.client(), order)
    assert state.status is JobStatus.COMPLETED, state
    keys = stack.outputs("many/")
    assert "many/marked.mp4" in keys
    assert "many/snap.jpg" in keys
    assert len([key for key in keys if "each" in key]) == 2
    clips = ClipMaker(tools=find_tools(None, None), folder=tmp_path)
    picture = clips.probe(stack.download("many/snap.jpg", tmp_path / "snap.jpg"))["streams"][0]
    assert (picture["width"], picture["height"]) == (160, 120)


def test_each_output_can_be_an_activity_of_its_own(stack: Stack, clip: Path) -> None:
    stack.upload(clip, "input/each.mp4")
    outputs = [video(f"each/{rate}.mp4", video_bitrate=rate) for rate in ("200k", "300k")]
    state = finish(stack.client(), job("TranscodeEach", "input/each.mp4", output_assets=outputs))
    assert state.status is JobStatus.COMPLETED, state
    assert stack.outputs("each/") == ["each/200k.mp4", "each/300k.mp4"]
    assert [item["outputs"][0]["key"] for item in state.result] == ["each/200k.mp4", "each/300k.mp4"]


def test_a_fall_back_is_made_when_the_output_cannot_be(stack: Stack, clip: Path) -> None:
    stack.upload(clip, "input/fall.mp4")
    output, fallback = video("fall/a.mp4", preset="no-such-preset"), video("fall/b.mp4")
    order = job("TranscodeFallback", "input/fall.mp4", output_asset=output, fallback_asset=fallback)
    state = finish(stack.client(), order)
    assert state.status is JobStatus.COMPLETED, state
    assert stack.outputs("fall/") == ["fall/b.mp4"]


def test_ten_jobs_at_once_make_what_each_makes_alone(stack: Stack, clip: Path) -> None:
    stack.upload(clip, "input/ten.mp4")
    client = stack.client()
    bit_rates = [f"{200 + 20 * number}k" for number in range(10)]

    def order(folder: str, rate: str) -> dict[str, object]:
        return job(
            "Transcode", "input/ten.mp4", output_asset=video(f"{folder}/{rate}.mp4", video_bitrate=rate)
        )

    for rate in bit_rates:
        assert finish(client, order("alone", rate)).status is JobStatus.COMPLETED
    jobs = [client.start_job(order("at-once", rate)) for rate in bit_rates]
    with ThreadPoolExecutor(len(jobs)) as threads:
        ends = list(threads.map(lambda job_id: client.job(job_id).wait(timeout=PATIENCE), jobs))
    assert [end.status for end in ends] == [JobStatus.COMPLETED] * 10

    def hashes(prefix: str) -> list[str]:
        outputs = dict.fromkeys(stack.outputs(prefix), stack)
        return [_digest(stack, key) for key in outputs]

    alone = hashes("alone/")
    assert len(set(alone)) == 10
    assert hashes("at-once/") == alone


def _digest(stack: Stack, key: str) -> str:
    file = stack.download(key, stack.folder / "fetched")
    return hashlib.sha256(file.read_bytes()).hexdigest()
