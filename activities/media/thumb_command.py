"""FFmpeg's command that makes thumbnails, as a list of arguments; see :mod:`activities.media.command`."""

from __future__ import annotations

from activities.media.command import MEDIA_LIMITS, NO_TAGS, PROGRESS, RUN, deinterlaced, upright
from activities.media.filters import Input, arguments
from activities.media.probe import MediaInfo, VideoStream
from activities.media.thumb_output import Intervals, Snapshot, ThumbOutput

# For a source that does not tell its frame rate.
_FRAME_SECONDS = 0.1


def thumb_arguments(
    output: ThumbOutput, info: MediaInfo, video: VideoStream, *, source: str, pictures: str
) -> tuple[str, ...]:
    """Compose the command that makes thumbnails.

    Args:
        output: What to make.
        info: The input file's streams.
        video: Its video stream.
        source: The file to read.
        pictures: The file to write; for a series a pattern such as ``thumb-%06d``. They are PPM where the
            output's format is one that Pillow writes.
    """
    match output.when:
        case Snapshot(at=at):
            moment = _moment(at, info, video)
            seek = {"ss": f"{moment:.3f}"} if moment else {}
            picture = Input(source, {**MEDIA_LIMITS, **seek}).stream(video.index)
            end: tuple[str, ...] = ("-frames:v", "1", "-update", "1")
        case Intervals(seconds=seconds):
            picture = Input(source, MEDIA_LIMITS).stream(video.index)
            # Rounding up makes picture k the one on show at k times the interval.
            picture = picture.filter("fps", fps=str(1 / seconds), start_time=0, round="up")
            end = ("-fps_mode", "passthrough", "-start_number", "1")
    return (
        *(*RUN, *PROGRESS),
        *arguments(upright(deinterlaced(picture, video), video, output)),
        *NO_TAGS,
        *("-c:v", output.image.encoder, *output.image.quality, "-pix_fmt", output.image.pixel_format),
        *(*end, "-f", "image2", pictures),
    )


def _moment(at: float, info: MediaInfo, video: VideoStream) -> float:
    """Return the second to seek to: the last frame's for a wish between it and the end."""
    if info.video_duration is None:
        return at
    frame = 1 / float(video.frame_rate) if video.frame_rate else _FRAME_SECONDS
    return max(min(at, info.video_duration - frame), 0.0)
