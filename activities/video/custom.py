"""Makes a video by a command of the job's own, and looks at what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from activities.ffmpeg.tools import Tools, choose_audio
from activities.media.codecs import AUDIO_ENCODERS
from activities.media.custom_output import CustomOutput, custom_arguments
from activities.media.locations import Location
from activities.source.source import Source
from activities.task.making import Making
from activities.task.report import ProgressReport
from activities.transfer.publish import Product
from activities.verify.verify import expected_duration, invalid_output, probe_made
from activities.video.rendition import video_facts


def make_custom(
    making: Making, source: Source, output: CustomOutput, name: str, *, watermarks: Mapping[Location, str]
) -> Product:
    """Make a video in a file called `name` by the job's own command.

    Raises:
        ActivityError: The command failed, or nothing came of it that can be decoded.
    """
    seconds = expected_duration(source.info)
    report = ProgressReport(making.context, output.target.location.key, seconds)
    arguments = custom_arguments(
        _with_own_encoders(output, making.workshop.tools),
        source.info,
        file=source.file,
        made=name,
        watermark=watermarks[output.watermark.location] if output.watermark else None,
    )
    with making.stopwatch.measure("encode"):
        making.workshop.encode(arguments, duration=seconds, report=report.update)
    with making.stopwatch.measure("verify"):
        made = probe_made(making.workshop, name)
        stream = made.video or made.audio
        if stream is None or not making.workshop.decodes(name, stream.index, [0.0]):
            raise invalid_output("has no stream that can be decoded")
    report.finish()
    return Product(
        path=making.workshop.directory / name,
        target=output.target,
        key=output.target.location.key,
        content_type=output.container.content_type,
        facts=video_facts(made),
    )


def _with_own_encoders(output: CustomOutput, tools: Tools) -> CustomOutput:
    """Put the fallback of an audio encoder in its place where FFmpeg was built without it."""
    words = (
        choose_audio(AUDIO_ENCODERS[word], tools).name if word in AUDIO_ENCODERS else word
        for word in output.command.writing
    )
    return replace(output, command=replace(output.command, writing=tuple(words)))
