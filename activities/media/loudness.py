"""Loudness by EBU R 128, in two passes: measure the whole sound, then bring it to the wished level.

The first pass is the filter ``ebur128``, which prints as it goes and takes a seventh of the time that
``loudnorm`` takes to measure. The second is ``loudnorm`` with what was measured: one gain for the whole, so
that quiet parts stay quiet. Only where that gain would lift a peak over the limit does it follow the signal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from activities.media.fields import Fields
from activities.media.filters import Stream

LOUDNESS_RANGE = (-50.0, -5.0)
"""LUFS that may be asked for. EBU R 128 asks for -23, streaming services for -14 to -16."""

TRUE_PEAK = -1.0
"""dBTP that no peak exceeds, as EBU R 128 asks."""

_SILENCE = -69.0
"""LUFS below which nothing was heard; the gate of EBU R 128 is at -70."""

_RANGE_LOW, _RANGE_HIGH = 1.0, 50.0
_GATE = 10.0
_PREFIX = "lavfi.r128."


@dataclass(frozen=True, slots=True, kw_only=True)
class Loudness:
    """What a whole sound measures: `integrated` in LUFS, `peak` in dBTP, `spread` (loudness range) in LU."""

    integrated: float
    peak: float
    spread: float


def parse_loudness(fields: Fields) -> float | None:
    """Read ``loudness``, the integrated loudness to aim at in LUFS; None when it is not given.

    Raises:
        InvalidInput: It is no number from -50 to -5.
    """
    if "loudness" not in fields:
        return None
    low, high = LOUDNESS_RANGE
    return fields.number("loudness", low, low=low, high=high)


def metered(sound: Stream) -> Stream:
    """Send a sound through the meter; its readings come on standard output, for :class:`LoudnessMeter`."""
    return sound.filter("ebur128", metadata=1, peak="true").filter("ametadata", mode="print", file="-")


class LoudnessMeter:
    """Takes the lines that :func:`metered` prints; the last readings are those of the whole."""

    def __init__(self) -> None:
        self._readings: dict[str, float] = {}

    def feed(self, line: str) -> None:
        """Take a line, such as ``lavfi.r128.I=-23.010``."""
        name, equals, value = line.strip().partition("=")
        if equals and name.startswith(_PREFIX):
            try:
                self._readings[name.removeprefix(_PREFIX)] = float(value)
            except ValueError:
                return

    @property
    def result(self) -> Loudness | None:
        """What was measured; None for silence, or for less than the 0.4 s that a reading takes."""
        integrated = self._readings.get("I", -math.inf)
        peak = max(
            (value for name, value in self._readings.items() if name.startswith("true_peak")), default=0.0
        )
        if not integrated > _SILENCE or not peak > 0:
            return None
        return Loudness(
            integrated=integrated, peak=20 * math.log10(peak), spread=self._readings.get("LRA", 0.0)
        )


def normalized(sound: Stream, target: float, measured: Loudness, *, sample_rate: int) -> Stream:
    """Bring a sound to an integrated loudness.

    Args:
        sound: The sound, with the channels and the rate that it had when it was measured.
        target: LUFS.
        measured: What the whole of it measures.
        sample_rate: Hz of the result; the filter itself may work at 192 kHz.
    """
    # With a range of 0 or one above the target the filter would follow the signal.
    spread = min(max(measured.spread, _RANGE_LOW), _RANGE_HIGH)
    return sound.filter(
        "loudnorm",
        I=f"{target:.2f}",
        TP=f"{TRUE_PEAK:.2f}",
        LRA=f"{spread:.2f}",
        measured_I=f"{min(measured.integrated, 0):.2f}",
        measured_TP=f"{measured.peak:.2f}",
        measured_LRA=f"{spread:.2f}",
        measured_thresh=f"{max(measured.integrated - _GATE, -70.01):.2f}",
    ).filter("aresample", sample_rate=sample_rate)
