from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from activities.media.notation import Size
from activities.media.presets import PresetLibrary, parse_codec_options, parse_preset, preset_library
from cpe.errors import ConfigError, InvalidInput

# preset, size, frame rate, video bit rate, profile, level, reference frames, audio bit rate
_KNOWN = """
1080p-generic      1920x1080 29.97 5400k baseline 4   3 160k
320x240-generic    320x240   21    300k  baseline 1.3 3 64k
360p-16.9-generic  640x360   29.97 720k  baseline 3   3 128k
360p-4.3-generic   480x360   29.97 600k  baseline 3   3 128k
480p-16.9-generic  854x480   29.97 1200k baseline 3.1 3 128k
480p-4.3-generic   640x480   29.97 900k  baseline 3   3 128k
480p-generic       -2x480    29.97 1200k baseline 3.1 3 128k
720p-generic       1280x720  29.97 2400k baseline 3.1 3 160k
appleTV2G-generic  1280x720  30    5000k main     3.1 3 160k
appleTV3G-generic  1920x1080 30    5000k high     4   3 160k
hls1.5M-generic    960x640   29.97 1372k main     3.1 3 128k
hls1M-generic      640x432   auto  872k  main     3.1 3 128k
hls2M-generic      1024x768  29.97 1872k main     3.1 3 128k
hls400k-generic    400x288   29.97 272k  baseline 3   1 128k
hls600k-generic    480x320   29.97 472k  baseline 3   3 128k
iphone3GS-generic  640x480   30    600k  baseline 3   3 128k
iphone4-generic    1280x720  30    2200k main     3.1 3 160k
iphone4S-generic   1920x1080 30    5000k high     4.1 3 160k
ipodTouch-generic  640x480   30    1500k baseline 3   3 128k
kindleFire-generic 1024x576  30    1600k main     3.1 3 160k
kindleFireHD-generic    1280x720  30 2200k main 4 3 160k
kindleFireHD8.9-generic 1920x1080 30 5400k main 4 3 160k
kindleFireHDX-generic   1920x1080 30 5000k -    - - 160k
web-generic        1280x720  30    2200k main     3.1 3 160k
"""

_OWN = {
    "name": "mine",
    "description": "of my own",
    "size": "-2x240",
    "frame_rate": "auto",
    "video_bitrate": "300k",
    "audio_bitrate": 64000,
    "video_codec": "libx264",
    "audio_codec": "aac",
}


def test_every_known_preset_is_shipped_as_it_is_known() -> None:
    presets = preset_library().presets
    rows = [line.split() for line in _KNOWN.split("\n") if line]
    assert {row[0] for row in rows} == presets.keys()
    for name, size, rate, video, profile, level, references, audio in rows:
        preset = presets[name]
        width, height = (None if side < 0 else side for side in map(int, size.split("x")))
        assert preset.size == Size(width=width, height=height)
        assert (preset.frame_rate is None) == (rate == "auto")
        assert preset.frame_rate is None or float(preset.frame_rate) == pytest.approx(float(rate), abs=1e-4)
        assert (preset.video_bit_rate, preset.audio_bit_rate) == (
            int(video[:-1]) * 1000,
            int(audio[:-1]) * 1000,
        )
        assert (preset.video.name, preset.audio.name) == ("libx264", "libfdk_aac")
        found = (preset.options.profile, preset.options.level, preset.options.references)
        assert found == ((None,) * 3 if profile == "-" else (profile, level, int(references)))


def test_29_97_means_the_exact_rate() -> None:
    assert preset_library().presets["720p-generic"].frame_rate == Fraction(30000, 1001)


def test_a_preset_is_found_with_the_files_extension_too() -> None:
    library = preset_library()
    assert library.find("720p-generic.json", "preset") is library.find("720p-generic", "preset")


@pytest.mark.parametrize("name", ["702p-generic", "../presets/720p-generic", "/etc/passwd", "720p-generic\0"])
def test_an_unknown_preset_is_refused_by_name(name: str) -> None:
    with pytest.raises(InvalidInput, match=r"^output\.preset: there is no preset") as caught:
        preset_library().find(name, "output.preset")
    assert caught.value.code == "UNKNOWN_PRESET"


@pytest.mark.parametrize("name", ["720-generic", "720p", "720P"])
def test_a_near_miss_is_told_what_is_near(name: str) -> None:
    with pytest.raises(InvalidInput, match="Did you mean '720p-generic'"):
        preset_library().find(name, "preset")


def test_who_is_far_off_is_told_what_there_is() -> None:
    with pytest.raises(InvalidInput, match=r"Known are 1080p-generic, 320x240-generic, .*, web-generic"):
        preset_library().find("best", "preset")


def test_a_preset_may_be_without_a_description() -> None:
    assert parse_preset("mine", _OWN | {"description": ""}, "preset").description == ""


def test_a_users_directory_adds_and_replaces(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text(json.dumps(_OWN))
    (tmp_path / "720p-generic.json").write_text(json.dumps(_OWN | {"size": "2x2"}))
    presets = preset_library(tmp_path).presets
    assert presets["mine"].size == Size(width=None, height=240)
    assert presets["720p-generic"].size == Size(width=2, height=2)
    assert "web-generic" in presets


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"video_codec": "libx265", "video_codec_options": "Profile:baseline"}, "no profile 'baseline'"),
        ({"video_codec_options": "Profile=main"}, "'Profile=main' is none of these"),
        ({"video_codec_options": "Level:nine"}, "Level must be such as"),
        ({"video_codec_options": "MaxReferenceFrames:99"}, "must be 1 to 16"),
        ({"video_codec_options": "Speed:ludicrous"}, "has no Speed 'ludicrous'; it knows ultrafast, "),
        (
            {"video_codec": "libvpx-vp9", "video_codec_options": "Speed:good"},
            "libvpx-vp9 has no Speed 'good'; it knows ultrafast, ",
        ),
        ({"video_codec": "mpeg4", "video_codec_options": "Speed:fast"}, "no Speed 'fast'; it knows none"),
        ({"video_codec": "h265x"}, "no video codec 'h265x'"),
        ({"size": None}, "size is missing"),
        ({"shell": "ls"}, "unknown key 'shell'"),
    ],
)
def test_a_users_preset_that_is_wrong_stops_the_worker(
    tmp_path: Path, change: dict[str, object], complaint: str
) -> None:
    (tmp_path / "mine.json").write_text(json.dumps(_OWN | change))
    with pytest.raises(ConfigError, match=complaint) as caught:
        PresetLibrary([tmp_path])
    assert caught.value.code == "PRESETS_INVALID"
    assert "mine.json" in str(caught.value)


def test_a_directory_that_is_not_there_stops_the_worker(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        PresetLibrary([tmp_path / "none"])


def test_codec_options_are_split_at_the_colon() -> None:
    options = parse_codec_options("MaxReferenceFrames:3,Profile:baseline,Level:3.1,Speed:fast", "options")
    assert (options.references, options.profile, options.level) == (3, "baseline", "3.1")
    assert options.speed == "fast"
