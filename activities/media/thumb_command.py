"""FFmpeg's commands that make thumbnails, as lists of arguments; see :mod:`activities.media.command`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from activities.media.command import MEDIA_LIMITS, NO_TAGS, PROGRESS, RUN, deinterlaced, media_options
from activities.media.filters import Input, Stream, concat, graph
from activities.media.probe import MediaInfo, VideoStream
from activities.media.thumb_output import Sprite, ThumbOutput
from activities.media.tone import ToneMapper, tone_mapped

# For a source that does not tell its frame rate.
_FRAME_SECONDS = 0.1

# Pictures by which the last one may be repeated: the last frame may end a little before the video is said to.
_REPEATED = 2

_MICRO = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Pictures at a steady distance, to be made with others from one decoding.

    Attributes:
        output: What to make.
        start: The second of the first picture.
        every: Seconds from one picture to the next.
        count: How many pictures; None where only decoding tells.
        files: The pattern of the files to write, such as ``thumb-%06d``. They are PPM where the output's
            format is one that Pillow writes.
        mapper: With what a high dynamic range is brought to the usual one; None to leave it.
    """

    output: ThumbOutput
    start: Fraction
    every: Fraction
    count: int | None
    files: str
    mapper: ToneMapper | None = None


def snapshot_arguments(
    output: ThumbOutput,
    at: float,
    info: MediaInfo,
    video: VideoStream,
    *,
    source: str,
    picture: str,
    mapper: ToneMapper | None = None,
) -> tuple[str, ...]:
    """Compose the command that makes one picture.

    Args:
        output: What to make.
        at: The second of the picture.
        info: The input file's streams.
        video: Its video stream.
        source: The file to read.
        picture: The file to write; PPM where the output's format is one that Pillow writes.
        mapper: With what a high dynamic range is brought to the usual one; None to leave it.
    """
    moment = _moment(at, info, video)
    seek = {"ss": f"{moment:.3f}"} if moment else {}
    stream = deinterlaced(Input(source, {**media_options(video), **seek}).stream(video.index), video)
    inputs, (name,) = graph(_sized(stream, video, output, mapper))
    return (
        *(*RUN, *PROGRESS, *inputs, "-map", name, *_coding(output)),
        *("-frames:v", "1", "-update", "1", "-f", "image2", picture),
    )


def series_arguments(series: Sequence[Series], video: VideoStream, *, source: str) -> tuple[str, ...]:
    """Compose the command that makes all series of pictures of a source, from one decoding.

    Args:
        series: What to make.
        video: The source's video stream.
        source: The file to read.
    """
    picture = deinterlaced(Input(source, media_options(video)).stream(video.index), video)
    ways = picture.split(len(series)) if len(series) > 1 else (picture,)
    inputs, names = graph(*(_pictures(way, one, video) for way, one in zip(ways, series, strict=True)))
    return (
        *(*RUN, *PROGRESS, *inputs),
        *(
            argument
            for name, one in zip(names, series, strict=True)
            for argument in (
                *("-map", name, *_coding(one.output), "-fps_mode", "passthrough"),
                *("-start_number", "1", "-f", "image2", one.files),
            )
        ),
    )


def sought_arguments(
    series: Series, video: VideoStream, seeks: Sequence[Fraction], *, source: str, first: int, tiles: str
) -> tuple[str, ...]:
    """Compose the command that makes some pictures of a series, each sought by itself.

    Args:
        series: What to make.
        video: The source's video stream.
        seeks: For each picture a second shortly before its frame; 0 for the first frame.
        source: The file to read.
        first: The number of the first of these pictures, from 1.
        tiles: The file that takes the bare pictures of a sprite; others are written by their numbers.
    """
    one_thread = {**MEDIA_LIMITS, "threads": "1"}
    pictures = [
        Input(source, one_thread if not seek else {**one_thread, "ss": f"{float(seek):.6f}"})
        .stream(video.index)
        .filter("trim", end_frame=1)
        for seek in seeks
    ]
    # Each has the time that it has in the file; image2 wants them in order and apart.
    picture = concat(pictures).filter("setpts", expr="N/TB")
    inputs, (name,) = graph(_sized(picture, video, series.output, series.mapper))
    written = (
        ("-c:v", "rawvideo", "-pix_fmt", series.output.image.pixel_format, "-f", "rawvideo", tiles)
        if series.output.sprite is not None
        else (*_coding(series.output), "-start_number", str(first), "-f", "image2", series.files)
    )
    return (*RUN, *inputs, "-map", name, "-fps_mode", "passthrough", *written)


def sheets_arguments(series: Series, sprite: Sprite, video: VideoStream, *, tiles: str) -> tuple[str, ...]:
    """Compose the command that lays the bare pictures of a sprite on its sheets.

    Args:
        series: What to make.
        sprite: How the sheets are laid out.
        video: The source's video stream.
        tiles: The file that has the pictures, one behind the other.
    """
    width, height = series.output.size_for(video)
    bare = {
        "protocol_whitelist": "file",
        "format_whitelist": "rawvideo",
        "f": "rawvideo",
        "pixel_format": series.output.image.pixel_format,
        "s": f"{width}x{height}",
        "framerate": "1",
    }
    inputs, (name,) = graph(_tiled(Input(tiles, bare).stream(0).filter("setsar", sar=1), sprite))
    return (
        *(*RUN, *inputs, "-map", name, *_coding(series.output), "-fps_mode", "passthrough"),
        *("-start_number", "1", "-f", "image2", series.files),
    )


def _pictures(frames: Stream, series: Series, video: VideoStream) -> Stream:
    picture = frames
    if series.start:
        # In microseconds: the clock of the frames may be too coarse for the difference.
        picture = picture.filter("settb", expr="AVTB")
        picture = picture.filter("setpts", expr=f"PTS-{round(series.start * _MICRO)}")
    # Rounding up makes picture k the one on show at k times the interval.
    picture = picture.filter("fps", fps=str(1 / series.every), start_time=0, round="up")
    if series.count is not None:
        picture = picture.filter("tpad", stop=_REPEATED, stop_mode="clone")
        picture = picture.filter("trim", end_frame=series.count)
    picture = _sized(picture, video, series.output, series.mapper)
    sprite = series.output.sprite
    return _tiled(picture, sprite) if sprite is not None else picture


def _tiled(picture: Stream, sprite: Sprite) -> Stream:
    return picture.filter("tile", layout=f"{sprite.columns}x{sprite.rows}")


def _sized(picture: Stream, video: VideoStream, output: ThumbOutput, mapper: ToneMapper | None) -> Stream:
    """Bring a picture to the output's size, in square pixels. FFmpeg itself has turned it upright before."""
    width, height = output.size_for(video)
    # JFIF knows one way to write colours, whatever the source's.
    colours = {} if output.image.converted else {"out_color_matrix": "bt601", "out_range": "full"}
    if mapper is None:
        return picture.filter("scale", w=width, h=height, **colours).filter("setsar", sar=1)
    # zimg takes no half pixels of colour, which sides of odd length would have.
    picture = picture.filter("scale", w=width, h=height).filter("format", pix_fmts="yuv444p10le")
    picture = tone_mapped(picture, video, mapper, pixels="yuv444p")
    return (picture.filter("scale", **colours) if colours else picture).filter("setsar", sar=1)


def _coding(output: ThumbOutput) -> tuple[str, ...]:
    image = output.image
    return (*NO_TAGS, "-c:v", image.encoder, *image.quality, "-pix_fmt", image.pixel_format)


def _moment(at: float, info: MediaInfo, video: VideoStream) -> float:
    """Return the second to seek to: the last frame's for a wish between it and the end."""
    if info.video_duration is None:
        return at
    frame = 1 / float(video.frame_rate) if video.frame_rate else _FRAME_SECONDS
    return max(min(at, info.video_duration - frame), 0.0)
