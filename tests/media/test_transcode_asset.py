"""TranscodeAsset on real media; what it makes is looked at with FFprobe."""

from __future__ import annotations

import hashlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from activities.sample_clip import make_watermark
from activities.transcode_asset import TranscodeAsset
from activities.validate_asset import ValidateAsset
from cpe.errors import ActivityError, InvalidInput, LeaseLost
from cpe.protocol.references import MAX_SWF_DATA
from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker

_FRAME = 1 / 20
_PLAIN = {
    "size": "320x240",
    "video_bitrate": "2M",
    "audio_bitrate": "64k",
    "video_codec": "libx264",
    "audio_codec": "aac",
}


def _job(*outputs: dict[str, Any], file: str = "clip.mp4") -> dict[str, Any]:
    return {
        "input_asset": {"type": "VIDEO", "bucket": "media-in", "file": file},
        "output_assets": [{"bucket": "media-out", **output} for output in outputs],
    }


def _video(file: str = "/o/x.mp4", **changes: Any) -> dict[str, Any]:
    return {"type": "VIDEO", "file": file, "preset": "320x240-generic", **changes}


def _run(environment: ActivityEnvironment, source: Path, *outputs: dict[str, Any]) -> list[dict[str, Any]]:
    environment.storage.put("media-in", source.name, source)
    result = environment.run(TranscodeAsset(), _job(*outputs, file=source.name))
    made: list[dict[str, Any]] = result["outputs"]
    return made


def _object(environment: ActivityEnvironment, tmp_path: Path, key: str) -> Path:
    path = tmp_path / "made"
    path.write_bytes(environment.storage.get("media-out", key))
    return path


def test_a_video_by_preset_is_what_the_preset_says(
    environment: ActivityEnvironment, clips: ClipMaker, clip: Path, tmp_path: Path
) -> None:
    environment.storage.put("media-in", "clip.mp4", clip)
    result = environment.run(
        TranscodeAsset(),
        {
            "input_asset": {"type": "VIDEO", "bucket": "media-in", "file": "/clip.mp4"},
            "output_asset": {"bucket": "media-out", "s3_rrs": "true", **_video()},
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

    made = clips.probe(_object(environment, tmp_path, "o/x.mp4"))
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
    _run(environment, clip, _video(preset="hls400k-generic"), _video("y.mp4", preset="hls600k-generic"))
    for key, expected in (("o/x.mp4", b"1"), ("y.mp4", b"3")):
        # x264 writes its settings into the stream.
        settings = environment.storage.get("media-out", key).split(b"x264 - core", 1)[1]
        assert settings.split(b" ref=", 1)[1].startswith(expected + b" ")


def test_events_come_in_order_and_end_at_100(environment: ActivityEnvironment, clip: Path) -> None:
    _run(environment, clip, _video(), {"type": "THUMB", "file": "t.jpg", "size": "64:-1"})
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
    (output,) = _run(environment, black, _video(size="160x90", watermark=mark))
    assert (output["width"], output["height"]) == (160, 90)
    picture = clips.gray(_object(environment, tmp_path, "o/x.mp4"), at=0.5, size=(160, 90))
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
        _run(environment, clip, _video(watermark={"bucket": "media-in", "file": "mark.png"}))
    assert caught.value.code == "WATERMARK_INVALID"
    assert environment.storage.keys("media-out") == []


@pytest.mark.parametrize(("degrees", "size"), [(90, (90, 160)), (180, (160, 90)), (270, (90, 160))])
def test_a_turned_picture_comes_out_upright(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path, degrees: int, size: tuple[int, int]
) -> None:
    flat = clips.mp4("flat.mp4", "-an", seconds=0.4)
    turned = clips.turned(f"turned{degrees}.mp4", flat, degrees)
    (output,) = _run(environment, turned, _video(video_bitrate="2M", preset="hls600k-generic"))
    assert (output["width"], output["height"]) == size
    made = _object(environment, tmp_path, "o/x.mp4")
    (stream,) = clips.probe(made)["streams"]
    assert "side_data_list" not in stream
    wanted, found = clips.gray(turned, at=0.2, size=size), clips.gray(made, at=0.2, size=size)
    differences = [
        abs(one - other)
        for line, other_line in zip(wanted, found, strict=True)
        for one, other in zip(line, other_line, strict=True)
    ]
    assert sum(differences) / len(differences) < 6


def test_wide_pixels_become_square(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path
) -> None:
    wide = clips.mp4("wide.mp4", "-vf", "setsar=2/1", "-an", seconds=0.4, size="80x90")
    (output,) = _run(environment, wide, _video())
    assert (output["width"], output["height"]) == (160, 90)
    (stream,) = clips.probe(_object(environment, tmp_path, "o/x.mp4"))["streams"]
    assert stream["sample_aspect_ratio"] == "1:1"


def test_odd_10_bit_444_becomes_what_everybody_plays(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path
) -> None:
    odd = clips.make("odd.mkv", "-c:v", "ffv1", "-pix_fmt", "yuv444p10le", "-an", seconds=0.4, size="161x91")
    _run(environment, odd, _video())
    (stream,) = clips.probe(_object(environment, tmp_path, "o/x.mp4"))["streams"]
    assert (stream["width"], stream["height"], stream["pix_fmt"]) == (160, 90, "yuv420p")


def test_the_sources_own_frame_rate_is_kept(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path
) -> None:
    uneven = clips.mp4("uneven.mp4", "-vf", "select='lt(n,10)+not(mod(n,4))'", "-fps_mode", "vfr", "-an")
    _run(environment, uneven, _video(frame_rate="auto"))
    frames = [
        clips.probe(path, "-count_packets")["streams"][0]
        for path in (uneven, _object(environment, tmp_path, "o/x.mp4"))
    ]
    assert frames[0]["nb_read_packets"] == frames[1]["nb_read_packets"]
    assert float(frames[0]["duration"]) == pytest.approx(float(frames[1]["duration"]), abs=0.04)


def test_cover_art_is_not_the_video_and_the_default_audio_is_chosen(
    environment: ActivityEnvironment, clips: ClipMaker, clip: Path, tmp_path: Path
) -> None:
    cover = clips.run(
        "cover.jpg", "-f", "lavfi", "-i", "color=red:size=640x640", "-frames:v", "1", "-update", "1"
    )
    mixed = clips.run(
        "mixed.mp4",
        *(
            "-i",
            str(cover),
            "-i",
            str(clip),
            "-map",
            "0",
            "-map",
            "1:v",
            "-map",
            "1:a",
            "-map",
            "1:a",
            "-c",
            "copy",
        ),
        *("-disposition:v:0", "attached_pic", "-disposition:a:0", "0", "-disposition:a:1", "default"),
        *("-metadata:s:a:1", "language=fre", "-metadata", "location=+48.8577+002.295/"),
    )
    (output,) = _run(environment, mixed, _video())
    assert (output["width"], output["height"]) == (320, 180)
    made = clips.probe(_object(environment, tmp_path, "o/x.mp4"))
    assert [stream["codec_type"] for stream in made["streams"]] == ["video", "audio"]
    assert made["streams"][1]["tags"]["language"] == "fre"
    assert "location" not in made["format"]["tags"], "where a phone was is nobody's business"


def test_surround_becomes_stereo(environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path) -> None:
    surround = clips.mp4("surround.mp4", "-ac", "6", seconds=0.4)
    _run(environment, surround, _video())
    assert clips.probe(_object(environment, tmp_path, "o/x.mp4"))["streams"][1]["channels"] == 2


def test_another_codec_and_container(environment: ActivityEnvironment, clip: Path) -> None:
    (output,) = _run(environment, clip, _video("x.mkv", video_codec="mpeg4", audio_codec="flac"))
    assert (output["codecs"], output["content_type"]) == (
        {"video": "mpeg4", "audio": "flac"},
        "video/x-matroska",
    )


def test_a_transport_stream_with_one_key_frame(environment: ActivityEnvironment, clip: Path) -> None:
    (output,) = _run(environment, clip, _video("x.ts"))
    assert (output["content_type"], output["codecs"]) == ("video/mp2t", {"video": "h264", "audio": "aac"})


def test_thumbnails_show_the_right_moments(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path
) -> None:
    # The picture gets brighter: gray value 50 times the second.
    ramp = clips.run(
        "ramp.mp4",
        *(
            "-f",
            "lavfi",
            "-i",
            "color=black:size=64x64:rate=10:duration=4.5,format=gray,geq=lum='floor(T)*50'",
        ),
        *("-c:v", "libx264", "-g", "45", "-pix_fmt", "yuv420p"),
    )
    outputs = _run(
        environment,
        ramp,
        {"type": "THUMB", "file": "/t/one.jpg", "size": "32:32", "snapshot_sec": 3},
        {"type": "THUMB", "file": "/t/last.jpg", "size": "32:32", "snapshot_sec": 4.5},
        {"type": "THUMB", "file": "/t/many.jpg", "size": "-1:32", "mode": "intervals", "intervals": 1},
    )
    keys = ["t/one.jpg", "t/last.jpg", *(f"t/many00000{number}.jpg" for number in range(1, 6))]
    assert [output["key"] for output in outputs] == keys
    assert environment.storage.keys("media-out") == sorted(keys)
    assert {(output["width"], output["height"], output["content_type"]) for output in outputs} == {
        (32, 32, "image/jpeg")
    }
    # Whatever range the JPEG has, brighter means later.
    levels = [clips.gray(_object(environment, tmp_path, key), at=0, size=(1, 1))[0][0] for key in keys]
    one, last, *many = levels
    assert many == sorted(set(many))
    assert (one, last) == pytest.approx((many[3], many[4]), abs=3)


def test_thumbnails_in_png_need_no_png_of_ffmpeg(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path
) -> None:
    red = clips.run("red.mkv", "-f", "lavfi", "-i", "color=red:size=64x36:rate=10:duration=2", "-c:v", "ffv1")
    outputs = _run(
        environment,
        red,
        {"type": "THUMB", "file": "one.png", "size": "32:-1", "snapshot_sec": 1},
        {"type": "THUMB", "file": "many.png", "size": "32:-1", "mode": "intervals", "intervals": 1},
    )
    assert [output["key"] for output in outputs] == ["one.png", "many000001.png", "many000002.png"]
    for output in outputs:
        assert (output["content_type"], output["codecs"]) == ("image/png", {"video": "png"})
        with Image.open(_object(environment, tmp_path, output["key"])) as picture:
            assert (picture.format, picture.size) == ("PNG", (32, 18))
            assert picture.getpixel((16, 9)) == pytest.approx((255, 0, 0), abs=4)


def test_each_picture_of_a_long_series_is_described(
    environment: ActivityEnvironment, clips: ClipMaker
) -> None:
    clip = clips.run("long.mp4", "-f", "lavfi", "-i", "testsrc2=size=32x32:rate=10:duration=20", "-g", "10")
    outputs = _run(
        environment,
        clip,
        {"type": "THUMB", "file": "t.jpg", "size": "16:16", "mode": "intervals", "intervals": 0.1},
    )
    assert [output["key"] for output in outputs] == [f"t{number:06}.jpg" for number in range(1, 201)]
    assert sorted(environment.storage.keys("media-out")) == [output["key"] for output in outputs]
    for output in outputs:
        made = environment.storage.get("media-out", output["key"])
        assert (output["size"], output["sha256"]) == (len(made), hashlib.sha256(made).hexdigest())
    assert len(json.dumps(outputs)) > MAX_SWF_DATA


@pytest.mark.parametrize(
    ("output", "code"),
    [
        ({"type": "THUMB", "file": "t.jpg", "size": "9:9", "snapshot_sec": 3}, "SNAPSHOT_OUT_OF_RANGE"),
        (_video(preset="none"), "UNKNOWN_PRESET"),
        ({"type": "DOC", "file": "a.pdf"}, "CONVERSION_TYPE_ERROR"),
        (_video(bucket="no-such-bucket"), "BUCKET_NOT_FOUND"),
    ],
)
def test_outputs_that_cannot_be_made(
    environment: ActivityEnvironment, clip: Path, output: dict[str, Any], code: str
) -> None:
    with pytest.raises(ActivityError) as caught:
        _run(environment, clip, _video(), output)
    assert caught.value.code == code
    assert environment.storage.keys("media-out") == []
    assert not environment.scratch.exists()


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_fields_of_a_turned_video_are_no_comb(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path, degrees: int
) -> None:
    # A bright bar that moves by 20 pixels from field to field.
    moving = (
        *("-f", "lavfi", "-i", "color=black:size=320x240:rate=50:duration=1,format=gray"),
        *("-vf", "geq=lum=255*between(X-20*mod(N\\,12)\\,0\\,60),tinterlace=interleave_top,fieldorder=tff"),
    )
    coding = ("-flags", "+ilme+ildct", "-c:v", "mpeg2video", "-b:v", "8M", "-pix_fmt", "yuv420p")
    flat = clips.run("fields.mp4", *moving, *coding)
    turned = clips.turned(f"fields{degrees}.mp4", flat, degrees)
    outputs = [
        _video("a.mp4", size="320x320", frame_rate="auto", crf=10, preset=_PLAIN),
        _video("b.mp4", size="320x320", frame_rate="auto", crf=10, preset=_PLAIN, start="0.2"),
        {"type": "THUMB", "file": "c.jpg", "size": "320:320", "snapshot_sec": 0.4},
        {"type": "THUMB", "file": "d.jpg", "size": "320:320", "intervals": 0.4, "mode": "intervals"},
    ]
    size = (320, 240) if degrees % 180 == 0 else (240, 320)
    for output in _run(environment, turned, *outputs):
        assert (output["width"], output["height"]) == size, output["key"]
        made = _object(environment, tmp_path, output["key"])
        lines = clips.gray(made, at=0.4 if output["key"].endswith("mp4") else 0, size=size)
        # Along the bar, brightness does not change from line to line.
        rows = lines if degrees % 180 == 0 else [list(column) for column in zip(*lines, strict=True)]
        jumps = [
            abs(one - other) for row, below in pairwise(rows) for one, other in zip(row, below, strict=True)
        ]
        assert sum(jumps) / len(jumps) < 2, output["key"]


@pytest.mark.parametrize(
    ("part", "why"),
    [
        ({"duration": "0.001"}, "its duration is too short"),
        ({"start": 1, "duration": "0.02"}, "its duration is too short"),
        ({"start": "1.99"}, "the source ends"),
    ],
)
def test_a_part_without_a_frame(
    environment: ActivityEnvironment, clip: Path, part: dict[str, Any], why: str
) -> None:
    with pytest.raises(InvalidInput, match=why) as caught:
        _run(environment, clip, _video(**part))
    assert caught.value.code == "START_OUT_OF_RANGE"


def test_a_part_between_two_frames_of_no_steady_rate(
    environment: ActivityEnvironment, clips: ClipMaker
) -> None:
    still = ("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=2,select='lt(n,10)+gt(n,30)'")
    coding = ("-fps_mode", "vfr", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
    hole = clips.run("hole.mp4", *still, *coding)
    with pytest.raises(InvalidInput, match="has no frame") as caught:
        _run(environment, hole, _video(frame_rate="auto", start=0.5, duration=0.5))
    assert caught.value.code == "START_OUT_OF_RANGE"
    (made,) = _run(environment, hole, _video(frame_rate="auto", start=0.5, duration=1))
    assert made["duration"] > 0.2


@pytest.mark.parametrize(
    ("extension", "offset"),
    [("mkv", -1), ("mkv", 37), ("webm", -1), ("webm", 37), ("mp4", 37), ("ts", 37), ("nut", 37)],
)
def test_a_film_whose_clock_does_not_start_at_zero(
    environment: ActivityEnvironment, clips: ClipMaker, extension: str, offset: int
) -> None:
    coding = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
    fast = ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus")
    shifted = clips.make(
        f"shifted{offset}.{extension}",
        *(fast if extension == "webm" else coding),
        *("-output_ts_offset", str(offset), "-avoid_negative_ts", "disabled"),
        seconds=5,
    )
    environment.storage.put("media-in", shifted.name, shifted)
    environment.run(ValidateAsset(), _job(file=shifted.name))
    # Matroska's index has no times before zero: a part would be searched for in vain.
    (whole, part) = _run(
        environment, shifted, _video("a.mp4"), _video("b.mp4", start=4 if offset > 0 else 0.4)
    )
    assert whole["duration"] == pytest.approx(5, abs=0.1)
    assert part["duration"] == pytest.approx(1 if offset > 0 else 4.6, abs=0.1)


def test_a_sound_whose_clock_does_not_start_at_zero(
    environment: ActivityEnvironment, clips: ClipMaker
) -> None:
    shifted = clips.make("shifted.ogg", "-vn", "-c:a", "libopus", "-output_ts_offset", "37", seconds=5)
    environment.storage.put("media-in", shifted.name, shifted)
    asset = {"type": "AUDIO", "bucket": "media-in", "file": shifted.name}
    environment.run(ValidateAsset(), {"input_asset": asset})
    output = {"type": "AUDIO", "bucket": "media-out", "file": "a.mp3"}
    result = environment.run(TranscodeAsset(), {"input_asset": asset, "output_asset": output})
    assert result["outputs"][0]["duration"] == pytest.approx(5, abs=0.1)


def test_a_picture_that_cannot_be_decoded(
    environment: ActivityEnvironment, clip: Path, tmp_path: Path
) -> None:
    content = bytearray(clip.read_bytes())
    data = content.index(b"mdat") + 4
    content[data:] = bytes(len(content) - data)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(content)
    for output in (_video(), _video(duration=1), {"type": "THUMB", "file": "t.jpg", "size": "80:-1"}):
        with pytest.raises(InvalidInput, match="cannot be decoded") as caught:
            _run(environment, broken, output)
        assert caught.value.code == "INPUT_UNDECODABLE"


def test_a_missing_bucket_is_told_before_any_work(environment: ActivityEnvironment, clip: Path) -> None:
    with pytest.raises(ActivityError):
        _run(environment, clip, _video(bucket="no-such-bucket"))
    assert environment.events == []


def test_no_output_at_all(environment: ActivityEnvironment, clip: Path) -> None:
    with pytest.raises(InvalidInput, match="output_asset is missing"):
        _run(environment, clip)


def test_an_input_that_is_not_there(environment: ActivityEnvironment) -> None:
    with pytest.raises(ActivityError) as caught:
        environment.run(TranscodeAsset(), _job(_video()))
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
        _run(environment, long, _video(size="1280x720", allow_upscale=True))
    thread.join()
    assert environment.storage.keys("media-out") == []
    assert not environment.scratch.exists()


def test_the_same_input_gives_the_same_bytes_also_at_once(tmp_path: Path, clip: Path) -> None:
    def make(number: int) -> str:
        environment = ActivityEnvironment(tmp_path / str(number))
        environment.storage.make_bucket("media-out")
        digest: str = _run(environment, clip, _video())[0]["sha256"]
        return digest

    for number in range(4):
        (tmp_path / str(number)).mkdir()
    with ThreadPoolExecutor(3) as pool:
        at_once = list(pool.map(make, range(3)))
    assert {*at_once, make(3)} == {at_once[0]}
