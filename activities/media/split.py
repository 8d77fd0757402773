"""What SplitAsset tells the activities that encode and join the parts: documents in JSON as typed values."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from activities.media.channels import DEFAULT_CHANNELS, Channels
from activities.media.codecs import AudioEncoder
from activities.media.containers import CONTAINERS
from activities.media.fields import Fields
from activities.media.locations import Location, parse_location
from activities.media.segments import MAX_SEGMENTS, Cut, Segment
from activities.media.timing import Timing
from activities.media.video_output import VideoOutput
from cpe.errors import InvalidInput

WORK_FOLDER = "cpe-work"
"""The folder in the bucket of a job's first output under which its parts lie until they are joined."""

_MATROSKA = frozenset({"matroska", "webm"})
_UNSAFE = re.compile(r"[^A-Za-z0-9._=-]")
_MICRO = 1_000_000
_MAX_OUTPUTS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """How a source was split.

    Attributes:
        bucket: Where the parts lie.
        folder: The folder of this job's parts, without a trailing ``/``.
        size: Bytes of the source.
        first: The time of its first frame, in seconds.
        last: That of its last one.
        timings: How the frames of each output are timed.
        sounds: How many versions its sound is made in; 0 for a silent source.
        captions: The language of each of the outputs' captions, in order; None when nobody tells.
    """

    bucket: str
    folder: str
    size: int
    first: Fraction
    last: Fraction
    timings: tuple[Timing, ...]
    sounds: int
    captions: tuple[str | None, ...] = ()

    def seconds(self, segment: Segment) -> float:
        """Return how long a segment is; the last one ends with the source's last frame."""
        begin = segment.start.time if segment.start else self.first
        return float((segment.end.time if segment.end else self.last) - begin)

    def segment(self, index: int, output: int) -> Location:
        """Return where an output's part of a segment lies."""
        return Location(bucket=self.bucket, key=f"{self.folder}/segment-{index:04d}/output-{output}")

    def sound(self, version: int) -> Location:
        """Return where a version of the sound lies."""
        return Location(bucket=self.bucket, key=f"{self.folder}/sound-{version}")

    def caption(self, number: int) -> Location:
        """Return where captions lie, WebVTT that SplitAsset wrote."""
        return Location(bucket=self.bucket, key=f"{self.folder}/captions-{number}")

    def places(self, segments: int) -> Iterator[Location]:
        """Yield the places of all parts."""
        for version in range(self.sounds):
            yield self.sound(version)
        for number in range(len(self.captions)):
            yield self.caption(number)
        for index in range(segments):
            for output in range(len(self.timings)):
                yield self.segment(index, output)


@dataclass(frozen=True, slots=True)
class Sound:
    """The part of a job that is no segment: the whole sound of the source."""


def work_folder(workflow_id: str, run_id: str) -> str:
    """Return the folder of the parts of an execution; no other execution has it."""
    return "/".join((WORK_FOLDER, _UNSAFE.sub("_", workflow_id), _UNSAFE.sub("_", run_id)))


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundVersion:
    """A version in which the sound is made: encoder, bits per second, channels, and the format of its file.

    `loudness` in LUFS is what the whole is brought to; None leaves it.

    The format is close to that of the outputs it is for: Matroska tells what an encoder put before the first
    sample in a way of its own.
    """

    encoder: AudioEncoder
    bit_rate: int
    muxer: str
    channels: Channels = DEFAULT_CHANNELS
    loudness: float | None = None


def version_of_sound(output: VideoOutput) -> SoundVersion:
    """Return the version of the sound that an output wants."""
    known = CONTAINERS["mp4"].codecs or frozenset()
    plain = output.audio.codec in known and output.container.muxer not in _MATROSKA
    return SoundVersion(
        encoder=output.audio,
        bit_rate=output.audio_bit_rate,
        muxer="mp4" if plain else "matroska",
        channels=output.channels,
        loudness=output.loudness,
    )


def versions_of_sound(outputs: Sequence[VideoOutput]) -> tuple[SoundVersion, ...]:
    """Return what the outputs want for their sound, each version once."""
    return tuple(dict.fromkeys(map(version_of_sound, outputs)))


def write_split(split: Split) -> dict[str, Any]:
    """Return the document of a split."""
    return {
        "bucket": split.bucket,
        "folder": split.folder,
        "size": split.size,
        "first": str(split.first),
        "last": str(split.last),
        "timings": [[_text(timing.rate), _text(timing.time_base)] for timing in split.timings],
        "sounds": split.sounds,
        "captions": list(split.captions),
    }


def read_split(fields: Fields) -> Split:
    """Read the document of a split.

    Raises:
        InvalidInput: It is none.
    """
    where = Fields({"bucket": fields.raw("bucket"), "file": fields.raw("folder")}, fields.where)
    folder = parse_location(where)
    if not folder.key.startswith(f"{WORK_FOLDER}/"):
        raise _no_split(fields)
    try:
        return Split(
            bucket=folder.bucket,
            folder=folder.key,
            size=int(fields.raw("size")),
            first=Fraction(str(fields.raw("first"))),
            last=Fraction(str(fields.raw("last"))),
            timings=tuple(
                Timing(rate=_fraction(rate), time_base=_fraction(base))
                for rate, base in fields.raw("timings")
            ),
            sounds=round(fields.number("sounds", 0, low=0, high=_MAX_OUTPUTS)),
            captions=tuple(None if one is None else str(one) for one in fields.raw("captions") or ()),
        )
    except (TypeError, ValueError, ZeroDivisionError) as error:
        raise _no_split(fields) from error


def write_part(part: Segment | Sound) -> dict[str, Any]:
    """Return the document of a part; a cut is the list of its attributes, `seek` in microseconds."""
    if isinstance(part, Sound):
        return {"sound": True}
    return {"segment": part.index, "start": _write_cut(part.start), "end": _write_cut(part.end)}


def read_part(value: object, where: str) -> Segment | Sound:
    """Read the document of a part.

    Raises:
        InvalidInput: It is none.
    """
    fields = Fields(value, where)
    if fields.flag("sound", default=False):
        return Sound()
    try:
        return Segment(
            index=round(fields.number("segment", math.nan, low=0, high=MAX_SEGMENTS - 1)),
            start=_read_cut(fields.raw("start")),
            end=_read_cut(fields.raw("end")),
        )
    except (TypeError, ValueError, ZeroDivisionError) as error:
        raise InvalidInput(f"{where} must be one of the parts that SplitAsset returned.") from error


def read_parts(fields: Fields, key: str) -> tuple[Segment, ...]:
    """Read the segments among the parts under a key, in order.

    Raises:
        InvalidInput: They are none.
    """
    value = fields.raw(key)
    if not isinstance(value, Sequence) or isinstance(value, str | Mapping):
        raise InvalidInput(f"{fields.path(key)} must be the parts that SplitAsset returned.")
    parts = [read_part(item, f"{fields.path(key)}[{index}]") for index, item in enumerate(value)]
    return tuple(part for part in parts if isinstance(part, Segment))


def _write_cut(cut: Cut | None) -> list[int | str] | None:
    if cut is None:
        return None
    # All of a film is split: its cuts lie on the grid.
    return [int(cut.at), cut.frame, str(cut.time), int(cut.seek * _MICRO)]


def _read_cut(value: Any) -> Cut | None:
    if value is None:
        return None
    at, frame, time, seek = value
    return Cut(
        at=int(at),
        frame=int(frame),
        time=Fraction(str(time)),
        seek=Fraction(int(seek), _MICRO),
    )


def _text(value: Fraction | None) -> str | None:
    return None if value is None else str(value)


def _fraction(value: object) -> Fraction | None:
    return None if value is None else Fraction(str(value))


def _no_split(fields: Fields) -> InvalidInput:
    return InvalidInput(f"{fields.where} must be the split that SplitAsset returned.")
