"""The file formats that a video may have: the extension of an object's key names one.

It is looked up here and never passed on, so that a key cannot choose a muxer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from activities.media.fields import shown
from cpe.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A file format of outputs.

    Attributes:
        muxer: FFmpeg's name.
        content_type: The MIME type that the object gets.
        fast_start: Whether the index can be moved to the front, so that playback starts at once.
        codecs: FFprobe names of the codecs it holds; None when it takes all of ours.
    """

    muxer: str
    content_type: str
    fast_start: bool = False
    codecs: frozenset[str] | None = None


_WEBM = frozenset({"vp8", "vp9", "av1", "opus", "vorbis"})
_ISO = frozenset({"h264", "hevc", "vp9", "av1", "mpeg4", "mpeg2video", "aac", "mp3", "opus", "ac3", "flac"})
_TS = frozenset({"h264", "hevc", "mpeg4", "mpeg2video", "aac", "mp3", "opus", "ac3"})

CONTAINERS: Mapping[str, Container] = {
    "mp4": Container(muxer="mp4", content_type="video/mp4", fast_start=True, codecs=_ISO),
    "m4v": Container(muxer="mp4", content_type="video/x-m4v", fast_start=True, codecs=_ISO),
    "mov": Container(
        muxer="mov", content_type="video/quicktime", fast_start=True, codecs=_ISO - {"vp9", "opus"}
    ),
    "mkv": Container(muxer="matroska", content_type="video/x-matroska"),
    "webm": Container(muxer="webm", content_type="video/webm", codecs=_WEBM),
    "ts": Container(muxer="mpegts", content_type="video/mp2t", codecs=_TS),
    "flv": Container(muxer="flv", content_type="video/x-flv", codecs=frozenset({"h264", "aac", "mp3"})),
}


def container_of(key: str, where: str) -> Container:
    """Tell the container by the extension of an object's key."""
    extension = extension_of(key)
    if extension not in CONTAINERS:
        raise InvalidInput(
            f"{where} must end in a container of video ({', '.join(CONTAINERS)}), not {shown(key)}.",
            code="OUTPUT_FORMAT_UNSUPPORTED",
        )
    return CONTAINERS[extension]


def extension_of(key: str) -> str:
    """Return the extension of a key in lower case, without its dot."""
    return PurePosixPath(key).suffix.removeprefix(".").lower()
