"""Jobs that make a VIDEO, and checks of what was made: the rows of the tables of its keys."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from activities.sample_clip import make_watermark
from activities.transcode_asset import TranscodeAsset
from cpe.activity import JsonValue
from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker
from tests.media.video_sources import SRT

HZ = 48_000
_PRESET = {
    "size": "320x240",
    "frame_rate": "auto",
    "video_bitrate": "300k",
    "audio_bitrate": "64k",
    "video_codec": "libx264",
    "audio_codec": "aac",
    "video_codec_options": "MaxReferenceFrames:2,Profile:main,Level:3.1",
}


def speedy(encoder: str, speed: str) -> dict[str, JsonValue]:
    """Return a preset of a video encoder at one of its speeds."""
    return {**_PRESET, "video_codec": encoder, "video_codec_options": f"Speed:{speed}"}


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
        content = self.clips.decoded(self.path, "-vn", "-ac", "1", "-ar", str(HZ), "-f", "s16le")
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


def is_video(**wanted: object) -> Check:
    """Check what FFprobe says of the picture."""

    def check(made: Made) -> None:
        video = made.video
        assert {name: video.get(name) for name in wanted} == wanted

    return check


def has_sound(**wanted: object) -> Check:
    def check(made: Made) -> None:
        audio = made.audio
        assert {name: audio.get(name) for name in wanted} == wanted

    return check


def both(*checks: Check) -> Check:
    def check(made: Made) -> None:
        for one in checks:
            one(made)

    return check


def has_size(width: int, height: int) -> Check:
    return is_video(width=width, height=height, sample_aspect_ratio="1:1")


def shows(*quarters: int) -> Check:
    """Check the gray of the four quarters: 0 is dark, 1 is bright."""

    def check(made: Made) -> None:
        assert [round(gray / 255) for gray in made.quarters()] == list(quarters)

    return check


def bars(sides: tuple[int, int], *, black: list[tuple[int, int]], bright: list[tuple[int, int]]) -> Check:
    """Check which of the picture's columns and lines are black, and which are not."""

    def check(made: Made) -> None:
        picture = made.clips.gray(made.path, at=0.3, size=sides)
        assert [picture[y][x] < 40 for x, y in black] == [True] * len(black)
        assert [picture[y][x] > 60 for x, y in bright] == [True] * len(bright)

    return check


def bits(low: float, high: float) -> Check:
    def check(made: Made) -> None:
        assert low <= made.bit_rate <= high

    return check


def x264_says(text: bytes) -> Check:
    """Check one of the settings that x264 writes into the stream."""

    def check(made: Made) -> None:
        assert text in made.path.read_bytes().split(b"x264 - core", 1)[1][:1000]

    return check


def has_frames(count: int) -> Check:
    def check(made: Made) -> None:
        assert made.frames == count

    return check


def runs(first: int, last: int, count: int) -> Check:
    """Check the numbers of the first and the last source frame, and how many frames there are.

    Frame n of the clip has the gray 3n.
    """

    def check(made: Made) -> None:
        grays = made.grays()
        assert len(grays) == count
        assert (round(grays[0] / 3), round(grays[-1] / 3)) == (first, last)
        assert float(made.video.get("start_time", 0)) == pytest.approx(0, abs=0.001)

    return check


def prove(
    row: Row, environment: ActivityEnvironment, *, clips: ClipMaker, source: Path, folder: Path
) -> None:
    """Run a row's job and check what came of it."""
    environment.settings = {"custom_cmd": True}
    environment.storage.put("media-in", "clip", source)
    make_watermark(folder / "mark.png")
    environment.storage.put("media-in", "mark.png", folder / "mark.png")
    environment.storage.put("media-in", "captions.srt", SRT)
    output = {"type": "VIDEO", "bucket": "media-out", "file": row.file, "preset": _PRESET, **row.changes}
    result = environment.run(
        TranscodeAsset(),
        {"input_asset": {"type": "VIDEO", "bucket": "media-in", "file": "clip"}, "output_asset": output},
    )
    entry = result["outputs"][0]
    path = folder / f"made{Path(row.file).suffix}"
    path.write_bytes(environment.storage.get("media-out", entry["key"]))
    row.check(Made(entry=entry, path=path, clips=clips, environment=environment))
