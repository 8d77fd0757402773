"""Makes one output: builds the command, runs it, verifies what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from activities.media.codecs import AudioEncoder
from activities.media.command import VideoNames, thumb_arguments, video_arguments
from activities.media.locations import Location
from activities.media.outputs import Intervals, Output, Snapshot, ThumbOutput, VideoOutput
from activities.media.probe import MediaInfo
from activities.pictures import convert
from activities.publish import Product
from activities.report import ProgressReport
from activities.source import Source
from activities.stopwatch import Stopwatch
from activities.verify import expected_duration, verify_pictures, verify_video
from activities.workshop import Workshop
from cpe.activity import JsonValue
from cpe.errors import InvalidInput

MAX_PICTURES = 10_000
"""Thumbnails that one output may make."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renderer:
    """Makes outputs of one source.

    Attributes:
        workshop: FFmpeg, in the task's scratch directory.
        source: The input.
        audio: For the name of each audio encoder asked for, the one this machine has.
        watermarks: The file of each watermark.
        stopwatch: Takes the times of encoding and verifying.
    """

    workshop: Workshop
    source: Source
    audio: Mapping[str, AudioEncoder]
    watermarks: Mapping[Location, str]
    stopwatch: Stopwatch

    def check(self, output: Output) -> None:
        """Raise InvalidInput when the source cannot give what the output wants."""
        duration = self.source.info.video_duration
        if isinstance(output, VideoOutput) or duration is None:
            return
        where = output.target.location
        match output.when:
            case Snapshot(at=at) if at > duration:
                raise InvalidInput(
                    f"{where}: snapshot_sec is {at:g}, but the video lasts {duration:.2f} s.",
                    code="SNAPSHOT_OUT_OF_RANGE",
                )
            case Intervals(seconds=seconds) if ceil(duration / seconds) > MAX_PICTURES:
                raise InvalidInput(
                    f"{where}: intervals of {float(seconds):g} s would make more than {MAX_PICTURES} "
                    "pictures of this video. Choose longer ones.",
                    code="TOO_MANY_THUMBNAILS",
                )
            case _:
                return

    def duration_of(self, output: Output) -> float | None:
        """Return the seconds of source that go into an output; None for a snapshot or when unknown."""
        if isinstance(output, VideoOutput):
            return expected_duration(self.source.info)
        return self.source.info.video_duration if isinstance(output.when, Intervals) else None

    def make(self, output: Output, name: str, report: ProgressReport) -> list[Product]:
        """Make an output in files called after `name`, and verify it.

        Raises:
            ActivityError: It could not be made, or is not what it should be.
        """
        if isinstance(output, VideoOutput):
            return [self._make_video(output, name, report)]
        return self._make_pictures(output, name, report)

    def _make_video(self, output: VideoOutput, name: str, report: ProgressReport) -> Product:
        watermark = self.watermarks[output.watermark.location] if output.watermark else None
        arguments = video_arguments(
            output,
            self.source.info,
            self.source.video,
            audio=self.audio[output.audio.name],
            names=VideoNames(source=self.source.file, output=name, watermark=watermark),
        )
        with self.stopwatch.measure("encode"):
            self.workshop.encode(arguments, duration=self.duration_of(output), report=report.update)
        with self.stopwatch.measure("verify"):
            made = verify_video(
                self.workshop,
                name,
                output,
                size=output.size_for(self.source.video),
                source=self.source.info,
            )
        return Product(
            path=self.workshop.directory / name,
            target=output.target,
            key=output.target.location.key,
            content_type=output.container.content_type,
            facts=video_facts(made),
        )

    def _make_pictures(self, output: ThumbOutput, name: str, report: ProgressReport) -> list[Product]:
        series = isinstance(output.when, Intervals)
        arguments = thumb_arguments(
            output,
            self.source.info,
            self.source.video,
            source=self.source.file,
            pictures=f"{name}-%06d" if series else f"{name}-000001",
        )
        with self.stopwatch.measure("encode"):
            self.workshop.encode(arguments, duration=self.duration_of(output), report=report.update)
            files = sorted(self.workshop.directory.glob(f"{name}-*"))
            if output.image.converted:
                for file in files:
                    self.workshop.cancellation.check()
                    convert(file, output.image.name)
        width, height = output.size_for(self.source.video)
        with self.stopwatch.measure("verify"):
            verify_pictures(files, output.image, size=(width, height))
        return [
            Product(
                path=file,
                target=output.target,
                key=output.numbered_key(number) if series else output.target.location.key,
                content_type=output.image.content_type,
                facts={"width": width, "height": height, "codecs": {"video": output.image.codec}},
                series=output.numbered_key("%06d") if series else None,
            )
            for number, file in enumerate(files, start=1)
        ]


def video_facts(made: MediaInfo) -> dict[str, JsonValue]:
    """Return what a result tells of a video."""
    codecs = {
        kind: stream.codec
        for kind, stream in (("video", made.video), ("audio", made.audio))
        if stream is not None
    }
    return {
        "duration": made.duration,
        "width": made.video.width if made.video else None,
        "height": made.video.height if made.video else None,
        "codecs": codecs,
    }
