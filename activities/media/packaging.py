"""Cuts fragmented tracks into the segments of a playlist. All tracks are cut at the same points of a grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from activities.media.boxes import BoxError, Fragment
from activities.media.segments import NEAR
from activities.media.track import Track

STYLE = b"\0\0\0\x18styp" + b"msdh" + b"\0\0\0\0" + b"msdh" + b"cmfs"
"""The box with which a media segment starts: which brands it follows."""

_REST_SECONDS = 1
"""Less than this at the end of a video is no segment where another one ends in the cell before: at another
frame rate the last frame may come a little later."""

_BLOCK = 16
_BYTE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSegment:
    """A segment of a track: fragments that are one file. `start` and `duration` in seconds."""

    start: Fraction
    duration: Fraction
    fragments: Sequence[Fragment]

    @property
    def size(self) -> int:
        """Bytes of the file, before encryption."""
        return len(STYLE) + sum(fragment.size for fragment in self.fragments)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFrame:
    """A frame that can be decoded by itself.

    Attributes:
        start: When it is shown, in seconds.
        duration: Seconds until the next one.
        segment: The number of its segment, from 0.
        offset: Where it starts in the segment's file.
        size: Its bytes.
    """

    start: Fraction
    duration: Fraction
    segment: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagedStream:
    """A track of a playlist, cut into segments.

    Attributes:
        name: Its folder, such as ``video-1``.
        track: What it is.
        shift: Ticks by which its clock is put forward, so that nothing is decoded before 0.
        segments: Its segments, in order.
        encrypted: Whether the files are encrypted, which makes them a little longer.
        language: The language of a sound.
    """

    name: str
    track: Track
    shift: int
    segments: Sequence[MediaSegment]
    encrypted: bool = False
    language: str | None = None

    @property
    def start(self) -> Fraction:
        """The second at which it starts."""
        return self.segments[0].start

    @property
    def duration(self) -> Fraction:
        """Its seconds, from its own start."""
        return sum((segment.duration for segment in self.segments), Fraction(0))

    @property
    def size(self) -> int:
        """Bytes of all its segments."""
        return sum(map(self._stored, self.segments))

    @property
    def peak(self) -> int:
        """Bits per second of the segment that has most of them."""
        rates = [self._stored(segment) * _BYTE / segment.duration for segment in self.segments]
        return max(map(_up, rates))

    @property
    def average(self) -> int:
        """Bits per second of the whole."""
        return _up(self.size * _BYTE / self.duration)

    @property
    def frame_rate(self) -> Fraction:
        """Samples per second, on average."""
        samples = sum(fragment.samples for segment in self.segments for fragment in segment.fragments)
        return samples / self.duration

    def key_frames(self) -> list[KeyFrame]:
        """Return the frames with which its fragments start."""
        starts: list[tuple[Fraction, int, int, int]] = []
        for number, segment in enumerate(self.segments):
            offset = len(STYLE)
            for fragment in segment.fragments:
                shown = Fraction(fragment.shown - self.track.before, self.track.timescale)
                starts.append((shown, number, offset, fragment.head + fragment.first))
                offset += fragment.size
        ends = [start for start, *_ in starts[1:]] + [self.start + self.duration]
        return [
            KeyFrame(start=start, duration=end - start, segment=number, offset=offset, size=size)
            for (start, number, offset, size), end in zip(starts, ends, strict=True)
        ]

    def _stored(self, segment: MediaSegment) -> int:
        # Padding fills the last block up, or is one of its own.
        return (segment.size // _BLOCK + 1) * _BLOCK if self.encrypted else segment.size


def last_cell(videos: Sequence[tuple[Track, Sequence[Fragment]]], seconds: int) -> int | None:
    """Return the number of the last cell of `seconds` in which all of these tracks have a sample."""
    return min(
        (_cell(track, fragments[-1], seconds) for track, fragments in videos if fragments), default=None
    )


def package(
    name: str,
    track: Track,
    fragments: Sequence[Fragment],
    *,
    seconds: int,
    last: int | None = None,
    encrypted: bool = False,
    language: str | None = None,
) -> PackagedStream:
    """Cut a track into segments of `seconds` each, at fragments with which decoding can start.

    A segment has the fragments whose first sample is shown in its cell of the grid, so that the segments of
    all tracks begin together, as near as their samples allow.

    Args:
        name: Its folder.
        track: What it is.
        fragments: Its fragments, in order.
        seconds: Seconds of a cell.
        last: The last cell that all videos have; a short rest after that belongs to it.
        encrypted: Whether the files are encrypted.
        language: The language of a sound.

    Raises:
        BoxError: It has no fragments, or no key frame where a segment begins.
    """
    cells: dict[int, list[Fragment]] = {}
    for fragment in fragments:
        cells.setdefault(_cell(track, fragment, seconds), []).append(fragment)
    if not cells:
        raise BoxError("has no samples")
    if last is not None and {last, last + 1} <= cells.keys():
        rest = Fraction(fragments[-1].end - cells[last + 1][0].shown, track.timescale)
        if rest < _REST_SECONDS:
            cells[last] += cells.pop(last + 1)
    if not all(group[0].key for group in cells.values()):
        raise BoxError("has no key frame at the start of a segment")
    groups = list(cells.values())
    ticks = [*(group[0].shown for group in groups), max(part.end for part in groups[-1])]
    # What coders of sound need to start with comes before 0 and is not heard.
    edges = [max(tick - track.before, 0) for tick in ticks]
    return PackagedStream(
        name=name,
        track=track,
        shift=max(-fragments[0].decoded, 0),
        segments=[
            MediaSegment(
                start=Fraction(start, track.timescale),
                duration=Fraction(end - start, track.timescale),
                fragments=tuple(group),
            )
            for group, (start, end) in zip(groups, pairwise(edges), strict=True)
        ],
        encrypted=encrypted,
        language=language,
    )


def _cell(track: Track, fragment: Fragment, seconds: int) -> int:
    """Return the number of the cell in which the first sample of a fragment is shown."""
    shown = Fraction(max(fragment.shown - track.before, 0), track.timescale)
    return int((shown + NEAR) // seconds)


def _up(rate: Fraction | float) -> int:
    return -int(-rate // 1)
