"""Makes outputs of a film: an asset of type VIDEO or AUDIO, in a container that FFmpeg reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from activities.ffmpeg.encoders import choose_encoders
from activities.media.audio_output import AudioOutput
from activities.media.codecs import AudioEncoder
from activities.media.custom_output import CustomOutput
from activities.media.excerpt import Excerpt
from activities.media.job import InputAsset
from activities.media.locations import Location
from activities.media.outputs import Output, videos_of
from activities.media.playlist_output import PlaylistOutput
from activities.media.probe import MediaInfo
from activities.media.segments import Frames
from activities.media.thumb_output import ThumbOutput
from activities.media.timing import timing_of
from activities.media.video_output import VideoOutput
from activities.playlist.playlist import make_playlist
from activities.playlist.whole_ladder import WholeLadder, files_with_sounds
from activities.sound.sound import make_audio
from activities.source.frames import read_frames
from activities.source.source import Source, check_whole, inspect, telling_the_undecodable
from activities.task.making import Making, naming
from activities.transfer.fetch import fetch
from activities.transfer.publish import Product
from activities.verify.verify import expected_duration
from activities.video.captions import CaptionReader, CaptionWriter, fetch_captions
from activities.video.custom import make_custom
from activities.video.ladder import Ladder, Made
from activities.video.rendition import make_video, video_facts
from activities.video.thumbnails import check_thumbnails, make_thumbnails
from activities.video.watermarks import fetch_watermarks, flatten_watermarks

_INPUT = "input"


def make_of_film(making: Making, asset: InputAsset, outputs: Sequence[Output]) -> list[Product]:
    """Fetch a film, look at it, and make all outputs of it.

    Raises:
        InvalidInput: The asset or an output is no use.
        ActivityError: An output could not be made, or is not what it should be.
    """
    audio = choose_encoders(outputs, making.workshop.tools)
    with making.stopwatch.measure("fetch"):
        fetch(making.context, asset, making.context.scratch / _INPUT, making.settings)
        watermarks = fetch_watermarks(making.context, outputs)
        cues = fetch_captions(making.context, outputs)
    with making.stopwatch.measure("probe"):
        source = inspect(making.workshop, _INPUT, asset.type)
        check_whole(making.workshop, source)
        flatten_watermarks(making.context.scratch, watermarks)
    for output in outputs:
        if isinstance(output, ThumbOutput):
            check_thumbnails(output, source)
    captions = CaptionReader(workshop=making.workshop, source=source, cues=cues)
    for output in outputs:
        if isinstance(output, VideoOutput | PlaylistOutput):
            if output.excerpt is not None:
                output.excerpt.of(source.info)
            with naming(output.target.location):
                captions.of(output)
    film = _Film(making=making, source=source, audio=audio, watermarks=watermarks, captions=captions)
    with telling_the_undecodable(making.workshop, source, asset.type):
        made = film.pictures(outputs) | film.videos(outputs)
        for index, output in enumerate(outputs):
            if index not in made:
                made[index] = film.make(output, index)
    return [product for index in range(len(outputs)) for product in made[index]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Film:
    making: Making
    source: Source
    audio: dict[str, AudioEncoder]
    watermarks: dict[Location, str]
    captions: CaptionReader

    def pictures(self, outputs: Sequence[Output]) -> dict[int, list[Product]]:
        """Make all thumbnails; return what was made for each such output, by its number."""
        wanted = {index: output for index, output in enumerate(outputs) if isinstance(output, ThumbOutput)}
        named = {f"output-{index}": output for index, output in wanted.items()}
        made = make_thumbnails(self.making, self.source, named)
        for output in wanted.values():
            self._tell(output)
        return {index: made[f"output-{index}"] for index in wanted}

    def videos(self, outputs: Sequence[Output]) -> dict[int, list[Product]]:
        """Make together what videos can be, those of playlists too; return what was made for each output.

        It is found by the output's number.
        """
        wanted = {
            index: output
            for index, output in enumerate(outputs)
            if isinstance(output, VideoOutput | PlaylistOutput)
            and all(
                timing_of(video, self.source.video).known and not video.alone for video in videos_of(output)
            )
        }
        if not wanted:
            return {}
        with self.making.stopwatch.measure("probe"):
            frames = read_frames(self.making.workshop, self.source)
        if frames is None:
            return {}
        found: dict[int, list[Product]] = {}
        for excerpt in dict.fromkeys(output.excerpt for output in wanted.values()):
            alike = {index: output for index, output in wanted.items() if output.excerpt == excerpt}
            found |= self._together(alike, frames, excerpt)
        return found

    def _together(
        self, wanted: Mapping[int, VideoOutput | PlaylistOutput], frames: Frames, excerpt: Excerpt | None
    ) -> dict[int, list[Product]]:
        """Make outputs together that show the same part of the source, or all of it."""
        part: Frames | None = frames
        source = self.source
        places = [output.target.location for output in wanted.values()]
        if excerpt is not None:
            part = frames.part(excerpt)
            source = replace(source, info=excerpt.of(source.info))
        if part is None:
            return {}
        videos = {index: videos_of(output) for index, output in wanted.items()}
        ladder = Ladder.of(
            self.making,
            source,
            part,
            [video for each in videos.values() for video in each],
            audio=self.audio,
            watermarks=self.watermarks,
            captions=self.captions,
        )
        if (
            len(ladder.outputs) == 1
            and ladder.plan.segments == 1
            and isinstance(next(iter(wanted.values())), VideoOutput)
        ):
            return {}
        with naming(*places):
            made = iter(
                ladder.make(
                    [f"output-{index}-{number}" for index in wanted for number in range(len(videos[index]))]
                )
            )
        found = {}
        for index, output in wanted.items():
            files = [one for one in islice(made, len(videos[index])) if one is not None]
            if len(files) == len(videos[index]):
                found[index] = self._finished(output, source.info, files, f"output-{index}")
                self._tell(output)
        return found

    def _finished(
        self, output: VideoOutput | PlaylistOutput, info: MediaInfo, files: Sequence[Made], name: str
    ) -> list[Product]:
        """Return what is published of videos that were made together of a source, or of a part of one."""
        if isinstance(output, PlaylistOutput):
            with naming(output.target.location):
                return self._ladder(output, info, [made.file for made in files], name).package(
                    self.making.workshop, self.making.stopwatch
                )
        captions = CaptionWriter(workshop=self.making.workshop, output=output, texts=self.captions.of(output))
        return [self._product(output, files[0]), *captions.sidecars(name)]

    def _ladder(
        self, output: PlaylistOutput, info: MediaInfo, videos: Sequence[str], name: str
    ) -> WholeLadder:
        """Return a ladder whose renditions were made, each with its sound."""
        return WholeLadder(
            output=output,
            name=name,
            videos=videos,
            sizes=[video.size_for(self.source.video) for video in output.renditions],
            sounds=files_with_sounds(output, videos) if info.audio else (),
            language=info.audio.language if info.audio else None,
            seconds=expected_duration(info),
            texts=self.captions.of(output),
        )

    def make(self, output: Output, index: int) -> list[Product]:
        """Make one output by itself."""
        with naming(output.target.location):
            products = self._make(output, f"output-{index}")
        self._tell(output)
        return products

    def _tell(self, output: Output) -> None:
        location = output.target.location
        self.making.context.log.info("output.made", bucket=location.bucket, key=location.key)

    def _make(self, output: Output, name: str) -> list[Product]:
        match output:
            case VideoOutput():
                audio = self.audio[output.audio.name]
                return make_video(
                    self.making,
                    self.source,
                    output,
                    name,
                    audio=audio,
                    watermarks=self.watermarks,
                    captions=self.captions,
                )
            case PlaylistOutput():
                return make_playlist(
                    self.making,
                    self.source,
                    output,
                    name,
                    audio=self.audio,
                    watermarks=self.watermarks,
                    captions=self.captions,
                )
            case ThumbOutput():
                return make_thumbnails(self.making, self.source, {name: output})[name]
            case CustomOutput():
                return [make_custom(self.making, self.source, output, name, watermarks=self.watermarks)]
            case AudioOutput():
                encoder = self.audio[output.audio.name]
                return [make_audio(self.making, self.source, output, name, encoder=encoder)]

    def _product(self, output: VideoOutput, made: Made) -> Product:
        return Product(
            path=self.making.workshop.directory / made.file,
            target=output.target,
            key=output.target.location.key,
            content_type=output.container.content_type,
            facts=video_facts(made.info),
        )
