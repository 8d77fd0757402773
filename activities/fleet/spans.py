"""Where in a film the frames of a segment lie, by the film's own index.

A span is a place in bytes and a length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from activities.ffmpeg.workshop import PacketPlace, Workshop
from activities.media.locations import Location
from activities.media.matroska import HEADER, Cue, cues_length, read_cues, read_layout
from activities.media.probe import MediaInfo, parse_probe
from activities.media.segments import Segment
from activities.media.split import Split
from activities.sandbox.ffmpeg import FFmpegError
from activities.transfer.glance import HEAD, fetch_range
from cpe.activity import ActivityContext

_BEFORE = 1
"""Seconds from the point from which a segment is read back to the key frame that is fetched: FFmpeg seeks to
one a little before the point."""

_AFTER = 2
"""Seconds that are fetched behind a segment: filters look at the next frames, and decoders run ahead."""

_SPARE = 10
"""Seconds that are looked at on both sides of what is fetched: frames are not decoded as they are shown."""

_MAX_CUES = 4 * 1024**2
"""Bytes of Matroska's cues that are read. A cue has 20 bytes or so, and two hours ten thousand key frames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmIndex:
    """The index of a film of which only the telling parts are there.

    Attributes:
        context: The task.
        workshop: FFprobe, in the task's scratch directory.
        place: The film.
        file: The file with its parts.
        split: How the film was split.
    """

    context: ActivityContext
    workshop: Workshop
    place: Location
    file: str
    split: Split

    def span(self, segment: Segment) -> tuple[int, int] | None:
        """Return the span that has a segment's frames; None where the index does not tell.

        Raises:
            ActivityError: The object cannot be read; see :class:`~cpe.activity.Storage`.
        """
        try:
            info = parse_probe(self.workshop.probe(self.file))
            demuxers = info.demuxer.split(",")
            if "mov" in demuxers and info.video is not None:
                packets = self._packets(info.video.index, info.origin, segment)
                return span_of(packets or (), info, segment, self.split)
        except FFmpegError:
            return None
        if "matroska" in demuxers:
            return span_between(self._cues(), info.origin, segment, self.split)
        return None

    def _packets(self, stream: int, origin: Fraction, segment: Segment) -> list[PacketPlace] | None:
        """Return where the packets around a segment lie: a long film has a million others."""
        seek, end = _stretch(segment, self.split)
        return self.workshop.packet_places(
            self.file,
            stream,
            begin=float(seek - _BEFORE - _SPARE + origin),
            end=float(end + _AFTER + _SPARE + origin),
        )

    def _cues(self) -> list[Cue]:
        """Fetch the cues of a Matroska file, and read them."""
        size = self.split.size
        path = self.context.scratch / self.file
        with path.open("rb") as file:
            layout = read_layout(file.read(HEAD))
        if layout is None or layout.cues + HEADER > size:
            return []
        storage, (bucket, key) = self.context.storage, (self.place.bucket, self.place.key)
        length = cues_length(storage.read(bucket, key, start=layout.cues, length=HEADER))
        if length is None or length > min(_MAX_CUES, size - layout.cues):
            return []
        fetch_range(self.context, self.place, path, layout.cues, length)
        with path.open("rb") as file:
            file.seek(layout.cues)
            return read_cues(layout, file.read(length))


def span_of(
    packets: Sequence[PacketPlace], info: MediaInfo, segment: Segment, split: Split
) -> tuple[int, int] | None:
    """Return the span that has a segment's packets; None if the file lacks some.

    Args:
        packets: The packets of the picture around the segment, in the order of decoding.
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
    seek, end = _stretch(segment, split)
    frames = sum(packet.shown and begin <= time < end for packet, time in zip(packets, times, strict=True))
    if segment.end is not None and frames != segment.end.frame - (
        segment.start.frame if segment.start else 0
    ):
        return None
    if segment.end is None and (not times or max(times) < split.last):
        return None
    before = [
        number for number, packet in enumerate(packets) if packet.key and times[number] <= seek - _BEFORE
    ]
    if not before and seek > _BEFORE + _SPARE:
        return None
    first = max(before, default=0)
    last = max(number for number, time in enumerate(times) if time <= end + _AFTER)
    wanted = packets[first : last + 1]
    start = min(packet.start for packet in wanted)
    return start, max(packet.start + packet.size for packet in wanted) - start


def span_between(
    cues: Sequence[Cue], origin: Fraction, segment: Segment, split: Split
) -> tuple[int, int] | None:
    """Return the span between the cues around a segment; None if they do not tell.

    Args:
        cues: The key frames of the picture, in order of time.
        origin: The second of the file's clock that counts as 0.
        segment: The segment.
        split: How the film was split.
    """
    seek = segment.start.seek if segment.start else Fraction(0)
    before = [cue.place for cue in cues if cue.time - origin <= seek - _BEFORE]
    start = before[-1] if before else 0
    end = segment.end.time if segment.end else None
    after = [cue.place for cue in cues if end is not None and cue.time - origin >= end + _AFTER]
    stop = after[0] if after else split.size
    return (start, stop - start) if cues and start < stop <= split.size else None


def _stretch(segment: Segment, split: Split) -> tuple[Fraction, Fraction]:
    """Return the second from which a segment is read, and the one at which it ends."""
    return (
        segment.start.seek if segment.start else Fraction(0),
        segment.end.time if segment.end else split.last,
    )
