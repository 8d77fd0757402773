"""Checks what FFmpeg made before anybody sees it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from activities.ffmpeg.tools import can_decode
from activities.ffmpeg.workshop import Workshop
from activities.media.captions import SUBTITLE_ENCODERS, CaptionMode
from activities.media.probe import MediaInfo, VideoStream, parse_probe
from activities.media.survey import FrameTimes, Survey
from activities.media.thumb_formats import ImageFormat
from activities.media.video_output import VideoOutput
from activities.pictures.pictures import PictureError, measure
from activities.sandbox.ffmpeg import FFmpegError
from cpe.errors import ActivityError

_SLACK_SECONDS = 1.0
_SLACK_SHARE = 0.02
_BEFORE_END = 0.5
_BEFORE_KEY = 1.0

_PICTURE_BOUNDS = {"JPEG": (b"\xff\xd8", b"\xff\xd9"), "PNG": (b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82")}
_RIFF_HEADER = 8


def verify_video(
    workshop: Workshop, file: str, output: VideoOutput, *, size: tuple[int, int], source: MediaInfo
) -> MediaInfo:
    """Check a finished video: streams, codecs, size, duration, and that it decodes at start, middle and end.

    Raises:
        ActivityError: ``OUTPUT_INVALID``, or ``OUTPUT_TOO_SHORT`` when a part of the source is missing in it.
    """
    info = probe_made(workshop, file)
    check_video(workshop, file, info, output, size=size, source=source)
    return info


def check_video(
    workshop: Workshop,
    file: str,
    info: MediaInfo,
    output: VideoOutput,
    *,
    size: tuple[int, int],
    source: MediaInfo,
) -> None:
    """Check a finished video as :func:`verify_video` does, of which is known what FFprobe says of it."""
    video, audio = info.video, info.audio
    found = (video.codec, video.width, video.height) if video else None
    if found != (output.video.codec, *size):
        raise invalid_output(f"has video {found} instead of {(output.video.codec, *size)}")
    if (audio.codec if audio else None) != (output.audio.codec if source.audio else None):
        raise invalid_output(f"has audio {audio.codec if audio else None} instead of {output.audio.codec}")
    verify_duration(info, source)
    duration = info.duration or 0.0
    last = max(duration - _BEFORE_END, 0.0)
    indexed = output.container.muxer != "mpegts"
    if video is not None and not indexed:
        last = _before_last_key_frame(workshop, file, video)
    times = [0.0, min(duration / 2, last), last]
    if video is None or not _decodes(workshop, file, video, times, start=info.start, indexed=indexed):
        raise invalid_output("cannot be decoded at its start, middle and end")


def verify_captions(output: VideoOutput, made: MediaInfo) -> None:
    """Check that a finished video has the captions that go into it.

    Raises:
        ActivityError: ``OUTPUT_INVALID``.
    """
    wanted = [captions for captions in output.captions if captions.mode is CaptionMode.EMBED]
    _, codec = SUBTITLE_ENCODERS.get(output.container.muxer, ("", ""))
    found = [stream.codec for stream in made.captions]
    if found != [codec] * len(wanted):
        raise invalid_output(f"has captions {found} instead of {len(wanted)}")


def verify_pictures(files: Sequence[Path], image: ImageFormat, *, size: tuple[int, int]) -> None:
    """Check finished thumbnails: each is whole, and has the format and size it should have.

    Raises:
        ActivityError: ``OUTPUT_INVALID``.
    """
    if not files:
        raise invalid_output("has no picture")
    for file in files:
        if not _is_whole(file, image):
            raise invalid_output("has a picture that is not whole")
        try:
            found = measure(file, image.name)
        except PictureError as error:
            raise invalid_output(f"has a picture that cannot be read: {error}") from error
        if found != size:
            raise invalid_output(f"has a picture of {found} pixels instead of {size}")


def verify_duration(info: MediaInfo, source: MediaInfo) -> None:
    """Check that a finished file lasts as long as its source.

    Raises:
        ActivityError: ``OUTPUT_TOO_SHORT``, or ``OUTPUT_INVALID`` when it lasts longer.
    """
    wanted = expected_duration(source)
    if wanted is None:
        return
    slack = max(_SLACK_SECONDS, wanted * _SLACK_SHARE)
    found = info.duration or 0.0
    if found < wanted - slack:
        raise ActivityError(
            f"The output lasts {found:.2f} s of the source's {wanted:.2f} s; the source is cut off or "
            "damaged.",
            code="OUTPUT_TOO_SHORT",
        )
    if found > wanted + slack:
        raise invalid_output(f"lasts {found:.2f} s instead of {wanted:.2f} s")


def _decodes(
    workshop: Workshop,
    file: str,
    video: VideoStream,
    times: Sequence[float],
    *,
    start: float,
    indexed: bool,
) -> bool:
    if not can_decode(video.codec, workshop.tools):
        # That there are frames to start from must do.
        known = workshop.frame_times(file, video.index)
        return known is not None and bool(known.keys)
    own = [time and time + start for time in times]
    if indexed and workshop.samples(file, video.index, own):
        return True
    return workshop.decodes(file, video.index, times)


def _before_last_key_frame(workshop: Workshop, file: str, video: VideoStream) -> float:
    """Return a second of an MPEG-TS from which a frame near its end can be decoded.

    It has no index: a seek lands between key frames, and decoding starts at the next one.
    """
    known = workshop.frame_times(file, video.index)
    if known is None or not known.keys or video.time_base is None:
        return 0.0
    return max(float((known.keys[-1] - known.times[0]) * video.time_base) - _BEFORE_KEY, 0.0)


def expected_duration(source: MediaInfo) -> float | None:
    """Return how many seconds an output of this source has; None when the source does not tell."""
    streams: list[float | None] = [stream.duration for stream in (source.video, source.audio) if stream]
    known = [duration for duration in streams if duration is not None]
    return max(known) if known and len(known) == len(streams) else source.duration


def probe_made(workshop: Workshop, file: str) -> MediaInfo:
    """Probe a finished file.

    Raises:
        ActivityError: It cannot be read, ``OUTPUT_INVALID``.
    """
    with _unreadable_is_invalid():
        return parse_probe(workshop.probe(file))


def survey_made(workshop: Workshop, file: str) -> Survey:
    """Read a finished file from end to end; errors are those of :func:`probe_made`."""
    with _unreadable_is_invalid():
        return workshop.survey(file)


def frame_times_made(workshop: Workshop, file: str, stream: int) -> FrameTimes | None:
    """Read when the frames of a stream of a finished file are shown; errors are those of :func:`probe_made`.

    None: some have no time.
    """
    with _unreadable_is_invalid():
        return workshop.frame_times(file, stream)


@contextmanager
def _unreadable_is_invalid() -> Iterator[None]:
    try:
        yield
    except FFmpegError as error:
        raise invalid_output(f"cannot be read: {error.tail}") from error


def _is_whole(path: Path, image: ImageFormat) -> bool:
    content = path.read_bytes()
    if image.name == "WEBP":
        # It says how long it is, and may have a byte more to make that even.
        length = int.from_bytes(content[4:_RIFF_HEADER], "little") + _RIFF_HEADER
        return content.startswith(b"RIFF") and length <= len(content) <= length + 1
    first, last = _PICTURE_BOUNDS[image.name]
    return content.startswith(first) and content.endswith(last)


def invalid_output(what: str) -> ActivityError:
    """Return the error for an output that is not what it should be."""
    return ActivityError(f"The output {what}. It was not published.", code="OUTPUT_INVALID")
