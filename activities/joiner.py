"""Fetches the parts of an output that workers made, and joins them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from activities.assembly import Parts, assemble, look_at_picture, look_at_sound, verify_assembled
from activities.fetch import fetch_object
from activities.media.locations import Location
from activities.media.segments import Segment, stretch_of
from activities.media.split import Split, version_of_sound, versions_of_sound
from activities.media.video_output import VideoOutput
from activities.publish import Product
from activities.rendition import video_facts
from activities.report import ProgressReport
from activities.stopwatch import Stopwatch
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
        timing = self.split.timings[index]
        begins = [stretch_of(part, timing, self.split.first).begin for part in self.segments]
        with self.stopwatch.measure("verify"):
            parts = Parts(
                pictures=[look_at_picture(self.workshop, picture) for picture in pictures],
                begins=begins,
                sound=look_at_sound(self.workshop, sound) if sound is not None else None,
            )
        file = f"output-{index}"
        report = ProgressReport(self.context, output.target.location.key, parts.end)
        with self.stopwatch.measure("join"):
            assemble(self.workshop, output, parts, file, report=report.update)
        with self.stopwatch.measure("verify"):
            made = verify_assembled(self.workshop, output, parts, file)
        report.finish()
        for part in parts.files:
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
