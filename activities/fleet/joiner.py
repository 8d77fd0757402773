"""Fetches the parts of a job's outputs that workers made, and joins them, some videos side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count, islice

from activities.ffmpeg.crew import Crew
from activities.ffmpeg.workshop import Workshop
from activities.media.locations import Location
from activities.media.outputs import Divisible, all_videos, videos_of
from activities.media.playlist_output import PlaylistOutput
from activities.media.probe import MediaInfo
from activities.media.progress import Progress
from activities.media.segments import Segment, stretch_of
from activities.media.split import SoundVersion, Split, version_of_sound, versions_of_sound
from activities.media.video_command import CaptionFile
from activities.media.video_output import VideoOutput
from activities.playlist.whole_ladder import WholeLadder
from activities.task.joint_report import JointReport
from activities.task.making import naming
from activities.task.stopwatch import Stopwatch
from activities.transfer.fetch import fetch_object
from activities.transfer.publish import Product
from activities.verify.verify_parts import Picture, Sound, verify_segments
from activities.video.assembly import Parts, assemble, look_at_picture, look_at_sound, verify_assembled
from activities.video.captions import CaptionWriter, Subtitles
from activities.video.rendition import video_facts
from cpe.activity import ActivityContext

_FETCHES = 4
"""Parts of one video that are fetched and looked at together: each would wait for the answer to the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Joined:
    """A joined video: its file in the scratch directory, what is in it, and its size in pixels."""

    file: str
    info: MediaInfo
    size: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """A video to join.

    Attributes:
        video: What it is.
        number: Its number among all videos of the job.
        place: Where the output goes that it is, or is a rendition of.
        sound: Its sound; None for none.
        captions: Those that go into it.
        report: Takes how far it is.
    """

    video: VideoOutput
    number: int
    place: Location
    sound: Sound | None
    captions: Sequence[CaptionFile]
    report: Callable[[Progress], None]

    @property
    def file(self) -> str:
        """The file to write."""
        return _file(self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """An output: its captions, its videos, and the report of how far it is."""

    output: Divisible
    texts: Sequence[Subtitles]
    orders: Sequence[_Order]
    report: JointReport


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
        cores: Processors to keep busy.
        stopwatch: Takes the times of fetching, joining, packaging and verifying.
    """

    context: ActivityContext
    workshop: Workshop
    outputs: Sequence[Divisible]
    split: Split
    segments: Sequence[Segment]
    limit: int
    cores: int
    stopwatch: Stopwatch

    def join(self, texts: Sequence[Subtitles]) -> list[Product]:
        """Join all outputs; `texts` are their captions, in order.

        The parts of a video are removed from the scratch directory once it is joined, which so holds those of
        a few videos at a time.

        Raises:
            ActivityError: A part is missing (``OBJECT_NOT_FOUND``), or an output is not what it should be.
        """
        sounds, numbers, left = self._sounds(), count(), iter(texts)
        works = [
            self._work(output, numbers, list(islice(left, len(output.captions))), sounds)
            for output in self.outputs
        ]
        # One more than there are processors: some wait for what is fetched.
        with Crew.of(self.workshop, self.cores + 1) as crew:
            orders = [order for work in works for order in work.orders]
            joined = iter(crew.all_of([partial(self._join, crew.workshop, order) for order in orders]))
        products: list[Product] = []
        for work in works:
            videos = list(islice(joined, len(work.orders)))
            with naming(work.output.target.location):
                products += self._products(work, videos, sounds)
            work.report.finish()
        return products

    def _work(
        self,
        output: Divisible,
        numbers: Iterator[int],
        texts: Sequence[Subtitles],
        sounds: Mapping[SoundVersion, Sound],
    ) -> _Work:
        place, videos = output.target.location, videos_of(output)
        report = JointReport(
            self.context, [place.key], float(self.split.last), runs=len(videos), each_whole=True
        )
        orders = [
            _Order(
                video=video,
                number=(number := next(numbers)),
                place=place,
                # The sounds of a playlist are streams of their own, and its captions tracks.
                sound=sounds.get(version_of_sound(video)) if isinstance(output, VideoOutput) else None,
                captions=self._writer(output, texts).tracks(_file(number))
                if isinstance(output, VideoOutput)
                else (),
                report=report.of(run),
            )
            for run, video in enumerate(videos)
        ]
        return _Work(output=output, texts=texts, orders=orders, report=report)

    def _join(self, workshop: Workshop, order: _Order) -> _Joined:
        """Join the segments of a video, its sound and its captions, and verify what came of it."""
        with naming(order.place):
            parts = self._parts(workshop, order)
            with self.stopwatch.measure("join"):
                assemble(workshop, order.video, parts, order.file, report=order.report)
            for picture in parts.pictures:
                (workshop.directory / picture.file).unlink()
            with self.stopwatch.measure("verify"):
                info = verify_assembled(workshop, order.video, parts, order.file)
        stream = parts.pictures[0].stream
        return _Joined(file=order.file, info=info, size=(stream.width, stream.height))

    def _parts(self, workshop: Workshop, order: _Order) -> Parts:
        """Fetch the segments of a video, and make sure that they are its."""
        with self.stopwatch.measure("fetch"), Crew.of(workshop, _FETCHES) as crew:
            places = [self.split.segment(part.index, order.number) for part in self.segments]
            pictures = crew.all_of([partial(self._picture, crew.workshop, place) for place in places])
        timing = self.split.timings[order.number]
        stretches = [stretch_of(part, timing, self.split.first) for part in self.segments]
        verify_segments(pictures, stretches, last=self.split.last)
        return Parts(
            pictures=pictures,
            begins=[stretch.begin for stretch in stretches],
            sound=order.sound,
            captions=order.captions,
        )

    def _picture(self, workshop: Workshop, place: Location) -> Picture:
        workshop.cancellation.check()
        return look_at_picture(workshop, self._fetch(place))

    def _sounds(self) -> dict[SoundVersion, Sound]:
        """Fetch all versions of the sound; none for a silent source."""
        if not self.split.sounds:
            return {}
        versions = versions_of_sound(all_videos(self.outputs))
        with self.stopwatch.measure("fetch"):
            return {
                version: look_at_sound(self.workshop, self._fetch(self.split.sound(number)))
                for number, version in enumerate(versions)
            }

    def _products(
        self, work: _Work, videos: Sequence[_Joined], sounds: Mapping[SoundVersion, Sound]
    ) -> list[Product]:
        if isinstance(work.output, PlaylistOutput):
            return self._playlist(work.output, work.texts, videos, sounds)
        (video,) = videos
        product = Product(
            path=self.workshop.directory / video.file,
            target=work.output.target,
            key=work.output.target.location.key,
            content_type=work.output.container.content_type,
            facts=video_facts(video.info),
        )
        return [product, *self._writer(work.output, work.texts).sidecars(video.file)]

    def _playlist(
        self,
        output: PlaylistOutput,
        texts: Sequence[Subtitles],
        videos: Sequence[_Joined],
        sounds: Mapping[SoundVersion, Sound],
    ) -> list[Product]:
        """Package the pictures of each rendition with the sounds as they are."""
        name = f"of-{videos[0].file}"
        versions = versions_of_sound(output.renditions)
        own = [self._linked(sounds[version], name) for version in versions if version in sounds]
        lasts = [video.info.duration for video in videos] + [sound.duration for sound in own]
        ladder = WholeLadder(
            output=output,
            name=name,
            videos=[video.file for video in videos],
            sizes=[video.size for video in videos],
            sounds=[sound.file for sound in own],
            language=own[0].stream.language if own else None,
            seconds=max((seconds for seconds in lasts if seconds is not None), default=None),
            texts=texts,
        )
        return ladder.package(self.workshop, self.stopwatch)

    def _linked(self, sound: Sound, name: str) -> Sound:
        """Give a sound another name: a ladder removes what it was made of."""
        file = f"{sound.file}-{name}"
        (self.workshop.directory / file).hardlink_to(self.workshop.directory / sound.file)
        return replace(sound, file=file)

    def _writer(self, output: VideoOutput, texts: Sequence[Subtitles]) -> CaptionWriter:
        return CaptionWriter(workshop=self.workshop, output=output, texts=texts)

    def _fetch(self, location: Location) -> str:
        name = location.key.removeprefix(f"{self.split.folder}/").replace("/", "-")
        fetch_object(self.context, location, self.workshop.directory / name, limit=self.limit)
        return name


def _file(number: int) -> str:
    return f"output-{number}"
