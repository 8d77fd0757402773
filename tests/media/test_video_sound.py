"""Every key of a VIDEO output, on real media: its sound, and how loud it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker
from tests.media.video_rows import Check, Made, Row, has_frames, has_sound, prove
from tests.media.video_sources import Sources

_SOUNDS = [
    Row(key="audio_codec", changes={"audio_codec": "mp3"}, check=has_sound(codec_name="mp3", channels=1)),
    Row(key="audio_bitrate", changes={"audio_bitrate": "32k"}, check=has_sound(codec_name="aac")),
    Row(
        key="audio_channels",
        changes={"audio_channels": 2},
        check=has_sound(channels=2, channel_layout="stereo"),
    ),
    Row(key="audio_channels", clip="surround", check=has_sound(channels=2, channel_layout="stereo")),
    Row(key="audio_channels", clip="surround", changes={"audio_channels": 1}, check=has_sound(channels=1)),
    Row(
        key="audio_channels", clip="surround", changes={"audio_channels": "auto"}, check=has_sound(channels=6)
    ),
    Row(
        key="audio_channels",
        clip="surround",
        changes={"audio_channels": "6", "audio_codec": "opus"},
        file="x.mkv",
        check=has_sound(codec_name="opus", channels=6),
    ),
    Row(
        key="audio_channels",
        clip="surround",
        changes={"audio_channels": "auto", "audio_codec": "mp3"},
        check=has_sound(codec_name="mp3", channels=2),
    ),
]


def _loudness(target: float) -> Check:
    def check(made: Made) -> None:
        assert made.loudness() == pytest.approx(target, abs=0.6)

    return check


_LEVELS = [
    Row(key="loudness", clip="counted", changes={"loudness": -23}, check=_loudness(-23)),
    Row(
        key="loudness", clip="counted", changes={"loudness": "-16", "audio_channels": 2}, check=_loudness(-16)
    ),
    Row(key="loudness", clip="surround", changes={"loudness": -20}, check=_loudness(-20)),
    Row(key="loudness", clip="black", changes={"loudness": -20}, check=has_frames(25)),
]


ROWS = [*_SOUNDS, *_LEVELS]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_key_does_what_it_says(
    row: Row, environment: ActivityEnvironment, clips: ClipMaker, sources: Sources, tmp_path: Path
) -> None:
    prove(row, environment, clips=clips, source=sources[row.clip], folder=tmp_path)
