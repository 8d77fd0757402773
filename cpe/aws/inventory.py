"""What a stack needs in AWS: found, made, or only looked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What there was of an item, and what was done."""

    EXISTS = "exists"
    CREATED = "created"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that a stack needs.

    Attributes:
        kind: ``domain``, ``queue``, ``bucket`` or ``lifecycle``.
        name: Its name in AWS.
        state: What was done; in a dry run, what would be.
        note: What else an operator should know.
    """

    kind: str
    name: str
    state: State
    note: str = ""


class Inventory:
    """Makes what is missing and keeps a list of it all.

    Args:
        dry_run: Make nothing.
    """

    def __init__(self, *, dry_run: bool = False) -> None:
        self.dry_run = dry_run
        self.items: list[Item] = []

    def found(self, kind: str, name: str, note: str = "") -> None:
        """Note what is there and stays as it is."""
        self.items.append(Item(kind=kind, name=name, state=State.EXISTS, note=note))

    def make(self, kind: str, name: str, make: Callable[[], object], note: str = "") -> None:
        """Make what is missing."""
        self._do(Item(kind=kind, name=name, state=State.CREATED, note=note), make)

    def change(self, kind: str, name: str, change: Callable[[], object], note: str) -> None:
        """Add to what is there."""
        self._do(Item(kind=kind, name=name, state=State.CHANGED, note=note), change)

    def _do(self, item: Item, action: Callable[[], object]) -> None:
        if not self.dry_run:
            action()
        self.items.append(item)
