"""Rows read from the pages of a damaged SQLite file, without the tree that leads to them.

The format is the one of https://www.sqlite.org/fileformat2.html, sections 1 and 2. Rows stand in the leaves
of their table's tree. Each leaf is read for itself, so that a page that is lost takes its own rows with it
and no others. Trees of indices are left out.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

Value: TypeAlias = "int | float | str | bytes | None"

_HEADER = 100
_LEAST_USABLE = 480
_LEAF = 0x0D
_LEAF_HEADER = 8
#: Bytes of the whole numbers that these serial types stand for.
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_FLOAT, _ZERO, _ONE, _BLOBS = 7, 8, 9, 12
#: Eight bytes hold 56 bits, seven each; the highest says that more follow.
_SHORT_VARINT = 8
_MORE = 0x80


def salvage_rows(path: Path) -> Iterator[list[Value]]:
    """Give every row of every table that can be read, in the order of pages.

    Which table's a row is, is not told. The column of an ``INTEGER PRIMARY KEY`` comes with its value.
    """
    file = _File(path.read_bytes())
    for number in range(1, file.pages + 1):
        if number not in file.free:
            yield from file.rows(number)


class _File:
    """A database file; every number in it may be wrong."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        size, reserved = struct.unpack_from(">H2xB", content, 16)
        self._size = 65536 if size == 1 else size
        self._usable = self._size - reserved
        if self._usable < _LEAST_USABLE:
            raise ValueError("the header tells no size of pages")
        self.pages = len(content) // self._size
        self.free = self._free_pages()

    def rows(self, number: int) -> Iterator[list[Value]]:
        """Read the rows of one page, none if it is no leaf of a table."""
        page = self._page(number)
        start = _HEADER if number == 1 else 0
        if page[start] != _LEAF:
            return
        (cells,) = struct.unpack_from(">H", page, start + 3)
        for index in range(cells):
            try:
                (offset,) = struct.unpack_from(">H", page, start + _LEAF_HEADER + 2 * index)
                yield self._row(page, offset)
            except (IndexError, ValueError, struct.error):
                continue

    def _row(self, page: bytes, offset: int) -> list[Value]:
        length, offset = _varint(page, offset)
        rowid, offset = _varint(page, offset)
        values = _values(self._payload(page, offset, length))
        return [rowid if index == 0 and value is None else value for index, value in enumerate(values)]

    def _payload(self, page: bytes, offset: int, length: int) -> bytes:
        """Read a row's content, and where it goes on on other pages."""
        if length > len(self._content):
            raise ValueError("a row cannot be longer than the file")
        most = self._usable - 35
        if length <= most:
            local = length
        else:
            least = (self._usable - 12) * 32 // 255 - 23
            local = least + (length - least) % (self._usable - 4)
            local = local if local <= most else least
        found = page[offset : offset + local]
        (following,) = struct.unpack_from(">I", page, offset + local) if local < length else (0,)
        while len(found) < length:
            further = self._page(following)
            (following,) = struct.unpack_from(">I", further)
            found += further[4 : min(self._usable, 4 + length - len(found))]
        return found

    def _free_pages(self) -> set[int]:
        """Tell which pages are in no tree; they may hold what was deleted."""
        free: set[int] = set()
        (trunk,) = struct.unpack_from(">I", self._content, 32)
        while trunk and trunk not in free:
            free.add(trunk)
            try:
                page = self._page(trunk)
                trunk, count = struct.unpack_from(">II", page)
                free.update(struct.unpack_from(f">{min(count, self._size // 4 - 2)}I", page, 8))
            except (IndexError, struct.error):
                break
        return free

    def _page(self, number: int) -> bytes:
        if not 1 <= number <= self.pages:
            raise IndexError(f"there is no page {number}")
        return self._content[(number - 1) * self._size : number * self._size]


def _values(record: bytes) -> Iterator[Value]:
    end, position = _varint(record, 0)
    offset = end
    while position < end:
        kind, position = _varint(record, position)
        length = _length(kind)
        content = record[offset : offset + length]
        if len(content) < length:
            raise ValueError("the record ends before its last value")
        offset += length
        yield _value(kind, content)


def _length(kind: int) -> int:
    if kind >= _BLOBS:
        return (kind - _BLOBS) // 2
    return 8 if kind == _FLOAT else _INTEGERS.get(kind, 0)


def _value(kind: int, content: bytes) -> Value:
    if kind in _INTEGERS:
        return int.from_bytes(content, signed=True)
    if kind in {_ZERO, _ONE}:
        return kind - _ZERO
    if kind == _FLOAT:
        number: float = struct.unpack(">d", content)[0]
        return number
    if kind >= _BLOBS:
        return content.decode("utf-8") if kind % 2 else content
    return None


def _varint(content: bytes, offset: int) -> tuple[int, int]:
    """Read a number of variable length; tell where what follows it begins."""
    number = 0
    for index in range(_SHORT_VARINT):
        byte = content[offset + index]
        number = number << 7 | byte & ~_MORE
        if not byte & _MORE:
            return number, offset + index + 1
    raise ValueError("no number of ours is that long")
