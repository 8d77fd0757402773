"""Fetches of a large object what tells what it is: its beginning, its end, and an MP4's index between them.

These parts are written where they lie in the object, into a file of its full size that has holes elsewhere.
FFprobe reads it like any other. What is in the holes is not looked at; a look that fails tells nothing about
the object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from activities.media.locations import Location
from activities.media.probe import MediaInfo
from cpe.activity import ActivityContext

GLANCE_FROM = 32 * 1024**2
"""Bytes from which on an object is looked at in parts; a smaller one is fetched whole."""

HEAD = 6 * 1024**2
TAIL = 8 * 1024**2
"""Bytes that are fetched of the beginning and of the end."""

MAX_INDEX = 64 * 1024**2
"""Bytes of the largest index that is fetched."""

MAX_BOXES = 32
"""How many boxes are looked at to find it."""

_HEADER = 16
_AFTER_INDEX = 2 * 1024**2
_PIECE = 8 * 1024**2

_SECONDS = 5.0
"""Seconds at the end in which a key frame comes, nearly always."""

_Read = Callable[[int, int], bytes]


def glance(context: ActivityContext, location: Location, path: Path, size: int) -> int:
    """Write the telling parts of an object to `path`; return how many bytes were fetched.

    Args:
        context: The task.
        location: The object.
        path: The file to write.
        size: The object's size in bytes.

    Raises:
        ActivityError: The object cannot be read; see :class:`~cpe.activity.Storage`.
    """

    read = _reader(context, location)
    with path.open("wb") as file:
        file.truncate(size)
        return sum(_write(read, file, start, length) for start, length in _parts(read, size))


def fetch_range(context: ActivityContext, location: Location, path: Path, start: int, length: int) -> int:
    """Write a range of an object to its place in `path`, which is there; return how many bytes were fetched.

    Raises:
        ActivityError: The object cannot be read; see :class:`~cpe.activity.Storage`.
    """
    with path.open("r+b") as file:
        return _write(_reader(context, location), file, start, length)


def tells_the_end(info: MediaInfo, size: int) -> bool:
    """Tell whether what was fetched of the end is long enough to find the last packets in it.

    An MP4's index says where they are. Other formats are read from a key frame on; where that lies in a hole,
    FFprobe takes its time.
    """
    return "mov" in info.demuxer or (info.duration or 0) * TAIL / size >= _SECONDS


def _reader(context: ActivityContext, location: Location) -> _Read:
    def read(start: int, length: int) -> bytes:
        context.check()
        return context.storage.read(location.bucket, location.key, start=start, length=length)

    return read


def _write(read: _Read, file: BinaryIO, start: int, length: int) -> int:
    fetched = 0
    for place in range(start, start + length, _PIECE):
        content = read(place, min(_PIECE, start + length - place))
        file.seek(place)
        file.write(content)
        fetched += len(content)
    return fetched


def _parts(read: _Read, size: int) -> Iterator[tuple[int, int]]:
    """Tell start and length of each part, in the order of the object, none twice."""
    parts = [(0, HEAD), (size - TAIL, TAIL)]
    index = _index(read, size)
    if index is not None and index[1] <= MAX_INDEX:
        # Where the index is in front, the first frames come behind it.
        parts.append((index[0], index[1] + _AFTER_INDEX))
    end = 0
    for start, length in sorted(parts):
        first, last = max(start, end), min(start + length, size)
        if first < last:
            yield first, last - first
            end = last


def _index(read: _Read, size: int) -> tuple[int, int] | None:
    """Find the box ``moov`` of an MP4 or QuickTime file; return its place and length, None for none."""
    place = 0
    for _ in range(MAX_BOXES):
        if place + _HEADER > size:
            return None
        header = read(place, _HEADER)
        name, length = header[4:8], int.from_bytes(header[:4])
        if place == 0 and name not in {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"}:
            return None
        if length == 1:
            length = int.from_bytes(header[8:16])
        elif length == 0:
            length = size - place
        if name == b"moov":
            return place, length
        if length < len(header[:8]):
            return None
        place += length
    return None
