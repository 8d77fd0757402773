"""Makes outputs of a film: an asset of type VIDEO or AUDIO, in a container that FFmpeg reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from activities.encoders import choose_encoders
from activities.fetch import fetch
from activities.frames import read_frames
from activities.ladder import Ladder, Made
from activities.making import Making, naming
from activities.media.audio_output import AudioOutput
from activities.media.codecs import AudioEncoder
from activities.media.job import InputAsset
from activities.media.locations import Location
from activities.media.outputs import Output
from activities.media.thumb_output import ThumbOutput
from activities.media.timing import timing_of
from activities.media.video_output import VideoOutput
from activities.publish import Product
from activities.rendition import make_video, video_facts
from activities.sound import make_audio
from activities.source import Source, check_whole, inspect
from activities.thumbnails import check_thumbnails, make_thumbnails
from activities.watermarks import fetch_watermarks, flatten_watermarks

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
    with making.stopwatch.measure("probe"):
        source = inspect(making.workshop, _INPUT, asset.type)
        check_whole(making.workshop, source)
        flatten_watermarks(making.context.scratch, watermarks)
    for output in outputs:
        if isinstance(output, ThumbOutput):
            check_thumbnails(output, source)
    film = _Film(making=making, source=source, audio=audio, watermarks=watermarks)
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

    def pictures(self, outputs: Sequence[Output]) -> dict[int, list[Product]]:
        """Make all thumbnails; return what was made for each such output, by its number."""
        wanted = {index: output for index, output in enumerate(outputs) if isinstance(output, ThumbOutput)}
        named = {f"output-{index}": output for index, output in wanted.items()}
        made = make_thumbnails(self.making, self.source, named)
        for output in wanted.values():
            self._tell(output)
        return {index: made[f"output-{index}"] for index in wanted}

    def videos(self, outputs: Sequence[Output]) -> dict[int, list[Product]]:
        """Make together what videos can be; return what was made for each, by its output's number."""
        wanted = {
            index: output
            for index, output in enumerate(outputs)
            if isinstance(output, VideoOutput) and timing_of(output, self.source.video).known
        }
        if not wanted:
            return {}
        with self.making.stopwatch.measure("probe"):
            frames = read_frames(self.making.workshop, self.source)
        if frames is None:
            return {}
        ladder = Ladder.of(
            self.making,
            self.source,
            frames,
            list(wanted.values()),
            audio=self.audio,
            watermarks=self.watermarks,
        )
        if len(wanted) == 1 and ladder.plan.segments == 1:
            return {}
        with naming(*(output.target.location for output in wanted.values())):
            made = ladder.make([f"output-{index}" for index in wanted])
        found = {}
        for (index, output), one in zip(wanted.items(), made, strict=True):
            if one is not None:
                found[index] = [self._product(output, one)]
                self._tell(output)
        return found

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
                return [
                    make_video(
                        self.making, self.source, output, name, audio=audio, watermarks=self.watermarks
                    )
                ]
            case ThumbOutput():
                return make_thumbnails(self.making, self.source, {name: output})[name]
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
