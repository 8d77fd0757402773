"""Playlists of HLS (RFC 8216, and its draft revision for what is newer), as texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from activities.media.packaging import PackagedStream
from activities.media.text_track import TextTrack
from cpe.languages import language_tag

PLAYLIST = "playlist.m3u8"
IFRAMES = "iframes.m3u8"
INIT = "init.mp4"

_VERSION = 7
_TEXTS = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cipher:
    """How a stream's segments are encrypted: where a player finds the key, and the start value of each."""

    url: str
    starts: Sequence[bytes]

    def tag(self, number: int) -> str:
        """Return what stands before a segment, by its number from 0."""
        return f'#EXT-X-KEY:METHOD=AES-128,URI="{self.url}",IV=0x{self.starts[number].hex()}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A video, the sound that goes with it if any, and the names of all their codecs."""

    video: PackagedStream
    audio: PackagedStream | None

    @property
    def codecs(self) -> str:
        """The codecs, as RFC 6381 writes them."""
        streams = [self.video, *([self.audio] if self.audio else [])]
        return ",".join(stream.track.codec for stream in streams)

    @property
    def peak(self) -> int:
        """The highest bits per second."""
        return self.video.peak + (self.audio.peak if self.audio else 0)

    @property
    def average(self) -> int:
        """Bits per second."""
        return self.video.average + (self.audio.average if self.audio else 0)


def segment_name(number: int) -> str:
    """Return the name of a segment, by its number from 0."""
    return f"{number + 1:05d}.m4s"


def target_seconds(streams: Sequence[PackagedStream]) -> int:
    """Return the longest duration of a segment, rounded as EXT-X-TARGETDURATION wants it."""
    longest = max(segment.duration for stream in streams for segment in stream.segments)
    return max(int(longest + Fraction(1, 2)), 1)


def media_playlist(stream: PackagedStream, *, target: int, cipher: Cipher | None = None) -> str:
    """Write the playlist of a stream.

    Args:
        stream: What it lists.
        target: The longest duration of a segment of the ladder, in whole seconds.
        cipher: How it is encrypted, if it is. The initialization segment never is: it stands before the key.
    """
    lines = [*_head(target), "#EXT-X-INDEPENDENT-SEGMENTS", f'#EXT-X-MAP:URI="{INIT}"']
    for number, segment in enumerate(stream.segments):
        if cipher is not None:
            lines.append(cipher.tag(number))
        lines += [f"#EXTINF:{_seconds(segment.duration)},", segment_name(number)]
    return "\n".join((*lines, "#EXT-X-ENDLIST", ""))


def text_playlist(track: TextTrack, *, target: int, cipher: Cipher | None = None) -> str:
    """Write the playlist of a track of text; the arguments are those of :func:`media_playlist`."""
    listed = [(name, duration) for name, duration, _ in track.segments()]
    longest = max(int(duration + Fraction(1, 2)) for _, duration in listed)
    lines = _head(max(target, longest))
    for number, (name, duration) in enumerate(listed):
        if cipher is not None:
            lines.append(cipher.tag(number))
        lines += [f"#EXTINF:{_seconds(duration)},", name]
    return "\n".join((*lines, "#EXT-X-ENDLIST", ""))


def iframe_playlist(stream: PackagedStream, *, target: int) -> str:
    """Write the playlist of a stream's key frames, each a part of a segment's file."""
    lines = [*_head(target), "#EXT-X-I-FRAMES-ONLY", f'#EXT-X-MAP:URI="{INIT}"']
    for frame in stream.key_frames():
        lines += [
            f"#EXTINF:{_seconds(frame.duration)},",
            f"#EXT-X-BYTERANGE:{frame.size}@{frame.offset}",
            segment_name(frame.segment),
        ]
    return "\n".join((*lines, "#EXT-X-ENDLIST", ""))


def main_playlist(
    variants: Sequence[Variant], *, folder: str, iframes: bool, texts: Sequence[TextTrack] = ()
) -> str:
    """Write the main playlist.

    Args:
        variants: What a player may choose from.
        folder: The folder of all streams, as a reference from here.
        iframes: Whether the videos have playlists of their key frames.
        texts: Captions that viewers may choose, with any of the variants.
    """
    sounds = {variant.audio.name: variant.audio for variant in variants if variant.audio}
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{_VERSION}", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for sound in sounds.values():
        attributes = {
            "TYPE": "AUDIO",
            "GROUP-ID": f'"{sound.name}"',
            "NAME": f'"{sound.language or "main"}"',
            **({"LANGUAGE": f'"{language_tag(sound.language)}"'} if sound.language else {}),
            "DEFAULT": "YES",
            "AUTOSELECT": "YES",
            "CHANNELS": f'"{sound.track.channels}"',
            "URI": f'"{folder}/{sound.name}/{PLAYLIST}"',
        }
        lines.append(f"#EXT-X-MEDIA:{_attributes(attributes)}")
    for text in texts:
        attributes = {
            "TYPE": "SUBTITLES",
            "GROUP-ID": f'"{_TEXTS}"',
            "NAME": f'"{text.label}"',
            **({"LANGUAGE": f'"{language_tag(text.language)}"'} if text.language else {}),
            "DEFAULT": "NO",
            "AUTOSELECT": "YES",
            "FORCED": "NO",
            "URI": f'"{folder}/{text.name}/{PLAYLIST}"',
        }
        lines.append(f"#EXT-X-MEDIA:{_attributes(attributes)}")
    for variant in variants:
        video = variant.video
        attributes = {
            "BANDWIDTH": str(variant.peak),
            "AVERAGE-BANDWIDTH": str(variant.average),
            "CODECS": f'"{variant.codecs}"',
            "RESOLUTION": _resolution(video),
            "FRAME-RATE": f"{float(video.frame_rate):.3f}",
            **({"AUDIO": f'"{variant.audio.name}"'} if variant.audio else {}),
            **({"SUBTITLES": f'"{_TEXTS}"'} if texts else {}),
        }
        lines += [f"#EXT-X-STREAM-INF:{_attributes(attributes)}", f"{folder}/{video.name}/{PLAYLIST}"]
    if iframes:
        lines += [_iframes(variant.video, folder) for variant in variants]
    return "\n".join((*lines, ""))


def _iframes(video: PackagedStream, folder: str) -> str:
    frames = video.key_frames()
    rates = [frame.size * 8 / frame.duration for frame in frames]
    average = sum(frame.size for frame in frames) * 8 / video.duration
    attributes = {
        "BANDWIDTH": str(int(max(rates)) + 1),
        "AVERAGE-BANDWIDTH": str(int(average) + 1),
        "CODECS": f'"{video.track.codec}"',
        "RESOLUTION": _resolution(video),
        "URI": f'"{folder}/{video.name}/{IFRAMES}"',
    }
    return f"#EXT-X-I-FRAME-STREAM-INF:{_attributes(attributes)}"


def _head(target: int) -> list[str]:
    return [
        "#EXTM3U",
        f"#EXT-X-VERSION:{_VERSION}",
        f"#EXT-X-TARGETDURATION:{target}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
    ]


def _resolution(video: PackagedStream) -> str:
    width, height = video.track.size or (0, 0)
    return f"{width}x{height}"


def _attributes(values: Mapping[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in values.items())


def _seconds(duration: Fraction) -> str:
    return f"{float(duration):.6f}"
