"""Every key of a VIDEO output, on real media: captions."""

from __future__ import annotations

from pathlib import Path

import pytest

from activities.media.cues import parse_cues
from cpe.activity import JsonValue
from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker
from tests.media.video_rows import Check, Made, Row, both, prove
from tests.media.video_sources import Sources


def _captioned(codec: str, *wanted: tuple[float, float, str]) -> Check:
    """Check codec, times and text of the captions in a video."""

    def check(made: Made) -> None:
        stream = made.stream("subtitle")
        assert (stream["codec_name"], stream["tags"]["language"]) == (codec, "eng")
        written = made.clips.decoded(made.path, "-map", "0:s", "-c:s", "srt", "-f", "srt").decode()
        for cue, (start, end, text) in zip(parse_cues(written), wanted, strict=True):
            # In a copy the picture may start a frame of sound later.
            assert (float(cue.start), float(cue.end)) == pytest.approx((start, end), abs=0.022)
            assert cue.text == text

    return check


def _beside(key: str, content_type: str, *lines: str) -> Check:
    """Check the captions beside a video."""

    def check(made: Made) -> None:
        text = made.environment.storage.get("media-out", key).decode()
        assert all(line in text for line in lines)
        assert made.environment.storage.options["media-out", key].content_type == content_type

    return check


_EMBED: JsonValue = {"bucket": "media-in", "file": "/captions.srt", "language": "eng", "mode": "embed"}
_SPOKEN = ((0.2, 0.6, "One & <i>two</i>"), (1.0, 2.0, "three"))
ROWS = [
    Row(key="captions", clip="counted", changes={"captions": _EMBED}, check=_captioned("mov_text", *_SPOKEN)),
    Row(
        key="captions",
        clip="counted",
        changes={"captions": [_EMBED]},
        file="x.mkv",
        check=_captioned("subrip", *_SPOKEN),
    ),
    Row(
        key="captions",
        clip="counted",
        changes={"captions": [_EMBED], "video_codec": "vp8", "audio_codec": "opus"},
        file="x.webm",
        check=_captioned("webvtt", *_SPOKEN),
    ),
    Row(
        key="captions",
        clip="counted",
        changes={"captions": _EMBED, "start": 0.5, "duration": 1},
        check=_captioned("mov_text", (0.0, 0.1, "One & <i>two</i>"), (0.5, 1.0, "three")),
    ),
    Row(
        key="captions",
        clip="counted",
        changes={"captions": {"bucket": "media-in", "path": "/", "file": "captions.srt", "language": "eng"}},
        file="a/x.mp4",
        check=_beside(
            "a/x.eng.vtt",
            "text/vtt; charset=utf-8",
            "WEBVTT",
            "00:00:00.200 --> 00:00:00.600",
            "One &amp; <i>two</i>",
        ),
    ),
    Row(
        key="captions",
        clip="counted",
        changes={
            "captions": {"bucket": "media-in", "file": "captions.srt", "format": "srt", "encoding": "utf-8"}
        },
        check=_beside("x.srt", "application/x-subrip; charset=utf-8", "1", "00:00:01,000 --> 00:00:02,000"),
    ),
    Row(
        key="captions",
        clip="captioned",
        changes={"captions": [{"stream": "eng", "mode": "embed"}, {"stream": "auto"}]},
        check=both(
            _captioned("mov_text", *_SPOKEN),
            _beside("x.vtt", "text/vtt; charset=utf-8", "<i>two</i>", "three"),
        ),
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_key_does_what_it_says(
    row: Row, environment: ActivityEnvironment, clips: ClipMaker, sources: Sources, tmp_path: Path
) -> None:
    prove(row, environment, clips=clips, source=sources[row.clip], folder=tmp_path)
