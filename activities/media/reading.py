"""Reading a stream of a source from a point on, at the times that it has in the whole."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from activities.media.filters import Input, Stream
from activities.media.probe import MediaInfo

_MICRO = 1_000_000
_MARGIN = 1
"""Seconds before the point that are read too: sound may lie behind the picture in the file, and what decodes
it needs some of what comes before."""

# Formats with an index, in which a seek lands on a key frame before its goal.
_INDEXED = frozenset({"mov", "mp4", "matroska", "webm"})


def decimal(seconds: Fraction) -> str:
    """Write seconds to the microsecond, which is what FFmpeg reads."""
    micro = round(seconds * _MICRO)
    return f"{'-' if micro < 0 else ''}{abs(micro) // _MICRO}.{abs(micro) % _MICRO:06d}"


def input_from(file: str, source: MediaInfo, point: Fraction, *, options: Mapping[str, str | None]) -> Input:
    """Return the input that has a file's streams from some time before a point on.

    Times are those in the whole source, which starts at 0; FFmpeg must be told ``-copyts``. `options` are
    those of any reading of the file.
    """
    options = {**options, "itsoffset": decimal(-source.origin)}
    # The point is counted from the start of the file, which other streams may have before these.
    seek = point - _MARGIN + source.origin - Fraction(round(source.start * _MICRO), _MICRO)
    if seek > 0 and _INDEXED & set(source.demuxer.split(",")):
        options = {**options, "noaccurate_seek": None, "ss": decimal(seek)}
    return Input(file, options)


def cut_sound(sound: Stream, start: Fraction, duration: Fraction | None) -> Stream:
    """Take a part of a sound, to the sample; it starts at 0."""
    ends = {"start": decimal(start)} if start else {}
    if duration is not None:
        ends["end"] = decimal(start + duration)
    return sound.filter("atrim", **ends).filter("asetpts", expr=f"PTS-{decimal(start)}/TB")
