"""Makes a segment of videos from one decoding, and makes sure that it has its frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from activities.ffmpeg.tools import tone_mapper_for
from activities.ffmpeg.workshop import Workshop
from activities.media.locations import Location
from activities.media.progress import Progress
from activities.media.segment_command import Rendition, segment_arguments
from activities.media.segments import Segment, stretch_of
from activities.media.timing import timing_of
from activities.media.video_output import VideoOutput
from activities.source.source import Source
from activities.verify.verify_parts import Picture, picture_of
from cpe.activity import Logger


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentMaker:
    """Makes segments of one source.

    Attributes:
        workshop: FFmpeg, in the task's scratch directory.
        source: The input.
        outputs: The videos that it becomes.
        first: The time of its first frame, in seconds.
        watermarks: The file of each watermark.
        log: Gets ``segment.inexact``.
    """

    workshop: Workshop
    source: Source
    outputs: Sequence[VideoOutput]
    first: Fraction
    watermarks: Mapping[Location, str]
    log: Logger

    def renditions(self, segment: Segment, prefix: str) -> list[Rendition]:
        """Return what is made of a segment, in files called after `prefix`."""
        video = self.source.video
        return [
            Rendition(
                output=output,
                stretch=stretch_of(segment, timing_of(output, video), self.first),
                file=f"{prefix}-{index}",
            )
            for index, output in enumerate(self.outputs)
        ]

    def seconds(self, segment: Segment) -> float | None:
        """Return how long a segment is; None for the last, whose end only the source's end tells."""
        start = segment.start.time if segment.start else self.first
        return float(segment.end.time - start) if segment.end else None

    def make(
        self,
        segment: Segment,
        renditions: Sequence[Rendition],
        *,
        threads: int | None,
        report: Callable[[Progress], None],
    ) -> list[Picture | None]:
        """Make a segment; return what was made of each output, None for one that lacks frames in it.

        It is read from shortly before its start. Should that not give the frames that the file's packets
        promise, it is read from the file's start instead, as a whole video is read.
        """
        made: list[Picture | None] = []
        seek = segment.start.seek if segment.start else Fraction(0)
        for point in dict.fromkeys((seek, Fraction(0))):
            arguments = segment_arguments(
                renditions,
                self.source.info,
                self.source.video,
                file=self.source.file,
                seek=point,
                watermarks=self.watermarks,
                mapper=tone_mapper_for(self.outputs, self.source.video, self.workshop.tools),
                threads=threads,
            )
            self.workshop.encode(arguments, duration=self.seconds(segment), report=report)
            made = [self._look(rendition) for rendition in renditions]
            if None not in made:
                break
            self.log.warning("segment.inexact", segment=segment.index, seek=float(point))
        return made

    def _look(self, rendition: Rendition) -> Picture | None:
        """Look at a rendition; return it if it starts with the frame and has as many as it should."""
        made = picture_of(rendition.file, self.workshop.survey(rendition.file))
        if made is None:
            return None
        seconds = made.clock.seconds
        whole = seconds[0] == 0 and rendition.stretch.frames in (None, len(seconds))
        return made if whole else None
