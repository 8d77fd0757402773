"""Looks at the frames of a source."""

from __future__ import annotations

from bisect import bisect_left

from activities.ffmpeg.workshop import Workshop
from activities.media.excerpt import Excerpt
from activities.media.segments import Frames
from activities.source.source import Source


def read_frames(workshop: Workshop, source: Source, *, indexed: bool = False) -> Frames | None:
    """Return the source's frames, at times that count from the file's start; None if some have no time.

    Nothing is decoded. The packets are read; with `indexed` the file's index tells, and they need not be
    there.
    """
    base = source.video.time_base
    video = source.video
    known = workshop.frame_times(source.file, video.index, indexed=indexed) if base is not None else None
    if base is None or known is None or not known.times:
        return None
    # As FFmpeg does it: to the nearest tick.
    start = round(source.info.origin / base)
    return Frames(
        time_base=base,
        times=[time - start for time in known.times],
        keys=[time - start for time in known.keys],
    )


def has_frames(frames: Frames, part: Excerpt) -> bool:
    """Tell whether a frame is first shown in a part."""
    number = bisect_left(frames.times, part.start / frames.time_base)
    if number == len(frames.times):
        return False
    return part.duration is None or frames.seconds(number) < part.start + part.duration
