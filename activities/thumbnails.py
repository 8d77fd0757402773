"""Makes the pictures of one THUMB output, and verifies them."""

from __future__ import annotations

from math import ceil

from activities.making import Making
from activities.media.thumb_command import thumb_arguments
from activities.media.thumb_output import Intervals, Snapshot, ThumbOutput
from activities.pictures import convert
from activities.publish import Product
from activities.report import ProgressReport
from activities.source import Source
from activities.verify import verify_pictures
from cpe.errors import InvalidInput

MAX_PICTURES = 10_000
"""Thumbnails that one output may make."""


def check_thumbnails(output: ThumbOutput, source: Source) -> None:
    """Raise InvalidInput when the source cannot give the pictures that the output wants."""
    duration = source.info.video_duration
    if duration is None:
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


def make_thumbnails(making: Making, source: Source, output: ThumbOutput, name: str) -> list[Product]:
    """Make the pictures of an output in files called after `name`, and verify them.

    Raises:
        ActivityError: They could not be made, or are not what they should be.
    """
    series = isinstance(output.when, Intervals)
    workshop = making.workshop
    seconds = source.info.video_duration if series else None
    report = ProgressReport(making.context, output.target.location.key, seconds)
    arguments = thumb_arguments(
        output,
        source.info,
        source.video,
        source=source.file,
        pictures=f"{name}-%06d" if series else f"{name}-000001",
    )
    with making.stopwatch.measure("encode"):
        workshop.encode(arguments, duration=seconds, report=report.update)
        files = sorted(workshop.directory.glob(f"{name}-*"))
        if output.image.converted:
            for file in files:
                workshop.cancellation.check()
                convert(file, output.image.name)
    width, height = output.size_for(source.video)
    with making.stopwatch.measure("verify"):
        verify_pictures(files, output.image, size=(width, height))
    report.finish()
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
