"""Thumbnails to make: ``output_asset`` objects of type THUMB as typed values."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import PurePosixPath

from activities.media.containers import extension_of
from activities.media.fields import Fields, shown
from activities.media.geometry import Sizing, fit
from activities.media.locations import COMMON_KEYS, Target, parse_target
from activities.media.notation import parse_size
from activities.media.probe import VideoStream
from activities.media.sizing import parse_sizing
from activities.media.thumb_formats import IMAGE_FORMATS, ImageFormat, image_format_of
from cpe.errors import InvalidInput

THUMB_KEYS = COMMON_KEYS | {
    "mode",
    "size",
    "snapshot_sec",
    "intervals",
    "count",
    "format",
    "sprite",
    "keep_ratio",
    "no_enlarge",
    "allow_upscale",
    "tone_map",
}
_SPRITE_KEYS = frozenset({"columns", "rows"})

MAX_PICTURES = 10_000
"""Thumbnails that one output may make."""

MAX_SHEET_PIXELS = 4096 * 4096
"""Pixels of a sheet of thumbnails. Phones decode no larger pictures; 50 MB of memory."""

_DAY = 86_400.0
_MAX_TILES = 100
_TILES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One picture, `at` seconds from the start."""

    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervals:
    """A picture at 0 and every `seconds` after it."""

    seconds: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Evenly:
    """So many pictures, each from the middle of its part of the video."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sprite:
    """Pictures that are laid side by side on sheets, line by line."""

    columns: int
    rows: int

    @property
    def tiles(self) -> int:
        """How many pictures a sheet has."""
        return self.columns * self.rows


@dataclass(frozen=True, slots=True, kw_only=True)
class ThumbOutput:
    """Thumbnails to make. The target's key is the picture's, or names the series that is numbered.

    `sizing` is that of one picture, on a sheet too. With `tone_map` a high dynamic range is brought to the
    usual one.
    """

    target: Target
    image: ImageFormat
    sizing: Sizing
    when: Snapshot | Intervals | Evenly
    sprite: Sprite | None = None
    tone_map: bool = False

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

    @property
    def index_key(self) -> str:
        """Return the key of the index of a sprite: ``a/t.jpg`` → ``a/t.vtt``."""
        path = PurePosixPath(self.target.location.key)
        return str(path.with_name(f"{path.stem}.vtt"))


def parse_thumb(fields: Fields) -> ThumbOutput:
    """Read a THUMB output.

    Raises:
        InvalidInput: Something about it is wrong.
    """
    fields.refuse_others(THUMB_KEYS)
    target = parse_target(fields)
    sprite = _sprite(fields)
    return ThumbOutput(
        target=target,
        image=_image_format(fields, target.location.key),
        sizing=parse_sizing(fields, parse_size(fields.scalar("size"), fields.path("size"))),
        when=_when(fields, series=sprite is not None or "count" in fields),
        sprite=sprite,
        tone_map=fields.flag("tone_map", default=False),
    )


def _when(fields: Fields, *, series: bool) -> Snapshot | Intervals | Evenly:
    """Read which pictures are wanted; `series` tells that other keys ask for more than one."""
    mode = fields.text("mode", "intervals" if series else "snapshot").lower()
    if mode not in {"snapshot", "intervals"}:
        raise InvalidInput(f"{fields.path('mode')} must be snapshot or intervals, not {shown(mode)}.")
    if mode == "snapshot":
        if series:
            raise InvalidInput(
                f"{fields.path('mode')} is snapshot, which is one picture; count and sprite are of many. "
                "Leave it out."
            )
        return Snapshot(at=fields.number("snapshot_sec", 0, low=0, high=_DAY * 7))
    if "count" not in fields:
        seconds = fields.number("intervals", 10, low=0.1, high=_DAY)
        return Intervals(seconds=Fraction(seconds).limit_denominator(1000))
    if "intervals" in fields:
        raise InvalidInput(f"{fields.where} has both count and intervals. Give one of them.")
    return Evenly(count=_whole(fields, "count", 1, high=MAX_PICTURES))


def _image_format(fields: Fields, key: str) -> ImageFormat:
    """Read ``format``; without it the key's extension tells."""
    if "format" not in fields:
        return image_format_of(key, fields.path("file"))
    image = IMAGE_FORMATS.get(fields.text("format").lower())
    if image is None:
        raise InvalidInput(
            f"{fields.path('format')} must be one of {', '.join(IMAGE_FORMATS)}, "
            f"not {shown(fields.raw('format'))}.",
            code="OUTPUT_FORMAT_UNSUPPORTED",
        )
    if IMAGE_FORMATS.get(extension_of(key), image) != image:
        raise InvalidInput(
            f"{fields.path('format')} is {fields.text('format')}, but {shown(key)} ends like another format. "
            "Leave one of the two out."
        )
    return image


def _sprite(fields: Fields) -> Sprite | None:
    """Read ``sprite``: an object, or true for sheets of ten by ten."""
    if isinstance(fields.raw("sprite"), bool):
        return Sprite(columns=_TILES, rows=_TILES) if fields.raw("sprite") else None
    sprite = fields.child("sprite")
    if sprite is None:
        return None
    sprite.refuse_others(_SPRITE_KEYS)
    return Sprite(
        columns=_whole(sprite, "columns", _TILES, high=_MAX_TILES),
        rows=_whole(sprite, "rows", _TILES, high=_MAX_TILES),
    )


def _whole(fields: Fields, key: str, default: int, *, high: int) -> int:
    number = fields.number(key, default, low=1, high=high)
    if number != int(number):
        raise InvalidInput(f"{fields.path(key)} must be a whole number, not {shown(fields.raw(key))}.")
    return int(number)
