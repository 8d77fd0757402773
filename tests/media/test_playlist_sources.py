"""Ladders of films that are not plain: high dynamic range, silent, late, of odd frame rates."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from tests.media.clips import ClipMaker
from tests.media.ladders import SMALL, SMALLER, ClipsAt, LadderShop
from tests.media.meters import integrated_and_peak


def test_renditions_of_a_high_dynamic_range(shop: LadderShop, clips: ClipMaker, media: ClipsAt) -> None:
    source = clips.run(
        "hlg.mov",
        *("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=3", "-c:v", "prores_ks"),
        *("-vf", "format=yuv422p10le,setparams=color_primaries=bt2020:color_trc=arib-std-b67"),
    )
    shop.run(source, renditions=[SMALL | {"tone_map": True}, SMALLER])
    transfers = [
        media.frames(shop.get(f"out/movie/{stream}/init.mp4"), shop.get(f"out/movie/{stream}/00001.m4s"))[0][
            "color_transfer"
        ]
        for stream in ("video-1", "video-2")
    ]
    assert transfers == ["bt709", "arib-std-b67"]


def test_a_silent_film(shop: LadderShop, clips: ClipMaker) -> None:
    shop.run(clips.mp4("silent.mp4", "-an", seconds=3))
    assert not [key for key in shop.keys if "audio" in key]
    assert [variant["CODECS"] for variant in shop.variants()] == ["avc1.64000C", "avc1.640009"]


@pytest.mark.parametrize("late", ["picture", "sound"])
def test_a_film_whose_picture_or_sound_starts_late(shop: LadderShop, media: ClipsAt, late: str) -> None:
    """What starts late does so in the segments too, to a frame."""
    offsets = {"picture": ("0.6", "0"), "sound": ("0", "0.6")}[late]
    source = media.clips.run(
        f"late-{late}.mkv",
        *("-itsoffset", offsets[0], "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=5"),
        *("-itsoffset", offsets[1], "-f", "lavfi", "-i", "sine=sample_rate=48000:duration=5"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"),
    )
    shop.run(source, segment_seconds=2)
    found = {}
    for stream in ("video-1", "audio-1"):
        listing = shop.media(stream)
        parts = [shop.get(f"out/movie/{stream}/{entry.file}") for entry in listing.entries]
        frames = media.frames(shop.get(f"out/movie/{stream}/init.mp4"), *parts)
        found[stream] = float(frames[0]["pts_time"])
    wanted = {"picture": (0.6, 0), "sound": (0, 0.6)}[late]
    assert (found["video-1"], found["audio-1"]) == pytest.approx(wanted, abs=0.045)


@pytest.mark.parametrize("rate", ["30000/1001", "24000/1001", "50"])
def test_frame_rates_that_do_not_meet_the_grid(shop: LadderShop, clips: ClipMaker, rate: str) -> None:
    source = clips.run(
        "odd.mp4",
        *("-f", "lavfi", "-i", f"testsrc2=size=160x90:rate={rate}:duration=9"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
    )
    auto = {"frame_rate": "auto"}
    shop.run(source, segment_seconds=4, renditions=[SMALL | auto, SMALLER | {"frame_rate": 21}])
    frame = 1 / Fraction(21)
    lengths = [[entry.seconds for entry in shop.media(stream).entries] for stream in ("video-1", "video-2")]
    for one, other in zip(*lengths, strict=True):
        assert abs(one - other) <= frame
    assert float(sum(lengths[0])) == pytest.approx(9, abs=0.05)


@pytest.mark.parametrize("name", ["loud.mp4", "without-times.avi"])
def test_the_sound_of_renditions_is_brought_to_a_loudness_once(
    shop: LadderShop, clips: ClipMaker, tmp_path: Path, name: str
) -> None:
    coding = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-pix_fmt", "yuv420p", "-c:a", "mp3")
    source = clips.make(name, *coding, "-af", "volume=0.5", seconds=5)
    quiet, medium = {"loudness": -30}, {"loudness": "-20"}
    shop.run(source, renditions=[SMALL | quiet, SMALLER | quiet, SMALLER | medium, SMALLER])
    planned = [event for _, event, _ in shop.environment.log.records if event == "ladder.planned"]
    assert bool(planned) == name.endswith("mp4"), "by itself where frames have no times"
    assert [variant["AUDIO"] for variant in shop.variants()] == ["audio-1", "audio-1", "audio-2", "audio-3"]
    levels = []
    for stream in ("audio-1", "audio-2", "audio-3"):
        path = tmp_path / f"{stream}.mp4"
        parts = [entry.file for entry in shop.media(stream).entries]
        path.write_bytes(b"".join(shop.get(f"out/movie/{stream}/{part}") for part in ("init.mp4", *parts)))
        levels.append(integrated_and_peak(clips, path)[0])
    assert levels[:2] == [pytest.approx(-30, abs=0.6), pytest.approx(-20, abs=0.6)]
    assert abs(levels[2] + 20) > 2, "the third is as it was"
