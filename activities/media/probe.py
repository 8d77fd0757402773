"""What FFprobe says of a file, as values."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

_INTERLACED = frozenset({"tt", "bb", "tb", "bt"})
_MICRO = 1_000_000
_HDR = frozenset({"smpte2084", "arib-std-b67"})
_BREAKING = frozenset({"mpegts", "mpeg", "ogg"})
_NO_COLOR = frozenset({"unknown", "reserved", "unspecified", ""})
_TEXT_CAPTIONS = frozenset({"subrip", "srt", "mov_text", "webvtt", "ass", "ssa", "text"})
_NO_PICTURE_TRACK = ("attached_pic", "timed_thumbnails")


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoStream:
    """The video stream of a file.

    Attributes:
        index: FFmpeg's number of the stream in the file.
        width: Stored pixels per line, before sample aspect and rotation.
        height: Stored lines.
        sample_aspect: Width of a pixel over its height.
        rotation: Degrees to turn clockwise for display: 0, 90, 180 or 270.
        frame_rate: Average frames per second; None when unknown.
        steady: Whether the frames are told to come at that rate throughout.
        time_base: Seconds of a tick of the frames' times; None when unknown.
        start: The second at which its first frame is shown, by the file's clock.
        duration: Seconds; None when the stream does not tell.
        color_range: ``tv`` or ``pc``, as FFmpeg names them; this and the other colours None when not told.
        color_space: The matrix between RGB and YUV, such as ``bt709``.
        color_transfer: The curve from values to light, such as ``bt709``; ``smpte2084`` is PQ.
        color_primaries: What red, green and blue are, such as ``bt2020``.
    """

    index: int
    codec: str
    width: int
    height: int
    profile: str | None = None
    level: int | None = None
    pixel_format: str | None = None
    sample_aspect: Fraction = Fraction(1)
    rotation: int = 0
    frame_rate: Fraction | None = None
    steady: bool = False
    time_base: Fraction | None = None
    interlaced: bool = False
    start: float | None = None
    duration: float | None = None
    color_range: str | None = None
    color_space: str | None = None
    color_transfer: str | None = None
    color_primaries: str | None = None

    @property
    def hdr(self) -> bool:
        """Whether its light goes beyond what a usual screen shows: PQ or HLG."""
        return self.color_transfer in _HDR

    @property
    def upright_size(self) -> tuple[int, int]:
        """Stored width and height once turned upright."""
        return (self.height, self.width) if self.rotation in (90, 270) else (self.width, self.height)

    @property
    def display_size(self) -> tuple[Fraction, Fraction]:
        """Width and height as shown: square pixels, upright."""
        width, height = self.width * self.sample_aspect, Fraction(self.height)
        return (height, width) if self.rotation in (90, 270) else (width, height)


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioStream:
    """An audio stream of a file. `start` and `duration` in seconds, `sample_rate` in Hz."""

    index: int
    codec: str
    channels: int
    sample_rate: int
    start: float | None = None
    duration: float | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionStream:
    """A stream of captions in text. `language` is ISO 639-2."""

    index: int
    codec: str
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaInfo:
    """A file of media: the streams that a player would choose.

    `duration` is in seconds and None when the container does not tell; `demuxer` is FFmpeg's name of
    the format. Of a part of a file, `skipped` are the seconds before it, and `taken` those that it has at
    most, None for all the rest: see :class:`~activities.media.excerpt.Excerpt`.
    """

    demuxer: str
    duration: float | None = None
    start: float = 0.0
    video: VideoStream | None = None
    audio: AudioStream | None = None
    captions: tuple[CaptionStream, ...] = ()
    skipped: Fraction = Fraction(0)
    taken: Fraction | None = None

    @property
    def video_duration(self) -> float | None:
        """Seconds of picture, as far as the file tells."""
        return (self.video.duration if self.video else None) or self.duration

    @property
    def origin(self) -> Fraction:
        """The second of the file's clock, to the microsecond, that FFmpeg counts as 0 when it reads both.

        It is when the file starts; where clocks may break, when the first of these streams does. Of a part
        it is when that starts.
        """
        starts = [stream.start for stream in (self.video, self.audio) if stream and stream.start is not None]
        broken = bool(_BREAKING & set(self.demuxer.split(","))) and starts
        start = Fraction(round((min(starts) if broken else self.start) * _MICRO), _MICRO)
        return start + self.skipped


_Stream = TypeVar("_Stream", VideoStream, AudioStream)


def parse_probe(document: Mapping[str, Any]) -> MediaInfo:
    """Read FFprobe's JSON (``-show_format -show_streams``).

    Cover art is no video stream. Among several streams the one marked as default wins, then the larger
    picture, then the one that comes first.
    """
    streams: list[Mapping[str, Any]] = list(document.get("streams") or [])
    container: Mapping[str, Any] = document.get("format") or {}
    videos = [(_is_default(raw), video) for raw in streams if (video := _video(raw))]
    audios = [(_is_default(raw), audio) for raw in streams if (audio := _audio(raw))]
    return MediaInfo(
        demuxer=str(container.get("format_name") or ""),
        duration=_seconds(container.get("duration")),
        start=_seconds(container.get("start_time"), negative=True) or 0.0,
        video=_first(videos, key=lambda stream: -stream.width * stream.height),
        audio=_first(audios, key=lambda _: 0),
        captions=tuple(captions for raw in streams if (captions := _captions(raw))),
    )


def _first(candidates: list[tuple[bool, _Stream]], key: Callable[[_Stream], int]) -> _Stream | None:
    ranked = sorted(candidates, key=lambda pair: (not pair[0], key(pair[1]), pair[1].index))
    return ranked[0][1] if ranked else None


def _is_default(raw: Mapping[str, Any]) -> bool:
    return bool((raw.get("disposition") or {}).get("default"))


def _video(raw: Mapping[str, Any]) -> VideoStream | None:
    disposition = raw.get("disposition") or {}
    cover = any(disposition.get(name) for name in _NO_PICTURE_TRACK)
    if raw.get("codec_type") != "video" or cover or not _decodable(raw):
        return None
    width, height = _whole(raw.get("width")), _whole(raw.get("height"))
    average, base = _ratio(raw.get("avg_frame_rate"), "/"), _ratio(raw.get("r_frame_rate"), "/")
    if not width or not height:
        return None
    return VideoStream(
        index=int(raw["index"]),
        codec=str(raw["codec_name"]),
        width=width,
        height=height,
        profile=raw.get("profile"),
        level=raw.get("level"),
        pixel_format=raw.get("pix_fmt"),
        sample_aspect=_ratio(raw.get("sample_aspect_ratio"), ":") or Fraction(1),
        rotation=_rotation(raw),
        frame_rate=average or base,
        steady=average is not None and average == base,
        time_base=_ratio(raw.get("time_base"), "/"),
        interlaced=raw.get("field_order") in _INTERLACED,
        start=_seconds(raw.get("start_time"), negative=True),
        duration=_seconds(raw.get("duration")),
        color_range=_color(raw, "color_range"),
        color_space=_color(raw, "color_space"),
        color_transfer=_color(raw, "color_transfer"),
        color_primaries=_color(raw, "color_primaries"),
    )


def _audio(raw: Mapping[str, Any]) -> AudioStream | None:
    channels, sample_rate = _whole(raw.get("channels")), _whole(raw.get("sample_rate"))
    if raw.get("codec_type") != "audio" or not _decodable(raw) or not channels or not sample_rate:
        return None
    return AudioStream(
        index=int(raw["index"]),
        codec=str(raw["codec_name"]),
        channels=channels,
        sample_rate=sample_rate,
        start=_seconds(raw.get("start_time"), negative=True),
        duration=_seconds(raw.get("duration")),
        language=_language(raw),
    )


def _captions(raw: Mapping[str, Any]) -> CaptionStream | None:
    if raw.get("codec_type") != "subtitle" or raw.get("codec_name") not in _TEXT_CAPTIONS:
        return None
    return CaptionStream(index=int(raw["index"]), codec=str(raw["codec_name"]), language=_language(raw))


def _language(raw: Mapping[str, Any]) -> str | None:
    """Return the language by ISO 639-2: three letters; anything else is somebody's free text."""
    language = str((raw.get("tags") or {}).get("language") or "")
    return language if len(language) == 3 and language.isascii() and language.islower() else None  # noqa: PLR2004


def _color(raw: Mapping[str, Any], name: str) -> str | None:
    value = raw.get(name)
    return value if isinstance(value, str) and value not in _NO_COLOR else None


def _decodable(raw: Mapping[str, Any]) -> bool:
    return raw.get("codec_name") not in (None, "", "unknown", "none")


def _rotation(raw: Mapping[str, Any]) -> int:
    """Return degrees clockwise. The display matrix counts counter-clockwise; the old tag counts clockwise."""
    for side_data in raw.get("side_data_list") or []:
        if "rotation" in side_data:
            return _quarter(-float(side_data["rotation"]))
    try:
        return _quarter(float((raw.get("tags") or {}).get("rotate", 0)))
    except ValueError:
        return 0


def _quarter(degrees: float) -> int:
    return round(degrees / 90) * 90 % 360 if math.isfinite(degrees) else 0


def _seconds(value: object, *, negative: bool = False) -> float | None:
    try:
        seconds = float(value) if isinstance(value, str | int | float) else math.nan
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and (negative or seconds > 0) else None


def _whole(value: object) -> int:
    try:
        return int(value) if isinstance(value, str | int) else 0
    except ValueError:
        return 0


def _ratio(value: object, separator: str) -> Fraction | None:
    above, _, below = str(value or "").partition(separator)
    if not (above.isdecimal() and below.isdecimal() and int(above) and int(below)):
        return None
    return Fraction(int(above), int(below))
