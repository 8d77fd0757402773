"""Looks at an input file: is it media, which streams, is it whole?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from activities.ffmpeg.workshop import Workshop
from activities.media.job import AssetType
from activities.media.probe import AudioStream, MediaInfo, VideoStream, parse_probe
from activities.sandbox.ffmpeg import FFmpegError
from cpe.errors import ActivityError, InvalidInput

MAX_PIXELS = 8192 * 8192
"""Pixels of a frame; 8K video has half as many. A decoded frame of this size takes 100 MB."""

_FORBIDDEN = re.compile(r"\[(\w+) @ [^\]]*\] Format not on whitelist")
_TOO_MUCH = frozenset({"FFMPEG_TIMEOUT", "FFMPEG_OUT_OF_MEMORY"})
_TRUNCATED = ("moov atom not found", "End of file", "Truncat", "partial file", "File ended prematurely")

# Formats whose index states the exact end of the last packet; the others estimate their duration.
_EXACT = frozenset({"mov", "mp4", "matroska", "webm"})
_EXACT_SLACK_SECONDS = 0.2
# Formats with one time for their end: Matroska's is written in two ways, the others have none, and FFmpeg
# takes the clock's.
_FROM_ZERO = frozenset({"matroska", "webm", "ogg", "nut"})
_SLACK_SECONDS = 0.5
_SLACK_SHARE = 0.02
_TAIL_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An input file that was looked at: FFprobe's own words, and what they mean."""

    file: str
    document: Mapping[str, Any]
    info: MediaInfo

    @property
    def video(self) -> VideoStream:
        """The video stream.

        Raises:
            InvalidInput: There is none, ``INPUT_NO_VIDEO``.
        """
        if self.info.video is None:
            raise InvalidInput("The input has no video that can be decoded.", code="INPUT_NO_VIDEO")
        return self.info.video

    @property
    def audio(self) -> AudioStream:
        """The audio stream.

        Raises:
            InvalidInput: There is none, ``INPUT_NO_AUDIO``.
        """
        if self.info.audio is None:
            raise InvalidInput("The input has no audio that can be decoded.", code="INPUT_NO_AUDIO")
        return self.info.audio

    def main_stream(self, kind: AssetType) -> VideoStream | AudioStream:
        """Return the stream that makes the file an asset of that type."""
        return self.video if kind is AssetType.VIDEO else self.audio


def inspect(workshop: Workshop, file: str, kind: AssetType) -> Source:
    """Probe an input and check that it has the stream its type promises.

    Raises:
        InvalidInput: ``INPUT_NOT_MEDIA``, ``INPUT_TRUNCATED``, ``INPUT_NO_VIDEO``, ``INPUT_NO_AUDIO``,
            ``INPUT_TOO_LARGE`` or ``INPUT_TOO_COMPLEX``.
    """
    try:
        document = workshop.probe(file)
    except FFmpegError as error:
        if error.code in _TOO_MUCH:
            raise InvalidInput(
                f"The input asks for more work than is allowed to look at it: {error}.",
                code="INPUT_TOO_COMPLEX",
            ) from error
        if error.code != FFmpegError.default_code:
            raise
        raise _unreadable(error.tail) from error
    source = Source(file=file, document=document, info=_settled(workshop, file, parse_probe(document)))
    source.main_stream(kind)
    video = source.info.video
    if video is not None and video.width * video.height > MAX_PIXELS:
        raise InvalidInput(
            f"The input's picture has {video.width}x{video.height} pixels; {MAX_PIXELS} in all are allowed.",
            code="INPUT_TOO_LARGE",
        )
    return source


def _settled(workshop: Workshop, file: str, info: MediaInfo) -> MediaInfo:
    """Settle how long a file is whose clock does not start at zero, where its format leaves that open.

    Its duration counts from its first frame, or from zero, as whoever wrote it, or FFmpeg, understood the
    format. What its data say decides.
    """
    if info.duration is None or not _FROM_ZERO & set(info.demuxer.split(",")):
        return info
    from_zero = info.duration - info.start
    if abs(info.start) <= _SLACK_SECONDS or from_zero <= 0:
        return info
    last = workshop.last_packet_end(file, max(info.duration - _TAIL_SECONDS, 0))
    # Of the two ends that it may mean, the earlier one, unless there is something behind that.
    earlier = min(info.duration, info.start + info.duration)
    counts_from_zero = (last > earlier + _EXACT_SLACK_SECONDS) == (info.start < 0)
    return _from_first_frame(info, from_zero) if counts_from_zero else info


def _from_first_frame(info: MediaInfo, duration: float) -> MediaInfo:
    """Return what is known of a file, with durations that count from its first frame."""
    video, audio = info.video, info.audio
    if video is not None and video.duration is not None:
        video = replace(video, duration=video.duration - (video.start or 0.0))
    if audio is not None and audio.duration is not None:
        audio = replace(audio, duration=audio.duration - (audio.start or 0.0))
    return replace(info, duration=duration, video=video, audio=audio)


def check_decodable(workshop: Workshop, source: Source, kind: AssetType) -> None:
    """Check that the file's main stream decodes at its start.

    Raises:
        InvalidInput: It does not, ``INPUT_UNDECODABLE``.
    """
    if not workshop.decodes(source.file, source.main_stream(kind).index, [0.0]):
        raise InvalidInput(
            f"The input's {kind.lower()} cannot be decoded; the file is damaged or protected.",
            code="INPUT_UNDECODABLE",
        )


@contextmanager
def telling_the_undecodable(workshop: Workshop, source: Source, kind: AssetType) -> Iterator[None]:
    """Where FFmpeg fails on an input that does not decode at all, say so in place of what FFmpeg says.

    That costs a look at the input only when something failed.
    """
    try:
        yield
    except ActivityError as error:
        if error.code == FFmpegError.default_code:
            check_decodable(workshop, source, kind)
        raise


def check_whole(workshop: Workshop, source: Source, *, tail: float = 1.0) -> None:
    """Check that the file's data go on to the end that it promises; nothing is decoded.

    Args:
        workshop: The tools.
        source: The file.
        tail: How much of the file's end is there, as a share of all; the rest may be a hole.

    Raises:
        InvalidInput: They do not, ``INPUT_TRUNCATED``.
    """
    duration = source.info.duration
    if duration is None:
        return
    end = source.info.start + duration
    # Half of the tail, since not every second has as many bytes.
    look = min(max(_TAIL_SECONDS, duration * _SLACK_SHARE), duration * tail / 2 if tail < 1 else duration)
    last = workshop.last_packet_end(source.file, max(end - look, 0))
    exact = bool(_EXACT & set(source.info.demuxer.split(",")))
    slack = _EXACT_SLACK_SECONDS if exact else max(_SLACK_SECONDS, duration * _SLACK_SHARE)
    if last < end - slack:
        raise InvalidInput(
            f"The input should last {duration:.1f} s, but its data end before that. Upload it again, whole.",
            code="INPUT_TRUNCATED",
        )


def _unreadable(tail: str) -> InvalidInput:
    if any(word in tail for word in _TRUNCATED):
        return InvalidInput(
            "The input is cut off: what is needed to read it is missing. Upload it again, whole.",
            code="INPUT_TRUNCATED",
        )
    forbidden = _FORBIDDEN.search(tail)
    if forbidden:
        return InvalidInput(
            f"The input is of the format {forbidden[1]}, which is not accepted here.", code="INPUT_NOT_MEDIA"
        )
    return InvalidInput(
        f"The input is no media file, or of a format that is not accepted: {tail}.", code="INPUT_NOT_MEDIA"
    )
