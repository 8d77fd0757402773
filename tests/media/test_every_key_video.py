"""Every key of a VIDEO output: a job with it on real media, and what FFprobe says of what was made."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from activities.media.captions import CAPTION_KEYS
from activities.media.cues import parse_cues
from activities.media.custom_output import CUSTOM_KEYS
from activities.media.video_output import VIDEO_KEYS, WATERMARK_KEYS
from activities.sample_clip import make_watermark
from activities.transcode_asset import TranscodeAsset
from cpe.activity import JsonValue
from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker

_HZ = 48_000
_SRT = b"""1
00:00:00,200 --> 00:00:00,600
<font color="red">One</font> & <i>two</i>

2
00:00:01,000 --> 00:00:02,000
three
"""
_X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
_COUNTED = (
    *("-f", "lavfi", "-i", "color=black:size=160x90:rate=25:duration=3,format=gray,geq=lum=3*N"),
    *("-f", "lavfi", "-i", "aevalsrc=(0.1+0.1*floor(t))*sin(2764.6*t):s=48000:d=3"),
)

_PRESET = {
    "size": "320x240",
    "frame_rate": "auto",
    "video_bitrate": "300k",
    "audio_bitrate": "64k",
    "video_codec": "libx264",
    "audio_codec": "aac",
    "video_codec_options": "MaxReferenceFrames:2,Profile:main,Level:3.1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a job made: its result, its file, and what FFprobe says of that."""

    entry: Mapping[str, Any]
    path: Path
    clips: ClipMaker
    environment: ActivityEnvironment

    @property
    def streams(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.clips.probe(self.path)["streams"]
        return found

    def stream(self, kind: str) -> dict[str, Any]:
        (only,) = [stream for stream in self.streams if stream["codec_type"] == kind]
        return only

    @property
    def video(self) -> dict[str, Any]:
        return self.stream("video")

    @property
    def audio(self) -> dict[str, Any]:
        return self.stream("audio")

    @property
    def size(self) -> tuple[int, int]:
        return self.video["width"], self.video["height"]

    @property
    def frames(self) -> int:
        document = self.clips.probe(self.path, "-count_packets", "-select_streams", "v:0")
        return int(document["streams"][0]["nb_read_packets"])

    @property
    def bit_rate(self) -> float:
        """Bits per second of the picture."""
        packets = self.clips.probe(self.path, "-show_packets", "-select_streams", "v:0")["packets"]
        return sum(int(packet["size"]) for packet in packets) * 8 / float(self.entry["duration"])

    def grays(self) -> list[int]:
        """Return the gray of each frame."""
        filters = ("-vf", "scale=1:1:flags=area", "-fps_mode", "passthrough", "-pix_fmt", "gray")
        return list(self.clips.decoded(self.path, *filters, "-f", "rawvideo"))

    def samples(self) -> list[float]:
        """Return the sound's samples, mixed into one channel, 1 at full scale."""
        content = self.clips.decoded(self.path, "-vn", "-ac", "1", "-ar", str(_HZ), "-f", "s16le")
        return [value / 32768 for (value,) in struct.iter_unpack("<h", content)]

    def loudness(self) -> float:
        """Return the sound's integrated loudness in LUFS."""
        filters = ("-vn", "-af", "ebur128=metadata=1,ametadata=mode=print:file=-", "-f", "null")
        printed = self.clips.decoded(self.path, *filters).decode()
        return float(printed.rsplit("r128.I=", 1)[1].split()[0])

    def quarters(self, at: float = 0.4) -> list[int]:
        """Return the gray of upper left, upper right, lower left and lower right."""
        (first, second), (third, fourth) = self.clips.gray(self.path, at=at, size=(2, 2))
        return [first, second, third, fourth]


Check = Callable[[Made], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A job: the key it is about, the output's keys, its source, and what must be true of what is made."""

    key: str
    check: Check
    changes: Mapping[str, JsonValue] = field(default_factory=dict)
    clip: str = "plain"
    file: str = "x.mp4"

    def __str__(self) -> str:
        wish = ",".join(f"{name}={value}" for name, value in self.changes.items())
        return f"{self.clip}: {wish or self.key}"


def _is(**wanted: object) -> Check:
    """Check what FFprobe says of the picture."""

    def check(made: Made) -> None:
        video = made.video
        assert {name: video.get(name) for name in wanted} == wanted

    return check


def _sound(**wanted: object) -> Check:
    def check(made: Made) -> None:
        audio = made.audio
        assert {name: audio.get(name) for name in wanted} == wanted

    return check


def _both(*checks: Check) -> Check:
    def check(made: Made) -> None:
        for one in checks:
            one(made)

    return check


def _has_size(width: int, height: int) -> Check:
    return _is(width=width, height=height, sample_aspect_ratio="1:1")


def _shows(*quarters: int) -> Check:
    """Check the gray of the four quarters: 0 is dark, 1 is bright."""

    def check(made: Made) -> None:
        assert [round(gray / 255) for gray in made.quarters()] == list(quarters)

    return check


def _bars(sides: tuple[int, int], *, black: list[tuple[int, int]], bright: list[tuple[int, int]]) -> Check:
    """Check which of the picture's columns and lines are black, and which are not."""

    def check(made: Made) -> None:
        picture = made.clips.gray(made.path, at=0.3, size=sides)
        assert [picture[y][x] < 40 for x, y in black] == [True] * len(black)
        assert [picture[y][x] > 60 for x, y in bright] == [True] * len(bright)

    return check


def _bits(low: float, high: float) -> Check:
    def check(made: Made) -> None:
        assert low <= made.bit_rate <= high

    return check


def _x264(text: bytes) -> Check:
    """Check one of the settings that x264 writes into the stream."""

    def check(made: Made) -> None:
        assert text in made.path.read_bytes().split(b"x264 - core", 1)[1][:1000]

    return check


def _frames(count: int) -> Check:
    def check(made: Made) -> None:
        assert made.frames == count

    return check


_SHAPES = [
    Row(key="size", changes={"size": "80x60"}, check=_has_size(80, 44)),
    Row(key="size", changes={"size": "-2x60"}, check=_has_size(106, 60)),
    Row(key="keep_ratio", changes={"size": "80x60", "keep_ratio": "false"}, check=_has_size(80, 60)),
    Row(key="no_enlarge", changes={"size": "640x480", "no_enlarge": True}, check=_has_size(160, 90)),
    Row(key="allow_upscale", changes={"size": "320x240", "allow_upscale": 1}, check=_has_size(320, 180)),
    Row(key="sizing", changes={"size": "320x240", "sizing": "Fit"}, check=_has_size(320, 180)),
    Row(key="sizing", changes={"size": "320x240", "sizing": "Stretch"}, check=_has_size(320, 240)),
    Row(key="sizing", changes={"size": "80x60", "sizing": "ShrinkToFit"}, check=_has_size(80, 44)),
    Row(key="sizing", changes={"size": "320x240", "sizing": "ShrinkToFit"}, check=_has_size(160, 90)),
    Row(
        key="sizing",
        changes={"size": "60x60", "sizing": "Fill"},
        clip="halves",
        # Its dark left and bright right half, cut off at both sides.
        check=_both(_has_size(60, 60), _shows(0, 1, 0, 1)),
    ),
    Row(key="sizing", changes={"size": "240x240", "sizing": "Fill"}, check=_has_size(240, 240)),
    Row(key="sizing", changes={"size": "60x60", "sizing": "ShrinkToFill"}, check=_has_size(60, 60)),
    Row(key="sizing", changes={"size": "240x240", "sizing": "ShrinkToFill"}, check=_has_size(160, 90)),
    Row(key="sizing", changes={"size": "100x40", "sizing": "Keep"}, check=_has_size(100, 40)),
    Row(key="sizing", changes={"size": "100x240", "sizing": "Keep"}, check=_has_size(100, 90)),
    Row(
        key="padding",
        changes={"size": "160x160", "padding": True},
        clip="bright",
        check=_both(
            _has_size(160, 160),
            _bars((16, 16), black=[(8, 1), (8, 14)], bright=[(0, 8), (15, 8), (8, 8)]),
        ),
    ),
    Row(
        key="padding",
        changes={"size": "320x90", "padding": "Pad", "sizing": "Keep"},
        clip="bright",
        check=_both(_has_size(320, 90), _bars((32, 9), black=[(3, 4), (28, 4)], bright=[(16, 0), (16, 8)])),
    ),
    Row(key="padding", changes={"size": "160x160", "padding": "NoPad"}, check=_has_size(160, 90)),
    # The clip's upper half is bright.
    Row(
        key="rotate", clip="upper", changes={"rotate": 0}, check=_both(_has_size(160, 90), _shows(1, 1, 0, 0))
    ),
    Row(
        key="rotate",
        clip="upper",
        changes={"rotate": "90"},
        check=_both(_has_size(90, 160), _shows(0, 1, 0, 1)),
    ),
    Row(
        key="rotate",
        clip="upper",
        changes={"rotate": 180},
        check=_both(_has_size(160, 90), _shows(0, 0, 1, 1)),
    ),
    Row(
        key="rotate",
        clip="upper",
        changes={"rotate": 270},
        check=_both(_has_size(90, 160), _shows(1, 0, 1, 0)),
    ),
    # The same, marked to be turned by 90 degrees.
    Row(key="rotate", clip="turned", check=_both(_has_size(90, 160), _shows(0, 1, 0, 1))),
    Row(key="rotate", clip="turned", changes={"rotate": "auto"}, check=_has_size(90, 160)),
    Row(
        key="rotate",
        clip="turned",
        changes={"rotate": 0},
        check=_both(_has_size(160, 90), _shows(1, 1, 0, 0)),
    ),
    Row(
        key="rotate",
        clip="turned",
        changes={"rotate": 90},
        check=_both(_has_size(90, 160), _shows(0, 1, 0, 1)),
    ),
    Row(
        key="rotate",
        clip="turned",
        changes={"rotate": 180},
        check=_both(_has_size(160, 90), _shows(0, 0, 1, 1)),
    ),
    Row(
        key="rotate",
        clip="turned",
        changes={"rotate": 270},
        check=_both(_has_size(90, 160), _shows(1, 0, 1, 0)),
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
        check=_bars((160, 90), bright=[(12, 77), (24, 77)], black=[(1, 77), (50, 77), (12, 60), (12, 88)]),
    ),
]

_RATES = [
    Row(
        key="preset",
        changes={"preset": "hls400k-generic.json"},
        check=_both(_is(level=30), _x264(b" ref=1 ")),
    ),
    Row(key="video_bitrate", clip="busy", changes={"video_bitrate": "150k"}, check=_bits(100_000, 210_000)),
    Row(key="video_bitrate", clip="busy", changes={"video_bitrate": 400000}, check=_bits(300_000, 520_000)),
    Row(key="crf", changes={"crf": 30}, check=_x264(b"crf=30.0")),
    Row(
        key="max_bitrate",
        clip="busy",
        changes={"crf": 10, "max_bitrate": "200k"},
        check=_both(_bits(120_000, 320_000), _x264(b"vbv_maxrate=200 vbv_bufsize=400")),
    ),
    Row(
        key="max_bitrate",
        changes={"video_bitrate": "150k", "max_bitrate": "160k"},
        check=_x264(b"bitrate=150"),
    ),
    Row(
        key="crf",
        changes={"crf": "40", "video_codec": "vp9", "audio_codec": "opus"},
        file="x.webm",
        check=_is(codec_name="vp9"),
    ),
    Row(
        key="crf",
        clip="busy",
        changes={"crf": 10, "max_bitrate": "200k", "video_codec": "libvpx", "audio_codec": "opus"},
        file="x.webm",
        check=_both(_is(codec_name="vp8"), _bits(50_000, 300_000)),
    ),
    Row(
        key="crf",
        changes={"crf": 50, "max_bitrate": "200k", "video_codec": "av1"},
        check=_is(codec_name="av1"),
    ),
    Row(key="crf", changes={"crf": 30, "video_codec": "hevc"}, check=_is(codec_name="hevc")),
    Row(
        key="frame_rate", changes={"frame_rate": "auto"}, check=_both(_is(avg_frame_rate="25/1"), _frames(25))
    ),
    Row(key="frame_rate", changes={"frame_rate": 12.5}, check=_both(_is(avg_frame_rate="25/2"), _frames(13))),
    Row(key="frame_rate", changes={"frame_rate": "29.97"}, check=_is(avg_frame_rate="30000/1001")),
    Row(
        key="video_codec", changes={"video_codec": "mpeg4"}, check=_is(codec_name="mpeg4", pix_fmt="yuv420p")
    ),
]

_SOUNDS = [
    Row(key="audio_codec", changes={"audio_codec": "mp3"}, check=_sound(codec_name="mp3", channels=1)),
    Row(key="audio_bitrate", changes={"audio_bitrate": "32k"}, check=_sound(codec_name="aac")),
    Row(
        key="audio_channels", changes={"audio_channels": 2}, check=_sound(channels=2, channel_layout="stereo")
    ),
    Row(key="audio_channels", clip="surround", check=_sound(channels=2, channel_layout="stereo")),
    Row(key="audio_channels", clip="surround", changes={"audio_channels": 1}, check=_sound(channels=1)),
    Row(key="audio_channels", clip="surround", changes={"audio_channels": "auto"}, check=_sound(channels=6)),
    Row(
        key="audio_channels",
        clip="surround",
        changes={"audio_channels": "6", "audio_codec": "opus"},
        file="x.mkv",
        check=_sound(codec_name="opus", channels=6),
    ),
    Row(
        key="audio_channels",
        clip="surround",
        changes={"audio_channels": "auto", "audio_codec": "mp3"},
        check=_sound(codec_name="mp3", channels=2),
    ),
]


def _runs(first: int, last: int, count: int) -> Check:
    """Check the numbers of the first and the last source frame, and how many frames there are.

    Frame n of the clip has the gray 3n.
    """

    def check(made: Made) -> None:
        grays = made.grays()
        assert len(grays) == count
        assert (round(grays[0] / 3), round(grays[-1] / 3)) == (first, last)
        assert float(made.video.get("start_time", 0)) == pytest.approx(0, abs=0.001)

    return check


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
                near = samples[round((at - 0.04) * _HZ) : round((at + 0.04) * _HZ)]
                assert max(map(abs, near)) == pytest.approx(0.1 + 0.1 * level, abs=0.02)

    return check


def _loudness(target: float) -> Check:
    def check(made: Made) -> None:
        assert made.loudness() == pytest.approx(target, abs=0.6)

    return check


_PARTS = [
    Row(
        key="start",
        clip="counted",
        changes={"start": 1},
        check=_both(_runs(25, 74, 50), _hears(1, 2)),
    ),
    Row(
        key="start",
        clip="counted",
        changes={"start": "00:00:01.520", "duration": "0.4"},
        check=_both(_runs(38, 47, 10), _hears(1.52, 0.4)),
    ),
    Row(
        key="duration",
        clip="counted",
        changes={"duration": 1.2},
        check=_both(_runs(0, 29, 30), _hears(0, 1.2)),
    ),
    Row(
        key="duration",
        clip="counted",
        changes={"start": 2.6, "duration": 60},
        check=_both(_runs(65, 74, 10), _hears(2.6, 0.4)),
    ),
    Row(
        key="start",
        clip="counted",
        changes={"start": "0:0:1.5", "duration": "00:01", "frame_rate": 50},
        # Frame 37 is on show at 1.5 s.
        check=_both(_runs(37, 62, 50), _hears(1.5, 1)),
    ),
    Row(
        key="start",
        clip="counted_ts",
        changes={"start": 1, "duration": 1},
        # Its sound starts 21 ms before its picture.
        check=_both(_runs(24, 48, 25), _hears(1 - 0.021, 1)),
    ),
    Row(
        key="start",
        clip="counted_mkv",
        changes={"start": 1.4, "duration": 0.8},
        file="x.ts",
        check=_frames(20),
    ),
    Row(
        key="start",
        clip="uneven",
        changes={"start": 1, "duration": 1},
        # Of its 75 frames those at every third place are missing.
        check=_frames(16),
    ),
]

_PASSES = [
    Row(
        key="two_pass",
        clip="busy",
        changes={"two_pass": True, "video_bitrate": "300k"},
        check=_bits(240_000, 360_000),
    ),
    Row(key="two_pass", changes={"two_pass": True}, check=_x264(b"rc=2pass")),
    Row(key="two_pass", changes={"two_pass": "true", "video_codec": "hevc"}, check=_is(codec_name="hevc")),
    Row(
        key="two_pass",
        changes={"two_pass": True, "video_codec": "vp9", "audio_codec": "opus"},
        file="x.webm",
        check=_is(codec_name="vp9"),
    ),
    Row(
        key="two_pass",
        changes={"two_pass": True, "video_codec": "vp8"},
        file="x.mkv",
        check=_is(codec_name="vp8"),
    ),
    Row(
        key="frame_rate",
        changes={"video_codec": "mpeg2video", "frame_rate": "15"},
        check=_is(codec_name="mpeg2video", r_frame_rate="15/1"),
    ),
    Row(key="two_pass", changes={"two_pass": True, "video_codec": "mpeg4"}, check=_is(codec_name="mpeg4")),
    Row(
        key="two_pass",
        clip="counted",
        changes={"two_pass": True, "start": 1, "duration": 1},
        check=_both(_runs(25, 49, 25), _x264(b"rc=2pass")),
    ),
]

_LEVELS = [
    Row(key="loudness", clip="counted", changes={"loudness": -23}, check=_loudness(-23)),
    Row(
        key="loudness", clip="counted", changes={"loudness": "-16", "audio_channels": 2}, check=_loudness(-16)
    ),
    Row(key="loudness", clip="surround", changes={"loudness": -20}, check=_loudness(-20)),
    Row(key="loudness", clip="black", changes={"loudness": -20}, check=_frames(25)),
]

_BT709 = _is(
    pix_fmt="yuv420p", color_range="tv", color_space="bt709", color_transfer="bt709", color_primaries="bt709"
)
_COLORS = [
    Row(key="tone_map", clip="pq", changes={"tone_map": True}, check=_BT709),
    Row(key="tone_map", clip="hlg", changes={"tone_map": True}, check=_BT709),
    Row(key="tone_map", changes={"tone_map": True}, check=_is(pix_fmt="yuv420p")),
    Row(
        key="tone_map",
        clip="pq",
        changes={"tone_map": False},
        check=_is(
            pix_fmt="yuv420p",
            color_range="tv",
            color_space="bt2020nc",
            color_transfer="smpte2084",
            color_primaries="bt2020",
        ),
    ),
]


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
_CAPTIONS = [
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
        check=_both(
            _captioned("mov_text", *_SPOKEN),
            _beside("x.vtt", "text/vtt; charset=utf-8", "<i>two</i>", "three"),
        ),
    ),
]


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
    Row(key="type", clip="portrait", check=_has_size(90, 160)),
    Row(key="type", clip="anamorphic", check=_has_size(320, 180)),
    Row(
        key="type",
        clip="anamorphic",
        changes={"sizing": "Fill", "size": "120x120"},
        check=_has_size(120, 120),
    ),
    Row(key="type", clip="odd", check=_has_size(160, 90)),
    Row(key="type", clip="uneven", check=_both(_frames(50), _is(time_base="1/12800"))),
    Row(key="type", clip="uneven", changes={"frame_rate": 25}, check=_frames(75)),
    Row(key="type", clip="interlaced", check=_both(_is(field_order="progressive"), _frames(25))),
    Row(key="type", clip="deep", check=_is(pix_fmt="yuv420p")),
    Row(key="type", clip="full", check=_both(_is(pix_fmt="yuv420p"), _colored(200, 100, 50))),
    Row(key="type", clip="rgb", check=_both(_is(pix_fmt="yuv420p"), _colored(200, 100, 50))),
    Row(key="type", clip="halves", check=_only("video")),
    Row(key="type", clip="voices", check=_both(_only("video", "audio"), _speaks("fra"))),
    Row(key="type", clip="covered", check=_both(_only("video", "audio"), _has_size(160, 90))),
    Row(key="type", clip="coded", check=_only("video", "audio")),
]


def _stored(**wanted: object) -> Check:
    """Check how the object is stored."""

    def check(made: Made) -> None:
        options = made.environment.storage.options["media-out", made.entry["key"]]
        assert {name: getattr(options, name) for name in wanted} == wanted

    return check


def _goes_to(key: str) -> Check:
    def check(made: Made) -> None:
        assert made.environment.storage.keys("media-out") == [key]

    return check


_STORED = [
    Row(key="path", changes={"path": "/a/b/"}, check=_goes_to("a/b/x.mp4")),
    Row(key="s3_rrs", changes={"s3_rrs": "true"}, check=_stored(reduced_redundancy=True)),
    Row(key="s3_encrypt", changes={"s3_encrypt": True}, check=_stored(encrypt=True)),
    Row(key="kms_key_id", changes={"kms_key_id": "alias/films"}, check=_stored(kms_key_id="alias/films")),
    Row(
        key="storage_class",
        changes={"storage_class": "GLACIER_IR"},
        check=_stored(storage_class="GLACIER_IR"),
    ),
    Row(
        key="content_type", changes={"content_type": "video/x-own"}, check=_stored(content_type="video/x-own")
    ),
    Row(key="metadata", changes={"metadata": {"job": "7"}}, check=_stored(metadata={"job": "7"})),
    Row(key="tags", changes={"tags": {"job": "7"}}, check=_stored(tags={"job": "7"})),
    Row(key="on_exists", changes={"on_exists": "fail"}, check=_stored(if_absent=True)),
]

_COMMANDS = [
    Row(
        key="custom_cmd",
        changes={
            "preset": None,
            "custom_cmd": "ffmpeg -i ${input_file} -vf 'scale=iw/2:-2,hflip' -c:v libx264 -c:a libfdk_aac ${output_file}",
        },
        clip="halves",
        check=_both(_is(codec_name="h264", width=80), _shows(1, 0, 1, 0)),
    ),
    Row(
        key="custom_cmd",
        changes={
            "preset": None,
            "custom_cmd": "ffmpeg -ss 0.5 -i ${input_file} ${watermark_options} -c:v mpeg4 ${output_file}",
            "watermark": {
                "bucket": "media-in",
                "file": "mark.png",
                "size": "40:-1",
                "opacity": 1,
                "x": 4,
                "y": -5,
            },
        },
        clip="black",
        check=_both(
            _is(codec_name="mpeg4"),
            _bars((160, 90), bright=[(12, 77), (24, 77)], black=[(1, 77), (50, 77), (12, 60), (12, 88)]),
        ),
    ),
]

ROWS = [
    *_SHAPES,
    *_RATES,
    *_SOUNDS,
    *_PARTS,
    *_PASSES,
    *_LEVELS,
    *_COLORS,
    *_CAPTIONS,
    *_STORED,
    *_COMMANDS,
    *_KINDS,
]


class Sources:
    """The clips that rows name, each made once. They last a second and have 25 frames."""

    def __init__(self, clips: ClipMaker) -> None:
        self._clips = clips
        self._made: dict[str, Path] = {}

    def __getitem__(self, name: str) -> Path:
        if name not in self._made:
            self._made[name] = getattr(self, f"_{name}")()
        return self._made[name]

    def _plain(self) -> Path:
        return self._clips.mp4("every-plain.mp4", seconds=1)

    def _halves(self) -> Path:
        return self._painted("halves", "drawbox=x=80:y=0:w=80:h=90:color=white:t=fill")

    def _upper(self) -> Path:
        return self._painted("upper", "drawbox=x=0:y=0:w=160:h=45:color=white:t=fill")

    def _bright(self) -> Path:
        return self._painted("bright", "negate")

    def _black(self) -> Path:
        return self._painted("black", "null")

    def _turned(self) -> Path:
        return self._clips.turned("every-turned.mp4", self["upper"], 90)

    def _busy(self) -> Path:
        """Two seconds that are hard to encode."""
        return self._clips.run(
            "every-busy.mp4",
            *("-f", "lavfi", "-i", "mandelbrot=size=320x180:rate=25", "-t", "2"),
            *(
                "-vf",
                "noise=alls=20:allf=t",
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-pix_fmt",
                "yuv420p",
            ),
        )

    def _surround(self) -> Path:
        return self._clips.mp4(
            "every-surround.mkv", "-af", "aformat=channel_layouts=5.1", "-c:a", "ac3", seconds=1
        )

    def _counted(self) -> Path:
        """Three seconds; frame n has the gray 3n, and the sound is louder with each second."""
        return self._clips.run("every-counted.mp4", *_COUNTED, *_X264, "-g", "30", "-c:a", "aac")

    def _counted_ts(self) -> Path:
        return self._clips.run("every-counted.ts", *_COUNTED, *_X264, "-g", "30", "-c:a", "aac")

    def _counted_mkv(self) -> Path:
        return self._clips.run("every-counted.mkv", *_COUNTED, *_X264, "-g", "30", "-c:a", "libmp3lame")

    def _captioned(self) -> Path:
        text = self._clips.folder / "every-captions.srt"
        text.write_bytes(_SRT)
        return self._clips.run(
            "every-captioned.mkv",
            *("-i", self["counted"], "-i", text, "-map", "0", "-map", "1", "-c", "copy"),
            *("-metadata:s:s:0", "language=eng"),
        )

    def _uneven(self) -> Path:
        drop = ("-vf", "select=mod(n-1\\,3)", "-fps_mode", "vfr")
        return self._clips.run("every-uneven.mp4", *_COUNTED, *drop, *_X264, "-c:a", "aac")

    def _pq(self) -> Path:
        return self._ten_bits("pq", "smpte2084")

    def _hlg(self) -> Path:
        return self._ten_bits("hlg", "arib-std-b67")

    def _ten_bits(self, name: str, transfer: str) -> Path:
        colors = f"color_primaries=bt2020:color_trc={transfer}:colorspace=bt2020nc:range=tv"
        return self._clips.run(
            f"every-{name}.mov",
            *("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=1"),
            *("-vf", f"format=yuv422p10le,setparams={colors}", "-c:v", "prores_ks"),
        )

    def _portrait(self) -> Path:
        return self._clips.mp4("every-portrait.mp4", seconds=1, size="90x160")

    def _anamorphic(self) -> Path:
        """PAL, 16:9: pixels that are wider than high."""
        return self._clips.mp4("every-anamorphic.mp4", "-vf", "setsar=64/45", seconds=1, size="360x288")

    def _odd(self) -> Path:
        picture = ("-vf", "format=yuv444p", "-pix_fmt", "yuv444p")
        return self._clips.mp4("every-odd.mkv", *picture, seconds=1, size="161x91")

    def _interlaced(self) -> Path:
        fields = ("-vf", "fps=50,tinterlace=interleave_top,fieldorder=tff", "-flags", "+ildct+ilme")
        return self._clips.mp4("every-interlaced.ts", *fields, seconds=1, size="160x96")

    def _deep(self) -> Path:
        return self._ten_bits("deep", "bt709")

    def _full(self) -> Path:
        return self._brown("full.mp4", "libx264", "scale=out_range=pc,format=yuvj420p")

    def _rgb(self) -> Path:
        return self._brown("rgb.mkv", "libx264rgb", "format=rgb24")

    def _brown(self, name: str, encoder: str, filters: str) -> Path:
        return self._clips.run(
            f"every-{name}",
            *("-f", "lavfi", "-i", "color=0xC86432:size=160x90:rate=25:duration=1,format=rgb24"),
            *("-vf", filters, "-c:v", encoder, "-preset", "ultrafast"),
        )

    def _voices(self) -> Path:
        """Three sounds; the second is the one to be heard."""
        return self._clips.run(
            "every-voices.mkv",
            *("-i", self["plain"], "-map", "0:v", "-map", "0:a", "-map", "0:a", "-map", "0:a", "-c", "copy"),
            *("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=fra"),
            *("-metadata:s:a:2", "language=deu", "-disposition:a", "0", "-disposition:a:1", "default"),
        )

    def _covered(self) -> Path:
        """A film with a picture of its cover, which comes first and is larger."""
        cover = self._clips.folder / "every-cover.jpg"
        Image.new("RGB", (600, 600), "red").save(cover)
        return self._clips.run(
            "every-covered.mp4",
            *("-i", cover, "-i", self["plain"], "-map", "0:v", "-map", "1:v", "-map", "1:a", "-c", "copy"),
            *("-disposition:v:0", "attached_pic"),
        )

    def _coded(self) -> Path:
        """A film with a track of time codes."""
        timecode = ("-timecode", "01:00:00:00", "-metadata", "location=+48.1+011.5/")
        return self._clips.run("every-coded.mov", "-i", self["plain"], "-c", "copy", *timecode)

    def _painted(self, name: str, filters: str) -> Path:
        return self._clips.run(
            f"every-{name}.mp4",
            *("-f", "lavfi", "-i", "color=black:size=160x90:rate=25:duration=1", "-vf", filters),
            *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
        )


@pytest.fixture(scope="session")
def sources(clips: ClipMaker) -> Sources:
    return Sources(clips)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_key_does_what_it_says(
    row: Row, environment: ActivityEnvironment, clips: ClipMaker, sources: Sources, tmp_path: Path
) -> None:
    environment.settings = {"custom_cmd": True}
    environment.storage.put("media-in", "clip", sources[row.clip])
    make_watermark(tmp_path / "mark.png")
    environment.storage.put("media-in", "mark.png", tmp_path / "mark.png")
    environment.storage.put("media-in", "captions.srt", _SRT)
    output = {"type": "VIDEO", "bucket": "media-out", "file": row.file, "preset": _PRESET, **row.changes}
    result = environment.run(
        TranscodeAsset(),
        {"input_asset": {"type": "VIDEO", "bucket": "media-in", "file": "clip"}, "output_asset": output},
    )
    entry = result["outputs"][0]
    path = tmp_path / f"made{Path(row.file).suffix}"
    path.write_bytes(environment.storage.get("media-out", entry["key"]))
    row.check(Made(entry=entry, path=path, clips=clips, environment=environment))


def test_every_key_is_in_the_table() -> None:
    keys = VIDEO_KEYS | CUSTOM_KEYS
    tried = {row.key for row in ROWS} | {
        "type",
        "bucket",
        "file",
        *(key for row in ROWS for key in row.changes),
    }
    assert tried == keys, "each key has a row, and each row is about a key"
    marks = [row.changes["watermark"] for row in ROWS if "watermark" in row.changes]
    assert set().union(*(mark for mark in marks if isinstance(mark, dict))) == WATERMARK_KEYS
    found = [row.changes["captions"] for row in ROWS if "captions" in row.changes]
    captions = [one for value in found for one in (value if isinstance(value, list) else [value])]
    assert set().union(*(one for one in captions if isinstance(one, dict))) == CAPTION_KEYS
