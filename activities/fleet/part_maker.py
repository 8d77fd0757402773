"""Makes the parts of a job that was split, and verifies them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from activities.ffmpeg.workshop import Workshop
from activities.media.codecs import AudioEncoder
from activities.media.locations import Location, Target
from activities.media.probe import MediaInfo
from activities.media.segment_command import Rendition
from activities.media.segments import Segment
from activities.media.split import Split, versions_of_sound
from activities.media.video_output import VideoOutput
from activities.sound.sound_versions import encode_sounds
from activities.source.source import Source
from activities.task.report import LadderReport
from activities.task.stopwatch import Stopwatch
from activities.transfer.publish import Product
from activities.verify.verify import invalid_output, verify_video
from activities.verify.verify_parts import verify_sound
from activities.video.rendition import video_facts
from activities.video.segment_maker import SegmentMaker
from cpe.activity import ActivityContext, JsonValue, UploadOptions

_CONTENT_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartMaker:
    """Makes parts of one source.

    Attributes:
        context: The task.
        workshop: FFmpeg, in the task's scratch directory.
        source: The input.
        outputs: The videos that it becomes, renditions of playlists too.
        split: How it was split.
        stopwatch: Takes the times of encoding and verifying.
        partly: Whether only what a segment is made of is there of the source.
    """

    context: ActivityContext
    workshop: Workshop
    source: Source
    outputs: Sequence[VideoOutput]
    split: Split
    stopwatch: Stopwatch
    partly: bool = False

    def segment(self, segment: Segment, watermarks: Mapping[Location, str]) -> list[Product]:
        """Make a segment of all outputs."""
        maker = SegmentMaker(
            workshop=self.workshop,
            source=self.source,
            outputs=self.outputs,
            first=self.split.first,
            watermarks=watermarks,
            log=self.context.log,
        )
        renditions = maker.renditions(segment, "output")
        seconds = self.split.seconds(segment)
        report = self._report(f"segment {segment.index}", seconds)
        with self.stopwatch.measure("encode"):
            # Workers run as many segments at once as they have cores. One thread each also costs less in all.
            made = maker.make(segment, renditions, threads=1, report=report.update)
        if self.partly and None in made:
            raise invalid_output("lacks frames")
        with self.stopwatch.measure("verify"):
            products = [
                self._verified(segment, index, rendition, seconds)
                for index, rendition in enumerate(renditions)
            ]
        report.finish()
        return products

    def sound(self, audio: Mapping[str, AudioEncoder]) -> list[Product]:
        """Make the whole sound, in each version that an output wants."""
        versions = versions_of_sound(self.outputs)
        files = [f"sound-{version}" for version in range(len(versions))]
        stream = self.source.audio
        report = self._report("sound", stream.duration or self.source.info.duration)
        with self.stopwatch.measure("encode"):
            encoded = encode_sounds(
                self.workshop, self.source, versions, files, audio=audio, report=report.update
            )
        products = []
        with self.stopwatch.measure("verify"):
            for number, (file, version) in enumerate(zip(files, encoded, strict=True)):
                made = verify_sound(self.workshop, file, version.encoder, seconds=stream.duration)
                facts = {"duration": made.duration, "codecs": {"audio": version.encoder.codec}}
                products.append(self._product(file, self.split.sound(number), facts))
        report.finish()
        return products

    def _report(self, part: str, seconds: float | None) -> LadderReport:
        # The renditions of a playlist have its key.
        keys = list(dict.fromkeys(output.target.location.key for output in self.outputs))
        return LadderReport(self.context, keys, seconds, part=part)

    def _verified(self, segment: Segment, index: int, rendition: Rendition, seconds: float) -> Product:
        video = self.source.video
        made = verify_video(
            self.workshop,
            rendition.file,
            rendition.output,
            size=rendition.output.size_for(video),
            # As if the segment were all of the source, and silent.
            source=MediaInfo(
                demuxer=self.source.info.demuxer,
                duration=seconds,
                video=replace(video, duration=seconds),
            ),
        )
        return self._product(rendition.file, self.split.segment(segment.index, index), video_facts(made))

    def _product(self, file: str, location: Location, facts: Mapping[str, JsonValue]) -> Product:
        return Product(
            path=self.workshop.directory / file,
            target=Target(location=location, options=UploadOptions()),
            key=location.key,
            content_type=_CONTENT_TYPE,
            facts=facts,
        )
