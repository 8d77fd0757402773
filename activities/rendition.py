"""Makes one video: builds the command, runs it, verifies what came of it."""

from __future__ import annotations

from collections.abc import Mapping

from activities.making import Making
from activities.media.codecs import AudioEncoder
from activities.media.command import VideoNames, video_arguments
from activities.media.locations import Location
from activities.media.probe import MediaInfo
from activities.media.video_output import VideoOutput
from activities.publish import Product
from activities.report import ProgressReport
from activities.source import Source
from activities.verify import expected_duration, verify_video
from cpe.activity import JsonValue


def make_video(
    making: Making,
    source: Source,
    output: VideoOutput,
    name: str,
    *,
    audio: AudioEncoder,
    watermarks: Mapping[Location, str],
) -> Product:
    """Make a video in a file called `name`, and verify it.

    Args:
        making: The task.
        source: Its input.
        output: What to make.
        name: The file to write.
        audio: The audio encoder; the output's own or its fallback.
        watermarks: The file of each watermark.

    Raises:
        ActivityError: It could not be made, or is not what it should be.
    """
    seconds = expected_duration(source.info)
    report = ProgressReport(making.context, output.target.location.key, seconds)
    arguments = video_arguments(
        output,
        source.info,
        source.video,
        audio=audio,
        names=VideoNames(
            source=source.file,
            output=name,
            watermark=watermarks[output.watermark.location] if output.watermark else None,
        ),
    )
    with making.stopwatch.measure("encode"):
        making.workshop.encode(arguments, duration=seconds, report=report.update)
    with making.stopwatch.measure("verify"):
        made = verify_video(
            making.workshop, name, output, size=output.size_for(source.video), source=source.info
        )
    report.finish()
    return Product(
        path=making.workshop.directory / name,
        target=output.target,
        key=output.target.location.key,
        content_type=output.container.content_type,
        facts=video_facts(made),
    )


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
