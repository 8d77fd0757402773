"""Makes outputs of a film: an asset of type VIDEO or AUDIO, in a container that FFmpeg reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from activities.encoders import choose_encoders
from activities.fetch import fetch
from activities.making import Making, naming
from activities.media.audio_output import AudioOutput
from activities.media.codecs import AudioEncoder
from activities.media.job import InputAsset
from activities.media.locations import Location
from activities.media.outputs import Output
from activities.media.thumb_output import ThumbOutput
from activities.media.video_output import VideoOutput
from activities.publish import Product
from activities.rendition import make_video
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
    pictures = film.pictures(outputs)
    return [
        product
        for index, output in enumerate(outputs)
        for product in (pictures[index] if index in pictures else film.make(output, index))
    ]


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

    def make(self, output: Output, index: int) -> list[Product]:
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
