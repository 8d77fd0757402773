"""Fetches of a large film in a bucket what one segment is made of.

The index of an MP4 or QuickTime file says where each frame lies, that of a Matroska or WebM file where its
key frames do. What is fetched is written to its place in a file of the object's size, which has holes
elsewhere; FFmpeg seeks in it as in the whole. Where the index does not tell, or most of the file would be
needed, nothing is saved, and the whole is fetched.
"""

from __future__ import annotations

from fractions import Fraction

from activities.ffmpeg.workshop import Workshop
from activities.fleet.spans import FilmIndex
from activities.media.job import InputAsset
from activities.media.locations import Location
from activities.media.segments import Segment
from activities.media.split import Split
from activities.sandbox.quota import telling_a_full_disk
from activities.transfer.glance import GLANCE_FROM, fetch_range, glance
from cpe.activity import ActivityContext

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
        index = FilmIndex(context=context, workshop=workshop, place=place, file=file, split=split)
        span = index.span(segment)
        if span is None or span[1] > split.size * _WORTH:
            return False
        fetched += fetch_range(context, place, path, *span)
    context.log.info("segment.fetched", segment=segment.index, size=split.size, fetched=fetched)
    return True
