"""The commands of FFmpeg that measure and make a sound, as lists of arguments."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from activities.media.audio_formats import LAYOUTS
from activities.media.audio_output import AudioOutput
from activities.media.codecs import AudioEncoder
from activities.media.command import MEDIA_LIMITS, NO_TAGS, PROGRESS, RUN
from activities.media.filters import Input, Stream, arguments
from activities.media.loudness import Loudness, metered, normalized
from activities.media.probe import AudioStream, MediaInfo
from activities.media.reading import cut_sound, input_from


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioNames:
    """The files of one sound: what is read, and what is written."""

    source: str
    output: str


def measure_arguments(
    output: AudioOutput, source: MediaInfo, stream: AudioStream, *, file: str
) -> tuple[str, ...]:
    """Compose the command that measures the loudness of what :func:`audio_arguments` will encode."""
    sound = metered(_mixed(output, source, stream, file))
    return (*RUN, *_clock(output), *arguments(sound), "-f", "null", "-")


def audio_arguments(
    output: AudioOutput,
    source: MediaInfo,
    stream: AudioStream,
    *,
    encoder: AudioEncoder,
    names: AudioNames,
    measured: Loudness | None = None,
) -> tuple[str, ...]:
    """Compose the command that makes a sound.

    Args:
        output: What to make.
        source: The file.
        stream: The stream of it that is taken; pictures, cover art among them, and tags are left.
        encoder: The output's own encoder or its fallback.
        names: The files to read and write.
        measured: The source's loudness, when the output wants one.
    """
    sound = _mixed(output, source, stream, names.source)
    if output.loudness is not None and measured is not None:
        rate = output.sample_rate_for(stream)
        sound = normalized(sound, output.loudness, measured, sample_rate=rate)
    container = output.format.container
    return (
        *(*RUN, *_clock(output), *PROGRESS, *arguments(sound)),
        *NO_TAGS,
        *("-c:a", encoder.name),
        *(() if encoder.lossless else ("-b:a", str(output.bit_rate_for(stream)))),
        *(("-metadata:s:a:0", f"language={stream.language}") if stream.language else ()),
        *(("-movflags", "+faststart") if container.fast_start else ()),
        *("-f", container.muxer, names.output),
    )


def _mixed(output: AudioOutput, source: MediaInfo, stream: AudioStream, file: str) -> Stream:
    """Read the sound with the output's channels and rate. Where it starts late or has holes, it is silent."""
    rate, channels = output.sample_rate_for(stream), output.channels_for(stream)
    start = _start(output)
    whole = input_from(file, source, start, options=MEDIA_LIMITS) if start else Input(file, MEDIA_LIMITS)
    # From there on it has samples, be it silence: a part may lie before the first sound.
    first = round(start * rate)
    sound = whole.stream(stream.index)
    sound = sound.filter("aresample", **{"async": 1}, first_pts=first, sample_rate=rate)
    if output.excerpt is not None:
        sound = cut_sound(sound, output.excerpt.start, output.excerpt.duration)
    return sound.filter("aformat", channel_layouts=LAYOUTS[channels])


def _clock(output: AudioOutput) -> tuple[str, ...]:
    return ("-copyts",) if _start(output) else ()


def _start(output: AudioOutput) -> Fraction:
    return output.excerpt.start if output.excerpt is not None else Fraction(0)
