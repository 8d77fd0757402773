"""Fetches of a large film in a bucket what one segment is made of.

The index of an MP4 or QuickTime file says where each frame lies. What is fetched is written to its place in a
file of the object's size, which has holes elsewhere; FFmpeg seeks in it as in the whole. Where the index does
not tell, or most of the file would be needed, nothing is saved, and the whole is fetched.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from activities.ffmpeg.workshop import PacketPlace, Workshop
from activities.media.job import InputAsset
from activities.media.locations import Location
from activities.media.probe import MediaInfo, parse_probe
from activities.media.segments import Segment
from activities.media.split import Split
from activities.sandbox.ffmpeg import FFmpegError
from activities.sandbox.quota import telling_a_full_disk
from activities.transfer.glance import GLANCE_FROM, fetch_range, glance
from cpe.activity import ActivityContext

_BEFORE = 1
"""Seconds from the point from which a segment is read back to the key frame that is fetched: FFmpeg seeks to
one a little before the point."""

_AFTER = 2
"""Seconds that are fetched behind a segment: filters look at the next frames, and decoders run ahead."""

_WORTH = Fraction(1, 2)
"""The most of a film that is fetched in parts."""


def fetch_of_segment(
    context: ActivityContext,
    workshop: Workshop,
    asset: InputAsset,
    file: str,
    *,
    segment: Segment,
    split: Split,
) -> bool:
    """Write what a segment is made of to `file`; tell whether that was done, else fetch the whole.

    Args:
        context: The task.
        workshop: FFprobe, in the task's scratch directory.
        asset: The film.
        file: The file to write.
        segment: The segment.
        split: How the film was split.

    Raises:
        ActivityError: The object cannot be read; see :class:`~cpe.activity.Storage`.
    """
    place = asset.source
    if not isinstance(place, Location) or split.size < GLANCE_FROM:
        return False
    if context.storage.head(place.bucket, place.key).size != split.size:
        return False
    path = context.scratch / file
    with telling_a_full_disk():
        fetched = glance(context, place, path, split.size)
        span = _span(workshop, file, segment, split)
        if span is None or span[1] > split.size * _WORTH:
            return False
        fetched += fetch_range(context, place, path, *span)
    context.log.info("segment.fetched", segment=segment.index, size=split.size, fetched=fetched)
    return True


def _span(workshop: Workshop, file: str, segment: Segment, split: Split) -> tuple[int, int] | None:
    """Find the range of a film that has a segment's frames; return its place and length, None for none."""
    try:
        info = parse_probe(workshop.probe(file))
        if info.video is None or "mov" not in info.demuxer.split(","):
            return None
        packets = workshop.packet_places(file, info.video.index)
    except FFmpegError:
        return None
    return span_of(packets or (), info, segment, split)


def span_of(
    packets: Sequence[PacketPlace], info: MediaInfo, segment: Segment, split: Split
) -> tuple[int, int] | None:
    """Return place and length of the range that has a segment's packets; None if the file lacks some.

    Args:
        packets: The packets of the picture, in the order of decoding.
        info: The film's streams.
        segment: The segment.
        split: How the film was split.
    """
    base = info.video.time_base if info.video is not None else None
    if base is None:
        return None
    origin = round(info.origin / base)
    times = [(packet.time - origin) * base for packet in packets]
    begin = segment.start.time if segment.start else split.first
    end = segment.end.time if segment.end else split.last
    frames = sum(packet.shown and begin <= time < end for packet, time in zip(packets, times, strict=True))
    if segment.end is not None and frames != segment.end.frame - (
        segment.start.frame if segment.start else 0
    ):
        return None
    if segment.end is None and (not times or max(times) < split.last):
        return None
    seek = segment.start.seek if segment.start else Fraction(0)
    before = (
        number for number, packet in enumerate(packets) if packet.key and times[number] <= seek - _BEFORE
    )
    first = max(before, default=0)
    last = max(number for number, time in enumerate(times) if time <= end + _AFTER)
    wanted = packets[first : last + 1]
    start = min(packet.start for packet in wanted)
    return start, max(packet.start + packet.size for packet in wanted) - start
