"""Long arrows made straight, as far as what stands beside them allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from cpe.plan.layout_columns import Columns, Segment, gap_between
from cpe.plan.layout_layers import Rows

_Beside: TypeAlias = "dict[int, tuple[int | None, int | None]]"
"""What stands left and right of each place."""


@dataclass(slots=True)
class _Run:
    """Places of one link that follow each other, and the columns in which all of them can stand."""

    places: list[int]
    left: float
    right: float

    def holds(self, x: float) -> bool:
        return self.left <= x <= self.right


def straighten(rows: Rows, columns: Columns) -> None:
    """Move the places that links pass above each other wherever they can be, without a change of any order.

    A run of such places stands in line with an end of its link if it can, else near where its places stood.
    The links are gone through forth and back, since one may have to make room for the one before it.
    """
    beside = _neighbours(rows)
    for path in (*columns.segments, *reversed(columns.segments)):
        _straighten(rows, path, beside, columns.middles)


def _straighten(rows: Rows, path: Sequence[Segment], beside: _Beside, middles: list[float]) -> None:
    passed = [segment.lower for segment in path[:-1]]
    start = middles[path[0].upper] + path[0].leave
    end = middles[path[-1].lower] + path[-1].enter
    for run in _runs(rows, passed, beside, middles):
        at_end = [end] if run.places[-1] == passed[-1] else []
        at_start = [start] if run.places[0] == passed[0] else []
        mean = sum(middles[place] for place in run.places) / len(run.places)
        near = min(max(mean, run.left), run.right)
        x = next((x for x in (*at_end, *at_start) if run.holds(x)), near)
        for place in run.places:
            middles[place] = x


def _neighbours(rows: Rows) -> _Beside:
    beside: _Beside = {}
    for row in rows.rows:
        for left, place, right in zip([None, *row], row, [*row[1:], None], strict=False):
            beside[place] = (left, right)
    return beside


def _runs(
    rows: Rows,
    passed: Sequence[int],
    beside: _Beside,
    middles: Sequence[float],
) -> list[_Run]:
    """Cut a link's places into the fewest runs that can each stand in one column."""
    runs: list[_Run] = []
    for place in passed:
        before, after = beside[place]
        left = middles[before] + gap_between(rows, before, place) if before is not None else float("-inf")
        right = middles[after] - gap_between(rows, place, after) if after is not None else float("inf")
        if runs and max(left, runs[-1].left) <= min(right, runs[-1].right):
            runs[-1].left, runs[-1].right = max(left, runs[-1].left), min(right, runs[-1].right)
            runs[-1].places.append(place)
        else:
            runs.append(_Run([place], left, max(left, right)))
    return runs
