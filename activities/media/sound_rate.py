"""How many bits a sound may take."""

from __future__ import annotations

from activities.media.channels import Channels
from activities.media.codecs import AudioEncoder
from activities.media.fields import Fields, shown
from activities.media.presets import audio_bit_rate
from cpe.errors import InvalidInput


def parse_sound_rate(fields: Fields, encoder: AudioEncoder, channels: Channels) -> int | None:
    """Read ``audio_bitrate``, in bits per second; None where the output names none.

    Args:
        fields: The output.
        encoder: What it is encoded with.
        channels: How many channels it gets.

    Raises:
        InvalidInput: It cannot be, or the encoder takes none, or fewer.
    """
    if "audio_bitrate" not in fields:
        return None
    where = fields.path("audio_bitrate")
    if encoder.lossless:
        raise InvalidInput(f"{where}: {encoder.codec} has no loss and takes no bit rate. Leave it out.")
    rate = audio_bit_rate(fields.scalar("audio_bitrate"), where)
    count = channels.count or channels.most
    if rate > encoder.most_bits(count):
        several = f" and {count} channel{'s' if count > 1 else ''}" if encoder.bits_of_a_channel else ""
        raise InvalidInput(
            f"{where} must be bits per second, at most {encoder.most_bits(count) // 1000}k with "
            f"{encoder.name}{several}; not {shown(fields.raw('audio_bitrate'))}."
        )
    return rate
