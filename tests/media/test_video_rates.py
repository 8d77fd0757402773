"""Every key of a VIDEO output, on real media: encoders, bits and frames a second, and passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker
from tests.media.video_rows import Row, bits, both, has_frames, is_video, prove, runs, speedy, x264_says
from tests.media.video_sources import Sources

_RATES = [
    Row(
        key="preset",
        changes={"preset": "hls400k-generic.json"},
        check=both(is_video(level=30), x264_says(b" ref=1 ")),
    ),
    Row(
        key="preset",
        # The preset's level 1.3 allows no picture of this size.
        changes={"preset": "320x240-generic", "size": "640x360", "allow_upscale": True},
        check=is_video(level=22),
    ),
    Row(key="video_bitrate", clip="busy", changes={"video_bitrate": "150k"}, check=bits(100_000, 210_000)),
    Row(key="video_bitrate", clip="busy", changes={"video_bitrate": 400000}, check=bits(300_000, 520_000)),
    Row(key="crf", changes={"crf": 30}, check=x264_says(b"crf=30.0")),
    Row(
        key="max_bitrate",
        clip="busy",
        changes={"crf": 10, "max_bitrate": "200k"},
        check=both(bits(120_000, 320_000), x264_says(b"vbv_maxrate=200 vbv_bufsize=400")),
    ),
    Row(
        key="max_bitrate",
        changes={"video_bitrate": "150k", "max_bitrate": "160k"},
        check=x264_says(b"bitrate=150"),
    ),
    Row(
        key="crf",
        changes={"crf": "40", "video_codec": "vp9", "audio_codec": "opus"},
        file="x.webm",
        check=is_video(codec_name="vp9"),
    ),
    Row(
        key="crf",
        clip="busy",
        changes={"crf": 10, "max_bitrate": "200k", "video_codec": "libvpx", "audio_codec": "opus"},
        file="x.webm",
        check=both(is_video(codec_name="vp8"), bits(50_000, 300_000)),
    ),
    Row(
        key="crf",
        changes={"crf": 50, "max_bitrate": "200k", "video_codec": "av1"},
        check=is_video(codec_name="av1"),
    ),
    Row(key="crf", changes={"crf": 30, "video_codec": "hevc"}, check=is_video(codec_name="hevc")),
    *(
        Row(
            key="preset",
            changes={"preset": speedy(encoder, speed), "two_pass": encoder == "libvpx-vp9"},
            file="x.mkv",
            check=is_video(codec_name=codec),
        )
        for encoder, codec, speed in (
            ("libx265", "hevc", "ultrafast"),
            ("libvpx-vp9", "vp9", "ultrafast"),
            ("libvpx-vp9", "vp9", "veryslow"),
            ("libvpx", "vp8", "veryfast"),
            ("libsvtav1", "av1", "ultrafast"),
            ("libsvtav1", "av1", "veryslow"),
        )
    ),
    Row(
        key="frame_rate",
        changes={"frame_rate": "auto"},
        check=both(is_video(avg_frame_rate="25/1"), has_frames(25)),
    ),
    Row(
        key="frame_rate",
        changes={"frame_rate": 12.5},
        check=both(is_video(avg_frame_rate="25/2"), has_frames(13)),
    ),
    Row(key="frame_rate", changes={"frame_rate": "29.97"}, check=is_video(avg_frame_rate="30000/1001")),
    Row(
        key="video_codec",
        changes={"video_codec": "mpeg4"},
        check=is_video(codec_name="mpeg4", pix_fmt="yuv420p"),
    ),
]


_PASSES = [
    Row(
        key="two_pass",
        clip="busy",
        changes={"two_pass": True, "video_bitrate": "300k"},
        check=bits(240_000, 360_000),
    ),
    Row(key="two_pass", changes={"two_pass": True}, check=x264_says(b"rc=2pass")),
    Row(
        key="two_pass", changes={"two_pass": "true", "video_codec": "hevc"}, check=is_video(codec_name="hevc")
    ),
    Row(
        key="two_pass",
        changes={"two_pass": True, "video_codec": "vp9", "audio_codec": "opus"},
        file="x.webm",
        check=is_video(codec_name="vp9"),
    ),
    Row(
        key="two_pass",
        changes={"two_pass": True, "video_codec": "vp8"},
        file="x.mkv",
        check=is_video(codec_name="vp8"),
    ),
    Row(
        key="frame_rate",
        changes={"video_codec": "mpeg2video", "frame_rate": "15"},
        check=is_video(codec_name="mpeg2video", r_frame_rate="15/1"),
    ),
    Row(
        key="two_pass", changes={"two_pass": True, "video_codec": "mpeg4"}, check=is_video(codec_name="mpeg4")
    ),
    Row(
        key="two_pass",
        clip="counted",
        changes={"two_pass": True, "start": 1, "duration": 1},
        check=both(runs(25, 49, 25), x264_says(b"rc=2pass")),
    ),
]


ROWS = [*_RATES, *_PASSES]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_key_does_what_it_says(
    row: Row, environment: ActivityEnvironment, clips: ClipMaker, sources: Sources, tmp_path: Path
) -> None:
    prove(row, environment, clips=clips, source=sources[row.clip], folder=tmp_path)
