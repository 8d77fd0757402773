"""AUDIO outputs of a part of the source: the very samples that the whole has there."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Any

import pytest

from activities.transcode_asset import TranscodeAsset
from cpe.errors import InvalidInput
from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker
from tests.media.meters import integrated_and_peak

_HZ = 44_100
_NOISE = ("-f", "lavfi", "-i", f"anoisesrc=d=12:c=pink:r={_HZ}:a=0.4:seed=7")

# Seconds: start, duration, and until when that is.
_PARTS: list[tuple[dict[str, Any], float, float]] = [
    ({"start": 3}, 3.0, 12.0),
    ({"start": "00:00:04.321", "duration": "2.5"}, 4.321, 6.821),
    ({"duration": 1.5}, 0.0, 1.5),
    ({"start": 11, "duration": 60}, 11.0, 12.0),
]
_SOURCES = {
    "mp4": (
        "-i",
        "sound.wav",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=d=12:s=64x36",
        "-c:a",
        "alac",
        "-c:v",
        "libx264",
    ),
    "flac": ("-i", "sound.wav"),
    "wav": ("-i", "sound.wav"),
}


@pytest.fixture(scope="module")
def sound(clips: ClipMaker) -> Path:
    return clips.run("sound.wav", *_NOISE)


def _make(environment: ActivityEnvironment, source: Path, **changes: Any) -> tuple[bytes, dict[str, Any]]:
    environment.storage.put("media-in", source.name, source)
    environment.storage.make_bucket("media-out")
    kind = "VIDEO" if source.suffix in {".mp4", ".ts"} else "AUDIO"
    job = {
        "input_asset": {"type": kind, "bucket": "media-in", "file": source.name},
        "output_asset": {"type": "AUDIO", "bucket": "media-out", "file": "a.wav", **changes},
    }
    (said,) = environment.run(TranscodeAsset(), job)["outputs"]
    return environment.storage.get("media-out", said["key"]), said


def _samples(clips: ClipMaker, folder: Path, content: bytes) -> array[int]:
    path = folder / "made"
    path.write_bytes(content)
    return array("h", clips.decoded(path, "-f", "s16le", "-ac", "1"))


@pytest.mark.parametrize("form", _SOURCES)
def test_the_samples_are_those_of_the_whole(
    environment: ActivityEnvironment, clips: ClipMaker, sound: Path, tmp_path: Path, form: str
) -> None:
    options = [str(sound) if option == sound.name else option for option in _SOURCES[form]]
    source = clips.run(f"source.{form}", *options)
    whole = _samples(clips, tmp_path, _make(environment, source, channels=1)[0])
    for changes, start, end in _PARTS:
        part = _samples(clips, tmp_path, _make(environment, source, channels=1, **changes)[0])
        assert len(part) == round((end - start) * _HZ)
        assert part == whole[round(start * _HZ) : round(end * _HZ)], (form, changes)


def test_a_clock_of_milliseconds(
    environment: ActivityEnvironment, clips: ClipMaker, sound: Path, tmp_path: Path
) -> None:
    source = clips.run("source.mkv", "-i", str(sound), "-c:a", "flac")
    for changes, start, end in _PARTS:
        part = _samples(clips, tmp_path, _make(environment, source, channels=1, **changes)[0])
        assert len(part) / _HZ == pytest.approx(end - start, abs=0.001)


def test_a_part_before_the_first_sound_is_silent(
    environment: ActivityEnvironment, clips: ClipMaker, sound: Path, tmp_path: Path
) -> None:
    picture = ("-f", "lavfi", "-i", "testsrc2=d=16:s=64x36", "-itsoffset", "4", "-i", str(sound))
    late = clips.run("late.mp4", *picture, "-map", "0:v", "-map", "1:a", "-c:v", "libx264", "-c:a", "alac")
    silent = _samples(clips, tmp_path, _make(environment, late, channels=1, start=1, duration=2)[0])
    assert (len(silent), set(silent)) == (2 * _HZ, {0})
    both = _samples(clips, tmp_path, _make(environment, late, channels=1, start=3, duration=2)[0])
    assert len(both) == 2 * _HZ
    assert not any(both[:_HZ])
    assert sum(map(bool, both[_HZ:])) > _HZ / 2


def test_a_part_of_a_stream_whose_clock_starts_late(
    environment: ActivityEnvironment, clips: ClipMaker, sound: Path, tmp_path: Path
) -> None:
    stream = clips.run(
        "source.ts", "-i", str(sound), "-c:a", "mp2", "-b:a", "384k", "-output_ts_offset", "500"
    )
    environment.storage.put("media-in", stream.name, stream)
    whole = _samples(clips, tmp_path, _make_sound(environment, stream)[0])
    part = _samples(clips, tmp_path, _make_sound(environment, stream, start=5, duration=1)[0])
    assert part == whole[5 * _HZ : 6 * _HZ]


def _make_sound(
    environment: ActivityEnvironment, source: Path, **changes: Any
) -> tuple[bytes, dict[str, Any]]:
    environment.storage.make_bucket("media-out")
    job = {
        "input_asset": {"type": "AUDIO", "bucket": "media-in", "file": source.name},
        "output_asset": {"type": "AUDIO", "bucket": "media-out", "file": "a.wav", "channels": 1, **changes},
    }
    (said,) = environment.run(TranscodeAsset(), job)["outputs"]
    return environment.storage.get("media-out", said["key"]), said


def test_loudness_is_that_of_the_part(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path
) -> None:
    halves = "volume='if(lt(t,6),0.02,0.5)':eval=frame"
    uneven = clips.run("uneven.wav", *_NOISE, "-af", halves)
    content, said = _make(environment, uneven, start=1, duration=4, loudness=-20)
    path = tmp_path / "part.wav"
    path.write_bytes(content)
    assert said["duration"] == pytest.approx(4, abs=0.01)
    assert integrated_and_peak(clips, path)[0] == pytest.approx(-20, abs=0.5)


@pytest.mark.parametrize(
    ("changes", "code", "complaint"),
    [
        ({"start": 30}, "START_OUT_OF_RANGE", r"The part starts at 30 s, but the source lasts 12\.000 s"),
        ({"start": "soon"}, "INPUT_INVALID", r"output_asset\.start must be seconds such as 12\.5"),
        ({"duration": 0}, "INPUT_INVALID", r"output_asset\.duration must be more than 0"),
    ],
)
def test_what_is_refused(
    environment: ActivityEnvironment, sound: Path, changes: dict[str, Any], code: str, complaint: str
) -> None:
    with pytest.raises(InvalidInput, match=complaint) as refused:
        _make(environment, sound, **changes)
    assert refused.value.code == code
