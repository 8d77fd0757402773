"""Every key of a VIDEO output, on real media: the size and the shape of the picture."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker
from tests.media.video_rows import Row, bars, both, has_size, prove, shows
from tests.media.video_sources import Sources

ROWS = [
    Row(key="size", changes={"size": "80x60"}, check=has_size(80, 44)),
    Row(key="size", changes={"size": "-2x60"}, check=has_size(106, 60)),
    Row(key="keep_ratio", changes={"size": "80x60", "keep_ratio": "false"}, check=has_size(80, 60)),
    Row(key="no_enlarge", changes={"size": "640x480", "no_enlarge": True}, check=has_size(160, 90)),
    Row(key="allow_upscale", changes={"size": "320x240", "allow_upscale": 1}, check=has_size(320, 180)),
    Row(key="sizing", changes={"size": "320x240", "sizing": "Fit"}, check=has_size(320, 180)),
    Row(key="sizing", changes={"size": "320x240", "sizing": "Stretch"}, check=has_size(320, 240)),
    Row(key="sizing", changes={"size": "80x60", "sizing": "ShrinkToFit"}, check=has_size(80, 44)),
    Row(key="sizing", changes={"size": "320x240", "sizing": "ShrinkToFit"}, check=has_size(160, 90)),
    Row(
        key="sizing",
        changes={"size": "60x60", "sizing": "Fill"},
        clip="halves",
        # Its dark left and bright right half, cut off at both sides.
        check=both(has_size(60, 60), shows(0, 1, 0, 1)),
    ),
    Row(key="sizing", changes={"size": "240x240", "sizing": "Fill"}, check=has_size(240, 240)),
    Row(key="sizing", changes={"size": "60x60", "sizing": "ShrinkToFill"}, check=has_size(60, 60)),
    Row(key="sizing", changes={"size": "240x240", "sizing": "ShrinkToFill"}, check=has_size(160, 90)),
    Row(key="sizing", changes={"size": "100x40", "sizing": "Keep"}, check=has_size(100, 40)),
    Row(key="sizing", changes={"size": "100x240", "sizing": "Keep"}, check=has_size(100, 90)),
    Row(
        key="padding",
        changes={"size": "160x160", "padding": True},
        clip="bright",
        check=both(
            has_size(160, 160),
            bars((16, 16), black=[(8, 1), (8, 14)], bright=[(0, 8), (15, 8), (8, 8)]),
        ),
    ),
    Row(
        key="padding",
        changes={"size": "320x90", "padding": "Pad", "sizing": "Keep"},
        clip="bright",
        check=both(has_size(320, 90), bars((32, 9), black=[(3, 4), (28, 4)], bright=[(16, 0), (16, 8)])),
    ),
    Row(key="padding", changes={"size": "160x160", "padding": "NoPad"}, check=has_size(160, 90)),
    # The clip's upper half is bright.
    Row(key="rotate", clip="upper", changes={"rotate": 0}, check=both(has_size(160, 90), shows(1, 1, 0, 0))),
    Row(
        key="rotate",
        clip="upper",
        changes={"rotate": "90"},
        check=both(has_size(90, 160), shows(0, 1, 0, 1)),
    ),
    Row(
        key="rotate",
        clip="upper",
        changes={"rotate": 180},
        check=both(has_size(160, 90), shows(0, 0, 1, 1)),
    ),
    Row(
        key="rotate",
        clip="upper",
        changes={"rotate": 270},
        check=both(has_size(90, 160), shows(1, 0, 1, 0)),
    ),
    # The same, marked to be turned by 90 degrees.
    Row(key="rotate", clip="turned", check=both(has_size(90, 160), shows(0, 1, 0, 1))),
    Row(key="rotate", clip="turned", changes={"rotate": "auto"}, check=has_size(90, 160)),
    Row(
        key="rotate",
        clip="turned",
        changes={"rotate": 0},
        check=both(has_size(160, 90), shows(1, 1, 0, 0)),
    ),
    Row(
        key="rotate",
        clip="turned",
        changes={"rotate": 90},
        check=both(has_size(90, 160), shows(0, 1, 0, 1)),
    ),
    Row(
        key="rotate",
        clip="turned",
        changes={"rotate": 180},
        check=both(has_size(160, 90), shows(0, 0, 1, 1)),
    ),
    Row(
        key="rotate",
        clip="turned",
        changes={"rotate": 270},
        check=both(has_size(90, 160), shows(1, 0, 1, 0)),
    ),
    Row(
        key="watermark",
        clip="black",
        changes={
            "size": "160x90",
            "watermark": {
                "bucket": "media-in",
                "file": "mark.png",
                "size": "40:-1",
                "opacity": 1,
                "x": 4,
                "y": -5,
            },
        },
        # 40 by 16 pixels, four from the left and five from the bottom.
        check=bars((160, 90), bright=[(12, 77), (24, 77)], black=[(1, 77), (50, 77), (12, 60), (12, 88)]),
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_key_does_what_it_says(
    row: Row, environment: ActivityEnvironment, clips: ClipMaker, sources: Sources, tmp_path: Path
) -> None:
    prove(row, environment, clips=clips, source=sources[row.clip], folder=tmp_path)
