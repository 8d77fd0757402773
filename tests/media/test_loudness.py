"""Loudness: read, measured, and brought to a level."""

from __future__ import annotations

import pytest

from activities.media.fields import Fields
from activities.media.filters import Input, arguments
from activities.media.loudness import Loudness, LoudnessMeter, metered, normalized, parse_loudness
from cpe.errors import InvalidInput

_SOUND = Input("in", {}).stream(1)


def _graph(*written: str) -> str:
    return written[written.index("-filter_complex") + 1]


def test_the_filters() -> None:
    assert _graph(*arguments(metered(_SOUND))) == (
        "[0:1]ebur128=metadata=1:peak=true[s0];[s0]ametadata=file=-:mode=print[s1]"
    )
    measured = Loudness(integrated=-30.04, peak=-12.5, spread=4.2)
    assert _graph(*arguments(normalized(_SOUND, -16, measured, sample_rate=44100))) == (
        "[0:1]loudnorm=I=-16.00:LRA=4.20:TP=-1.00:measured_I=-30.04:measured_LRA=4.20:measured_TP=-12.50:"
        "measured_thresh=-40.04[s0];[s0]aresample=sample_rate=44100[s1]"
    )


def test_a_steady_tone_has_a_range_too() -> None:
    measured = Loudness(integrated=-20, peak=-18, spread=0)
    assert "measured_LRA=1.00" in _graph(*arguments(normalized(_SOUND, -23, measured, sample_rate=48000)))


@pytest.mark.parametrize(("value", "target"), [(-23, -23.0), ("-16.5", -16.5), (None, None)])
def test_a_target(value: object, target: float | None) -> None:
    assert parse_loudness(Fields({"loudness": value}, "output_asset")) == target


@pytest.mark.parametrize("value", [0, 23, -80, "loud", True, [1]])
def test_what_is_no_target(value: object) -> None:
    with pytest.raises(InvalidInput, match=r"output_asset\.loudness must be"):
        parse_loudness(Fields({"loudness": value}, "output_asset"))


def test_the_last_readings_count() -> None:
    meter = LoudnessMeter()
    for line in (
        *("frame:0    pts:0       pts_time:0", "lavfi.r128.I=-70.000", "lavfi.r128.true_peaks_ch0=0.100"),
        *("lavfi.r128.I=-23.500", "lavfi.r128.LRA=3.100", "lavfi.r128.true_peaks_ch0=0.500"),
        *("lavfi.r128.true_peaks_ch1=0.250", "lavfi.r128.M=nonsense", "noise"),
    ):
        meter.feed(line)
    found = meter.result
    assert found is not None
    assert (found.integrated, found.spread) == (-23.5, 3.1)
    assert found.peak == pytest.approx(-6.02, abs=0.01)


@pytest.mark.parametrize(
    "lines", [[], ["lavfi.r128.I=-70.000", "lavfi.r128.true_peak=0.000"], ["lavfi.r128.I=nan"]]
)
def test_silence_has_no_loudness(lines: list[str]) -> None:
    meter = LoudnessMeter()
    for line in lines:
        meter.feed(line)
    assert meter.result is None
