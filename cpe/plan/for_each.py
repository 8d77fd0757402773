"""`for_each`: one activity for each item of a list."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cpe.plan.templates import JsonTemplate

ITEM_NAMES = frozenset({"item", "index"})
"""What an input template may use besides steps: the item, and its place in the list from 0."""

_ITEM_ID = re.compile(r"(.*)\[(\d+)\]", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How many items may fail: a number, or a share of all.

    Example:
        >>> Tolerance.parse("10%").allows(failed=2, total=20), Tolerance.parse("1").allows(failed=2, total=20)
        (True, False)
    """

    count: int = 0
    percent: int = 0

    @classmethod
    def parse(cls, text: str) -> Tolerance:
        """Read ``3`` or ``10%``.

        Raises:
            ValueError: It is neither.
        """
        number, percent, rest = text.partition("%")
        if rest or not number.isascii() or not number.isdigit() or (percent and int(number) > 100):  # noqa: PLR2004 - per cent
            raise ValueError("tolerate must be a number of items, or a share such as 10%")
        return cls(percent=int(number)) if percent else cls(count=int(number))

    def allows(self, *, failed: int, total: int) -> bool:
        """Tell whether so many failures of so many items are tolerated."""
        return failed <= self.count or failed * 100 <= self.percent * total


@dataclass(frozen=True, slots=True, kw_only=True)
class ForEach:
    """Where the items come from, how many run at once (None for as many as SWF takes), how many may fail."""

    items: JsonTemplate
    max_parallel: int | None
    tolerate: Tolerance


def item_id(step: str, index: int) -> str:
    """The activity id of one item.

    Example:
        >>> item_id("Cut", 3)
        'Cut[3]'
    """
    return f"{step}[{index}]"


def step_of(activity_id: str) -> str:
    """The name of the step that an activity id belongs to, be it an item's or the step's own.

    Example:
        >>> step_of("Cut[3]"), step_of("Cut")
        ('Cut', 'Cut')
    """
    found = _ITEM_ID.fullmatch(activity_id)
    return found.group(1) if found else activity_id


def item_index(activity_id: str) -> int:
    """The place in its list of the item that an activity id belongs to.

    Raises:
        ValueError: It is no item's.

    Example:
        >>> item_index("Cut[3]")
        3
    """
    found = _ITEM_ID.fullmatch(activity_id)
    if found is None:
        raise ValueError(f"{activity_id!r} is no item's")
    return int(found.group(2))
