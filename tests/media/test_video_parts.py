"""Every key of a VIDEO output, on real media: parts of the source."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker
from tests.media.video_rows import HZ, Check, Made, Row, both, has_frames, prove, runs
from tests.media.video_sources import Sources


def _hears(start: float, seconds: float) -> Check:
    """Check the length of the sound, and that it is the source's from `start` on.

    Its level is a tenth higher with each second.
    """

    def check(made: Made) -> None:
        samples = made.samples()
        # One frame of AAC is 21 ms.
        assert float(made.audio["duration"]) == pytest.approx(seconds, abs=0.022)
        step = math.floor(start) + 1 - start
        for at, level in ((step - 0.1, math.floor(start)), (step + 0.1, math.floor(start) + 1)):
            if 0 <= at < seconds - 0.05:
                near = samples[round((at - 0.04) * HZ) : round((at + 0.04) * HZ)]
                assert max(map(abs, near)) == pytest.approx(0.1 + 0.1 * level, abs=0.02)

    return check


ROWS = [
    Row(
        key="start",
        clip="counted",
        changes={"start": 1},
        check=both(runs(25, 74, 50), _hears(1, 2)),
    ),
    Row(
        key="start",
        clip="counted",
        changes={"start": "00:00:01.520", "duration": "0.4"},
        check=both(runs(38, 47, 10), _hears(1.52, 0.4)),
    ),
    Row(
        key="duration",
        clip="counted",
        changes={"duration": 1.2},
        check=both(runs(0, 29, 30), _hears(0, 1.2)),
    ),
    Row(
        key="duration",
        clip="counted",
        changes={"start": 2.6, "duration": 60},
        check=both(runs(65, 74, 10), _hears(2.6, 0.4)),
    ),
    Row(
        key="start",
        clip="counted",
        changes={"start": "0:0:1.5", "duration": "00:01", "frame_rate": 50},
        # Frame 37 is on show at 1.5 s.
        check=both(runs(37, 62, 50), _hears(1.5, 1)),
    ),
    Row(
        key="start",
        clip="counted_ts",
        changes={"start": 1, "duration": 1},
        # Its sound starts 21 ms before its picture.
        check=both(runs(24, 48, 25), _hears(1 - 0.021, 1)),
    ),
    Row(
        key="start",
        clip="counted_mkv",
        changes={"start": 1.4, "duration": 0.8},
        file="x.ts",
        check=has_frames(20),
    ),
    Row(
        key="start",
        clip="uneven",
        changes={"start": 1, "duration": 1},
        # Of its 75 frames those at every third place are missing.
        check=has_frames(16),
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_key_does_what_it_says(
    row: Row, environment: ActivityEnvironment, clips: ClipMaker, sources: Sources, tmp_path: Path
) -> None:
    prove(row, environment, clips=clips, source=sources[row.clip], folder=tmp_path)
