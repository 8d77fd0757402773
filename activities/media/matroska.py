"""The index of a Matroska or WebM file (RFC 9559, EBML: RFC 8794): where its cues are, and what they say.

Strangers' files are read. What is not as it should be tells nothing: the answer is then None, or empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

_SEGMENT = 0x18538067
_SEEK_HEAD, _SEEK, _SEEK_ID, _SEEK_POSITION = 0x114D9B74, 0x4DBB, 0x53AB, 0x53AC
_INFO, _TIMESTAMP_SCALE = 0x1549A966, 0x2AD7B1
_TRACKS, _TRACK, _TRACK_NUMBER, _TRACK_TYPE = 0x1654AE6B, 0xAE, 0xD7, 0x83
_CLUSTER = 0x1F43B675
_CUES, _CUE_POINT, _CUE_TIME = 0x1C53BB6B, 0xBB, 0xB3
_CUE_POSITIONS, _CUE_TRACK, _CUE_CLUSTER = 0xB7, 0xF7, 0xF1

_VIDEO = 1
_DEFAULT_SCALE = 1_000_000
_NANO = 1_000_000_000
_LONGEST_NUMBER = 8

HEADER = 12
"""The most bytes that the header of an element has: four of its name, eight of its size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What the beginning of a file says of its index.

    Attributes:
        base: The place in the file from which places within it count.
        cues: Where the cues are.
        video: The number of the track of the picture.
        tick: Seconds of a tick.
    """

    base: int
    cues: int
    video: int
    tick: Fraction


@dataclass(frozen=True, slots=True)
class Cue:
    """A key frame of the picture: its second by the file's clock, and where the cluster is that has it."""

    time: Fraction
    place: int


@dataclass(frozen=True, slots=True)
class _Element:
    name: int
    start: int
    body: int
    end: int


def read_layout(head: bytes) -> Layout | None:
    """Read the beginning of a file, up to its first cluster.

    None where there are no cues, or not one track with a picture.
    """
    segment = next((one for one in _elements(head, 0, len(head)) if one.name == _SEGMENT), None)
    if segment is None:
        return None
    cues: int | None = None
    scale = _DEFAULT_SCALE
    videos: list[int] = []
    for element in _elements(head, segment.body, min(segment.end, len(head))):
        if element.name == _CLUSTER:
            break
        if element.name == _CUES:
            cues = element.start
        elif element.end > len(head):
            return None
        elif element.name == _SEEK_HEAD:
            sought = _sought(head, element).get(_CUES)
            cues = cues if sought is None else segment.body + sought
        elif element.name == _INFO:
            scale = _numbers(head, element).get(_TIMESTAMP_SCALE, scale)
        elif element.name == _TRACKS:
            videos += _videos(head, element)
    if cues is None or len(videos) != 1 or scale == 0:
        return None
    return Layout(base=segment.body, cues=cues, video=videos[0], tick=Fraction(scale, _NANO))


def cues_length(header: bytes) -> int | None:
    """Return the bytes of the cues with their header, by the first :data:`HEADER` of them, or None."""
    element = next(_elements(header, 0, len(header)), None)
    return element.end if element is not None and element.name == _CUES else None


def read_cues(layout: Layout, content: bytes) -> list[Cue]:
    """Read the cues of the picture, in order of time.

    Args:
        layout: What the beginning of the file says.
        content: The cues, header included.
    """
    found: list[Cue] = []
    for cues in _elements(content, 0, len(content)):
        for point in _inside(content, cues):
            if point.name != _CUE_POINT:
                continue
            time = _numbers(content, point).get(_CUE_TIME)
            for positions in _inside(content, point):
                if positions.name != _CUE_POSITIONS or time is None:
                    continue
                numbers = _numbers(content, positions)
                if numbers.get(_CUE_TRACK) == layout.video and _CUE_CLUSTER in numbers:
                    found.append(Cue(time * layout.tick, layout.base + numbers[_CUE_CLUSTER]))
    return sorted(found, key=lambda cue: cue.time)


def _sought(data: bytes, seek_head: _Element) -> dict[int, int]:
    entries = [_numbers(data, seek) for seek in _inside(data, seek_head) if seek.name == _SEEK]
    return {one[_SEEK_ID]: one[_SEEK_POSITION] for one in entries if {_SEEK_ID, _SEEK_POSITION} <= one.keys()}


def _videos(data: bytes, tracks: _Element) -> Iterator[int]:
    for track in _inside(data, tracks):
        if track.name == _TRACK:
            numbers = _numbers(data, track)
            if numbers.get(_TRACK_TYPE) == _VIDEO and _TRACK_NUMBER in numbers:
                yield numbers[_TRACK_NUMBER]


def _numbers(data: bytes, parent: _Element) -> dict[int, int]:
    """Return the elements in another that may be numbers, by name."""
    return {
        one.name: int.from_bytes(data[one.body : one.end])
        for one in _inside(data, parent)
        if one.end - one.body <= _LONGEST_NUMBER
    }


def _inside(data: bytes, parent: _Element) -> Iterator[_Element]:
    return _elements(data, parent.body, min(parent.end, len(data)))


def _elements(data: bytes, start: int, end: int) -> Iterator[_Element]:
    """Yield the elements that begin between two places; the content of the last may end behind the data."""
    while start < end:
        name = _number(data, start, end, marked=True)
        size = _number(data, start + name[1], end, marked=False) if name is not None else None
        if name is None or size is None:
            return
        body = start + name[1] + size[1]
        # All bits set: of a length that nobody knew when it was written. It goes on to the end.
        unknown = size[0] == (1 << 7 * size[1]) - 1
        element = _Element(name[0], start, body, end if unknown else body + size[0])
        yield element
        start = element.end


def _number(data: bytes, start: int, end: int, *, marked: bool) -> tuple[int, int] | None:
    """Read a number of variable length (RFC 8794, 4), with its marker or without; return it and its bytes."""
    if start >= end or data[start] == 0:
        return None
    length = 9 - data[start].bit_length()
    if start + length > end:
        return None
    value = int.from_bytes(data[start : start + length])
    return (value if marked else value & ((1 << 7 * length) - 1)), length
