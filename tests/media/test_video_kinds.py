"""VIDEO outputs of all kinds of sources: shapes, pixels, colours, streams."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker
from tests.media.video_rows import Check, Made, Row, both, has_frames, has_size, is_video, prove
from tests.media.video_sources import Sources


def _only(*kinds: str) -> Check:
    """Check which streams there are."""

    def check(made: Made) -> None:
        assert sorted(stream["codec_type"] for stream in made.streams) == sorted(kinds)

    return check


def _speaks(language: str) -> Check:
    def check(made: Made) -> None:
        assert made.audio["tags"]["language"] == language

    return check


def _colored(red: int, green: int, blue: int) -> Check:
    """Check the colour of the picture's middle."""

    def check(made: Made) -> None:
        filters = ("-frames:v", "1", "-vf", "scale=1:1:flags=area", "-pix_fmt", "rgb24", "-f", "rawvideo")
        assert list(made.clips.decoded(made.path, *filters)) == pytest.approx([red, green, blue], abs=6)

    return check


_KINDS = [
    Row(key="type", clip="portrait", check=has_size(90, 160)),
    Row(key="type", clip="anamorphic", check=has_size(320, 180)),
    Row(
        key="type",
        clip="anamorphic",
        changes={"sizing": "Fill", "size": "120x120"},
        check=has_size(120, 120),
    ),
    Row(key="type", clip="odd", check=has_size(160, 90)),
    Row(key="type", clip="uneven", check=both(has_frames(50), is_video(time_base="1/12800"))),
    Row(key="type", clip="uneven", changes={"frame_rate": 25}, check=has_frames(75)),
    Row(key="type", clip="interlaced", check=both(is_video(field_order="progressive"), has_frames(25))),
    Row(key="type", clip="deep", check=is_video(pix_fmt="yuv420p")),
    Row(key="type", clip="full", check=both(is_video(pix_fmt="yuv420p"), _colored(200, 100, 50))),
    Row(key="type", clip="rgb", check=both(is_video(pix_fmt="yuv420p"), _colored(200, 100, 50))),
    Row(key="type", clip="halves", check=_only("video")),
    Row(key="type", clip="voices", check=both(_only("video", "audio"), _speaks("fra"))),
    Row(key="type", clip="covered", check=both(_only("video", "audio"), has_size(160, 90))),
    Row(key="type", clip="coded", check=_only("video", "audio")),
]


_BT709 = is_video(
    pix_fmt="yuv420p", color_range="tv", color_space="bt709", color_transfer="bt709", color_primaries="bt709"
)
_COLORS = [
    Row(key="tone_map", clip="pq", changes={"tone_map": True}, check=_BT709),
    Row(key="tone_map", clip="hlg", changes={"tone_map": True}, check=_BT709),
    Row(key="tone_map", changes={"tone_map": True}, check=is_video(pix_fmt="yuv420p")),
    Row(
        key="tone_map",
        clip="pq",
        changes={"tone_map": False},
        check=is_video(
            pix_fmt="yuv420p",
            color_range="tv",
            color_space="bt2020nc",
            color_transfer="smpte2084",
            color_primaries="bt2020",
        ),
    ),
]


ROWS = [*_KINDS, *_COLORS]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_key_does_what_it_says(
    row: Row, environment: ActivityEnvironment, clips: ClipMaker, sources: Sources, tmp_path: Path
) -> None:
    prove(row, environment, clips=clips, source=sources[row.clip], folder=tmp_path)
