"""The commands that encode a segment of a video, encode its sound, and join what was made, as lists.

A segment is cut out by the frames' times and not by a duration: all of its filters run from some frames
before it, and the filter `trim` then takes those from its first frame to the first frame of the next segment.
Times count from the start of the source, and not from the point of seeking, until the file is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from activities.media.codecs import CONTAINERS
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
    written,
)
from activities.media.filters import Input, Stream, graph
from activities.media.locations import Location
from activities.media.notation import MAX_FRAME_RATE
from activities.media.probe import AudioStream, MediaInfo, VideoStream
from activities.media.segments import GRID_SECONDS, NEAR, Stretch
from activities.media.split import SoundVersion
from activities.media.timing import timing_arguments, timing_of
from activities.media.tone import ToneMapper
from activities.media.video_output import VideoOutput

_LIST_LIMITS: Mapping[str, str] = {"protocol_whitelist": "file", "format_whitelist": "concat,mov,nut"}
"""What may be opened to join: a list that JoinAsset wrote, and the formats of segments."""

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
) -> tuple[str, ...]:
    """Compose the command that encodes the whole sound, from one decoding, once for each version."""
    inputs, names = graph(*[_read(file, source, audio.index)] * len(versions))
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


def concat_list(segments: Sequence[tuple[str, Fraction]]) -> str:
    """Write the list that FFmpeg's demuxer `concat` reads.

    Each segment lasts until the next begins, to the microsecond; what is rounded does not add up.

    Args:
        segments: For each segment its file and the time of its first frame, in seconds.
    """
    begins = [Fraction(round(begin * _MICRO), _MICRO) for _, begin in segments]
    lines = ["ffconcat version 1.0"]
    for index, (file, _) in enumerate(segments):
        lines.append(f"file {file}")
        if index + 1 < len(segments):
            lines.append(f"duration {_decimal(begins[index + 1] - begins[index])}")
    return "\n".join((*lines, ""))


def join_arguments(
    output: VideoOutput,
    *,
    picture: str,
    begin: Fraction,
    sound: str | None,
    language: str | None,
    file: str,
) -> tuple[str, ...]:
    """Compose the command that puts an output together; nothing is encoded.

    Args:
        output: The output.
        picture: The list of its segments.
        begin: The time of its first frame, in seconds.
        sound: The file of its sound; None for a silent output.
        language: The sound's language.
        file: What to write.
    """
    return (
        # The times as they are: else the sound would be moved to start with the picture.
        *(*RUN, "-copyts", *PROGRESS),
        *(*written(_LIST_LIMITS), "-itsoffset", _decimal(begin), "-f", "concat", "-i", picture),
        *((*written(MEDIA_LIMITS), "-i", sound) if sound is not None else ()),
        *("-map", "0:v:0", *(("-map", "1:a:0") if sound is not None else ()), "-c", "copy"),
        *NO_TAGS,
        *(("-metadata:s:a:0", f"language={language}") if sound is not None and language else ()),
        *(("-movflags", "+faststart") if output.container.fast_start else ()),
        *("-f", output.container.muxer, file),
    )


def _read(
    file: str, source: MediaInfo, stream: int, *, seek: Fraction = _START, threads: int | None = None
) -> Stream:
    """Read a stream, at the times that it has when picture and sound are read together.

    FFmpeg seeks to a key frame. Frames before the point are cut off by a filter, since its own way to do that
    takes no notice of ``-itsoffset``.
    """
    options = {**media_options(source.video), "itsoffset": _decimal(-source.origin)}
    if threads is not None:
        options["threads"] = str(threads)
    if not seek:
        return Input(file, options).stream(stream)
    # The point is counted from the start of the file, which other streams may have before these.
    point = seek + source.origin - Fraction(round(source.start * _MICRO), _MICRO)
    read = Input(file, {**options, "noaccurate_seek": None, "ss": _decimal(max(point, _START))})
    return read.stream(stream).filter("trim", start=_decimal(seek))


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
    known = {name: _decimal(end) for name, end in ends.items() if end is not None}
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
        *("-output_ts_offset", _decimal(-rendition.stretch.begin)),
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


def _decimal(seconds: Fraction) -> str:
    """Write seconds to the microsecond, which is what FFmpeg reads."""
    micro = round(seconds * _MICRO)
    return f"{'-' if micro < 0 else ''}{abs(micro) // _MICRO}.{abs(micro) % _MICRO:06d}"
