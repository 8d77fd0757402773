"""The commands of FFmpeg and FFprobe, as lists of arguments.

File names are those that the activities give within their scratch directory, never a job's. They have no
extension, so that FFmpeg tells formats by content alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from activities.media.avc_levels import fitting_level
from activities.media.channels import DEFAULT_CHANNELS, Channels
from activities.media.codecs import AudioEncoder
from activities.media.excerpt import Excerpt
from activities.media.filters import Stream
from activities.media.geometry import Layout
from activities.media.probe import AudioStream, VideoStream
from activities.media.rate import rate_arguments
from activities.media.reading import decimal
from activities.media.timing import timing_of
from activities.media.tone import ToneMapper, tone_mapped
from activities.media.video_output import VideoOutput, Watermark

_DEMUXERS = (
    "mov,matroska,webm,mpegts,mpeg,avi,flv,asf,ogg,mxf,gxf,dv,ivf,nut,rm,wtv,m4v,h264,hevc,mpegvideo,"
    "wav,w64,aiff,mp3,aac,flac,ac3,eac3,dts,amr,caf,au"
)

MEDIA_LIMITS: Mapping[str, str] = {"protocol_whitelist": "file", "format_whitelist": _DEMUXERS}
"""What may be opened as media: formats that hold their own data. HLS, DASH, concat and the like name other
files and addresses, whatever the file is called, and are none of them."""

PICTURE_LIMITS: Mapping[str, str] = {"protocol_whitelist": "file", "format_whitelist": "pam_pipe"}
"""What may be opened as a picture: the one format that the activities themselves write."""

RUN = ("-hide_banner", "-nostdin", "-y", "-loglevel", "error")
PROGRESS = ("-progress", "pipe:1", "-stats_period", "0.5")
# Neither chapters nor tags travel: tags of phones carry the place of recording.
NO_TAGS = ("-map_metadata", "-1", "-map_chapters", "-1")
_BY_INDEX = ("-fflags", "+noparse+nofillin")


def probe_arguments(file: str) -> tuple[str, ...]:
    """Ask FFprobe for format and streams as JSON."""
    return (
        "-v",
        "error",
        *written(MEDIA_LIMITS),
        "-show_format",
        "-show_streams",
        "-of",
        "json",
        "-i",
        file,
    )


def tail_arguments(file: str, seconds: float) -> tuple[str, ...]:
    """Ask FFprobe for stream, time and duration of the packets from `seconds` on, a line each."""
    entries = "packet=stream_index,pts_time,duration_time"
    return (
        *("-v", "error", *written(MEDIA_LIMITS), *_between(seconds, None)),
        *("-show_entries", entries, "-of", "csv=print_section=0", "-i", file),
    )


def frames_arguments(file: str, stream: int, *, indexed: bool = False) -> tuple[str, ...]:
    """Ask FFprobe for time in ticks and flags of all packets of a stream, a line each.

    With `indexed` it says what the file's index says; the packets themselves need not be there.
    """
    return (
        *("-v", "error", *written(MEDIA_LIMITS), *(_BY_INDEX if indexed else ())),
        *("-select_streams", str(stream)),
        *("-show_entries", "packet=pts,flags", "-of", "csv=print_section=0", "-i", file),
    )


def places_arguments(file: str, stream: int, *, begin: float, end: float) -> tuple[str, ...]:
    """Ask FFprobe for time in ticks, bytes, place and flags of packets of a stream, a line each.

    They are those from the key frame on or before `begin` to the first that is shown at or after `end`, in
    seconds by the file's own clock. What it says is what the file's index says; the packets themselves need
    not be there.
    """
    return (
        *("-v", "error", *written(MEDIA_LIMITS), *_BY_INDEX, *_between(begin, end)),
        *("-select_streams", str(stream)),
        *("-show_entries", "packet=pts,size,pos,flags", "-of", "csv=print_section=0", "-i", file),
    )


def survey_arguments(file: str) -> tuple[str, ...]:
    """Ask FFprobe for format and streams, and for time in ticks and flags of all packets, a line each."""
    return (
        *("-v", "error", *written(MEDIA_LIMITS), "-show_format", "-show_streams"),
        *("-show_entries", "packet=stream_index,pts,flags", "-of", "json=compact=1", "-i", file),
    )


def sample_arguments(file: str, stream: int, times: Sequence[float]) -> tuple[str, ...]:
    """Ask FFprobe to decode the key frame on or before each of the `times` and print a line for it.

    That is a third of the work of :func:`decode_arguments`: the file is opened once, and no other frame is
    decoded. It takes an index of the key frames. Times are by the file's own clock.
    """
    places = ",".join(f"{time:.3f}%+#1" if time else "%+#1" for time in times)
    return (
        *("-v", "error", *written(MEDIA_LIMITS), "-select_streams", str(stream)),
        *("-read_intervals", places, "-show_entries", "frame=pts", "-of", "csv", "-i", file),
    )


def decode_arguments(file: str, stream: int, times: Sequence[float]) -> tuple[str, ...]:
    """Decode the key frame on or before each of the `times` and print a line for it, all in one run."""
    limits = written(MEDIA_LIMITS)
    inputs = [option for time in times for option in (*limits, *_key_frame_before(time), "-i", file)]
    frames = [
        option
        for index in range(len(times))
        for option in (
            *("-map", f"{index}:{stream}", "-frames:v", "1", "-frames:a", "1"),
            *("-fps_mode", "passthrough", "-f", "framecrc", "pipe:1"),
        )
    ]
    # Original timestamps: a key frame before the point would otherwise count as negative and be dropped.
    return (*RUN, "-copyts", *inputs, *frames)


def _between(begin: float, end: float | None) -> tuple[str, ...]:
    """Have FFprobe read from a second on, and to another one."""
    # To the start nobody has to seek, which some files do not allow.
    start = f"{begin:.3f}" if begin > 0 else ""
    stop = f"{end:.3f}" if end is not None else ""
    return ("-read_intervals", f"{start}%{stop}") if start or stop else ()


def written(options: Mapping[str, str]) -> tuple[str, ...]:
    """Write options as arguments."""
    return tuple(text for name, value in sorted(options.items()) for text in (f"-{name}", value))


def _key_frame_before(time: float) -> tuple[str, ...]:
    """Options to seek; none for the start, since raw streams cannot seek at all."""
    return ("-noaccurate_seek", "-ss", f"{time:.3f}") if time else ()


def framed(
    picture: Stream,
    video: VideoStream,
    output: VideoOutput,
    *,
    mark: Stream | None,
    mapper: ToneMapper | None = None,
    burnt: str | None = None,
) -> Stream:
    """Bring a picture of whole frames to the output's frame rate and shape, and lay its watermark over it.

    It is upright already, as the source says.

    Args:
        picture: The picture, at the times that it has in the whole source.
        video: What the source tells of it.
        output: What it becomes.
        mark: The watermark's picture.
        mapper: With what a high dynamic range is brought to the usual one; None to leave it.
        burnt: The SRT file that is drawn on it; None for none.
    """
    picture = _timed(picture, timing_of(output, video).rate, output.excerpt)
    picture = _turned(picture, output.view(video).rotation - video.rotation)
    picture = _laid_out(picture, output.layout_for(video), full_range=video.color_range == "pc")
    if mapper is not None:
        picture = tone_mapped(picture, video, mapper)
    if burnt is not None:
        picture = picture.filter("subtitles", filename=burnt, charenc="UTF-8")
    if output.watermark is not None and mark is not None:
        picture = watermarked(picture, mark, output.watermark)
    return picture


def media_options(video: VideoStream | None) -> Mapping[str, str | None]:
    """Return the options with which a source is read; `video` is its picture.

    FFmpeg turns a picture upright before all filters. The fields of one that has fields would be columns
    then, which nothing makes whole: such a picture is turned by :func:`deinterlaced`.
    """
    if video is not None and video.interlaced and video.rotation:
        return {**MEDIA_LIMITS, "noautorotate": None}
    return MEDIA_LIMITS


def deinterlaced(picture: Stream, video: VideoStream) -> Stream:
    """Make whole frames of fields, upright; a picture that has none stays as it is.

    Args:
        picture: What is read with :func:`media_options`.
        video: What the source tells of it.
    """
    if not video.interlaced:
        return picture
    return _turned(picture.filter("bwdif", mode="send_frame", deint="interlaced"), video.rotation)


def _timed(picture: Stream, rate: Fraction | None, excerpt: Excerpt | None) -> Stream:
    """Bring a picture to a constant rate, if there is one; of a part, take the frames on show in it."""
    if excerpt is not None and excerpt.start:
        picture = picture.filter("setpts", expr=f"PTS-{decimal(excerpt.start)}/TB")
    if rate is not None:
        # The filter, since the option -r makes one or two frames too many at the end. The frame that is on
        # show at the start of a part comes first.
        start = {"start_time": 0} if excerpt is not None else {}
        picture = picture.filter("fps", fps=str(rate), **start)
    if excerpt is None:
        return picture
    ends = {"start": "0"} if rate is None else {}
    if excerpt.duration is not None:
        ends["end"] = decimal(excerpt.duration)
    return picture.filter("trim", **ends) if ends else picture


def _turned(picture: Stream, degrees: int) -> Stream:
    """Turn a picture clockwise by quarters."""
    match degrees % 360:
        case 90:
            return picture.filter("transpose", dir="clock")
        case 180:
            return picture.filter("hflip").filter("vflip")
        case 270:
            return picture.filter("transpose", dir="cclock")
        case _:
            return picture


def _laid_out(picture: Stream, layout: Layout, *, full_range: bool) -> Stream:
    """Cut, scale and pad an upright picture; values of the full range become those of television."""
    if layout.window is not None:
        width, height = layout.window
        picture = picture.filter("crop", w=width, h=height)
    width, height = layout.scaled
    values = {"out_range": "tv"} if full_range else {}
    picture = picture.filter("scale", w=width, h=height, **values)
    if layout.canvas != layout.scaled:
        (width, height), (x, y) = layout.canvas, layout.offset
        picture = picture.filter("pad", w=width, h=height, x=x, y=y)
    return picture.filter("setsar", sar=1)


def watermarked(picture: Stream, mark: Stream, watermark: Watermark) -> Stream:
    """Lay a watermark's picture over another one."""
    if watermark.size is not None:
        width, height = watermark.size.width, watermark.size.height
        mark = mark.filter("scale", w=width or -1, h=height or -1)
    mark = mark.filter("format", pix_fmts="rgba").filter("colorchannelmixer", aa=f"{watermark.opacity:g}")
    return picture.overlay(mark, x=_from_edge(watermark.x, "W-w"), y=_from_edge(watermark.y, "H-h"))


def _from_edge(offset: int, edge: str) -> str:
    return str(offset) if offset >= 0 else f"{edge}{offset}"


def video_coding(output: VideoOutput, video: VideoStream) -> tuple[str, ...]:
    """Write the options of an output's video encoder; `video` is what the source tells of its picture."""
    options = output.options
    return (
        *("-c:v", output.video.name),
        *output.video.speed_options(options.speed),
        *(("-profile:v", options.profile) if options.profile else ()),
        *(("-level:v", _level(options.level, output, video)) if options.level else ()),
        *(("-refs:v", str(options.references)) if options.references else ()),
        *rate_arguments(
            output.video, average=output.video_bit_rate, crf=output.crf, highest=output.max_bit_rate
        ),
        *output.video.extra,
        *("-pix_fmt", "yuv420p"),
    )


def _level(level: str, output: VideoOutput, video: VideoStream) -> str:
    """Return a preset's level, or one that allows the size and the rate that the job wants instead."""
    rate = timing_of(output, video).rate or video.frame_rate
    return fitting_level(level, output.size_for(video), rate)


def audio_coding(
    stream: AudioStream, encoder: AudioEncoder, bit_rate: int, channels: Channels = DEFAULT_CHANNELS
) -> tuple[str, ...]:
    """Write the options of an audio encoder.

    Args:
        stream: The source's sound.
        encoder: The encoder.
        bit_rate: Bits per second; one without loss takes none, and none makes more than it can.
        channels: How many channels to make. The presets' devices and bit rates mean two at most.
    """
    count = channels.of(stream.channels)
    return (
        *("-c:a", encoder.name),
        *(() if encoder.lossless else ("-b:a", str(min(bit_rate, encoder.most_bits(count))))),
        # Also where there are as many already: not every encoder takes every arrangement of loudspeakers.
        *(("-ac", str(count)) if count != stream.channels or count > DEFAULT_CHANNELS.most else ()),
        *(("-metadata:s:a:0", f"language={stream.language}") if stream.language else ()),
    )
