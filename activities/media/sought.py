"""Pictures that lie far apart in a long video: whether each is better sought by itself. Pure.

A decoder has to begin at the key frame before a picture. Where there are few pictures and many key frames,
that is far less to decode than all that lies between.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from math import ceil

from activities.media.probe import MediaInfo, VideoStream
from activities.media.segments import NEAR, Frames
from activities.media.thumb_command import Series

_A_SEEK = 25
"""Frames that could be decoded in the time that it takes to open the file once more and seek."""

_INDEXED = frozenset({"mov", "mp4", "matroska", "webm"})
"""Formats in which a seek lands where it should: they have an index of their key frames."""

_MIB = 1024 * 1024
_A_FILE = 16 * _MIB
_DECODED = 20
"""Frames that a decoder keeps: up to 16 to refer to, and some on their way."""

_MOST_AT_ONCE = 16


def may_seek(series: Sequence[Series], info: MediaInfo, video: VideoStream, end: Fraction | None) -> bool:
    """Tell whether it is worth to look where the key frames are.

    Args:
        series: All pictures that are wanted of the video.
        info: The file.
        video: Its video. Fields are made frames with the help of their neighbours, so they are no use here.
        end: The second at which the video ends; None when that is not known.
    """
    if end is None or video.frame_rate is None or video.interlaced or not _is_indexed(info):
        return False
    pictures = sum(_count(one, end) for one in series)
    return pictures * (_A_SEEK + 1) * 2 < end * video.frame_rate


def sought_frames(
    series: Sequence[Series], frames: Frames, end: Fraction
) -> tuple[tuple[int, ...], ...] | None:
    """Tell which frame each picture shows, for each series; None where decoding everything costs less.

    A picture shows the frame on show at its time, by number from 0.

    Args:
        series: What is wanted.
        frames: The frames of the video.
        end: The second at which it ends.
    """
    numbers = tuple(
        tuple(
            max(bisect_right(frames.times, (one.start + number * one.every) / frames.time_base) - 1, 0)
            for number in range(_count(one, end))
        )
        for one in series
    )
    if any(len(set(found)) < len(found) for found in numbers):
        return None
    cost = sum(_A_SEEK + _lead(frames, number) for found in numbers for number in found)
    return numbers if 2 * cost < len(frames.times) else None


def at_once(video: VideoStream, memory: int) -> int:
    """Tell how many pictures may be sought at once.

    Args:
        video: The video: each picture has a decoder of its own.
        memory: Bytes that the task may use; they take half of it.
    """
    decoder = _A_FILE + _DECODED * video.width * video.height * 3 // 2
    return min(max(memory // 2 // decoder, 1), _MOST_AT_ONCE)


def _count(one: Series, end: Fraction) -> int:
    return one.count if one.count is not None else max(ceil((end - one.start - NEAR) / one.every), 1)


def _lead(frames: Frames, number: int) -> int:
    """Tell how many frames are decoded for one: those from the key frame before it."""
    place = bisect_right(frames.keys, frames.times[number]) - 1
    first = bisect_right(frames.times, frames.keys[place]) - 1 if place >= 0 else 0
    return number - first + 1


def _is_indexed(info: MediaInfo) -> bool:
    return not _INDEXED.isdisjoint(info.demuxer.split(","))
