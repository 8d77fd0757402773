"""FFmpeg's commands that make one video by itself, as lists of arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from activities.media.audio_formats import LAYOUTS
from activities.media.captions import SUBTITLE_ENCODERS
from activities.media.codecs import AudioEncoder
from activities.media.command import (
    MEDIA_LIMITS,
    NO_TAGS,
    PICTURE_LIMITS,
    PROGRESS,
    RUN,
    audio_coding,
    deinterlaced,
    framed,
    media_options,
    video_coding,
)
from activities.media.filters import Input, Stream, arguments
from activities.media.loudness import Loudness, metered, normalized
from activities.media.probe import AudioStream, MediaInfo, VideoStream
from activities.media.reading import cut_sound, input_from
from activities.media.timing import timing_arguments, timing_of
from activities.media.tone import ToneMapper
from activities.media.video_output import VideoOutput

CAPTION_LIMITS: Mapping[str, str] = {
    "protocol_whitelist": "file",
    "format_whitelist": "srt",
    "f": "srt",
}
"""What may be opened as captions: what the activities themselves write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionFile:
    """Captions that go into a video: a file of SRT and their language."""

    file: str
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoNames:
    """The files of one video.

    Attributes:
        source: What is read.
        output: What is written.
        watermark: The PAM picture that is laid over it.
        captions: Those that go into it, each as a stream.
        burnt: The SRT that is drawn on the picture.
    """

    source: str
    output: str
    watermark: str | None = None
    captions: tuple[CaptionFile, ...] = ()
    burnt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What must be known of the source and of FFmpeg before some videos are made.

    Attributes:
        loudness: What the sound measures; None for silence, and where it does not matter.
        mapper: With what a high dynamic range is brought to the usual one; None to leave it.
    """

    loudness: Loudness | None = None
    mapper: ToneMapper | None = None


_NONE = Findings()


def video_arguments(
    output: VideoOutput,
    source: MediaInfo,
    video: VideoStream,
    *,
    audio: AudioEncoder,
    names: VideoNames,
    findings: Findings = _NONE,
) -> tuple[str, ...]:
    """Compose the command that makes a video; of two passes the second.

    Args:
        output: What to make.
        source: The input file's streams.
        video: Its video stream.
        audio: The audio encoder; the output's own or its fallback.
        names: The files to read and write.
        findings: What was found out for it.
    """
    picture = _picture(output, source, video, names, findings)
    sound = [_sound(output, source, source.audio, names.source, findings)] if source.audio else []
    captions = [Input(track.file, CAPTION_LIMITS).stream(0) for track in names.captions]
    return (
        *(*RUN, *_clock(output), *PROGRESS, *arguments(picture, *sound, *captions)),
        *NO_TAGS,
        *video_coding(output, video),
        *(_pass(output, 2, names) if output.two_pass else ()),
        *timing_arguments(timing_of(output, video)),
        *(audio_coding(source.audio, audio, output.audio_bit_rate, output.channels) if source.audio else ()),
        *caption_coding(output, names.captions),
        *(("-movflags", "+faststart") if output.container.fast_start else ()),
        *("-f", output.container.muxer, names.output),
    )


def first_pass_arguments(
    output: VideoOutput,
    source: MediaInfo,
    video: VideoStream,
    *,
    names: VideoNames,
    findings: Findings = _NONE,
) -> tuple[str, ...]:
    """Compose the command of the first of two passes: it looks at the picture and writes notes beside it.

    Arguments are those of :func:`video_arguments`.
    """
    picture = _picture(output, source, video, names, findings)
    return (
        *(*RUN, *_clock(output), *PROGRESS, *arguments(picture)),
        *(*video_coding(output, video), *_pass(output, 1, names)),
        *timing_arguments(timing_of(output, video)),
        *("-f", "null", "-"),
    )


def caption_arguments(stream: int, *, source: str, output: str) -> tuple[str, ...]:
    """Compose the command that takes captions out of a file, as SRT."""
    captions = Input(source, MEDIA_LIMITS).stream(stream)
    return (*RUN, *arguments(captions), *NO_TAGS, "-c:s", "srt", "-f", "srt", output)


def loudness_arguments(
    output: VideoOutput, source: MediaInfo, audio: AudioStream, *, file: str
) -> tuple[str, ...]:
    """Compose the command that measures the sound as it will be encoded."""
    sound = metered(_mixed(output, source, audio, file))
    return (*RUN, *_clock(output), *arguments(sound), "-f", "null", "-")


def _picture(
    output: VideoOutput, source: MediaInfo, video: VideoStream, names: VideoNames, findings: Findings
) -> Stream:
    mark = Input(names.watermark, PICTURE_LIMITS).stream(0) if names.watermark is not None else None
    picture = deinterlaced(_read(output, source, names.source).stream(video.index), video)
    return framed(picture, video, output, mark=mark, mapper=findings.mapper, burnt=names.burnt)


def _sound(
    output: VideoOutput, source: MediaInfo, audio: AudioStream, file: str, findings: Findings
) -> Stream:
    if output.loudness is None or findings.loudness is None:
        return _part(output, _read(output, source, file).stream(audio.index))
    sound = _mixed(output, source, audio, file)
    return normalized(sound, output.loudness, findings.loudness, sample_rate=audio.sample_rate)


def _mixed(output: VideoOutput, source: MediaInfo, audio: AudioStream, file: str) -> Stream:
    """Read the sound with the channels that it will have."""
    sound = _part(output, _read(output, source, file).stream(audio.index))
    return sound.filter("aformat", channel_layouts=LAYOUTS[output.channels.of(audio.channels)])


def _part(output: VideoOutput, sound: Stream) -> Stream:
    if output.excerpt is None:
        return sound
    return cut_sound(sound, output.excerpt.start, output.excerpt.duration)


def _read(output: VideoOutput, source: MediaInfo, file: str) -> Input:
    start = output.excerpt.start if output.excerpt is not None else Fraction(0)
    options = media_options(source.video)
    return input_from(file, source, start, options=options) if start else Input(file, options)


def _clock(output: VideoOutput) -> tuple[str, ...]:
    return ("-copyts",) if output.excerpt is not None and output.excerpt.start else ()


def caption_coding(output: VideoOutput, captions: Sequence[CaptionFile]) -> tuple[str, ...]:
    """Write the options of the encoder of captions that go into a video."""
    if not captions:
        return ()
    encoder, _ = SUBTITLE_ENCODERS[output.container.muxer]
    languages = (
        (f"-metadata:s:s:{number}", f"language={track.language}")
        for number, track in enumerate(captions)
        if track.language
    )
    return ("-c:s", encoder, *(text for pair in languages for text in pair))


def _pass(output: VideoOutput, number: int, names: VideoNames) -> tuple[str, ...]:
    """Write the options of a pass; its notes lie beside the output."""
    notes = f"{names.output}-notes"
    if output.video.codec == "hevc":
        return ("-x265-params", f"pass={number}:stats={notes}")
    return ("-pass", str(number), "-passlogfile", notes)
