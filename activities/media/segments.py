"""Where a video is cut in time, so that its segments can be encoded apart and joined exactly.

Every cut lies on a grid of :data:`GRID_SECONDS`, on which the renditions of a playlist have their key frames.
It falls between two frames of the source. Which frames of an output belong to a segment follows from the cuts
by exact arithmetic, so that none is lost or doubled.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor

from activities.media.excerpt import Excerpt
from activities.media.fields import Fields
from activities.media.timing import Timing
from cpe.errors import InvalidInput

GRID_SECONDS = 2
"""Seconds between key frames: what HLS and DASH players want of a ladder."""

NEAR = Fraction(1, 1000)
"""Seconds by which a frame may come before a point of the grid and still count as the first after it:
containers round times to a millisecond."""

MAX_SEGMENTS = 150
"""All cuts of a job travel in one message of SWF's, 32,768 characters."""

_DEFAULT_SECONDS = 20
CALM_SECONDS = 60
"""Seconds of a segment from which it does not matter to the quality that rate control started afresh."""

_MANY_SEGMENTS = 60
"""Shorter segments than calm ones are made up to so many: a large fleet gains more by them than it loses."""

_SHORTEST = 1
"""Seconds of the first and the last segment; with one frame a second both have a frame."""

_OVERLAP = 4
"""Frames that are decoded before a segment: a frame rate that changes needs one, deinterlacing two."""

_LONGEST_GAP = 10
"""Seconds between two frames from which FFmpeg takes them for a break in the clock, and closes it."""

# Formats without an index: a seek lands somewhere before its goal, and decoding starts at the next key frame.
_UNINDEXED = frozenset({"mpegts", "mpeg"})
_UNINDEXED_MARGIN = 1


_ALL = Excerpt()


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """When the frames of a source are shown.

    Attributes:
        time_base: Seconds of a tick.
        times: The time of each frame in ticks, in order; the source starts at 0.
        keys: The times of the key frames.
        excerpt: The part of the source that is taken. Seconds count from its start, and those before it are
            negative.
    """

    time_base: Fraction
    times: Sequence[int]
    keys: Sequence[int]
    excerpt: Excerpt = _ALL

    def seconds(self, number: int) -> Fraction:
        """Return the time of a frame, by its number from 0."""
        return self.times[number] * self.time_base - self.excerpt.start

    def before(self, number: int) -> Fraction:
        """Return the second half-way between a frame and the one before it."""
        return (self.seconds(number - 1) + self.seconds(number)) / 2

    def number_at(self, seconds: Fraction) -> int:
        """Return the number of the first frame at a time or after it."""
        return bisect_left(self.times, (seconds + self.excerpt.start) / self.time_base)

    @property
    def first(self) -> Fraction:
        """The time of the first frame; of a part, when it starts."""
        return Fraction(0) if self.excerpt.start else self.seconds(0)

    @property
    def last(self) -> Fraction:
        """The time of the last frame, or the end of a part before it."""
        last, end = self.seconds(-1), self.excerpt.duration
        return last if end is None else min(last, end)

    def part(self, excerpt: Excerpt) -> Frames | None:
        """Return the frames with a part of the source; None where they do not tell which of them it has.

        The frame that is on show when it starts counts to it, so there has to be one; and no part may end
        while the source's last frame is shown, since nobody knows how long that is.
        """
        part = replace(self, excerpt=excerpt)
        last, end = part.seconds(-1), excerpt.duration
        ends_with_it = end is not None and last < end <= last + _LONGEST_GAP
        begins = part.number_at(-self.time_base / 2)
        empty = begins >= (len(self.times) if end is None else part.number_at(end - self.time_base / 2))
        return None if part.seconds(0) > 0 or ends_with_it or empty else part

    @property
    def divisible(self) -> bool:
        """Whether the times are such that a part can be told from the whole by them."""
        gaps = [after - before for before, after in zip(self.times, self.times[1:], strict=False)]
        return bool(gaps) and min(gaps) > 0 and max(gaps) * self.time_base <= _LONGEST_GAP


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A cut between two frames.

    Attributes:
        at: The point of the grid, in seconds; or the start or the end of a part of the source.
        frame: The number, from 0, of the first source frame after the cut.
        time: That frame's time, in seconds.
        seek: Where to start reading, in seconds, to have some frames before the cut too; 0 for the start of
            the file.
        edge: Whether it is the end of a part. As many frames are taken then as fit in best.
    """

    at: int | Fraction
    frame: int
    time: Fraction
    seek: Fraction
    edge: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of the source in time, from a cut to the next; None for the source's own start and end."""

    index: int
    start: Cut | None
    end: Cut | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What an output has in a segment.

    Attributes:
        begin: The time of its first frame, in seconds.
        cut: Whether frames before that are left out.
        until: The time of the first frame that it does not have any more; None at the end of the source.
        frames: How many frames it has; None where only decoding tells, in the last segment.
    """

    begin: Fraction
    cut: bool
    until: Fraction | None
    frames: int | None


def stretch_of(segment: Segment, timing: Timing, first: Fraction) -> Stretch:
    """Tell what an output has in a segment.

    Args:
        segment: The segment.
        timing: How the output's frames are timed.
        first: The time of the source's first frame, in seconds.

    Example:
        >>> cut = Cut(at=2, frame=50, time=Fraction(2), seek=Fraction("1.82"))
        >>> stretch_of(Segment(index=0, start=None, end=cut), Timing(rate=Fraction(30)), Fraction(0))
        Stretch(begin=Fraction(0, 1), cut=False, until=Fraction(2, 1), frames=60)
    """
    start, end, rate = segment.start, segment.end, timing.rate
    if rate is None:
        return Stretch(
            begin=start.time if start else first,
            cut=start is not None,
            until=end.time if end else None,
            frames=end.frame - (start.frame if start else 0) if end else None,
        )
    # As FFmpeg's filter fps rounds: to the nearest, halves up.
    number = _number_at(start, rate) if start else floor(first * rate + Fraction(1, 2))
    last = _number_at(end, rate) if end else None
    return Stretch(
        begin=number / rate,
        cut=start is not None,
        until=last / rate if last is not None else None,
        frames=last - number if last is not None else None,
    )


def _number_at(cut: Cut, rate: Fraction) -> int:
    """Return the number of the first frame at a constant rate that comes after a cut."""
    if cut.edge:
        return floor(cut.at * rate + Fraction(1, 2))
    return ceil((cut.at - NEAR) * rate)


def wished_segments(job: Fields, seconds: Fraction) -> int:
    """Return into how many segments a video shall be cut.

    Args:
        job: The task's input: `segments`, or `segment_seconds`, or neither.
        seconds: How long the video is.

    Raises:
        InvalidInput: Both are there, or one has a value that cannot be.
    """
    if "segments" in job and "segment_seconds" in job:
        raise InvalidInput(
            f"{job.where} has both segments and segment_seconds. Give one of them, or neither."
        )
    if "segments" in job:
        return round(job.number("segments", 1, low=1, high=MAX_SEGMENTS))
    if "segment_seconds" in job:
        each = job.number("segment_seconds", _DEFAULT_SECONDS, low=GRID_SECONDS, high=86_400)
        return min(max(round(seconds / Fraction(each)), 1), MAX_SEGMENTS)
    return default_segments(seconds)


def default_segments(seconds: Fraction) -> int:
    """Return into how many segments a video is cut where its job says nothing.

    Example:
        >>> [default_segments(Fraction(seconds)) for seconds in (70, 1200, 2400, 7200, 36_000)]
        [3, 60, 60, 120, 150]
    """
    few = min(max(floor(seconds / _DEFAULT_SECONDS), 1), _MANY_SEGMENTS)
    return min(max(few, floor(seconds / CALM_SECONDS)), MAX_SEGMENTS)


def cut(frames: Frames, count: int, *, demuxer: str) -> tuple[Segment, ...]:
    """Cut a source into about `count` segments of equal length.

    There are fewer where a segment would be shorter than the grid. There are none where nothing can be cut,
    but a part of the source is at least one.

    Args:
        frames: The source's frames.
        count: How many segments are wished.
        demuxer: FFmpeg's name of the source's format.
    """
    if not frames.divisible:
        return ()
    indexed = not _UNINDEXED & set(demuxer.split(","))
    cuts = _cuts(frames, count, indexed=indexed)
    if not cuts and frames.excerpt == _ALL:
        return ()
    ends: list[Cut | None] = [*cuts, _end(frames)]
    starts: list[Cut | None] = [_start(frames, indexed=indexed), *cuts]
    return tuple(
        Segment(index=index, start=start, end=end)
        for index, (start, end) in enumerate(zip(starts, ends, strict=True))
    )


def _cuts(frames: Frames, count: int, *, indexed: bool) -> list[Cut]:
    first, last = frames.first, frames.last
    cuts: list[Cut] = []
    lowest, highest = first + _SHORTEST, last - _SHORTEST
    for part in range(1, count):
        at = round((first + (last - first) * part / count) / GRID_SECONDS) * GRID_SECONDS
        if not lowest <= at <= highest or (cuts and at <= cuts[-1].at):
            continue
        number = frames.number_at(at - NEAR)
        # Points of the grid without a frame between them are one.
        if not cuts or number > cuts[-1].frame:
            cuts.append(_cut_at(frames, at, number, indexed=indexed))
    return cuts


def _start(frames: Frames, *, indexed: bool) -> Cut | None:
    """Return the cut at the start of a part; None at the start of the source."""
    if not frames.excerpt.start:
        return None
    begin = _cut_at(frames, 0, frames.number_at(-frames.time_base / 2), indexed=indexed)
    return replace(begin, time=max(begin.time, Fraction(0)))


def _end(frames: Frames) -> Cut | None:
    """Return the cut at the end of a part; None at the end of the source."""
    end = frames.excerpt.duration
    if end is None or frames.seconds(-1) < end:
        return None
    number = frames.number_at(end - frames.time_base / 2)
    return Cut(at=end, frame=number, time=frames.seconds(number), seek=end, edge=True)


def _cut_at(frames: Frames, at: int, number: int, *, indexed: bool) -> Cut:
    ahead = number - _OVERLAP
    start = -frames.excerpt.start
    seek = frames.before(ahead) if ahead > 0 else start
    if not indexed:
        key = bisect_left(frames.keys, frames.times[max(ahead, 0)] + 1) - 1
        seek = frames.keys[key] * frames.time_base - _UNINDEXED_MARGIN + start if key >= 0 else start
    return Cut(
        at=at,
        frame=number,
        time=frames.seconds(number),
        seek=max(Fraction(round(seek * 1_000_000), 1_000_000), start),
    )
