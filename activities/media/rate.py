"""How many bits a video may take: an average, or a constant quality, and a cap."""

from __future__ import annotations

from fractions import Fraction

from activities.media.codecs import VideoEncoder
from activities.media.fields import Fields, shown
from activities.media.presets import VIDEO_BIT_RATE, video_bit_rate
from cpe.errors import InvalidInput

# Peaks of half as much again, evened out over two seconds: plays through a line of the preset's rate.
_PEAK = Fraction(3, 2)
_BUFFER_SECONDS = 2


def parse_crf(fields: Fields, encoder: VideoEncoder) -> int | None:
    """Read ``crf``, a constant quality on the encoder's own scale.

    Raises:
        InvalidInput: It cannot be, or stands beside an average or two passes, which are other wishes.
    """
    if "crf" not in fields:
        return None
    where = fields.path("crf")
    if encoder.crf is None:
        raise InvalidInput(f"{where}: {encoder.name} has no constant quality. Give video_bitrate instead.")
    for other in ("video_bitrate", "two_pass"):
        if other in fields and fields.raw(other) not in (False, "false"):
            raise InvalidInput(
                f"{fields.where}: crf and {other} contradict each other. Give one of them; max_bitrate caps "
                "the bit rate of a constant quality."
            )
    low, high = encoder.crf
    number = fields.number("crf", low, low=low, high=high)
    if not number.is_integer():
        raise InvalidInput(f"{where} must be a whole number from {low} to {high}, not {shown(number)}.")
    return int(number)


def parse_max_bit_rate(fields: Fields, encoder: VideoEncoder, *, average: int | None) -> int | None:
    """Read ``max_bitrate``, in bits per second.

    Args:
        fields: The output.
        encoder: What it is encoded with.
        average: The bit rate on average; None for a constant quality.

    Raises:
        InvalidInput: It cannot be, is below the average, or the encoder takes none.
    """
    if "max_bitrate" not in fields:
        return None
    where = fields.path("max_bitrate")
    highest = video_bit_rate(fields.scalar("max_bitrate"), where)
    if average is not None and not encoder.capped:
        raise InvalidInput(f"{where}: {encoder.name} caps a constant quality only. Give crf too.")
    if average is not None and highest < average:
        raise InvalidInput(
            f"{where} is {highest}, below the average of {average} bits per second. Give a lower "
            "video_bitrate."
        )
    return highest


def rate_arguments(
    encoder: VideoEncoder, *, average: int, crf: int | None, highest: int | None
) -> tuple[str, ...]:
    """Write the encoder's options for its bit rate.

    Args:
        encoder: The encoder.
        average: Bits per second; no matter with a constant quality.
        crf: The constant quality; None for an average.
        highest: The cap in bits per second; None for the usual one, which a constant quality has not.
    """
    if crf is None:
        return ("-b:v", str(average), *_cap(encoder, highest or int(average * _PEAK), average))
    if encoder.crf_cap:
        # VP8 takes its lowest rate for 0.
        none = 0 if encoder.codec == "vp9" else VIDEO_BIT_RATE[1]
        return ("-crf:v", str(crf), "-b:v", str(none if highest is None else highest))
    cap = ("-maxrate:v", str(highest), "-bufsize:v", str(highest * _BUFFER_SECONDS)) if highest else ()
    return ("-crf:v", str(crf), *cap)


def _cap(encoder: VideoEncoder, highest: int, average: int) -> tuple[str, ...]:
    if not encoder.capped:
        return ()
    return ("-maxrate:v", str(highest), "-bufsize:v", str(average * _BUFFER_SECONDS))
