"""Captions that a video gets: the key ``captions`` as typed values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from activities.media.fields import Fields, shown
from activities.media.locations import Location, parse_location
from cpe.errors import InvalidInput

CAPTION_KEYS = frozenset({"bucket", "file", "path", "stream", "mode", "format", "language", "encoding"})
"""The keys of one of a video's captions."""

TRACK_KEYS = CAPTION_KEYS - {"mode", "format"}
"""Those of a playlist's: a track of text beside its videos has one form."""

SUBTITLE_ENCODERS: Mapping[str, tuple[str, str]] = {
    "mp4": ("mov_text", "mov_text"),
    "mov": ("mov_text", "mov_text"),
    "matroska": ("srt", "subrip"),
    "webm": ("webvtt", "webvtt"),
}
"""By muxer FFmpeg's encoder of captions, and FFprobe's name of what it makes."""

_MOST = 20
_LANGUAGE = re.compile(r"[a-z]{3}")
_FORMATS = {"vtt": "text/vtt; charset=utf-8", "srt": "application/x-subrip; charset=utf-8"}
_ENCODINGS = {
    "utf-8": "utf-8",
    "utf-16": "utf-16",
    "windows-1250": "cp1250",
    "windows-1251": "cp1251",
    "windows-1252": "cp1252",
    "iso-8859-1": "iso-8859-1",
    "iso-8859-2": "iso-8859-2",
    "shift_jis": "shift_jis",
    "gb18030": "gb18030",
    "big5": "big5",
    "euc-kr": "euc-kr",
}


class CaptionMode(StrEnum):
    """How captions come to a video."""

    SIDECAR = "sidecar"
    EMBED = "embed"
    BURN = "burn"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamChoice:
    """A text stream of the source: the one of a language, or the first one where that is None."""

    language: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Captions:
    """One of a video's captions.

    Attributes:
        source: A file, or a stream of the source.
        mode: How they come to the video.
        format: What a sidecar is written as: ``vtt`` or ``srt``.
        language: Their language, ISO 639-2.
        encoding: Python's name of how the file is written; None to find out.
    """

    source: Location | StreamChoice
    mode: CaptionMode
    format: str
    language: str | None
    encoding: str | None

    @property
    def content_type(self) -> str:
        """The MIME type of a sidecar."""
        return _FORMATS[self.format]

    def key_beside(self, video: str) -> str:
        """Return the key of the sidecar of a video: ``a/film.mp4`` → ``a/film.eng.vtt``."""
        path = PurePosixPath(video)
        language = f".{self.language}" if self.language else ""
        return str(path.with_name(f"{path.stem}{language}.{self.format}"))


def parse_captions(fields: Fields, *, muxer: str) -> tuple[Captions, ...]:
    """Read ``captions``: an object or a list of them.

    Args:
        fields: The output.
        muxer: FFmpeg's name of the output's container.

    Raises:
        InvalidInput: One is wrong, or two are the same.
    """
    found = tuple(_parse_one(item, muxer) for item in _items(fields))
    if sum(captions.mode is CaptionMode.BURN for captions in found) > 1:
        raise InvalidInput(f"{fields.path('captions')}: only one of them can be burnt in.")
    return found


def parse_tracks(fields: Fields) -> tuple[Captions, ...]:
    """Read ``captions`` of a playlist: an object or a list of them.

    Raises:
        InvalidInput: One is wrong.
    """
    items = _items(fields)
    for item in items:
        item.refuse_others(TRACK_KEYS)
    return tuple(_parse_one(item, "webm") for item in items)


def _items(fields: Fields) -> list[Fields]:
    value, where = fields.raw("captions"), fields.path("captions")
    if value is None:
        return []
    listed = isinstance(value, Sequence) and not isinstance(value, str)
    items = list(value) if listed else [value]
    if len(items) > _MOST:
        raise InvalidInput(f"{where} has {len(items)} captions; {_MOST} are allowed.")
    return [Fields(item, f"{where}[{number}]" if listed else where) for number, item in enumerate(items)]


def _parse_one(fields: Fields, muxer: str) -> Captions:
    fields.refuse_others(CAPTION_KEYS)
    if ("stream" in fields) == ("file" in fields):
        raise InvalidInput(f"{fields.where} must have either bucket and file, or stream.")
    mode = _word(fields, "mode", CaptionMode.SIDECAR, list(CaptionMode))
    if mode == CaptionMode.EMBED and muxer not in SUBTITLE_ENCODERS:
        raise InvalidInput(
            f"{fields.where}: {muxer} takes no captions. Make them a sidecar, or choose mp4, mov, mkv or "
            "webm.",
            code="CODEC_CONTAINER_MISMATCH",
        )
    chosen = fields.text("stream", "auto")
    language = _language(fields, "language")
    source: Location | StreamChoice
    if "stream" in fields:
        source = StreamChoice(language=None if chosen == "auto" else _language(fields, "stream"))
        language = language or source.language
    else:
        source = parse_location(fields)
    encoding = fields.text("encoding", None)
    if encoding is not None and encoding.lower() not in _ENCODINGS:
        raise InvalidInput(
            f"{fields.path('encoding')} must be one of {', '.join(_ENCODINGS)}, not {shown(encoding)}."
        )
    return Captions(
        source=source,
        mode=CaptionMode(mode),
        format=_word(fields, "format", "vtt", list(_FORMATS)),
        language=language,
        encoding=_ENCODINGS[encoding.lower()] if encoding else None,
    )


def _language(fields: Fields, key: str) -> str | None:
    language = fields.text(key, None)
    if language is not None and not _LANGUAGE.fullmatch(language):
        raise InvalidInput(
            f"{fields.path(key)} must be three letters of ISO 639-2 such as eng, not {shown(language)}."
        )
    return language


def _word(fields: Fields, key: str, default: str, known: Sequence[str]) -> str:
    word = fields.text(key, default).lower()
    if word not in known:
        raise InvalidInput(f"{fields.path(key)} must be one of {', '.join(known)}, not {shown(word)}.")
    return word
