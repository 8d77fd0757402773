"""A ladder to play over HTTP: ``output_asset`` objects of type PLAYLIST as typed values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import PurePosixPath

from activities.media.captions import Captions, parse_tracks
from activities.media.excerpt import Excerpt, parse_excerpt
from activities.media.fields import KEY_UNSUPPORTED, Fields, shown
from activities.media.locations import (
    COMMON_KEYS,
    Location,
    Target,
    parse_location,
    parse_target,
)
from activities.media.presets import PresetLibrary
from activities.media.segments import GRID_SECONDS
from activities.media.video_output import VIDEO_KEYS, VideoOutput, parse_video
from cpe.errors import InvalidInput

PLAYLIST_KEYS = COMMON_KEYS | {
    "renditions",
    "formats",
    "segment_seconds",
    "encryption",
    "iframes",
    "captions",
    "start",
    "duration",
}
ENCRYPTION_KEYS = frozenset({"method", "bucket", "path", "file", "key_url"})

_ALONE = frozenset({"two_pass", "start", "duration", "captions"})

RENDITION_KEYS = VIDEO_KEYS - COMMON_KEYS - _ALONE
"""What a rendition may say: all of a video but where it goes, and what is not made together with others."""

MAX_RENDITIONS = 20
DEFAULT_SECONDS = 6
_LONGEST = 60

_VIDEO_CODECS = frozenset({"h264", "hevc", "vp9", "av1"})
_AUDIO_CODECS = frozenset({"aac", "opus", "ac3"})
_URI = re.compile(r"[A-Za-z0-9!#$%&'()*+,/:;=?@\[\]._~-]{1,2000}", re.ASCII)
_METHOD = "AES-128"


class Format(StrEnum):
    """What plays a ladder; the value is the extension of its main playlist."""

    HLS = "m3u8"
    DASH = "mpd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Encryption:
    """AES-128 of all segments: where the key goes, and the URI of it in playlists; None for that place."""

    key: Location
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaylistOutput:
    """A ladder to make.

    Attributes:
        target: Its main playlist. The rest lies in a folder beside it, called like it.
        renditions: The videos. Their pictures are made without sound, each sound once for all.
        formats: Which players it is for.
        segment_seconds: Seconds of a segment, a multiple of the grid of key frames.
        encryption: How it is encrypted; None for not at all.
        iframes: Whether there are playlists of the key frames alone, for a picture while a viewer seeks.
        captions: The texts that viewers may choose.
    """

    target: Target
    renditions: tuple[VideoOutput, ...]
    formats: frozenset[Format]
    segment_seconds: int
    encryption: Encryption | None
    iframes: bool
    captions: tuple[Captions, ...] = ()

    @property
    def folder(self) -> str:
        """The key of the folder, without a trailing ``/``: ``out/movie.m3u8`` → ``out/movie``."""
        return folder_of(self.target.location.key)

    @property
    def excerpt(self) -> Excerpt | None:
        """The part of the source that all renditions show; None for all of it."""
        return self.renditions[0].excerpt

    @property
    def places(self) -> tuple[Location, ...]:
        """Where its main playlists, its folder and its key lie."""
        bucket = self.target.location.bucket
        keys = (self.folder, *map(self.main_key, sorted(self.formats)))
        places = [Location(bucket=bucket, key=key) for key in keys]
        return (*places, self.encryption.key) if self.encryption else tuple(places)

    def main_key(self, wanted: Format) -> str:
        """Return the key of the main playlist of a format."""
        return f"{self.folder}.{wanted}"


def folder_of(key: str) -> str:
    """Return the folder of a main playlist's key: ``out/movie.m3u8`` → ``out/movie``."""
    return str(PurePosixPath(key).with_suffix(""))


def parse_playlist(fields: Fields, presets: PresetLibrary) -> PlaylistOutput:
    """Read a PLAYLIST output.

    Raises:
        InvalidInput: Something about it is wrong.
    """
    fields.refuse_others(PLAYLIST_KEYS)
    target = parse_target(fields)
    key = target.location.key
    if PurePosixPath(key).suffix.removeprefix(".") not in set(Format):
        raise InvalidInput(
            f"{fields.path('file')} must end in .m3u8 or .mpd, as the main playlist of HLS or DASH does; "
            f"not {shown(key)}.",
            code="OUTPUT_FORMAT_UNSUPPORTED",
        )
    encryption = _encryption(fields, target)
    formats = _formats(fields, encrypted=encryption is not None)
    iframes = fields.flag("iframes", default=False)
    if iframes and (encryption is not None or Format.HLS not in formats):
        raise InvalidInput(
            f"{fields.path('iframes')}: playlists of key frames are a part of HLS, and name ranges of bytes, "
            "which an encrypted segment does not have. Leave out iframes or the other key."
        )
    if key.rsplit(".", 1)[1] not in formats:
        raise InvalidInput(
            f"{fields.path('file')} ends in .{key.rsplit('.', 1)[1]}, which is none of the formats that are "
            f"made: .{', .'.join(sorted(formats))}. Change the extension, or formats."
        )
    excerpt = parse_excerpt(fields)
    return PlaylistOutput(
        target=target,
        renditions=tuple(
            replace(rendition, excerpt=excerpt) for rendition in _renditions(fields, target, presets)
        ),
        formats=formats,
        segment_seconds=_segment_seconds(fields),
        encryption=encryption,
        iframes=iframes,
        captions=parse_tracks(fields),
    )


def _segment_seconds(fields: Fields) -> int:
    seconds = fields.number("segment_seconds", DEFAULT_SECONDS, low=GRID_SECONDS, high=_LONGEST)
    if seconds % GRID_SECONDS:
        raise InvalidInput(
            f"{fields.path('segment_seconds')} must be a multiple of {GRID_SECONDS}, the seconds between key "
            f"frames; not {shown(fields.raw('segment_seconds'))}."
        )
    return int(seconds)


def _formats(fields: Fields, *, encrypted: bool) -> frozenset[Format]:
    """Read ``formats``; without it both, or HLS alone when it is encrypted."""
    if "formats" not in fields:
        return frozenset({Format.HLS}) if encrypted else frozenset(Format)
    value = fields.raw("formats")
    names = [value] if isinstance(value, str) else value
    known = {format_.name.lower(): format_ for format_ in Format}
    valid = isinstance(names, Sequence) and all(
        isinstance(name, str) and name.lower() in known for name in names
    )
    if not valid or not names:
        raise InvalidInput(f"{fields.path('formats')} must list hls, dash or both, not {shown(value)}.")
    formats = frozenset(known[name.lower()] for name in names)
    if encrypted and Format.DASH in formats:
        raise InvalidInput(
            f"{fields.path('encryption')}: DASH players cannot play AES-128. Ask for the format hls alone, "
            "or leave out encryption."
        )
    return formats


def _renditions(fields: Fields, target: Target, presets: PresetLibrary) -> tuple[VideoOutput, ...]:
    value, where = fields.raw("renditions"), fields.path("renditions")
    if not isinstance(value, Sequence) or isinstance(value, str) or not 1 <= len(value) <= MAX_RENDITIONS:
        raise InvalidInput(
            f"{where} must list 1 to {MAX_RENDITIONS} presets, each by its name or as an object with preset "
            "and what differs from it."
        )
    return tuple(_rendition(item, f"{where}[{index}]", target, presets) for index, item in enumerate(value))


def _rendition(item: object, where: str, target: Target, presets: PresetLibrary) -> VideoOutput:
    document: Mapping[str, object] = {"preset": item} if isinstance(item, str) else _plain(item, where)
    common = {"type": "VIDEO", "bucket": target.location.bucket, "file": "rendition.mp4"}
    video = parse_video(Fields({**document, **common}, where), presets)
    if video.video.codec not in _VIDEO_CODECS or video.audio.codec not in _AUDIO_CODECS:
        raise InvalidInput(
            f"{where}: {video.video.codec} with {video.audio.codec} does not go into a playlist. Video may "
            f"be {', '.join(sorted(_VIDEO_CODECS))}; audio {', '.join(sorted(_AUDIO_CODECS))}.",
            code="CODEC_CONTAINER_MISMATCH",
        )
    # It goes nowhere by itself: what is told of it is told of the playlist.
    return replace(video, target=target, gridded=True)


def _plain(item: object, where: str) -> Mapping[str, object]:
    """Return the object of a rendition, which says nothing of where it goes."""
    fields = Fields(item, where)
    for key in sorted(VIDEO_KEYS - RENDITION_KEYS):
        if key in fields:
            theirs = "of the playlist, for all renditions" if key in COMMON_KEYS else "of a VIDEO output"
            raise InvalidInput(
                f"{fields.path(key)}: a rendition has no {key}; it is a key {theirs}.", code=KEY_UNSUPPORTED
            )
    fields.refuse_others(RENDITION_KEYS)
    return {key: fields.raw(key) for key in RENDITION_KEYS if key in fields}


def _encryption(fields: Fields, target: Target) -> Encryption | None:
    if "encryption" not in fields:
        return None
    value = fields.raw("encryption")
    wish = Fields({"method": value} if isinstance(value, str) else value, fields.path("encryption"))
    wish.refuse_others(ENCRYPTION_KEYS)
    if wish.text("method", _METHOD).upper() != _METHOD:
        raise InvalidInput(f"{wish.path('method')} must be {_METHOD}, not {shown(wish.raw('method'))}.")
    url = wish.text("key_url", None)
    if url is not None and not _URI.fullmatch(url):
        raise InvalidInput(f"{wish.path('key_url')}: {shown(url)} is no URI.")
    place = {
        "bucket": wish.raw("bucket") or target.location.bucket,
        "path": wish.raw("path"),
        "file": wish.raw("file") or f"{folder_of(target.location.key)}.key",
    }
    key = parse_location(Fields(place, wish.where))
    if url is None and key.bucket != target.location.bucket:
        raise InvalidInput(
            f"{wish.where}: the key goes into another bucket than the playlist, so players cannot be told "
            "where it is. Give key_url."
        )
    return Encryption(key=key, url=url)
