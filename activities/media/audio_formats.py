"""The file formats of AUDIO outputs, and the rates and channels that encoders take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from activities.media.codecs import AUDIO_ENCODERS, AudioEncoder
from activities.media.containers import Container, extension_of
from activities.media.fields import shown
from cpe.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioFormat:
    """A file format of sound: its container, and the encoder where an output names none.

    `framed` says that the file is a bare run of frames, which tells no duration.
    """

    container: Container
    encoder: AudioEncoder
    framed: bool = False


def _format(
    muxer: str, content_type: str, encoder: str, *more: str, fast_start: bool = False, framed: bool = False
) -> AudioFormat:
    default = AUDIO_ENCODERS[encoder]
    return AudioFormat(
        container=Container(
            muxer=muxer,
            content_type=content_type,
            fast_start=fast_start,
            codecs=frozenset({default.codec, *more}),
        ),
        encoder=default,
        framed=framed,
    )


_OGG = _format("ogg", "audio/ogg", "libopus", "vorbis", "flac")

AUDIO_FORMATS: Mapping[str, AudioFormat] = {
    "mp3": _format("mp3", "audio/mpeg", "libmp3lame"),
    "m4a": _format("ipod", "audio/mp4", "aac", "alac", fast_start=True),
    "aac": _format("adts", "audio/aac", "aac", framed=True),
    "ogg": _OGG,
    "oga": _OGG,
    "opus": _format("opus", "audio/ogg", "libopus"),
    "weba": _format("webm", "audio/webm", "libopus", "vorbis"),
    "flac": _format("flac", "audio/flac", "flac"),
    "wav": _format("wav", "audio/wav", "pcm_s16le", "pcm_s24le"),
    "ac3": _format("ac3", "audio/ac3", "ac3", framed=True),
    "mka": _format(
        "matroska",
        "audio/x-matroska",
        "aac",
        *("mp3", "opus", "vorbis", "ac3", "flac", "alac", "pcm_s16le", "pcm_s24le"),
    ),
}
"""Formats by the extension of an output's key."""

_MP3_RATES = frozenset({8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000})
_RATES: Mapping[str, frozenset[int]] = {
    "mp3": _MP3_RATES,
    "aac": _MP3_RATES | {64000, 88200, 96000},
    "opus": frozenset({8000, 12000, 16000, 24000, 48000}),
    "ac3": frozenset({32000, 44100, 48000}),
}
_ANY_RATE = frozenset({*_MP3_RATES, 64000, 88200, 96000, 176400, 192000})

LAYOUTS: Mapping[int, str] = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}
"""FFmpeg's names of the layouts that are made, by number of channels."""


def audio_format_of(key: str, where: str) -> AudioFormat:
    """Tell the format by the extension of an object's key."""
    extension = extension_of(key)
    if extension not in AUDIO_FORMATS:
        raise InvalidInput(
            f"{where} must end in a format of sound ({', '.join(AUDIO_FORMATS)}), not {shown(key)}.",
            code="OUTPUT_FORMAT_UNSUPPORTED",
        )
    return AUDIO_FORMATS[extension]


def check_sample_rate(rate: int, codec: str, where: str) -> None:
    """Raise InvalidInput unless a codec takes the rate, in Hz."""
    rates = _RATES.get(codec, _ANY_RATE)
    if rate not in rates:
        raise InvalidInput(
            f"{where}: {codec} takes {', '.join(map(str, sorted(rates)))} Hz, not {shown(rate)}. "
            "Leave it out to keep the source's rate, or the nearest to it."
        )


def nearest_rate(rate: int, codec: str) -> int:
    """Return the rate that a codec takes and that loses least: the next above `rate`, else the highest."""
    rates = sorted(_RATES.get(codec, _ANY_RATE))
    return next((known for known in rates if known >= rate), rates[-1])
