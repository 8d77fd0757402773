"""The commands that encode a segment of a video, and its sound, as lists.

A segment is cut out by the frames' times and not by a duration: all of its filters run from some frames
before it, and the filter `trim` then takes those from its first frame to the first frame of the next segment.
Times count from the start of the source, and not from the point of seeking, until the file is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from activities.media.audio_formats import LAYOUTS
from activities.media.channels import Channels
from activities.media.command import (
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
from activities.media.containers import CONTAINERS
from activities.media.filters import Input, Stream, arguments, graph
from activities.media.locations import Location
from activities.media.loudness import Loudness, metered, normalized
from activities.media.notation import MAX_FRAME_RATE
from activities.media.probe import AudioStream, MediaInfo, VideoStream
from activities.media.reading import decimal, input_from
from activities.media.segments import GRID_SECONDS, NEAR, Stretch
from activities.media.split import SoundVersion
from activities.media.timing import timing_arguments, timing_of
from activities.media.tone import ToneMapper
from activities.media.video_output import VideoOutput

# The first frame of the segment, and the first in each cell of the grid.
_GRID = (
    "-force_key_frames",
    f"expr:if(isnan(prev_forced_t),1,gt(floor((t+{float(NEAR):g})/{GRID_SECONDS}),"
    f"floor((prev_forced_t+{float(NEAR):g})/{GRID_SECONDS})))",
    "-g",
    str(GRID_SECONDS * MAX_FRAME_RATE),
)
_MICRO = 1_000_000
_START = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """One output of a segment: what is made, which frames of it, and the file to write."""

    output: VideoOutput
    stretch: Stretch
    file: str


def segment_arguments(
    renditions: Sequence[Rendition],
    source: MediaInfo,
    video: VideoStream,
    *,
    file: str,
    seek: Fraction,
    watermarks: Mapping[Location, str],
    mapper: ToneMapper | None = None,
    threads: int | None = 1,
) -> tuple[str, ...]:
    """Compose the command that makes a segment of all outputs, from one decoding.

    Args:
        renditions: What to make.
        source: The source's streams.
        video: Its video stream.
        file: Its file.
        seek: Where to start reading, in seconds; 0 for the start.
        watermarks: The file of each watermark.
        mapper: With what a high dynamic range is brought to the usual one, for the outputs that want it.
        threads: Threads of the decoder, of the filters and of each encoder; None for their own choice. Beside
            other segments, one each does the same with less work.
    """
    picture = deinterlaced(_read(file, source, video.index, seek=seek, threads=threads), video)
    marks = _marks(renditions, watermarks)
    streams = [
        _trimmed(
            framed(
                way,
                video,
                rendition.output,
                mark=mark,
                mapper=mapper if rendition.output.tone_map else None,
            ),
            rendition.stretch,
        )
        for way, rendition, mark in zip(picture.split(len(renditions)), renditions, marks, strict=True)
    ]
    inputs, names = graph(*streams)
    return (
        *(*RUN, "-copyts", *PROGRESS),
        *(() if threads is None else ("-filter_complex_threads", str(threads))),
        *inputs,
        *(
            argument
            for name, rendition in zip(names, renditions, strict=True)
            for argument in ("-map", name, *_rendition(rendition, video, threads))
        ),
    )


def sound_arguments(
    versions: Sequence[SoundVersion],
    source: MediaInfo,
    audio: AudioStream,
    *,
    file: str,
    files: Sequence[str],
    measured: Mapping[Channels, Loudness | None] = MappingProxyType({}),
) -> tuple[str, ...]:
    """Compose the command that encodes the whole sound, from one decoding, once for each version.

    Args:
        versions: What to make.
        source: The source's streams.
        audio: Its sound.
        file: Its file.
        files: What to write, for each version.
        measured: For the channels of versions that want a loudness, what the source measures with these.
    """
    sound = _heard(file, source, audio)
    levels = [
        measured.get(version.channels) if version.loudness is not None else None for version in versions
    ]
    # What an input has may go to many outputs; what a filter has made, to one.
    filtered = [level is not None or _is_part(source) for level in levels]
    ways = iter(sound.split(sum(filtered), sound=True) if any(filtered) else ())
    inputs, names = graph(
        *(
            _sounding(next(ways) if own else sound, audio, version, level)
            for version, level, own in zip(versions, levels, filtered, strict=True)
        )
    )
    return (
        *(*RUN, "-copyts", *PROGRESS, *inputs),
        *(
            argument
            for name, made, version in zip(names, files, versions, strict=True)
            for argument in (
                *(
                    "-map",
                    name,
                    *NO_TAGS,
                    *audio_coding(audio, version.encoder, version.bit_rate, version.channels),
                ),
                *(*_format(version.muxer), made),
            )
        ),
    )


def measuring_arguments(
    channels: Channels, source: MediaInfo, audio: AudioStream, *, file: str
) -> tuple[str, ...]:
    """Compose the command that measures the loudness of the whole sound, with the channels it will have."""
    sound = metered(_mixed(_heard(file, source, audio), audio, channels))
    return (*RUN, "-copyts", *arguments(sound), "-f", "null", "-")


def _read(
    file: str, source: MediaInfo, stream: int, *, seek: Fraction = _START, threads: int | None = None
) -> Stream:
    """Read a stream, at the times that it has when picture and sound are read together.

    FFmpeg seeks to a key frame. Frames before the point are cut off by a filter, since its own way to do that
    takes no notice of ``-itsoffset``.
    """
    options = {**media_options(source.video), "itsoffset": decimal(-source.origin)}
    if threads is not None:
        options["threads"] = str(threads)
    if not seek:
        return Input(file, options).stream(stream)
    # The point is counted from the start of the file, which other streams may have before these.
    point = seek + source.origin - Fraction(round(source.start * _MICRO), _MICRO)
    read = Input(file, {**options, "noaccurate_seek": None, "ss": decimal(max(point, _START))})
    return read.stream(stream).filter("trim", start=decimal(seek))


def _heard(file: str, source: MediaInfo, audio: AudioStream) -> Stream:
    """Read the sound; that of a part of the source to the sample."""
    if not _is_part(source):
        return _read(file, source, audio.index)
    sound = input_from(file, source, _START, options=media_options(source.video)).stream(audio.index)
    end = {} if source.taken is None else {"end": decimal(source.taken)}
    return sound.filter("atrim", start="0", **end)


def _is_part(source: MediaInfo) -> bool:
    return bool(source.skipped) or source.taken is not None


def _sounding(sound: Stream, audio: AudioStream, version: SoundVersion, measured: Loudness | None) -> Stream:
    """Bring a sound to the loudness of a version; silence, which measures nothing, stays as it is."""
    if version.loudness is None or measured is None:
        return sound
    mixed = _mixed(sound, audio, version.channels)
    return normalized(mixed, version.loudness, measured, sample_rate=audio.sample_rate)


def _mixed(sound: Stream, audio: AudioStream, channels: Channels) -> Stream:
    return sound.filter("aformat", channel_layouts=LAYOUTS[channels.of(audio.channels)])


def _marks(renditions: Sequence[Rendition], watermarks: Mapping[Location, str]) -> list[Stream | None]:
    """Return a stream of its watermark for each rendition; the filters of each are its own."""
    wanted = [rendition.output.watermark for rendition in renditions]
    locations = [mark.location for mark in wanted if mark is not None]
    ways = {
        location: iter(Input(file, PICTURE_LIMITS).stream(0).split(locations.count(location)))
        for location, file in watermarks.items()
        if location in locations
    }
    return [None if mark is None else next(ways[mark.location]) for mark in wanted]


def _trimmed(picture: Stream, stretch: Stretch) -> Stream:
    # FFmpeg rounds both to the nearest tick, which is the frame's own time.
    ends = {"start": stretch.begin if stretch.cut else None, "end": stretch.until}
    known = {name: decimal(end) for name, end in ends.items() if end is not None}
    return picture.filter("trim", **known) if known else picture


def _rendition(rendition: Rendition, video: VideoStream, threads: int | None) -> tuple[str, ...]:
    output = rendition.output
    return (
        *NO_TAGS,
        *video_coding(output, video),
        *(() if threads is None else ("-threads", str(threads))),
        *(_GRID if output.gridded else ()),
        *(output.video.grid if output.gridded else ()),
        *timing_arguments(timing_of(output, video)),
        *("-output_ts_offset", decimal(-rendition.stretch.begin)),
        *(*_format(_muxer(output.video.codec)), rendition.file),
    )


def _muxer(codec: str) -> str:
    """Choose the format of a segment: MP4 keeps every time exactly, and knows all codecs but VP8."""
    known = CONTAINERS["mp4"].codecs or frozenset()
    return "mp4" if codec in known else "nut"


def _format(muxer: str) -> tuple[str, ...]:
    """Write the options of a part's format.

    When a stream starts later than the file, MP4 tells it in ticks of the file's own clock, a millisecond by
    default.
    """
    return (*(("-movie_timescale", str(_MICRO)) if muxer == "mp4" else ()), "-f", muxer)
