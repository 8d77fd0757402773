"""Makes one sound: measures it if its loudness matters, encodes it, verifies what came of it."""

from __future__ import annotations

from activities.ffmpeg.workshop import Workshop
from activities.media.audio_command import AudioNames, audio_arguments, measure_arguments
from activities.media.audio_output import AudioOutput
from activities.media.codecs import AudioEncoder
from activities.media.loudness import Loudness, LoudnessMeter
from activities.media.probe import MediaInfo
from activities.source.source import Source
from activities.task.making import Making
from activities.task.report import ProgressReport
from activities.transfer.publish import Product
from activities.verify.verify_sound import sound_seconds, verify_sound
from cpe.activity import JsonValue


def make_audio(
    making: Making, source: Source, output: AudioOutput, name: str, *, encoder: AudioEncoder
) -> Product:
    """Make a sound in a file called `name`, and verify it.

    Args:
        making: The task.
        source: Its input.
        output: What to make.
        name: The file to write.
        encoder: The output's own encoder or its fallback.

    Raises:
        InvalidInput: The input has no sound, ``INPUT_NO_AUDIO``.
        ActivityError: It could not be made, or is not what it should be.
    """
    stream = source.audio
    seconds = sound_seconds(source.info, stream)
    if output.excerpt is not None:
        seconds = output.excerpt.left(seconds)
    report = ProgressReport(making.context, output.target.location.key, seconds)
    with making.stopwatch.measure("encode"):
        measured = None
        if output.loudness is not None:
            measured = measure_loudness(
                making.workshop, measure_arguments(output, source.info, stream, file=source.file)
            )
        arguments = audio_arguments(
            output,
            source.info,
            stream,
            encoder=encoder,
            names=AudioNames(source=source.file, output=name),
            measured=measured,
        )
        making.workshop.encode(arguments, duration=seconds, report=report.update)
    with making.stopwatch.measure("verify"):
        made = verify_sound(making.workshop, name, output, stream=stream, seconds=seconds)
    report.finish()
    return Product(
        path=making.workshop.directory / name,
        target=output.target,
        key=output.target.location.key,
        content_type=output.format.container.content_type,
        facts=audio_facts(made),
    )


def measure_loudness(workshop: Workshop, arguments: tuple[str, ...]) -> Loudness | None:
    """Run a command whose sound ends in :func:`~activities.media.loudness.metered`; None for silence."""
    meter = LoudnessMeter()
    workshop.follow(arguments, meter.feed)
    return meter.result


def audio_facts(made: MediaInfo) -> dict[str, JsonValue]:
    """Return what a result tells of a sound."""
    sound = made.audio
    return {
        "duration": made.duration,
        "channels": sound.channels if sound else None,
        "sample_rate": sound.sample_rate if sound else None,
        "codecs": {"audio": sound.codec} if sound else {},
    }
