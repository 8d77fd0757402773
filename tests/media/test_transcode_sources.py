"""TranscodeAsset on films that are not plain: turned, interlaced, with clocks and parts of their own."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from activities.transcode_asset import TranscodeAsset
from activities.validate_asset import ValidateAsset
from cpe.errors import InvalidInput
from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker
from tests.media.transcoding import job, made_file, transcode, video_output

_PLAIN = {
    "size": "320x240",
    "video_bitrate": "2M",
    "audio_bitrate": "64k",
    "video_codec": "libx264",
    "audio_codec": "aac",
}


@pytest.mark.parametrize(("degrees", "size"), [(90, (90, 160)), (180, (160, 90)), (270, (90, 160))])
def test_a_turned_picture_comes_out_upright(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path, degrees: int, size: tuple[int, int]
) -> None:
    flat = clips.mp4("flat.mp4", "-an", seconds=0.4)
    turned = clips.turned(f"turned{degrees}.mp4", flat, degrees)
    (output,) = transcode(environment, turned, video_output(video_bitrate="2M", preset="hls600k-generic"))
    assert (output["width"], output["height"]) == size
    made = made_file(environment, tmp_path, "o/x.mp4")
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
    (output,) = transcode(environment, wide, video_output())
    assert (output["width"], output["height"]) == (160, 90)
    (stream,) = clips.probe(made_file(environment, tmp_path, "o/x.mp4"))["streams"]
    assert stream["sample_aspect_ratio"] == "1:1"


def test_odd_10_bit_444_becomes_what_everybody_plays(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path
) -> None:
    odd = clips.make("odd.mkv", "-c:v", "ffv1", "-pix_fmt", "yuv444p10le", "-an", seconds=0.4, size="161x91")
    transcode(environment, odd, video_output())
    (stream,) = clips.probe(made_file(environment, tmp_path, "o/x.mp4"))["streams"]
    assert (stream["width"], stream["height"], stream["pix_fmt"]) == (160, 90, "yuv420p")


def test_the_sources_own_frame_rate_is_kept(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path
) -> None:
    uneven = clips.mp4("uneven.mp4", "-vf", "select='lt(n,10)+not(mod(n,4))'", "-fps_mode", "vfr", "-an")
    transcode(environment, uneven, video_output(frame_rate="auto"))
    frames = [
        clips.probe(path, "-count_packets")["streams"][0]
        for path in (uneven, made_file(environment, tmp_path, "o/x.mp4"))
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
    (output,) = transcode(environment, mixed, video_output())
    assert (output["width"], output["height"]) == (320, 180)
    made = clips.probe(made_file(environment, tmp_path, "o/x.mp4"))
    assert [stream["codec_type"] for stream in made["streams"]] == ["video", "audio"]
    assert made["streams"][1]["tags"]["language"] == "fre"
    assert "location" not in made["format"]["tags"], "where a phone was is nobody's business"


def test_surround_becomes_stereo(environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path) -> None:
    surround = clips.mp4("surround.mp4", "-ac", "6", seconds=0.4)
    transcode(environment, surround, video_output())
    assert clips.probe(made_file(environment, tmp_path, "o/x.mp4"))["streams"][1]["channels"] == 2


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
        video_output("a.mp4", size="320x320", frame_rate="auto", crf=10, preset=_PLAIN),
        video_output("b.mp4", size="320x320", frame_rate="auto", crf=10, preset=_PLAIN, start="0.2"),
        {"type": "THUMB", "file": "c.jpg", "size": "320:320", "snapshot_sec": 0.4},
        {"type": "THUMB", "file": "d.jpg", "size": "320:320", "intervals": 0.4, "mode": "intervals"},
    ]
    size = (320, 240) if degrees % 180 == 0 else (240, 320)
    for output in transcode(environment, turned, *outputs):
        assert (output["width"], output["height"]) == size, output["key"]
        made = made_file(environment, tmp_path, output["key"])
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
        transcode(environment, clip, video_output(**part))
    assert caught.value.code == "START_OUT_OF_RANGE"


def test_a_part_between_two_frames_of_no_steady_rate(
    environment: ActivityEnvironment, clips: ClipMaker
) -> None:
    still = ("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=2,select='lt(n,10)+gt(n,30)'")
    coding = ("-fps_mode", "vfr", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
    hole = clips.run("hole.mp4", *still, *coding)
    with pytest.raises(InvalidInput, match="has no frame") as caught:
        transcode(environment, hole, video_output(frame_rate="auto", start=0.5, duration=0.5))
    assert caught.value.code == "START_OUT_OF_RANGE"
    (made,) = transcode(environment, hole, video_output(frame_rate="auto", start=0.5, duration=1))
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
    environment.run(ValidateAsset(), job(file=shifted.name))
    # Matroska's index has no times before zero: a part would be searched for in vain.
    (whole, part) = transcode(
        environment, shifted, video_output("a.mp4"), video_output("b.mp4", start=4 if offset > 0 else 0.4)
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
    for output in (
        video_output(),
        video_output(duration=1),
        {"type": "THUMB", "file": "t.jpg", "size": "80:-1"},
    ):
        with pytest.raises(InvalidInput, match="cannot be decoded") as caught:
            transcode(environment, broken, output)
        assert caught.value.code == "INPUT_UNDECODABLE"
