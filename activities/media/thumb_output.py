"""Thumbnails to make: ``output_asset`` objects of type THUMB as typed values."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import PurePosixPath

from activities.media.codecs import ImageFormat, image_format_of
from activities.media.fields import Fields, shown
from activities.media.geometry import Sizing, fit
from activities.media.locations import COMMON_KEYS, COMMON_PLANNED, Target, parse_target
from activities.media.notation import parse_size
from activities.media.probe import VideoStream
from activities.media.sizing import parse_sizing
from cpe.errors import InvalidInput

_THUMB = COMMON_KEYS | {
    "mode",
    "size",
    "snapshot_sec",
    "intervals",
    "keep_ratio",
    "no_enlarge",
    "allow_upscale",
}
_THUMB_PLANNED = COMMON_PLANNED | {"sprite", "count", "format"}

_DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One picture, `at` seconds from the start."""

    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervals:
    """A picture at 0 and every `seconds` after it."""

    seconds: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class ThumbOutput:
    """Thumbnails to make. The target's key is the picture's, or names the series that is numbered."""

    target: Target
    image: ImageFormat
    sizing: Sizing
    when: Snapshot | Intervals

    def size_for(self, source: VideoStream) -> tuple[int, int]:
        """Return the width and height made of this source, in pixels."""
        return fit(source, self.sizing, even=False)

    def numbered_key(self, number: int | str) -> str:
        """Return the key of picture `number` (from 1) of a series: ``a/t.jpg`` → ``a/t000001.jpg``.

        A text, such as ``%06d``, takes the number's place as it is.
        """
        path = PurePosixPath(self.target.location.key)
        digits = number if isinstance(number, str) else f"{number:06d}"
        return str(path.with_name(f"{path.stem}{digits}{path.suffix}"))


def parse_thumb(fields: Fields) -> ThumbOutput:
    """Read a THUMB output.

    Raises:
        InvalidInput: Something about it is wrong.
    """
    fields.refuse_others(_THUMB, _THUMB_PLANNED)
    target = parse_target(fields)
    mode = fields.text("mode", "snapshot").lower()
    if mode not in {"snapshot", "intervals"}:
        raise InvalidInput(f"{fields.path('mode')} must be snapshot or intervals, not {shown(mode)}.")
    when: Snapshot | Intervals
    if mode == "snapshot":
        when = Snapshot(at=fields.number("snapshot_sec", 0, low=0, high=_DAY * 7))
    else:
        seconds = fields.number("intervals", 10, low=0.1, high=_DAY)
        when = Intervals(seconds=Fraction(seconds).limit_denominator(1000))
    return ThumbOutput(
        target=target,
        image=image_format_of(target.location.key, fields.path("file")),
        sizing=parse_sizing(fields, parse_size(fields.scalar("size"), fields.path("size"))),
        when=when,
    )
