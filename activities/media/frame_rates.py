"""Which frame rates a video may have, by its encoder."""

from __future__ import annotations

from fractions import Fraction

from activities.media.codecs import VideoEncoder
from activities.media.fields import Fields
from activities.media.notation import parse_frame_rate
from cpe.errors import InvalidInput


def parse_output_rate(fields: Fields, encoder: VideoEncoder, usual: Fraction | None) -> Fraction | None:
    """Read ``frame_rate``, in frames per second; None for the source's.

    Args:
        fields: The output.
        encoder: What it is encoded with.
        usual: The preset's.

    Raises:
        InvalidInput: It is none, or the encoder does not know it.
    """
    where = fields.path("frame_rate")
    rate = parse_frame_rate(fields.scalar("frame_rate"), where) if "frame_rate" in fields else usual
    if rate is not None and rate != known_rate(rate, encoder):
        raise InvalidInput(
            f"{where}: {encoder.name} does not know {float(rate):g} frames per second. Give one of 12, 15, "
            "20, 23.976, 24, 25, 29.97, 30, 50, 59.94, 60, or auto."
        )
    return rate


def known_rate(rate: Fraction, encoder: VideoEncoder) -> Fraction:
    """Return the rate that the encoder knows and that is nearest to a rate."""
    return min(encoder.rates, key=lambda known: (abs(known - rate), known), default=rate)
