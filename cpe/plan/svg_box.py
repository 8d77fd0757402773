"""A step's box in an SVG: its shape, its size and its lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cpe.plan.diagram import Box, Kind
from cpe.plan.layout import Point, Rectangle, Size
from cpe.plan.svg_text import fitted, number, text_width, written

NAME_SIZE, DETAIL_SIZE = 14.0, 12.0
"""Pixels of the fonts."""

_LONGEST_LINE = 280.0
_SHORTEST_LINE = 72.0
_PADDING = 10.0
_DESCENT = 5.0
"""Pixels from the baseline of a line down to its end."""

_STACKED = 2
_STACK_STEP = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """An outline: how far it keeps its text, and arrows, from the corners; pixels.

    `radius` rounds corners, `slant` moves the lower ones to the left, `point` makes the sides pointed, `bars`
    is how far from the sides lines run down.
    """

    text_inset: float
    arrow_inset: float
    radius: float = 0.0
    slant: float = 0.0
    point: float = 0.0
    bars: float = 0.0

    def outline(self, left: float, top: float, width: float, height: float) -> str:
        """Write it as an SVG path."""
        if self.slant:
            corners = [(self.slant, 0.0), (width, 0.0), (width - self.slant, height), (0.0, height)]
        elif self.point:
            corners = [
                *((self.point, 0.0), (width - self.point, 0.0), (width, height / 2)),
                *((width - self.point, height), (self.point, height), (0.0, height / 2)),
            ]
        else:
            return self._rounded(left, top, width, height)
        return f"M{'L'.join(f'{number(left + x)} {number(top + y)}' for x, y in corners)}Z"

    def _rounded(self, left: float, top: float, width: float, height: float) -> str:
        radius = number(self.radius)
        across, down = number(width - 2 * self.radius), number(height - 2 * self.radius)
        bars = [left + self.bars, left + width - self.bars] if self.bars else []
        return (
            f"M{number(left + self.radius)} {number(top)}h{across}"
            f"a{radius} {radius} 0 0 1 {radius} {radius}v{down}"
            f"a{radius} {radius} 0 0 1 -{radius} {radius}h-{across}"
            f"a{radius} {radius} 0 0 1 -{radius} -{radius}v-{down}"
            f"a{radius} {radius} 0 0 1 {radius} -{radius}Z"
        ) + "".join(f"M{number(x)} {number(top)}v{number(height)}" for x in bars)


_SHAPES: Mapping[Kind, _Shape] = {
    Kind.ACTIVITY: _Shape(text_inset=2, arrow_inset=8, radius=6),
    Kind.WORKFLOW: _Shape(text_inset=10, arrow_inset=8, radius=2, bars=8),
    Kind.EVAL: _Shape(text_inset=12, arrow_inset=16, slant=16),
    Kind.WAIT: _Shape(text_inset=8, arrow_inset=20, radius=20),
    Kind.SIGNAL: _Shape(text_inset=12, arrow_inset=16, point=16),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Style:
    """How a line is set, in pixels: its font as it counts for widths, its height, room left of its text."""

    size: float
    height: float
    mark: float = 0.0

    def fit(self, text: str) -> str:
        return fitted(text, self.size, _LONGEST_LINE - self.mark)

    def width(self, text: str) -> float:
        return text_width(text, self.size) + self.mark


_STYLES: Mapping[str, _Style] = {
    "name": _Style(size=NAME_SIZE * 1.08, height=20),  # bold letters are wider
    "detail": _Style(size=DETAIL_SIZE, height=16),
    "when": _Style(size=DETAIL_SIZE, height=16, mark=14),
}


def box_size(box: Box) -> Size:
    """How much room a box takes, with what is stacked behind it."""
    lines, shape = _lines(box), _SHAPES[box.kind]
    longest = max(_SHORTEST_LINE, *(_STYLES[style].width(text) for style, text in lines))
    stack = _stack(box) * _STACK_STEP
    return Size(
        width=round(longest + 2 * (shape.text_inset + _PADDING) + stack),
        height=round(sum(_STYLES[style].height for style, _ in lines) + 2 * _PADDING - 2 + stack),
        inset=shape.arrow_inset + stack,
    )


def draw_box(box: Box, place: Rectangle) -> Iterator[str]:
    """Write a box as lines of SVG."""
    stack = _stack(box)
    width, height = place.width - stack * _STACK_STEP, place.height - stack * _STACK_STEP
    shape = _SHAPES[box.kind]
    yield f'<g class="step {box.kind}{" cleanup" if box.is_cleanup else ""}">'
    title = "\n".join(box.words)
    yield f"<title>{written(title)}</title>"
    for back in range(stack, -1, -1):
        outline = shape.outline(
            place.left + back * _STACK_STEP, place.top + back * _STACK_STEP, width, height
        )
        yield f'<path d="{outline}"/>'
    baseline = place.top + _PADDING - 1
    for style, text in _lines(box):
        baseline += _STYLES[style].height
        yield from _draw_line(box, style, text, Point(x=place.left + width / 2, y=baseline - _DESCENT))
    yield "</g>"


def _draw_line(box: Box, style: str, text: str, at: Point) -> Iterator[str]:
    if style != "when":
        yield f'<text class="{style}" x="{number(at.x)}" y="{number(at.y)}">{written(text)}</text>'
        return
    left = at.x - _STYLES[style].width(text) / 2
    x = number(left + _STYLES[style].mark)
    yield f'<g class="{style}"><title>{written(f"when {box.when}")}</title>'
    yield f'<path d="M{number(left)} {number(at.y - 4)}l4.5 -4.5 4.5 4.5 -4.5 4.5Z"/>'
    yield f'<text x="{x}" y="{number(at.y)}">{written(text)}</text></g>'


def _lines(box: Box) -> list[tuple[str, str]]:
    """The style and the text of each line, cut to what the widest box holds."""
    lines = [
        ("name", box.name),
        ("detail", box.detail),
        ("detail", box.for_each),
        ("when", box.when and f"when {box.when}"),
    ]
    return [(style, _STYLES[style].fit(text)) for style, text in lines if text]


def _stack(box: Box) -> int:
    return _STACKED if box.for_each else 0
