"""Layers of a drawing: which box stands how far down, and what a long arrow passes on its way.

A row holds boxes or labels. An arrow that passes a row has a place of its own in it, so that it is kept clear
of what stands there. This is the method of Sugiyama, Tagawa and Toda (1981), with labels in rows of their
own, as in Gansner et al., "A technique for drawing directed graphs" (1993).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

MAX_PLACES = 10_000
"""Places of passing arrows in one drawing. A thousand steps, each requiring all before it, would need 166
million. The longest arrows beyond that pass beside the drawing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What is to be placed, in pixels; arrows keep `inset` from its left and right corners."""

    width: float
    height: float
    inset: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An arrow to be drawn, between numbers of boxes; `label` is how much room its label takes."""

    source: int
    target: int
    label: Size | None = None


@dataclass(slots=True, kw_only=True)
class Rows:
    """The places of a drawing: the boxes first, under their own numbers, then what arrows pass.

    Attributes:
        sizes: Of each place.
        row_of: The row of each place, from 0 at the top.
        rows: The places of each row, from left to right.
        paths: For each link the places it passes, from its source to its target. Two that follow each other
            stand in neighbouring rows unless the link passes beside the drawing in between.
        boxes: How many of the places are boxes.
    """

    sizes: list[Size]
    row_of: list[int]
    rows: list[list[int]]
    paths: list[list[int]] = field(default_factory=list)
    boxes: int

    def is_beside(self, upper: int, lower: int) -> bool:
        """Tell whether a link between two places that follow each other passes beside the drawing."""
        return self.row_of[lower] - self.row_of[upper] > 1


def make_rows(sizes: Sequence[Size], links: Sequence[Link]) -> Rows:
    """Put each box as far up as the boxes that lead to it allow, and give long links their places.

    Args:
        sizes: Of the boxes.
        links: Each from a box with a lower number to one with a higher.
    """
    row_of = _rows_of(len(sizes), links)
    count = max(row_of, default=-1) + 1
    rows = Rows(sizes=list(sizes), row_of=row_of, rows=[[] for _ in range(count)], boxes=len(sizes))
    for box, row in enumerate(row_of):
        rows.rows[row].append(box)
    beside = _beside(rows, links)
    for number, link in enumerate(links):
        rows.paths.append([link.source, *_passed(rows, link, beside=number in beside), link.target])
    return rows


def _rows_of(boxes: int, links: Iterable[Link]) -> list[int]:
    """Rows by the longest path, with a row for labels above each row that labelled links lead to."""
    layer_of = [0] * boxes
    leading: list[list[int]] = [[] for _ in range(boxes)]
    for link in links:
        leading[link.target].append(link.source)
    for box, sources in enumerate(leading):
        layer_of[box] = 1 + max((layer_of[source] for source in sources), default=-1)
    labelled = {layer_of[link.target] for link in links if link.label}
    row_of_layer: list[int] = []
    for layer in range(max(layer_of, default=-1) + 1):
        above = row_of_layer[-1] if row_of_layer else -1
        row_of_layer.append(above + (2 if layer in labelled else 1))
    return [row_of_layer[layer] for layer in layer_of]


def _beside(rows: Rows, links: Sequence[Link]) -> frozenset[int]:
    """The numbers of the links that get no places, the longest ones."""
    lengths = [rows.row_of[link.target] - rows.row_of[link.source] for link in links]
    left = MAX_PLACES
    beside = set()
    for number in sorted(range(len(links)), key=lambda number: lengths[number]):
        left -= lengths[number] - 1
        if left < 0:
            beside.add(number)
    return frozenset(beside)


def _passed(rows: Rows, link: Link, *, beside: bool) -> list[int]:
    first, last = rows.row_of[link.source] + 1, rows.row_of[link.target] - 1
    if beside:
        first = last + (0 if link.label else 1)
    passed = []
    for row in range(first, last + 1):
        size = link.label if link.label and row == last else Size(width=0.0, height=0.0)
        passed.append(len(rows.sizes))
        rows.sizes.append(size)
        rows.row_of.append(row)
        rows.rows[row].append(passed[-1])
    return passed
