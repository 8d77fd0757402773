from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from activities.media.probe import parse_probe

_VIDEO: dict[str, Any] = {
    "index": 0,
    "codec_type": "video",
    "codec_name": "h264",
    "profile": "High",
    "level": 40,
    "width": 1920,
    "height": 1080,
    "pix_fmt": "yuv420p",
    "avg_frame_rate": "30000/1001",
    "r_frame_rate": "30/1",
    "duration": "5.28",
    "disposition": {"default": 1},
}
_AUDIO: dict[str, Any] = {
    "index": 1,
    "codec_type": "audio",
    "codec_name": "aac",
    "channels": 6,
    "sample_rate": "48000",
    "tags": {"language": "eng"},
}


def test_a_plain_file() -> None:
    info = parse_probe(
        {
            "streams": [_VIDEO, _AUDIO],
            "format": {"format_name": "mov,mp4", "duration": "5.312", "start_time": "0.0"},
        }
    )
    assert (info.demuxer, info.duration, info.start) == ("mov,mp4", 5.312, 0.0)
    assert info.video is not None
    assert (info.video.codec, info.video.width, info.video.height) == ("h264", 1920, 1080)
    assert info.video.frame_rate == Fraction(30000, 1001)
    assert info.video.display_size == (Fraction(1920), Fraction(1080))
    assert info.audio is not None
    assert (info.audio.channels, info.audio.sample_rate, info.audio.language) == (6, 48000, "eng")
    assert info.video_duration == 5.28


@pytest.mark.parametrize("disposition", ["attached_pic", "timed_thumbnails"])
def test_a_cover_is_no_video(disposition: str) -> None:
    cover = _VIDEO | {"codec_name": "mjpeg", "width": 4000, "height": 4000, "disposition": {disposition: 1}}
    assert parse_probe({"streams": [cover, _AUDIO]}).video is None
    found = parse_probe({"streams": [cover, _VIDEO | {"index": 2}]}).video
    assert found is not None
    assert found.index == 2


def test_the_default_stream_wins_then_the_larger_then_the_first() -> None:
    small = _VIDEO | {"index": 0, "width": 100, "disposition": {}}
    large = _VIDEO | {"index": 1, "disposition": {}}
    also_large = _VIDEO | {"index": 2, "disposition": {}}
    chosen = parse_probe({"streams": [small, large, also_large]}).video
    assert chosen is not None
    assert chosen.index == 1
    chosen = parse_probe({"streams": [small | {"disposition": {"default": 1}}, large]}).video
    assert chosen is not None
    assert chosen.index == 0


@pytest.mark.parametrize(
    ("extra", "rotation"),
    [
        ({"side_data_list": [{"side_data_type": "Display Matrix", "rotation": -90}]}, 90),
        ({"side_data_list": [{"rotation": 90.0}]}, 270),
        ({"side_data_list": [{}, {"rotation": -180}]}, 180),
        ({"tags": {"rotate": "90"}}, 90),
        ({"tags": {"rotate": "upside down"}}, 0),
        ({}, 0),
    ],
)
def test_rotation_is_read_from_side_data(extra: dict[str, Any], rotation: int) -> None:
    video = parse_probe({"streams": [_VIDEO | extra]}).video
    assert video is not None
    assert video.rotation == rotation


def test_sample_aspect_and_rotation_shape_what_is_shown() -> None:
    raw = _VIDEO | {
        "width": 720,
        "height": 576,
        "sample_aspect_ratio": "16:15",
        "side_data_list": [{"rotation": -90}],
    }
    video = parse_probe({"streams": [raw]}).video
    assert video is not None
    assert video.display_size == (Fraction(576), Fraction(768))


@pytest.mark.parametrize(
    "stream",
    [
        _VIDEO | {"codec_name": "unknown"},
        {**_VIDEO, "codec_name": None},
        _VIDEO | {"width": 0},
        _AUDIO | {"channels": 0},
        _AUDIO | {"sample_rate": "N/A"},
        {"index": 3, "codec_type": "data"},
    ],
)
def test_what_cannot_be_decoded_is_no_stream(stream: dict[str, Any]) -> None:
    info = parse_probe({"streams": [stream], "format": {"duration": "N/A"}})
    assert (info.video, info.audio, info.duration) == (None, None, None)


def test_values_that_are_not_there() -> None:
    raw = {"index": 0, "codec_type": "video", "codec_name": "h264", "width": 2, "height": 2}
    video = parse_probe({"streams": [raw | {"avg_frame_rate": "0/0", "sample_aspect_ratio": "0:1"}]}).video
    assert video is not None
    assert (video.frame_rate, video.duration) == (None, None)
    assert video.sample_aspect == 1
