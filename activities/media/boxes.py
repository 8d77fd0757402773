"""Boxes of MP4 files (ISO/IEC 14496-12): where they are, and what those of a fragmented file say.

Only files that FFmpeg has just made for us are read. One that is not as expected is a :class:`BoxError`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_HEADER = 8
_LARGE_HEADER = 16
_FULL = 4  # version and flags

# tfhd (8.8.7) and trun (8.8.8): which fields follow.
_BASE_OFFSET, _DESCRIPTION, _DURATION, _SIZE, _FLAGS = 0x1, 0x2, 0x8, 0x10, 0x20
_DATA_OFFSET, _FIRST_FLAGS = 0x1, 0x4
_EACH_DURATION, _EACH_SIZE, _EACH_FLAGS, _EACH_OFFSET = 0x100, 0x200, 0x400, 0x800
_NOT_SYNC = 0x10000


class BoxError(ValueError):
    """A file that is no fragmented MP4 of one track, as it should be."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box: its type, where it starts, how long its header is, and how long it is in all, in bytes."""

    type: str
    start: int
    header: int
    size: int

    @property
    def body(self) -> int:
        """Where its content starts."""
        return self.start + self.header

    @property
    def end(self) -> int:
        """Where the next box starts."""
        return self.start + self.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """A ``moof`` and its ``mdat``.

    Attributes:
        start: Where it starts in the file.
        head: Bytes up to the first sample.
        size: Bytes in all.
        first: Bytes of its first sample.
        clock: Where its decoding time (64 bits) is written in the file.
        decoded: When its first sample is decoded, in ticks.
        shown: When its first sample is shown, in ticks.
        end: When its last sample is over, in ticks.
        samples: How many it has.
        key: Whether decoding can start with it.
    """

    start: int
    head: int
    size: int
    first: int
    clock: int
    decoded: int
    shown: int
    end: int
    samples: int
    key: bool


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """Yield the boxes between two places of a text of bytes."""
    end = len(data) if end is None else end
    while start + _HEADER <= end:
        box = _box(data[start : start + _LARGE_HEADER], start)
        if box.end > end:
            raise BoxError(f"box {box.type} is cut off")
        yield box
        start = box.end


def boxes_of(file: BinaryIO) -> Iterator[Box]:
    """Yield the outermost boxes of a file, which may be large: their content is not read."""
    length, start = file.seek(0, 2), 0
    while start + _HEADER <= length:
        file.seek(start)
        box = _box(file.read(_LARGE_HEADER), start)
        if box.end > length:
            raise BoxError(f"box {box.type} is cut off")
        yield box
        start = box.end


def find(data: bytes, *path: str, within: Box | None = None) -> Box | None:
    """Return the first box on a path of types, such as ``moov``, ``trak``; None when there is none."""
    for kind in path:
        start, end = (within.body, within.end) if within is not None else (0, len(data))
        within = next((box for box in boxes(data, start, end) if box.type == kind), None)
        if within is None:
            return None
    return within


def need(data: bytes, *path: str, within: Box | None = None) -> Box:
    """Return the first box on a path of types.

    Raises:
        BoxError: There is none.
    """
    box = find(data, *path, within=within)
    if box is None:
        raise BoxError(f"has no {'/'.join(path)}")
    return box


def read_fragments(file: BinaryIO) -> Iterator[Fragment]:
    """Yield the fragments of a file with one track.

    Raises:
        BoxError: The file is not as it should be.
    """
    head: Box | None = None
    for box in boxes_of(file):
        if box.type == "moof":
            head = box
        elif box.type == "mdat":
            if head is None:
                raise BoxError("has samples outside of fragments")
            file.seek(head.start)
            yield _fragment(file.read(head.size), head, box)
            head = None


def _fragment(data: bytes, head: Box, content: Box) -> Fragment:
    track = need(data, "moof", "traf")
    clock = need(data, "tfdt", within=track)
    if data[clock.body] != 1:
        raise BoxError("has times of 32 bits")
    (decoded,) = struct.unpack_from(">q", data, clock.body + _FULL)
    time, shown, end, sizes, sync = decoded, None, decoded, [], None
    usual = _usual(data, need(data, "tfhd", within=track))
    for run in boxes(data, track.body, track.end):
        if run.type != "trun":
            continue
        for duration, size, flags, offset in _samples(data, run, usual):
            shown = time + offset if shown is None else shown
            sync = not flags & _NOT_SYNC if sync is None else sync
            sizes.append(size)
            end = max(end, time + offset + duration)
            time += duration
    if shown is None or not sizes:
        raise BoxError("has a fragment without samples")
    return Fragment(
        start=head.start,
        head=content.body - head.start,
        size=content.end - head.start,
        first=sizes[0],
        clock=head.start + clock.body + _FULL,
        decoded=decoded,
        shown=shown,
        end=end,
        samples=len(sizes),
        key=bool(sync),
    )


def _usual(data: bytes, box: Box) -> tuple[int, int, int]:
    """Return duration, size and flags of samples that do not tell their own."""
    place = box.body + _FULL + 4
    flags = int.from_bytes(data[box.body + 1 : box.body + _FULL], "big")
    place += 8 * bool(flags & _BASE_OFFSET) + 4 * bool(flags & _DESCRIPTION)
    values = []
    for flag in (_DURATION, _SIZE, _FLAGS):
        present = bool(flags & flag)
        values.append(struct.unpack_from(">I", data, place)[0] if present else 0)
        place += 4 * present
    return values[0], values[1], values[2]


def _samples(data: bytes, box: Box, usual: tuple[int, int, int]) -> Iterator[tuple[int, int, int, int]]:
    """Yield duration, size, flags and the ticks from decoding to showing of each sample of a ``trun``."""
    flags = int.from_bytes(data[box.body + 1 : box.body + _FULL], "big")
    (count,) = struct.unpack_from(">I", data, box.body + _FULL)
    place = box.body + _FULL + 4 + 4 * bool(flags & _DATA_OFFSET)
    first = None
    if flags & _FIRST_FLAGS:
        (first,) = struct.unpack_from(">I", data, place)
        place += 4
    for number in range(count):
        values = list(usual)
        for index, flag in enumerate((_EACH_DURATION, _EACH_SIZE, _EACH_FLAGS)):
            if flags & flag:
                (values[index],) = struct.unpack_from(">I", data, place)
                place += 4
        offset = 0
        if flags & _EACH_OFFSET:
            (offset,) = struct.unpack_from(">i", data, place)
            place += 4
        if number == 0 and first is not None:
            values[2] = first
        yield values[0], values[1], values[2], offset


def _box(header: bytes, start: int) -> Box:
    size, name = struct.unpack_from(">I4s", header)
    length = _HEADER
    if size == 1:
        (size,) = struct.unpack_from(">Q", header, _HEADER)
        length = _LARGE_HEADER
    if size < length:
        raise BoxError("has a box of no length")
    return Box(type=name.decode("latin-1"), start=start, header=length, size=size)
