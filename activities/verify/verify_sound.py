"""Checks a finished sound before anybody hears it."""

from __future__ import annotations

from dataclasses import replace

from activities.ffmpeg.workshop import Workshop
from activities.media.audio_output import AudioOutput
from activities.media.probe import AudioStream, MediaInfo
from activities.verify.verify import invalid_output, probe_made
from cpe.errors import ActivityError

_SLACK_SECONDS = 1.0
_SLACK_SHARE = 0.02
_BEFORE_END = 0.5


def verify_sound(
    workshop: Workshop, file: str, output: AudioOutput, *, stream: AudioStream, seconds: float | None
) -> MediaInfo:
    """Check a finished sound: its stream, codec, channels, rate and duration, and that it decodes throughout.

    "Throughout" is at its start, middle and end.

    Args:
        workshop: The tools.
        file: The finished file.
        output: What it should be.
        stream: The source's stream that was taken.
        seconds: How long it should last; None when nobody knows.

    Raises:
        ActivityError: ``OUTPUT_INVALID``, or ``OUTPUT_TOO_SHORT`` when a part of the source is missing in it.
    """
    info = probe_made(workshop, file)
    sound = info.audio
    if sound is None or info.video is not None:
        raise invalid_output("has no sound" if sound is None else "has a picture")
    found = (sound.codec, sound.channels)
    wanted = (output.audio.codec, output.channels_for(stream))
    if found != wanted:
        raise invalid_output(f"has sound {found} instead of {wanted}")
    rate = output.sample_rate_for(stream)
    # Opus is always decoded at 48 kHz, whatever it was made of.
    if sound.sample_rate != rate and sound.codec != "opus":
        raise invalid_output(f"has {sound.sample_rate} Hz instead of {rate}")
    if output.format.framed:
        # Such a file tells no duration; FFprobe's is a guess.
        info = replace(info, duration=round(workshop.last_packet_end(file, 0.0), 6))
    _verify_duration(info.duration or 0.0, seconds)
    last = max((info.duration or 0.0) - _BEFORE_END, 0.0)
    if not workshop.decodes(file, sound.index, [0.0, min((info.duration or 0.0) / 2, last), last]):
        raise invalid_output("cannot be decoded at its start, middle and end")
    return info


def sound_seconds(source: MediaInfo, stream: AudioStream) -> float | None:
    """Return how long a source's sound lasts from the source's start; None when it does not tell."""
    if stream.duration is None:
        return source.duration
    late = 0.0 if stream.start is None else max(stream.start - source.start, 0.0)
    return stream.duration + late


def _verify_duration(found: float, wanted: float | None) -> None:
    if wanted is None:
        return
    slack = max(_SLACK_SECONDS, wanted * _SLACK_SHARE)
    if found < wanted - slack:
        raise ActivityError(
            f"The output lasts {found:.2f} s of the source's {wanted:.2f} s; the source is cut off or "
            "damaged.",
            code="OUTPUT_TOO_SHORT",
        )
    if found > wanted + slack:
        raise invalid_output(f"lasts {found:.2f} s instead of {wanted:.2f} s")
