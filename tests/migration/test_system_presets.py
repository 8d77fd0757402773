"""Elastic Transcoder's system presets: those that CPE ships say the same; the others become ours.

That the shipped ones are Cloud Transcode's, tests/media/test_presets.py holds.
"""

from __future__ import annotations

from fractions import Fraction

import pytest

from activities.media.notation import parse_bit_rate, parse_frame_rate
from activities.media.presets import parse_preset, preset_library
from cpe.migration import Level, import_documents
from cpe.migration.system_presets import SystemPreset, system_presets

SHIPPED = [one for one in system_presets().values() if one.shipped]
OTHERS = [one for one in system_presets().values() if not one.shipped]

#: Ours leave profile and level to the encoder; and Elastic Transcoder's video-only HLS 1M has level 3.
DIFFERENT = {"1351620000001-100150", "1351620000001-200035"}


def ids(presets: list[SystemPreset]) -> list[str]:
    return [f"{one.id}-{one.name}" for one in presets]


@pytest.mark.parametrize("system", SHIPPED, ids=ids(SHIPPED))
def test_ours_says_the_same(system: SystemPreset) -> None:
    assert system.shipped is not None
    ours, video = preset_library().presets[system.shipped], system.document["Video"]
    assert (ours.size.width, ours.size.height) == (int(video["MaxWidth"]), int(video["MaxHeight"]))
    assert ours.video_bit_rate == int(video["BitRate"]) * 1000
    rate = system.overrides.get("frame_rate")
    ours_rate = parse_frame_rate(rate, "rate") if rate is not None else ours.frame_rate
    assert ours_rate == parse_frame_rate(video["FrameRate"], "rate")
    assert ours_rate is None or isinstance(ours_rate, Fraction)
    if "Audio" in system.document:
        assert ours.audio_bit_rate == int(system.document["Audio"]["BitRate"]) * 1000
    peak = video["CodecOptions"].get("MaxBitRate")
    assert (peak is None) == ("max_bitrate" not in system.overrides)
    if peak is not None:
        wanted = parse_bit_rate(system.overrides["max_bitrate"], "max_bitrate", low=1, high=10**9)
        assert wanted == int(peak) * 1000
    if system.id not in DIFFERENT:
        options = video["CodecOptions"]
        assert (ours.options.profile, ours.options.level) == (options["Profile"], options["Level"])
        assert ours.options.references == int(options["MaxReferenceFrames"])


@pytest.mark.parametrize("system", OTHERS, ids=ids(OTHERS))
def test_the_others_become_ours_or_are_refused(system: SystemPreset) -> None:
    job = {"Input": {"Key": "a.mov"}, "Outputs": [{"Key": "made", "PresetId": system.id}]}
    done = import_documents([("job.json", job)], input_bucket="films", output_bucket="made")
    if system.document["Container"] in ("gif", "mpg", "mxf"):
        assert done.jobs == {}
        assert {note.code for note in done.notes} >= {"CONTAINER_UNSUPPORTED", "PRESET_UNUSABLE"}
        return
    assert not [note for note in done.notes if note.level is Level.REFUSED]
    for name, preset in done.presets.items():
        parse_preset(name, preset, name)
    (output,) = done.jobs["job"]["output_assets"]
    assert output["type"] == ("VIDEO" if "Video" in system.document else "AUDIO")
