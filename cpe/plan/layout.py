"""Layered layout: boxes in rows from top to bottom, arrows that lead down and run through no box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cpe.plan.layout_columns import BOX_GAP, Columns, Segment, make_columns
from cpe.plan.layout_layers import Link, Rows, Size, make_rows
from cpe.plan.layout_order import reduce_crossings
from cpe.plan.layout_straight import straighten

__all__ = ["ARROWHEAD", "Layout", "Link", "Point", "Rectangle", "Route", "Size", "lay_out"]

ARROWHEAD = 8.0
"""Pixels; an arrow's last stretch runs straight down for its head."""

_MARGIN = 16.0
_SMALLEST_ROW_GAP = 24.0
_LARGEST_ROW_GAP = 140.0
_STEEPNESS = 0.2
"""Pixels between two rows for each pixel that an arrow goes to the side, so that arrows do not lie flat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Pixels from the left and from the top."""

    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectangle:
    """Pixels; `left` and `top` are of its corner."""

    left: float
    top: float
    width: float
    height: float

    @property
    def bottom(self) -> float:
        return self.top + self.height


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """An arrow's way.

    Attributes:
        stretches: Each runs straight down from its first point to its second, within a row; from the end of
            one to the beginning of the next the arrow bends.
        label: Where its label stands.
    """

    stretches: tuple[tuple[Point, Point], ...]
    label: Rectangle | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A drawing's size in pixels, and where boxes and arrows are, in the order in which they were given."""

    width: float
    height: float
    boxes: tuple[Rectangle, ...]
    routes: tuple[Route, ...]


def lay_out(boxes: Sequence[Size], links: Sequence[Link]) -> Layout:
    """Place boxes and lead arrows.

    The time grows with the boxes, the links and the places that links pass, which are bounded.

    Args:
        boxes: Their sizes.
        links: Each from a box with a lower number to one with a higher; so there are no cycles.

    Raises:
        ValueError: A link leads elsewhere.

    Example:
        >>> size = Size(width=100, height=40)
        >>> [box.top for box in lay_out([size, size], [Link(source=0, target=1)]).boxes]
        [16.0, 86.0]
    """
    for link in links:
        if not 0 <= link.source < link.target < len(boxes):
            raise ValueError(f"a link leads from {link.source} to {link.target}, not to a later box")
    rows = make_rows(boxes, links)
    reduce_crossings(rows)
    columns = make_columns(rows)
    straighten(rows, columns)
    return _Plotter(rows, columns).plot()


class _Plotter:
    """Turns rows and columns into pixels."""

    def __init__(self, rows: Rows, columns: Columns) -> None:
        self._rows = rows
        self._segments = columns.segments
        halves = [size.width / 2 for size in rows.sizes]
        left = min((middle - half for middle, half in zip(columns.middles, halves, strict=True)), default=0.0)
        self._middles = [round(middle - left + _MARGIN, 1) for middle in columns.middles]
        right = max((middle + half for middle, half in zip(self._middles, halves, strict=True)), default=0.0)
        self._lane = round(right + BOX_GAP, 1)
        """What passes beside the drawing does so here."""
        self._heights = [max((rows.sizes[place].height for place in row), default=0.0) for row in rows.rows]
        self._tops = self._row_tops()
        uses_lane = any(
            rows.is_beside(segment.upper, segment.lower) for path in self._segments for segment in path
        )
        self._width = (self._lane if uses_lane else right) + _MARGIN

    def plot(self) -> Layout:
        bottoms = [top + height for top, height in zip(self._tops, self._heights, strict=True)]
        return Layout(
            width=self._width,
            height=max(bottoms, default=0.0) + _MARGIN,
            boxes=tuple(self._rectangle(place) for place in range(self._rows.boxes)),
            routes=tuple(self._route(path) for path in self._segments),
        )

    def _row_tops(self) -> list[float]:
        sideways = [0.0] * len(self._heights)
        heads = [0.0] * len(self._heights)
        for path in self._segments:
            for segment in path:
                row = self._rows.row_of[segment.lower]
                start, end = self._ends(segment)
                if self._rows.is_beside(segment.upper, segment.lower):
                    after = self._rows.row_of[segment.upper] + 1
                    sideways[after] = max(sideways[after], self._lane - start)
                    start = self._lane
                sideways[row] = max(sideways[row], abs(end - start))
            heads[self._rows.row_of[path[-1].lower]] = ARROWHEAD
        tops: list[float] = []
        for row, aside in enumerate(sideways):
            gap = min(max(_SMALLEST_ROW_GAP, _STEEPNESS * aside), _LARGEST_ROW_GAP) + heads[row]
            tops.append(round(tops[-1] + self._heights[row - 1] + gap, 1) if tops else _MARGIN)
        return tops

    def _ends(self, segment: Segment) -> tuple[float, float]:
        """Where it leaves its upper place and where it enters its lower one, from the left."""
        start, end = (
            self._middles[segment.upper] + segment.leave,
            self._middles[segment.lower] + segment.enter,
        )
        return round(start, 1), round(end, 1)

    def _rectangle(self, place: int) -> Rectangle:
        size, row = self._rows.sizes[place], self._rows.row_of[place]
        return Rectangle(
            left=round(self._middles[place] - size.width / 2, 1),
            top=round(self._tops[row] + (self._heights[row] - size.height) / 2, 1),
            width=size.width,
            height=size.height,
        )

    def _route(self, path: Sequence[Segment]) -> Route:
        stretches = [self._start(path[0])]
        for segment in path[:-1]:
            stretches += [*self._lane_of(segment), self._passing(segment.lower)]
        stretches += [*self._lane_of(path[-1]), self._end(path[-1])]
        label = self._rows.sizes[path[-1].upper].width if len(path) > 1 else 0.0
        return Route(stretches=tuple(stretches), label=self._rectangle(path[-1].upper) if label else None)

    def _start(self, segment: Segment) -> tuple[Point, Point]:
        x, _ = self._ends(segment)
        row = self._rows.row_of[segment.upper]
        box = self._rectangle(segment.upper)
        return Point(x=x, y=box.bottom), Point(x=x, y=self._tops[row] + self._heights[row])

    def _end(self, segment: Segment) -> tuple[Point, Point]:
        _, x = self._ends(segment)
        row = self._rows.row_of[segment.lower]
        return Point(x=x, y=self._tops[row] - ARROWHEAD), Point(x=x, y=self._rectangle(segment.lower).top)

    def _passing(self, place: int) -> tuple[Point, Point]:
        return self._through(self._middles[place], self._rows.row_of[place], self._rows.row_of[place])

    def _lane_of(self, segment: Segment) -> list[tuple[Point, Point]]:
        if not self._rows.is_beside(segment.upper, segment.lower):
            return []
        first, last = self._rows.row_of[segment.upper] + 1, self._rows.row_of[segment.lower] - 1
        return [self._through(self._lane, first, last)]

    def _through(self, x: float, first: int, last: int) -> tuple[Point, Point]:
        """Straight down from the top of one row to the bottom of another."""
        return Point(x=x, y=self._tops[first]), Point(x=x, y=self._tops[last] + self._heights[last])
