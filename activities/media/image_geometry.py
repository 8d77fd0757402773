"""Sizes and areas of pictures, as ImageMagick writes them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum

from activities.media.fields import shown
from cpe.errors import InvalidInput

MAX_SIDE = 65_000
"""Pixels; JPEG takes no longer side."""

_NUMBER = r"\d{1,6}(?:\.\d{1,4})?"
_GEOMETRY = re.compile(
    rf"(?P<width>{_NUMBER})?(?P<p>%)?(?:[xX](?P<height>{_NUMBER})?(?P<q>%)?)?(?P<flags>[!<>^%]{{0,4}})",
    re.ASCII,
)
_CROP = re.compile(
    r"(?P<width>\d{1,6})?(?:%(?=[xX]\d+%))?(?:[xX](?P<height>\d{1,6})?)?(?P<percent>%)?"
    r"(?:(?P<x>[+-]\d{1,6})(?P<y>[+-]\d{1,6}))?(?P<flag>!)?",
    re.ASCII,
)
_WHOLE = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """A wished size, ``800x600>``.

    Attributes:
        width: Pixels, or percent of the picture's; None to follow from the ratio.
        height: The same for the height.
        percent: Whether both are percent.
        exact: ``!``: take it as it is, whatever the ratio.
        fill: ``^``: the picture is at least this large, not at most.
        shrink: ``>``: only make the picture smaller.
        enlarge: ``<``: only make it larger.
    """

    width: float | None
    height: float | None
    percent: bool = False
    exact: bool = False
    fill: bool = False
    shrink: bool = False
    enlarge: bool = False

    def size_of(self, width: int, height: int) -> tuple[int, int]:
        """Return the size made of a picture, in pixels.

        Example:
            >>> Geometry(width=800, height=600).size_of(1600, 900)
            (800, 450)
        """
        if self.percent:
            by_width = (self.width or self.height or _WHOLE) / _WHOLE
            by_height = (self.height or self.width or _WHOLE) / _WHOLE
            return _pixels(width * by_width), _pixels(height * by_height)
        if self.exact:
            made = _pixels(self.width or width), _pixels(self.height or height)
        else:
            by_width, by_height = self._factors(width, height)
            scale = max(by_width, by_height) if self.fill else min(by_width, by_height)
            made = _pixels(width * scale), _pixels(height * scale)
        if self.shrink:
            made = min(made[0], width), min(made[1], height)
        if self.enlarge:
            made = max(made[0], width), max(made[1], height)
        return made

    def _factors(self, width: int, height: int) -> tuple[float, float]:
        """Return how far width and height are from what is wished; a missing side does not matter."""
        if self.fill:
            return (self.width or self.height or width) / width, (
                self.height or self.width or height
            ) / height
        by_width = self.width / width if self.width else math.inf
        by_height = self.height / height if self.height else math.inf
        return by_width, by_height


class Gravity(StrEnum):
    """Where offsets count from."""

    NORTH_WEST = "northwest"
    NORTH = "north"
    NORTH_EAST = "northeast"
    WEST = "west"
    CENTER = "center"
    EAST = "east"
    SOUTH_WEST = "southwest"
    SOUTH = "south"
    SOUTH_EAST = "southeast"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """An area of a picture, ``200x100+10+20``.

    A side that is None goes to the edge. Offsets count inwards from the edges that `gravity` names, and from
    the centre elsewhere.
    """

    width: int | None
    height: int | None
    percent: bool = False
    x: int = 0
    y: int = 0
    gravity: Gravity = Gravity.NORTH_WEST

    def box_of(self, width: int, height: int) -> tuple[int, int, int, int] | None:
        """Return left, top, right and bottom of the area within a picture; None when it lies beside it.

        Example:
            >>> Crop(width=50, height=50, gravity=Gravity.CENTER).box_of(100, 200)
            (25, 75, 75, 125)
        """
        wide, high = self._side(self.width, width), self._side(self.height, height)
        left = _place(self.x, wide, width, start="west" in self.gravity, end="east" in self.gravity)
        top = _place(self.y, high, height, start="north" in self.gravity, end="south" in self.gravity)
        box = max(left, 0), max(top, 0), min(left + wide, width), min(top + high, height)
        return box if box[0] < box[2] and box[1] < box[3] else None

    def _side(self, wish: int | None, side: int) -> int:
        if not wish:
            return side
        return _pixels(side * wish / _WHOLE) if self.percent else wish


def parse_geometry(text: str, where: str) -> Geometry:
    """Read ``800x600``, ``800``, ``x600``, ``50%`` or ``50%x25%``, with any of ``!``, ``<``, ``>`` and ``^``.

    Raises:
        InvalidInput: It is none of these.
    """
    match = _GEOMETRY.fullmatch(text)
    sides = [float(side) if side else None for side in match.group("width", "height")] if match else []
    flags = f"{match['flags']}{match['p'] or ''}{match['q'] or ''}" if match else ""
    given = [side for side in sides if side is not None]
    if not given or not all(0 < side <= MAX_SIDE for side in given) or set("<>") <= set(flags):
        raise InvalidInput(
            f"{where} must be a size as ImageMagick writes it, such as 800x600, 800x, x600 or 50%, with !, "
            f"<, > or ^ behind it and sides up to {MAX_SIDE}; not {shown(text)}."
        )
    return Geometry(
        width=sides[0],
        height=sides[1],
        percent="%" in flags,
        exact="!" in flags,
        fill="^" in flags,
        shrink=">" in flags,
        enlarge="<" in flags,
    )


def parse_crop(text: str, where: str, gravity: Gravity) -> Crop:
    """Read ``WIDTHxHEIGHT+X+Y``; the offsets may be missing, and a ``%`` makes the sides percent.

    Raises:
        InvalidInput: It is no such area.
    """
    match = _CROP.fullmatch(text)
    if match is None or not (match["width"] or match["height"]):
        raise InvalidInput(
            f"{where} must be an area as ImageMagick writes it, WIDTHxHEIGHT+X+Y; not {shown(text)}."
        )
    return Crop(
        width=int(match["width"]) if match["width"] else None,
        height=int(match["height"]) if match["height"] else None,
        percent=match["percent"] is not None,
        x=int(match["x"] or 0),
        y=int(match["y"] or 0),
        gravity=gravity,
    )


def parse_gravity(text: str, where: str) -> Gravity:
    """Read ``Center``, ``NorthWest`` and the like.

    Raises:
        InvalidInput: There is no such place.
    """
    try:
        return Gravity(text.lower())
    except ValueError:
        raise InvalidInput(f"{where} must be one of {', '.join(Gravity)}, not {shown(text)}.") from None


def _place(offset: int, length: int, side: int, *, start: bool, end: bool) -> int:
    if start:
        return offset
    return side - length - offset if end else math.floor((side - length) / 2) + offset


def _pixels(exact: float) -> int:
    return max(math.floor(exact + 0.5), 1)
