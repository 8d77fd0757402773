"""How many channels a sound gets."""

from __future__ import annotations

from dataclasses import dataclass

from activities.media.codecs import AudioEncoder
from activities.media.fields import Fields, shown
from cpe.errors import InvalidInput

_USUAL = (1, 2, 6, 8)
"""Mono, stereo, 5.1 and 7.1: what every encoder and container knows."""

_STEREO = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """The channels of an output: `count` of them, or those of the source up to `most` where that is None."""

    count: int | None = None
    most: int = _STEREO

    def of(self, source: int) -> int:
        """Return how many channels are made of as many."""
        if self.count is not None:
            return self.count
        return max(count for count in _USUAL if count <= min(source, self.most))


DEFAULT_CHANNELS = Channels()
"""Those of the source, and two of more."""


def parse_channels(fields: Fields, key: str, encoder: AudioEncoder) -> Channels:
    """Read a number of channels, or ``auto`` for the source's; without one, more than two become two.

    Raises:
        InvalidInput: It is none, or more than the encoder takes.
    """
    if key not in fields:
        return DEFAULT_CHANNELS
    text = fields.scalar(key).lower()
    if text == "auto":
        return Channels(most=encoder.channels)
    known = [count for count in _USUAL if count <= encoder.channels]
    if text not in map(str, known):
        raise InvalidInput(
            f"{fields.path(key)} must be auto or one of {', '.join(map(str, known))} with {encoder.name}, "
            f"not {shown(fields.raw(key))}."
        )
    return Channels(count=int(text))
