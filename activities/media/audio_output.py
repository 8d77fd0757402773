"""A sound to make: ``output_asset`` objects of type AUDIO as typed values."""

from __future__ import annotations

from dataclasses import dataclass

from activities.media.audio_formats import (
    AudioFormat,
    audio_format_of,
    check_sample_rate,
    nearest_rate,
)
from activities.media.channels import DEFAULT_CHANNELS, Channels, parse_channels
from activities.media.codecs import AudioEncoder, audio_encoder
from activities.media.excerpt import Excerpt, parse_excerpt
from activities.media.fields import Fields, shown
from activities.media.locations import COMMON_KEYS, Target, parse_target
from activities.media.loudness import parse_loudness
from activities.media.probe import AudioStream
from activities.media.sound_rate import parse_sound_rate
from cpe.errors import InvalidInput

AUDIO_KEYS = COMMON_KEYS | {
    *("audio_codec", "audio_bitrate", "channels", "sample_rate", "loudness"),
    *("start", "duration"),
}

_PER_CHANNEL = 64_000
_MAX_RATE = 192_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioOutput:
    """A sound to make.

    Attributes:
        target: Where it goes.
        format: Its file format.
        audio: The encoder.
        bit_rate: Bits per second, or as many as the encoder makes of the source's channels; None for a usual
            one, and for encoders without loss.
        channels: How many.
        sample_rate: Hz; None for the source's, or the nearest that the codec takes.
        loudness: LUFS that the whole is brought to; None to leave it.
        excerpt: The part of the source that is taken; None for all of it.
    """

    target: Target
    format: AudioFormat
    audio: AudioEncoder
    bit_rate: int | None = None
    channels: Channels = DEFAULT_CHANNELS
    sample_rate: int | None = None
    loudness: float | None = None
    excerpt: Excerpt | None = None

    def channels_for(self, source: AudioStream) -> int:
        """Return how many channels are made of this source."""
        return self.channels.of(source.channels)

    def sample_rate_for(self, source: AudioStream) -> int:
        """Return the rate, in Hz, that is made of this source."""
        return self.sample_rate or nearest_rate(source.sample_rate, self.audio.codec)

    def bit_rate_for(self, source: AudioStream) -> int:
        """Return bits per second: 64,000 for each channel where the output names none."""
        channels = self.channels_for(source)
        return min(self.bit_rate or _PER_CHANNEL * channels, self.audio.most_bits(channels))


def parse_audio(fields: Fields) -> AudioOutput:
    """Read an AUDIO output.

    Raises:
        InvalidInput: Something about it is wrong.
    """
    fields.refuse_others(AUDIO_KEYS)
    target = parse_target(fields)
    form = audio_format_of(target.location.key, fields.path("file"))
    audio = form.encoder
    if "audio_codec" in fields:
        audio = audio_encoder(fields.text("audio_codec"), fields.path("audio_codec"))
    if form.container.codecs is not None and audio.codec not in form.container.codecs:
        raise InvalidInput(
            f"{fields.where}: {audio.codec} does not go into {shown(target.location.key)}. "
            f"It holds {', '.join(sorted(form.container.codecs))}.",
            code="CODEC_CONTAINER_MISMATCH",
        )
    channels = parse_channels(fields, "channels", audio)
    return AudioOutput(
        target=target,
        format=form,
        audio=audio,
        bit_rate=parse_sound_rate(fields, audio, channels),
        channels=channels,
        sample_rate=_sample_rate(fields, audio),
        loudness=parse_loudness(fields),
        excerpt=parse_excerpt(fields),
    )


def _sample_rate(fields: Fields, audio: AudioEncoder) -> int | None:
    if "sample_rate" not in fields:
        return None
    rate = round(fields.number("sample_rate", _MAX_RATE, low=1, high=_MAX_RATE))
    check_sample_rate(rate, audio.codec, fields.path("sample_rate"))
    return rate
