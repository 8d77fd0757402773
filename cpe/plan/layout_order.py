"""The order within rows: arrows that cross each other less."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from cpe.plan.layout_layers import Rows

_WORK = 200_000
"""Links looked at in all, so that large drawings take seconds at most."""

_MOST_SWEEPS = 24

Neighbours = Sequence[Sequence[int]]
"""For each place the places that it is linked with, above or below."""


def reduce_crossings(rows: Rows) -> None:
    """Order each row by where the neighbours of its places stand, downward and upward in turn.

    The best of the orders seen stays. Among equals the earlier place stays left, so the result depends on the
    numbers of the boxes only.
    """
    above: list[list[int]] = [[] for _ in rows.sizes]
    below: list[list[int]] = [[] for _ in rows.sizes]
    links = 0
    for path in rows.paths:
        for upper, lower in pairwise(path):
            if not rows.is_beside(upper, lower):
                above[lower].append(upper)
                below[upper].append(lower)
                links += 1
    best, best_crossings = [list(row) for row in rows.rows], _crossings(rows.rows, below)
    for sweep in range(max(2, min(_MOST_SWEEPS, _WORK // (links + 1)))):
        if best_crossings == 0:
            break
        if sweep % 2 == 0:
            _sweep(rows.rows, above)
        else:
            _sweep(rows.rows[::-1], below)
        crossings = _crossings(rows.rows, below)
        if crossings < best_crossings:
            best, best_crossings = [list(row) for row in rows.rows], crossings
    rows.rows[:] = best


def _sweep(rows: Sequence[list[int]], neighbours: Neighbours) -> None:
    """Sort each row by the mean position of its places' neighbours in the row before."""
    position: dict[int, int] = {}
    for row in rows:
        keys = {}
        for index, place in enumerate(row):
            near = [position[one] for one in neighbours[place]]
            keys[place] = sum(near) / len(near) if near else float(index)
        row.sort(key=keys.__getitem__)
        position.update({place: index for index, place in enumerate(row)})


def _crossings(rows: Sequence[Sequence[int]], below: Neighbours) -> int:
    position = {place: index for row in rows for index, place in enumerate(row)}
    return sum(
        _inversions([end for place in row for end in sorted(position[one] for one in below[place])])
        for row in rows
    )


def _inversions(numbers: Sequence[int]) -> int:
    """How many pairs stand in the wrong order, counted with a binary indexed tree.

    Example:
        >>> _inversions([2, 0, 1])
        2
    """
    size = max(numbers, default=-1) + 1
    tree = [0] * (size + 1)
    found = 0
    for seen, number in enumerate(numbers):
        found += seen
        at = number + 1
        while at:
            found -= tree[at]
            at &= at - 1
        at = number + 1
        while at <= size:
            tree[at] += 1
            at += at & -at
    return found
