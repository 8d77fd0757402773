"""A closed history, kept small: JSON, compressed in blocks, unpacked a page at a time."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from typing import overload

from cpe.local.swf.engine.changes import Event

#: Events of one block. Pages are 1,000 at most, so a page costs a few blocks, whatever the history's length.
_BLOCK = 500
#: The fastest level: histories repeat themselves so much that higher ones gain little.
_LEVEL = 1


class PackedHistory(Sequence[Event]):
    """A history's events; every read unpacks the blocks it needs.

    Args:
        events: All of them; they are JSON values.
    """

    __slots__ = ("_blocks", "_length")

    def __init__(self, events: Sequence[Event]) -> None:
        self._length = len(events)
        self._blocks = tuple(
            zlib.compress(json.dumps(events[at : at + _BLOCK], separators=(",", ":")).encode(), _LEVEL)
            for at in range(0, self._length, _BLOCK)
        )

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Event: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Event]: ...

    def __getitem__(self, index: int | slice) -> Event | Sequence[Event]:
        if isinstance(index, int):
            place = range(self._length)[index]
            return self._block(place // _BLOCK)[place % _BLOCK]
        places = range(self._length)[index]
        if not places:
            return []
        first, last = min(places[0], places[-1]) // _BLOCK, max(places[0], places[-1]) // _BLOCK
        events = [event for block in range(first, last + 1) for event in self._block(block)]
        before = first * _BLOCK
        return [events[place - before] for place in places]

    def __iter__(self) -> Iterator[Event]:
        for block in range(len(self._blocks)):
            yield from self._block(block)

    @property
    def size(self) -> int:
        """How many bytes it takes."""
        return sum(map(len, self._blocks))

    def _block(self, number: int) -> list[Event]:
        events: list[Event] = json.loads(zlib.decompress(self._blocks[number]))
        return events
