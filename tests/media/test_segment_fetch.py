"""What TranscodeSegment fetches of a large film, and that it makes the same of it as of the whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from activities.fleet import film_look, segment_fetch, spans
from activities.split_asset import SplitAsset
from activities.transcode_segment import TranscodeSegment
from activities.transfer.glance import GLANCE_FROM
from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker
from tests.media.fleet import FILMS, job_of
from tests.media.test_glance import Traffic, traffic
from tests.media.test_segments_joined import _video

__all__ = ["traffic"]

_LARGE = (
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-qp",
    "1",
    "-pix_fmt",
    "yuv420p",
    "-g",
    "25",
    "-bf",
    "2",
)


@pytest.fixture(scope="module")
def film(clips: ClipMaker) -> Path:
    """A film of more than 32 MiB, with its index behind."""
    noise = ("-vf", "noise=alls=40:allf=t")
    return clips.make("film.mp4", *noise, *_LARGE, "-c:a", "aac", seconds=34, size="240x136")


def _split(environment: ActivityEnvironment, source: Path) -> dict[str, Any]:
    environment.storage.put("media-in", source.name, source)
    outputs = [_video("a.mp4"), _video("b.mp4", size="64x36", frame_rate="29.97")]
    split: dict[str, Any] = environment.run(SplitAsset(), job_of(source, outputs, segments=6))
    return split


def _encode(environment: ActivityEnvironment, source: Path, split: dict[str, Any], index: int) -> list[bytes]:
    part = [part for part in split["parts"] if "segment" in part][index]
    job = job_of(source, split["outputs"], split=split["split"], part=part)
    made = environment.run(TranscodeSegment(), job)["outputs"]
    return [environment.storage.get("media-out", one["key"]) for one in made]


@pytest.fixture(scope="module")
def films(clips: ClipMaker, film: Path) -> dict[str, Path]:
    """The same in other ways."""
    copy = ("-i", str(film), "-c", "copy")
    return {
        "index behind": film,
        "index in front": clips.run("film-front.mp4", *copy, "-movflags", "+faststart"),
        "matroska": clips.run("film.mkv", *copy),
        "matroska, cues in front": clips.run("front.mkv", *copy, "-cues_to_front", "1"),
        "matroska, no cues": clips.run("live.mkv", *copy, "-live", "1"),
        "fragments": clips.run("fragments.mp4", *copy, "-movflags", "+frag_keyframe+empty_moov"),
        "some in fragments": clips.run("some-fragments.mp4", *copy, "-movflags", "+frag_keyframe"),
    }


@pytest.mark.parametrize("name", ["index behind", "index in front", "matroska", "matroska, cues in front"])
def test_a_segment_is_made_of_a_part_as_of_the_whole(
    environment: ActivityEnvironment,
    traffic: Traffic,
    films: dict[str, Path],
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    film = films[name]
    size = film.stat().st_size
    assert size > GLANCE_FROM
    split = _split(environment, film)
    partly = {}
    for index in (0, 3, 5):
        traffic.downloads.clear()
        traffic.reads.clear()
        partly[index] = _encode(environment, film, split, index)
        assert traffic.downloads == []
        assert sum(traffic.reads) < size * 0.75
    monkeypatch.setattr(segment_fetch, "GLANCE_FROM", size + 1)
    for index, made in partly.items():
        assert _encode(environment, film, split, index) == made
    assert traffic.downloads == [film.name] * 3
    assert "segment.fetched_whole" not in [event for _, event, _ in environment.log.records]


@pytest.mark.parametrize("name", ["matroska, no cues", "fragments"])
def test_a_film_without_an_index_of_its_frames_is_fetched_whole(
    environment: ActivityEnvironment, traffic: Traffic, films: dict[str, Path], name: str
) -> None:
    other = films[name]
    split = _split(environment, other)
    traffic.downloads.clear()
    _encode(environment, other, split, 3)
    assert traffic.downloads == [other.name]
    assert "segment.fetched" not in [event for _, event, _ in environment.log.records]


def test_what_cannot_be_made_of_a_part_is_made_of_the_whole(
    environment: ActivityEnvironment,
    traffic: Traffic,
    film: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    split = _split(environment, film)
    whole = _encode(environment, film, split, 3)
    # As if the index had said that the frames lie elsewhere.
    monkeypatch.setattr(spans, "span_of", lambda *_: (0, 1))
    traffic.downloads.clear()
    assert _encode(environment, film, split, 3) == whole
    assert traffic.downloads == [film.name]
    assert "segment.fetched_whole" in [event for _, event, _ in environment.log.records]


@pytest.mark.parametrize("name", ["index behind", "index in front"])
def test_a_film_is_split_by_its_index_as_by_all_of_it(
    environment: ActivityEnvironment,
    traffic: Traffic,
    films: dict[str, Path],
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    film = films[name]
    size = film.stat().st_size
    split = _split(environment, film)
    assert len(split["parts"]) == 7
    assert traffic.downloads == []
    assert sum(traffic.reads) < size * 0.6
    monkeypatch.setattr(film_look, "GLANCE_FROM", size + 1)
    whole = _split(environment, film)
    assert traffic.downloads == [film.name]
    assert {**split, "timing": None} == {**whole, "timing": None}


@pytest.mark.parametrize("name", ["matroska", "fragments", "some in fragments"])
def test_a_film_whose_index_does_not_name_all_frames_is_fetched_to_be_split(
    environment: ActivityEnvironment, traffic: Traffic, films: dict[str, Path], name: str
) -> None:
    split = _split(environment, films[name])
    assert len(split["parts"]) == 7
    assert traffic.downloads == [films[name].name]


def test_captions_are_taken_out_of_the_whole(
    environment: ActivityEnvironment, traffic: Traffic, clips: ClipMaker, film: Path, tmp_path: Path
) -> None:
    text = tmp_path / "late.srt"
    text.write_text("1\n00:00:15,000 --> 00:00:20,000\nIn the middle\n")
    titled = clips.run("titled.mp4", "-i", film, "-i", text, "-c", "copy", "-c:s", "mov_text")
    environment.storage.put("media-in", titled.name, titled)
    job = job_of(titled, [_video("a.mp4", captions={"stream": "auto"})], segments=6)
    split = environment.run(SplitAsset(), job)["split"]
    assert traffic.downloads == [titled.name]
    kept = environment.storage.get("media-out", f"{split['folder']}/captions-0")
    assert b"In the middle" in kept


def _edited(clips: ClipMaker) -> Path:
    """Make a film that starts between two key frames, by its edit list."""
    return clips.run("edited.mp4", "-ss", "1.3", "-i", FILMS["29.97"](clips), "-c", "copy")


_FILMS = {**FILMS, "edited": _edited}


@pytest.mark.parametrize("name", _FILMS)
def test_the_index_tells_the_times_of_all_frames(
    environment: ActivityEnvironment, clips: ClipMaker, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = _FILMS[name](clips)
    splits = []
    for least in (0, film.stat().st_size + 1):
        monkeypatch.setattr(film_look, "GLANCE_FROM", least)
        splits.append({**_split(environment, film), "timing": None})
    assert splits[0] == splits[1]
