"""What an import tells: all that is not carried over as it was, by name, with the way out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much of it there is: done differently, left out, or not made at all."""

    CHANGED = "changed"
    LOST = "lost"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One thing that is not as it was.

    Attributes:
        level: How much of it there is.
        code: A stable name of the kind.
        where: The place in the file that was read, such as ``job.json: Outputs[0].Watermarks``.
        message: What it is, and the way out.
    """

    level: Level
    code: str
    where: str
    message: str


class Notes:
    """Collects notes, each once, in the order in which they were made."""

    def __init__(self) -> None:
        self._notes: dict[Note, None] = {}

    def __iter__(self) -> Iterator[Note]:
        return iter(self._notes)

    def changed(self, code: str, where: str, message: str) -> None:
        """Note what is done differently."""
        self._add(Level.CHANGED, code, where, message)

    def lost(self, code: str, where: str, message: str) -> None:
        """Note what is left out."""
        self._add(Level.LOST, code, where, message)

    def refused(self, code: str, where: str, message: str) -> None:
        """Note what is not made."""
        self._add(Level.REFUSED, code, where, message)

    def _add(self, level: Level, code: str, where: str, message: str) -> None:
        self._notes[Note(level=level, code=code, where=where, message=message)] = None
