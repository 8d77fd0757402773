"""Where places stand from left to right, and where arrows meet their borders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from cpe.plan.layout_layers import Rows

BOX_GAP = 28.0
"""Pixels between boxes and labels of a row."""

ARROW_GAP = 14.0
"""Pixels that an arrow is kept clear of what it passes."""

_PORT_STEP = 24.0
"""Pixels between arrows at one border, if the border has room."""

_SWEEPS = 5

_STRAIGHTNESS = (1.0, 2.0, 8.0)
"""How hard the ends of a segment pull at each other if none, one or both are passed by a longer arrow. A bend
in the middle of an arrow is worse than a box off the middle. Figures of Gansner et al."""

_Pull: TypeAlias = "tuple[int, float, float]"
"""Another place, how far right of its middle this place is wanted, and how much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A link's way between two places; `leave` and `enter` are pixels right of the places' middles."""

    upper: int
    lower: int
    leave: float
    enter: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The middle of each place in pixels, and the segments of each link."""

    middles: list[float]
    segments: Sequence[Sequence[Segment]]


def make_columns(rows: Rows) -> Columns:
    """Place everything near what it is linked with, in the order of the rows and without overlaps."""
    segments = _segments(rows)
    pulls_up: list[list[_Pull]] = [[] for _ in rows.sizes]
    pulls_down: list[list[_Pull]] = [[] for _ in rows.sizes]
    for path in segments:
        for one in path:
            if not rows.is_beside(one.upper, one.lower):
                force = _STRAIGHTNESS[(one.upper >= rows.boxes) + (one.lower >= rows.boxes)]
                pulls_up[one.lower].append((one.upper, one.leave - one.enter, force))
                pulls_down[one.upper].append((one.lower, one.enter - one.leave, force))
    both = [[*up, *down] for up, down in zip(pulls_up, pulls_down, strict=True)]
    middles = [0.0] * len(rows.sizes)
    for row in rows.rows:
        _place(rows, row, [0.0] * len(row), middles)
    for _ in range(_SWEEPS):
        _sweep(rows, rows.rows, pulls_up, middles)
        _sweep(rows, rows.rows[::-1], pulls_down, middles)
    for _ in range(_SWEEPS):
        _sweep(rows, rows.rows, both, middles)
        _sweep(rows, rows.rows[::-1], both, middles)
    return Columns(middles=middles, segments=segments)


def _sweep(
    rows: Rows, order: Sequence[Sequence[int]], pulls: Sequence[Sequence[_Pull]], middles: list[float]
) -> None:
    """Move each row, in this order, to where its places are pulled."""
    for row in order:
        wanted = []
        for place in row:
            total = sum(force for _, _, force in pulls[place])
            pulled = sum((middles[one] + aside) * force for one, aside, force in pulls[place])
            wanted.append(pulled / total if total else middles[place])
        _place(rows, row, wanted, middles)


def _place(rows: Rows, row: Sequence[int], wanted: Sequence[float], middles: list[float]) -> None:
    """Bring a row as near to the wanted middles as its order and gaps allow."""
    offsets = [0.0] * len(row)
    for index in range(1, len(row)):
        offsets[index] = offsets[index - 1] + gap_between(rows, row[index - 1], row[index])
    weights = [1.0 if place < rows.boxes else _STRAIGHTNESS[1] for place in row]
    slack = rising([want - offset for want, offset in zip(wanted, offsets, strict=True)], weights)
    for place, value, offset in zip(row, slack, offsets, strict=True):
        middles[place] = value + offset


def gap_between(rows: Rows, left: int, right: int) -> float:
    """The least pixels between the middles of two places that stand side by side."""
    widths = rows.sizes[left].width, rows.sizes[right].width
    return sum(widths) / 2 + (BOX_GAP if all(widths) else ARROW_GAP)


def rising(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The numbers that never fall and are nearest to the given ones, by least squares.

    Isotonic regression by pooling adjacent violators, in linear time. Places that must keep a distance are
    this problem once the distances are subtracted.

    Example:
        >>> rising([1.0, 4.0, 2.0, 5.0], [1.0, 1.0, 1.0, 1.0])
        [1.0, 3.0, 3.0, 5.0]
    """
    pools: list[tuple[float, float, int]] = []  # mean, weight, how many
    for value, weight in zip(values, weights, strict=True):
        mean, heavy, count = value, weight, 1
        while pools and pools[-1][0] > mean:
            other, weighs, members = pools.pop()
            mean = (mean * heavy + other * weighs) / (heavy + weighs)
            heavy, count = heavy + weighs, count + members
        pools.append((mean, heavy, count))
    return [mean for mean, _, count in pools for _ in range(count)]


def _segments(rows: Rows) -> list[list[Segment]]:
    """Spread the arrows over the borders of their boxes, in the order of what they lead to."""
    leaving: list[list[tuple[float, int]]] = [[] for _ in rows.sizes]
    entering: list[list[tuple[float, int]]] = [[] for _ in rows.sizes]
    position = {place: float(index) for row in rows.rows for index, place in enumerate(row)}
    ways = [(upper, lower) for path in rows.paths for upper, lower in pairwise(path)]
    for number, (upper, lower) in enumerate(ways):
        beside = rows.is_beside(upper, lower)  # it comes from the right
        leaving[upper].append((float("inf") if beside else position[lower], number))
        entering[lower].append((float("inf") if beside else position[upper], number))
    leave, enter = [0.0] * len(ways), [0.0] * len(ways)
    for place, size in enumerate(rows.sizes):
        border = max(size.width - 2 * size.inset, 0.0) if place < rows.boxes else 0.0
        for ends, ports in ((leaving[place], leave), (entering[place], enter)):
            step = min(_PORT_STEP, border / len(ends)) if ends else 0.0
            for index, (_, number) in enumerate(sorted(ends)):
                ports[number] = (index - (len(ends) - 1) / 2) * step
    numbers = iter(range(len(ways)))
    return [
        [
            Segment(upper=upper, lower=lower, leave=leave[number], enter=enter[number])
            for (upper, lower), number in zip(pairwise(path), numbers, strict=False)
        ]
        for path in rows.paths
    ]
