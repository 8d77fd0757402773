"""Puts one output together from its segments and its sound, and verifies it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from activities.fetch import fetch_object
from activities.media.locations import Location
from activities.media.probe import AudioStream, MediaInfo, VideoStream
from activities.media.segment_command import concat_list, join_arguments
from activities.media.segments import Segment, stretch_of
from activities.media.split import Split, version_of_sound, versions_of_sound
from activities.media.video_output import VideoOutput
from activities.publish import Product
from activities.rendition import video_facts
from activities.report import ProgressReport
from activities.stopwatch import Stopwatch
from activities.verify import invalid_output, probe_made, verify_video
from activities.verify_parts import FrameClock, frame_clock, verify_joined
from activities.workshop import Workshop
from cpe.activity import ActivityContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Joiner:
    """Joins the outputs of one job.

    Attributes:
        context: The task.
        workshop: FFmpeg, in the task's scratch directory.
        outputs: All outputs of the job.
        split: How its source was split.
        segments: The segments, in order.
        limit: Bytes that a part may have.
        stopwatch: Takes the times of fetching, joining and verifying.
    """

    context: ActivityContext
    workshop: Workshop
    outputs: Sequence[VideoOutput]
    split: Split
    segments: Sequence[Segment]
    limit: int
    stopwatch: Stopwatch

    def join(self, index: int) -> Product:
        """Join the output with this number.

        Its parts are then removed from the scratch directory, which so holds those of one output at a time.

        Raises:
            ActivityError: A part is missing (``OBJECT_NOT_FOUND``), or the output is not what it should be.
        """
        output = self.outputs[index]
        with self.stopwatch.measure("fetch"):
            pictures = [self._fetch(self.split.segment(part.index, index)) for part in self.segments]
            sound = self._fetch(self.split.sound(self._version(output))) if self.split.sounds else None
        with self.stopwatch.measure("verify"):
            parts = self._look(index, pictures, sound)
        file = f"output-{index}"
        with self.stopwatch.measure("join"):
            self._mux(output, parts, file)
        with self.stopwatch.measure("verify"):
            made = self._verify(output, parts, file)
        for part in (*parts.pictures, *([parts.sound] if parts.sound else [])):
            (self.workshop.directory / part).unlink()
        return Product(
            path=self.workshop.directory / file,
            target=output.target,
            key=output.target.location.key,
            content_type=output.container.content_type,
            facts=video_facts(made),
        )

    def _fetch(self, location: Location) -> str:
        name = location.key.removeprefix(f"{self.split.folder}/").replace("/", "-")
        fetch_object(self.context, location, self.workshop.directory / name, limit=self.limit)
        return name

    def _version(self, output: VideoOutput) -> int:
        return versions_of_sound(self.outputs).index(version_of_sound(output))

    def _look(self, index: int, pictures: Sequence[str], sound: str | None) -> _Parts:
        timing = self.split.timings[index]
        stream = probe_made(self.workshop, pictures[0]).video
        if stream is None:
            raise invalid_output("has a segment without video")
        return _Parts(
            pictures=pictures,
            begins=[stretch_of(part, timing, self.split.first).begin for part in self.segments],
            clocks=[frame_clock(self.workshop, picture) for picture in pictures],
            stream=stream,
            sound=sound,
            audio=probe_made(self.workshop, sound).audio if sound is not None else None,
        )

    def _mux(self, output: VideoOutput, parts: _Parts, file: str) -> None:
        picture = f"{file}-list"
        text = concat_list(list(zip(parts.pictures, parts.begins, strict=True)))
        (self.workshop.directory / picture).write_text(text, encoding="ascii")
        report = ProgressReport(self.context, output.target.location.key, parts.end)
        arguments = join_arguments(
            output,
            picture=picture,
            begin=parts.begins[0],
            sound=parts.sound,
            language=parts.audio.language if parts.audio is not None else None,
            file=file,
        )
        self.workshop.encode(arguments, duration=parts.end, report=report.update)
        report.finish()

    def _verify(self, output: VideoOutput, parts: _Parts, file: str) -> MediaInfo:
        verify_joined(frame_clock(self.workshop, file), list(zip(parts.begins, parts.clocks, strict=True)))
        return verify_video(
            self.workshop,
            file,
            output,
            size=(parts.stream.width, parts.stream.height),
            # As if it had been made of one file with all segments in it.
            source=MediaInfo(
                demuxer="concat",
                duration=parts.end,
                video=replace(parts.stream, duration=parts.end),
                audio=parts.audio,
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """The parts of one output.

    Attributes:
        pictures: The files of its segments.
        begins: When each begins, in seconds.
        clocks: When the frames of each are shown.
        stream: The video stream of the first.
        sound: The file of its sound.
        audio: The stream in that.
    """

    pictures: Sequence[str]
    begins: Sequence[Fraction]
    clocks: Sequence[FrameClock]
    stream: VideoStream
    sound: str | None
    audio: AudioStream | None

    @property
    def end(self) -> float:
        """The second at which the last frame is shown."""
        return float(self.begins[-1]) + self.clocks[-1].seconds[-1]
