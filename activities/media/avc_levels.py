"""The levels of H.264: how large a picture, and how many of them a second, a player must be able to take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

_BLOCK = 16
"""Pixels of a side of a macroblock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """The most macroblocks of a picture, and in a second."""

    picture: int
    second: int


# ITU-T H.264, table A-1.
LEVELS: Mapping[str, Level] = {
    "1": Level(picture=99, second=1_485),
    "1.1": Level(picture=396, second=3_000),
    "1.2": Level(picture=396, second=6_000),
    "1.3": Level(picture=396, second=11_880),
    "2": Level(picture=396, second=11_880),
    "2.1": Level(picture=792, second=19_800),
    "2.2": Level(picture=1_620, second=20_250),
    "3": Level(picture=1_620, second=40_500),
    "3.1": Level(picture=3_600, second=108_000),
    "3.2": Level(picture=5_120, second=216_000),
    "4": Level(picture=8_192, second=245_760),
    "4.1": Level(picture=8_192, second=245_760),
    "4.2": Level(picture=8_704, second=522_240),
    "5": Level(picture=22_080, second=589_824),
    "5.1": Level(picture=36_864, second=983_040),
    "5.2": Level(picture=36_864, second=2_073_600),
    "6": Level(picture=139_264, second=4_177_920),
    "6.1": Level(picture=139_264, second=8_355_840),
    "6.2": Level(picture=139_264, second=16_711_680),
}


def fitting_level(level: str, size: tuple[int, int], rate: Fraction | None) -> str:
    """Return a level, or the lowest above it that allows a picture and a rate.

    Args:
        level: The level that is wished, such as ``3.1``; one that is not known stays.
        size: Width and height in pixels.
        rate: Frames per second; None where nobody knows.

    Example:
        >>> fitting_level("1.3", (320, 240), Fraction(21)), fitting_level("1.3", (1280, 720), Fraction(30))
        ('1.3', '3.1')
    """
    names = list(LEVELS)
    if level not in LEVELS:
        return level
    width, height = (-(-side // _BLOCK) for side in size)
    blocks = width * height
    for name in names[names.index(level) :]:
        known = LEVELS[name]
        if blocks <= known.picture and blocks * (rate or 0) <= known.second:
            return name
    return names[-1]
