"""Fetches the parts of a job's outputs that workers made, and joins them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice

from activities.ffmpeg.workshop import Workshop
from activities.media.locations import Location
from activities.media.outputs import Divisible, all_videos
from activities.media.playlist_output import PlaylistOutput
from activities.media.probe import MediaInfo
from activities.media.progress import Progress
from activities.media.segments import Segment, stretch_of
from activities.media.split import SoundVersion, Split, version_of_sound, versions_of_sound
from activities.media.video_command import CaptionFile
from activities.media.video_output import VideoOutput
from activities.playlist.whole_ladder import WholeLadder
from activities.task.making import naming
from activities.task.report import ProgressReport
from activities.task.stopwatch import Stopwatch
from activities.transfer.fetch import fetch_object
from activities.transfer.publish import Product
from activities.verify.verify_parts import Sound
from activities.video.assembly import Parts, assemble, look_at_picture, look_at_sound, verify_assembled
from activities.video.captions import CaptionWriter, Subtitles
from activities.video.rendition import video_facts
from cpe.activity import ActivityContext


@dataclass(frozen=True, slots=True, kw_only=True)
class _Joined:
    """A joined video: its file in the scratch directory, what is in it, and its size in pixels."""

    file: str
    info: MediaInfo
    size: tuple[int, int]


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
        stopwatch: Takes the times of fetching, joining, packaging and verifying.
    """

    context: ActivityContext
    workshop: Workshop
    outputs: Sequence[Divisible]
    split: Split
    segments: Sequence[Segment]
    limit: int
    stopwatch: Stopwatch

    def join(self, texts: Sequence[Subtitles]) -> list[Product]:
        """Join all outputs; `texts` are their captions, in order.

        The parts of a video are removed from the scratch directory once it is joined, which so holds those of
        one video at a time.

        Raises:
            ActivityError: A part is missing (``OBJECT_NOT_FOUND``), or an output is not what it should be.
        """
        numbers, left = count(), iter(texts)
        products: list[Product] = []
        for output in self.outputs:
            own = list(islice(left, len(output.captions)))
            with naming(output.target.location):
                if isinstance(output, PlaylistOutput):
                    products += self._playlist(output, numbers, own)
                else:
                    products += self._video(output, next(numbers), own)
        return products

    def _video(self, output: VideoOutput, number: int, texts: Sequence[Subtitles]) -> list[Product]:
        report = self._report(output)
        sound = self._sound(version_of_sound(output))
        writer = CaptionWriter(workshop=self.workshop, output=output, texts=texts)
        joined = self._joined(
            output, number, sound=sound, captions=writer.tracks(f"output-{number}"), report=report.update
        )
        report.finish()
        if sound is not None:
            (self.workshop.directory / sound.file).unlink()
        product = Product(
            path=self.workshop.directory / joined.file,
            target=output.target,
            key=output.target.location.key,
            content_type=output.container.content_type,
            facts=video_facts(joined.info),
        )
        return [product, *writer.sidecars(joined.file)]

    def _playlist(
        self, output: PlaylistOutput, numbers: Iterator[int], texts: Sequence[Subtitles]
    ) -> list[Product]:
        """Join the pictures of each rendition, and package them with the sounds as they are."""
        report, renditions = self._report(output), output.renditions
        videos = [
            self._joined(video, next(numbers), sound=None, report=report.of_run(run, len(renditions)))
            for run, video in enumerate(renditions)
        ]
        found = [self._sound(version) for version in versions_of_sound(renditions)]
        sounds = [sound for sound in found if sound is not None]
        lasts = [video.info.duration for video in videos] + [sound.duration for sound in sounds]
        ladder = WholeLadder(
            output=output,
            name=f"of-{videos[0].file}",
            videos=[video.file for video in videos],
            sizes=[video.size for video in videos],
            sounds=[sound.file for sound in sounds],
            language=sounds[0].stream.language if sounds else None,
            seconds=max((seconds for seconds in lasts if seconds is not None), default=None),
            texts=texts,
        )
        products = ladder.package(self.workshop, self.stopwatch)
        report.finish()
        return products

    def _joined(
        self,
        output: VideoOutput,
        number: int,
        *,
        sound: Sound | None,
        captions: Sequence[CaptionFile] = (),
        report: Callable[[Progress], None],
    ) -> _Joined:
        """Join the segments of the video with this number, and the sound and the captions it shall have."""
        with self.stopwatch.measure("fetch"):
            pictures = [self._fetch(self.split.segment(part.index, number)) for part in self.segments]
        timing = self.split.timings[number]
        with self.stopwatch.measure("verify"):
            parts = Parts(
                pictures=[look_at_picture(self.workshop, picture) for picture in pictures],
                begins=[stretch_of(part, timing, self.split.first).begin for part in self.segments],
                sound=sound,
                captions=captions,
            )
        file = f"output-{number}"
        with self.stopwatch.measure("join"):
            assemble(self.workshop, output, parts, file, report=report)
        with self.stopwatch.measure("verify"):
            info = verify_assembled(self.workshop, output, parts, file)
        for picture in pictures:
            (self.workshop.directory / picture).unlink()
        stream = parts.pictures[0].stream
        return _Joined(file=file, info=info, size=(stream.width, stream.height))

    def _sound(self, version: SoundVersion) -> Sound | None:
        """Fetch a version of the sound; None for a silent source."""
        if not self.split.sounds:
            return None
        number = versions_of_sound(all_videos(self.outputs)).index(version)
        with self.stopwatch.measure("fetch"):
            file = self._fetch(self.split.sound(number))
        with self.stopwatch.measure("verify"):
            return look_at_sound(self.workshop, file)

    def _fetch(self, location: Location) -> str:
        name = location.key.removeprefix(f"{self.split.folder}/").replace("/", "-")
        fetch_object(self.context, location, self.workshop.directory / name, limit=self.limit)
        return name

    def _report(self, output: Divisible) -> ProgressReport:
        seconds = float(self.split.last)
        return ProgressReport(self.context, output.target.location.key, seconds)
