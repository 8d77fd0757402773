"""Makes the pictures of THUMB outputs, and verifies them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from pathlib import Path, PurePosixPath

from activities.ffmpeg.tools import tone_mapper_for
from activities.media.progress import Progress
from activities.media.sought import may_seek, sought_frames
from activities.media.storyboard import storyboard
from activities.media.thumb_command import Series, series_arguments, snapshot_arguments
from activities.media.thumb_output import (
    MAX_PICTURES,
    MAX_SHEET_PIXELS,
    Evenly,
    Intervals,
    Snapshot,
    ThumbOutput,
)
from activities.pictures.pictures import convert
from activities.source.frames import read_frames
from activities.source.source import Source
from activities.task.making import Making, naming
from activities.task.report import REPORT_SECONDS, ProgressReport
from activities.transfer.publish import Product
from activities.verify.verify import invalid_output, verify_pictures
from activities.video.seeking import seek_pictures
from cpe.activity import JsonValue
from cpe.errors import InvalidInput

_MICRO = 1_000_000


def check_thumbnails(output: ThumbOutput, source: Source) -> None:
    """Raise InvalidInput when the source cannot give the pictures that the output wants."""
    where = output.target.location
    if output.sprite is not None:
        width, height = output.size_for(source.video)
        sheet = width * output.sprite.columns, height * output.sprite.rows
        if sheet[0] * sheet[1] > MAX_SHEET_PIXELS:
            raise InvalidInput(
                f"{where}: a sheet would have {sheet[0]}x{sheet[1]} pixels; {MAX_SHEET_PIXELS} in all are "
                "allowed. Choose smaller pictures, or fewer of them for a sheet.",
                code="SPRITE_TOO_LARGE",
            )
    duration = source.info.video_duration
    if duration is None:
        return
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


def make_thumbnails(
    making: Making, source: Source, outputs: Mapping[str, ThumbOutput]
) -> dict[str, list[Product]]:
    """Make the pictures of all THUMB outputs of a job, and verify them.

    Series and sprites come from one decoding, whatever their timing, unless their pictures lie so far apart
    that seeking each is less work. For a snapshot FFmpeg seeks.

    Args:
        making: The task.
        source: Its input.
        outputs: What to make, by the names after which their files are called.

    Raises:
        ActivityError: They could not be made, or are not what they should be.
    """
    made: dict[str, list[Product]] = {}
    series: dict[str, ThumbOutput] = {}
    for name, output in outputs.items():
        if isinstance(output.when, Snapshot):
            with naming(output.target.location):
                made[name] = _make_snapshot(making, source, output, output.when.at, name)
        else:
            series[name] = output
    if series:
        with naming(*(output.target.location for output in series.values())):
            made |= _make_series(making, source, series)
    return made


def _make_snapshot(
    making: Making, source: Source, output: ThumbOutput, at: float, name: str
) -> list[Product]:
    report = ProgressReport(making.context, output.target.location.key, None)
    arguments = snapshot_arguments(
        output,
        at,
        source.info,
        source.video,
        source=source.file,
        picture=f"{name}-000001",
        mapper=tone_mapper_for([output], source.video, making.workshop.tools),
    )
    with making.stopwatch.measure("encode"):
        making.workshop.encode(arguments, duration=None, report=report.update)
    files = _finished(making, output, name, size=output.size_for(source.video))
    report.finish()
    key = output.target.location.key
    return [_product(output, file, key, output.size_for(source.video)) for file in files]


def _make_series(
    making: Making, source: Source, outputs: Mapping[str, ThumbOutput]
) -> dict[str, list[Product]]:
    end = _end_of_picture(making, source, outputs.values())
    tools = making.workshop.tools
    series = {
        name: replace(
            _series(output, end, f"{name}-%06d"), mapper=tone_mapper_for([output], source.video, tools)
        )
        for name, output in outputs.items()
    }
    seconds = source.info.video_duration
    interval = REPORT_SECONDS * len(outputs)
    reports = [
        ProgressReport(making.context, output.target.location.key, seconds, interval=interval)
        for output in outputs.values()
    ]

    def report(progress: Progress) -> None:
        for one in reports:
            one.update(progress)

    if not _seek_series(making, source, list(series.values()), end, report):
        arguments = series_arguments(list(series.values()), source.video, source=source.file)
        with making.stopwatch.measure("encode"):
            making.workshop.encode(arguments, duration=seconds, report=report)
    made = {name: _Pictures(making, source, one, name).products(end) for name, one in series.items()}
    for one in reports:
        one.finish()
    return made


def _seek_series(
    making: Making,
    source: Source,
    series: Sequence[Series],
    end: Fraction | None,
    report: Callable[[Progress], None],
) -> bool:
    """Make pictures by seeking each, if that is less work than to decode it all; tell whether it is."""
    if end is None or not may_seek(series, source.info, source.video, end):
        return False
    with making.stopwatch.measure("probe"):
        frames = read_frames(making.workshop, source)
    numbers = sought_frames(series, frames, end) if frames is not None else None
    if frames is None or numbers is None:
        return False
    with making.stopwatch.measure("encode"):
        made = seek_pictures(making, source, series, frames, numbers, report=report)
    if not made:
        making.context.log.warning("thumbnails.not_sought")
    return made


def _end_of_picture(making: Making, source: Source, outputs: Iterable[ThumbOutput]) -> Fraction | None:
    """Return the second at which the video ends; None when it is not known and nobody needs it."""
    info, video = source.info, source.video
    seconds = info.video_duration
    if seconds is not None:
        late = Fraction(video.start).limit_denominator(_MICRO) - info.origin if video.start else 0
        return Fraction(seconds).limit_denominator(_MICRO) + max(late, Fraction(0))
    if all(output.sprite is None and isinstance(output.when, Intervals) for output in outputs):
        return None
    with making.stopwatch.measure("probe"):
        measured = Fraction(making.workshop.last_packet_end(source.file, 0.0)).limit_denominator(_MICRO)
    if measured <= info.origin:
        raise InvalidInput(
            "How long the input lasts cannot be told, so pictures cannot be spread over it. Ask for "
            "intervals without sprite and count.",
            code="DURATION_UNKNOWN",
        )
    return measured - info.origin


def _series(output: ThumbOutput, end: Fraction | None, files: str) -> Series:
    start, every, count = Fraction(0), Fraction(1), None
    match output.when:
        case Intervals(seconds=seconds):
            every = seconds
            # Where pictures are numbered only, decoding tells best which is the last one.
            count = ceil(end / every) if output.sprite is not None and end is not None else None
        case Evenly(count=wished) if end is not None:
            every, count = end / wished, wished
            start = every / 2
    return Series(output=output, start=start, every=every, count=count, files=files)


@dataclass(frozen=True, slots=True)
class _Pictures:
    """What FFmpeg made for a series, in files called after `name`."""

    making: Making
    source: Source
    series: Series
    name: str

    def products(self, end: Fraction | None) -> list[Product]:
        """Verify the files and tell where each goes."""
        output, count = self.series.output, self.series.count
        sprite = output.sprite
        width, height = tile = output.size_for(self.source.video)
        size = (width * sprite.columns, height * sprite.rows) if sprite is not None else tile
        files = _finished(self.making, output, self.name, size=size)
        wanted = ceil(count / (sprite.tiles if sprite is not None else 1)) if count is not None else None
        if wanted not in (None, len(files)):
            raise invalid_output(f"has {len(files)} pictures instead of {wanted}")
        made = [
            _product(output, file, output.numbered_key(number), size)
            for number, file in enumerate(files, start=1)
        ]
        if sprite is None or count is None or end is None:
            return made
        index = self.making.workshop.directory / f"{self.name}.vtt"
        index.write_text(
            storyboard(
                [PurePosixPath(product.key).name for product in made],
                sprite,
                tile=tile,
                count=count,
                every=self.series.every,
                end=end,
            ),
            encoding="utf-8",
        )
        return [*made, _index(output, index, count, tile)]


def _finished(making: Making, output: ThumbOutput, name: str, *, size: tuple[int, int]) -> list[Path]:
    """Bring FFmpeg's pictures to the output's format and verify them; return their files in order."""
    files = sorted(making.workshop.directory.glob(f"{name}-*"))
    if output.image.converted:
        with making.stopwatch.measure("encode"):
            for file in files:
                making.workshop.cancellation.check()
                convert(file, output.image.name)
    with making.stopwatch.measure("verify"):
        verify_pictures(files, output.image, size=size)
    return files


def _product(output: ThumbOutput, file: Path, key: str, size: tuple[int, int]) -> Product:
    facts: dict[str, JsonValue] = {
        "width": size[0],
        "height": size[1],
        "codecs": {"video": output.image.codec},
    }
    return Product(
        path=file,
        target=output.target,
        key=key,
        content_type=output.image.content_type,
        facts=facts,
    )


def _index(output: ThumbOutput, file: Path, count: int, tile: tuple[int, int]) -> Product:
    options = replace(output.target.options, content_type=None)
    return Product(
        path=file,
        target=replace(output.target, options=options),
        key=output.index_key,
        content_type="text/vtt",
        facts={"pictures": count, "width": tile[0], "height": tile[1]},
    )
