"""How sizes, bit rates, frame rates and levels are written in presets and jobs.

Each function takes the text and where it stands, and returns a value or raises
:class:`~cpe.errors.InvalidInput`. Nothing but the values goes on to a command.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from activities.media.fields import shown
from cpe.errors import InvalidInput

MAX_SIDE = 8192
"""Pixels; the longer side of 8K video. A frame of this size squared takes 100 MB to encode, and more of these
at once."""

MAX_FRAME_RATE = 240

_SIZE = re.compile(r"(-?\d{1,6}(?:\.\d{1,6})?)[xX:](-?\d{1,6}(?:\.\d{1,6})?)", re.ASCII)
_BIT_RATE = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)([kKmM]?)", re.ASCII)
_FRAME_RATE = re.compile(r"\d{1,6}(?:\.\d{1,6})?|\d{1,6}/\d{1,6}", re.ASCII)
_SCALE = {"": 1, "k": 1_000, "m": 1_000_000}
_NTSC = {"23.98", "23.976", "29.97", "47.95", "47.952", "59.94", "119.88"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A wished size in pixels; a side that is None follows from the other one and the ratio."""

    width: int | None
    height: int | None


def parse_size(text: str, where: str) -> Size:
    """Read ``1280x720``, ``-2x480`` or ``160:120``; -1 and -2 stand for "by the ratio".

    Example:
        >>> parse_size("-2x480", "size")
        Size(width=None, height=480)
    """
    match = _SIZE.fullmatch(text)
    sides = [float(side) for side in match.groups()] if match else []
    valid = len(sides) == 2 and all(side in (-1, -2) or 1 <= side <= MAX_SIDE for side in sides)  # noqa: PLR2004 - two sides
    if not valid or max(sides) < 0:
        raise InvalidInput(
            f"{where} must be WIDTHxHEIGHT in pixels, up to {MAX_SIDE}, with -1 for one side "
            f"that follows from the ratio; not {shown(text)}."
        )
    width, height = (None if side < 0 else round(side) for side in sides)
    return Size(width=width, height=height)


def parse_bit_rate(text: str, where: str, *, low: int, high: int) -> int:
    """Read ``720k``, ``5M`` or ``720000`` as bits per second, which must lie in `low`…`high`.

    Example:
        >>> parse_bit_rate("1.5M", "video_bitrate", low=1000, high=10**9)
        1500000
    """
    match = _BIT_RATE.fullmatch(text)
    rate = round(float(match[1]) * _SCALE[match[2].lower()]) if match else 0
    if not low <= rate <= high:
        raise InvalidInput(
            f"{where} must be bits per second such as 720k or 5M, from {low // 1000}k to {high // 1000}k; "
            f"not {shown(text)}."
        )
    return rate


def parse_frame_rate(text: str, where: str) -> Fraction | None:
    """Read ``30``, ``29.97`` (which means 30000/1001), ``24000/1001``; ``auto`` is None, the source's own.

    Example:
        >>> parse_frame_rate("29.97", "frame_rate")
        Fraction(30000, 1001)
    """
    if text.lower() == "auto":
        return None
    rate = Fraction(0)
    if text in _NTSC:
        rate = Fraction(round(float(text)) * 1000, 1001)
    elif _FRAME_RATE.fullmatch(text) and not text.endswith("/0"):
        rate = Fraction(text) if set(text.partition("/")[2]) != {"0"} else rate
    if not 1 <= rate <= MAX_FRAME_RATE:
        raise InvalidInput(
            f"{where} must be frames per second from 1 to {MAX_FRAME_RATE}, or auto; not {shown(text)}."
        )
    return rate
