"""TranscodeAsset on real media; what it makes is looked at with FFprobe."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from activities.sample_clip import make_watermark
from activities.transcode_asset import TranscodeAsset
from cpe.errors import ActivityError, InvalidInput, LeaseLost
from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker
from tests.media.transcoding import job, made_file, transcode, video_output

_FRAME = 1 / 20


def test_a_video_by_preset_is_what_the_preset_says(
    environment: ActivityEnvironment, clips: ClipMaker, clip: Path, tmp_path: Path
) -> None:
    environment.storage.put("media-in", "clip.mp4", clip)
    result = environment.run(
        TranscodeAsset(),
        {
            "input_asset": {"type": "VIDEO", "bucket": "media-in", "file": "/clip.mp4"},
            "output_asset": {"bucket": "media-out", "s3_rrs": "true", **video_output()},
            "input_asset_metadata": {"metadata": "what ValidateAsset said"},
        },
    )
    content = environment.storage.get("media-out", "o/x.mp4")
    (output,) = result["outputs"]
    assert output == {
        "bucket": "media-out",
        "key": "o/x.mp4",
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "content_type": "video/mp4",
        "duration": pytest.approx(2, abs=_FRAME),
        "width": 320,
        "height": 180,
        "codecs": {"video": "h264", "audio": "aac"},
    }
    assert result["timing"].keys() == {"fetch", "probe", "encode", "verify", "publish"}
    options = environment.storage.options["media-out", "o/x.mp4"]
    assert (options.content_type, options.reduced_redundancy, options.encrypt) == ("video/mp4", True, False)

    made = clips.probe(made_file(environment, tmp_path, "o/x.mp4"))
    video, audio = made["streams"]
    assert (video["codec_name"], video["profile"], video["level"]) == ("h264", "Constrained Baseline", 13)
    assert (video["width"], video["height"], video["pix_fmt"]) == (320, 180, "yuv420p")
    assert (video["avg_frame_rate"], video["sample_aspect_ratio"]) == ("21/1", "1:1")
    assert float(video["duration"]) == pytest.approx(2, abs=_FRAME)
    assert (audio["codec_name"], audio["profile"]) == ("aac", "LC")
    assert content.index(b"moov") < content.index(b"mdat"), "the index is in front"


def test_the_reference_frames_are_applied(
    environment: ActivityEnvironment, clips: ClipMaker, clip: Path, tmp_path: Path
) -> None:
    transcode(
        environment,
        clip,
        video_output(preset="hls400k-generic"),
        video_output("y.mp4", preset="hls600k-generic"),
    )
    for key, expected in (("o/x.mp4", b"1"), ("y.mp4", b"3")):
        # x264 writes its settings into the stream.
        settings = environment.storage.get("media-out", key).split(b"x264 - core", 1)[1]
        assert settings.split(b" ref=", 1)[1].startswith(expected + b" ")


def test_events_come_in_order_and_end_at_100(environment: ActivityEnvironment, clip: Path) -> None:
    transcode(environment, clip, video_output(), {"type": "THUMB", "file": "t.jpg", "size": "64:-1"})
    types = environment.event_types
    assert (types[0], types[-1]) == ("PREPARING", "FINISHING")
    assert set(types[1:-1]) == {"PROGRESS"}
    for key in ("o/x.mp4", "t.jpg"):
        reports = [
            event.result for event in environment.events if event.result and event.result["output"] == key
        ]
        assert reports[-1] is not None
        assert reports[-1].keys() == {"output", "duration", "done", "progress", "speed", "fps", "eta"}
        percents = [report["progress"] for report in reports if report]
        assert percents == sorted(percents, key=float)  # type: ignore[arg-type] # numbers, as JSON has them
        assert percents.count(100.0) == 1


def test_a_watermark_lies_over_the_scaled_picture(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path
) -> None:
    black = clips.run(
        "black.mp4", "-f", "lavfi", "-i", "color=black:size=320x180:rate=25:duration=1", "-pix_fmt", "yuv420p"
    )
    make_watermark(tmp_path / "mark.png")
    environment.storage.put("media-in", "mark.png", tmp_path / "mark.png")
    mark = {"bucket": "media-in", "file": "/mark.png", "size": "40:-1", "opacity": 1, "x": -10, "y": 8}
    (output,) = transcode(environment, black, video_output(size="160x90", watermark=mark))
    assert (output["width"], output["height"]) == (160, 90)
    picture = clips.gray(made_file(environment, tmp_path, "o/x.mp4"), at=0.5, size=(160, 90))
    bright = [(x, y) for y, line in enumerate(picture) for x, value in enumerate(line) if value > 128]
    columns, rows = [x for x, _ in bright], [y for _, y in bright]
    # 40 wide, 16 high; its right edge ten from the right, its top eight from the top.
    assert (min(columns), max(columns), min(rows), max(rows)) == pytest.approx((110, 149, 8, 23), abs=1)


@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\nbut no more", b"P6\n1 1\n255\nabc", b"no picture at all"]
)
def test_a_watermark_that_is_no_picture(environment: ActivityEnvironment, clip: Path, content: bytes) -> None:
    environment.storage.put("media-in", "mark.png", content)
    with pytest.raises(InvalidInput, match=r"mark\.png is no PNG, JPEG, GIF") as caught:
        transcode(environment, clip, video_output(watermark={"bucket": "media-in", "file": "mark.png"}))
    assert caught.value.code == "WATERMARK_INVALID"
    assert environment.storage.keys("media-out") == []


def test_another_codec_and_container(environment: ActivityEnvironment, clip: Path) -> None:
    (output,) = transcode(environment, clip, video_output("x.mkv", video_codec="mpeg4", audio_codec="flac"))
    assert (output["codecs"], output["content_type"]) == (
        {"video": "mpeg4", "audio": "flac"},
        "video/x-matroska",
    )


def test_a_transport_stream_with_one_key_frame(environment: ActivityEnvironment, clip: Path) -> None:
    (output,) = transcode(environment, clip, video_output("x.ts"))
    assert (output["content_type"], output["codecs"]) == ("video/mp2t", {"video": "h264", "audio": "aac"})


@pytest.mark.parametrize(
    ("output", "code"),
    [
        ({"type": "THUMB", "file": "t.jpg", "size": "9:9", "snapshot_sec": 3}, "SNAPSHOT_OUT_OF_RANGE"),
        (video_output(preset="none"), "UNKNOWN_PRESET"),
        ({"type": "DOC", "file": "a.pdf"}, "CONVERSION_TYPE_ERROR"),
        (video_output(bucket="no-such-bucket"), "BUCKET_NOT_FOUND"),
    ],
)
def test_outputs_that_cannot_be_made(
    environment: ActivityEnvironment, clip: Path, output: dict[str, Any], code: str
) -> None:
    with pytest.raises(ActivityError) as caught:
        transcode(environment, clip, video_output(), output)
    assert caught.value.code == code
    assert environment.storage.keys("media-out") == []
    assert not environment.scratch.exists()


def test_a_missing_bucket_is_told_before_any_work(environment: ActivityEnvironment, clip: Path) -> None:
    with pytest.raises(ActivityError):
        transcode(environment, clip, video_output(bucket="no-such-bucket"))
    assert environment.events == []


def test_no_output_at_all(environment: ActivityEnvironment, clip: Path) -> None:
    with pytest.raises(InvalidInput, match="output_asset is missing"):
        transcode(environment, clip)


def test_an_input_that_is_not_there(environment: ActivityEnvironment) -> None:
    with pytest.raises(ActivityError) as caught:
        environment.run(TranscodeAsset(), job(video_output()))
    assert caught.value.code == "OBJECT_NOT_FOUND"


def test_nothing_is_published_once_cancelled(environment: ActivityEnvironment, clips: ClipMaker) -> None:
    long = clips.mp4("endless.mp4", seconds=20, size="320x180")
    reason = LeaseLost("the lease is gone")

    def cancel() -> None:
        while "PROGRESS" not in environment.event_types:
            threading.Event().wait(0.02)
        environment.cancellation.request(reason)

    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(LeaseLost):
        transcode(environment, long, video_output(size="1280x720", allow_upscale=True))
    thread.join()
    assert environment.storage.keys("media-out") == []
    assert not environment.scratch.exists()


def test_the_same_input_gives_the_same_bytes_also_at_once(tmp_path: Path, clip: Path) -> None:
    def make(number: int) -> str:
        environment = ActivityEnvironment(tmp_path / str(number))
        environment.storage.make_bucket("media-out")
        digest: str = transcode(environment, clip, video_output())[0]["sha256"]
        return digest

    for number in range(4):
        (tmp_path / str(number)).mkdir()
    with ThreadPoolExecutor(3) as pool:
        at_once = list(pool.map(make, range(3)))
    assert {*at_once, make(3)} == {at_once[0]}
