"""Videos that one task makes together, in segments side by side: what each would be by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from activities.media import planner
from activities.media.codecs import VIDEO_ENCODERS
from activities.media.presets import preset_library
from activities.transcode_asset import TranscodeAsset
from cpe.errors import ActivityError, InvalidInput
from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker
from tests.media.fleet import FILMS, frames_of, job_of, made_file
from tests.media.meters import integrated_and_peak
from tests.media.test_segments_joined import _ladder, _sound, _video

_MACHINE = planner.Machine(cores=3, memory=4096 * planner.MIB)


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let short films be cut, as if the machine had three processors."""
    monkeypatch.setattr(planner, "_LEAST_WORK", 0.001)
    monkeypatch.setattr(planner, "_LEAST_SECONDS", 1)
    monkeypatch.setattr("activities.transcode_asset.this_machine", lambda cores: _MACHINE)
    preset_library.cache_clear()
    yield
    preset_library.cache_clear()


@pytest.mark.parametrize("name", FILMS)
@pytest.mark.usefixtures("lossless")
def test_every_frame_is_there_once_at_its_time(
    environment: ActivityEnvironment,
    clips: ClipMaker,
    tmp_path: Path,
    name: str,
    request: pytest.FixtureRequest,
) -> None:
    source = FILMS[name](clips)
    environment.storage.put("media-in", source.name, source)
    apart = [
        environment.run(TranscodeAsset(), job_of(source, [output]))["outputs"][0]
        for output in _ladder("apart")
    ]
    request.getfixturevalue("eager")
    together = environment.run(TranscodeAsset(), job_of(source, _ladder("together")))["outputs"]
    for one, joined in zip(apart, together, strict=True):
        assert joined["key"] == one["key"].replace("apart", "together")
        assert joined.keys() == one.keys()
        paths = [made_file(environment, output["key"], tmp_path) for output in (one, joined)]
        assert frames_of(clips, paths[1]) == frames_of(clips, paths[0])
        assert _sound(clips, paths[1]) == _sound(clips, paths[0])


@pytest.mark.usefixtures("lossless")
def test_a_high_dynamic_range_is_mapped_for_the_outputs_that_want_it(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    source = clips.run(
        "range.mov",
        *("-f", "lavfi", "-i", "testsrc2=size=80x46:rate=25:duration=5", "-c:v", "prores_ks"),
        *(
            "-vf",
            "format=yuv422p10le,setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc",
        ),
    )
    environment.storage.put("media-in", source.name, source)
    wanted: dict[str, dict[str, Any]] = {
        "usual": {"tone_map": True},
        "small": {"tone_map": True, "size": "64x36"},
        "high": {},
    }
    apart = {name: _video(f"apart/{name}.mp4", **keys) for name, keys in wanted.items()}
    for output in apart.values():
        environment.run(TranscodeAsset(), job_of(source, [output]))
    request.getfixturevalue("eager")
    together = [_video(f"together/{name}.mp4", **keys) for name, keys in wanted.items()]
    environment.run(TranscodeAsset(), job_of(source, together))
    planned = [fields for _, event, fields in environment.log.records if event == "ladder.planned"]
    assert planned[-1]["outputs"] == len(wanted)
    assert planned[-1]["segments"] > 1
    for name in wanted:
        paths = [made_file(environment, f"{way}/{name}.mp4", tmp_path) for way in ("apart", "together")]
        assert frames_of(clips, paths[1]) == frames_of(clips, paths[0])
        (stream,) = clips.probe(paths[1])["streams"]
        assert stream["color_transfer"] == ("smpte2084" if name == "high" else "bt709")


@pytest.mark.usefixtures("eager")
def test_loudness_and_captions_need_no_run_of_their_own(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path
) -> None:
    source = FILMS["25"](clips)
    environment.storage.put("media-in", source.name, source)
    environment.storage.put("media-in", "c.srt", b"1\n00:00:01,000 --> 00:00:03,000\nOne\n")
    captions = {"bucket": "media-in", "file": "c.srt", "language": "eng", "mode": "embed"}
    outputs = [_video("quiet.mp4", loudness=-30), _video("plain.mkv", captions=captions)]
    environment.run(TranscodeAsset(), job_of(source, outputs))
    (planned,) = [fields for _, event, fields in environment.log.records if event == "ladder.planned"]
    assert planned["outputs"] == len(outputs)
    quiet, plain = (made_file(environment, key, tmp_path) for key in ("quiet.mp4", "plain.mkv"))
    assert integrated_and_peak(clips, quiet)[0] == pytest.approx(-30, abs=0.6)
    (text,) = clips.probe(plain, "-select_streams", "s")["streams"]
    assert (text["codec_name"], text["tags"]["language"]) == ("subrip", "eng")


@pytest.mark.usefixtures("eager")
def test_progress_is_that_of_all_segments(environment: ActivityEnvironment, clips: ClipMaker) -> None:
    source = FILMS["25"](clips)
    environment.storage.put("media-in", source.name, source)
    environment.run(TranscodeAsset(), job_of(source, _ladder("together")))
    for key in ("together/own.mp4", "together/small.mkv"):
        reports: list[Any] = [event.result for event in environment.events if event.result is not None]
        told = [report["progress"] for report in reports if report["output"] == key]
        assert told[-1] == 100.0
        assert told == sorted(told)


@pytest.mark.usefixtures("eager")
def test_the_order_of_the_outputs_is_kept(environment: ActivityEnvironment, clips: ClipMaker) -> None:
    source = FILMS["25"](clips)
    environment.storage.put("media-in", source.name, source)
    thumb = {"type": "THUMB", "bucket": "media-out", "file": "t.jpg", "size": "64x36"}
    outputs = [_video("one.mp4"), thumb, _video("two.mp4")]
    made = environment.run(TranscodeAsset(), job_of(source, outputs))["outputs"]
    assert [output["key"] for output in made] == ["one.mp4", "t.jpg", "two.mp4"]


@pytest.mark.usefixtures("eager")
def test_nothing_is_left_of_segments(environment: ActivityEnvironment, clips: ClipMaker) -> None:
    source = FILMS["25"](clips)
    environment.storage.put("media-in", source.name, source)
    environment.run(TranscodeAsset(), job_of(source, _ladder("together")))
    assert set(environment.storage.keys("media-out")) == {
        "together/own.mp4",
        "together/small.mkv",
    }


@pytest.mark.usefixtures("eager")
def test_a_video_that_cannot_be_joined_exactly_is_made_by_itself(
    environment: ActivityEnvironment, clips: ClipMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = FILMS["25"](clips)
    environment.storage.put("media-in", source.name, source)
    # MPEG-2 knows no rate of 7: what it makes of a segment has other frames. We know that; an encoder may come
    # of which we do not.
    forgetful = replace(VIDEO_ENCODERS["mpeg2video"], rates=frozenset())
    monkeypatch.setitem(VIDEO_ENCODERS, "mpeg2video", forgetful)
    outputs = [_video("one.mp4"), _video("two.mkv", video_codec="mpeg2video", frame_rate="7")]
    made = environment.run(TranscodeAsset(), job_of(source, outputs))["outputs"]
    assert [output["key"] for output in made] == ["one.mp4", "two.mkv"]
    assert [fields["key"] for _, event, fields in environment.log.records if event == "ladder.inexact"] == [
        "two.mkv"
    ]


@pytest.mark.usefixtures("eager")
def test_a_sound_may_be_shorter_than_its_picture_where_the_file_tells_no_stream_s_duration(
    environment: ActivityEnvironment, clips: ClipMaker
) -> None:
    source = clips.run(
        "short-sound.mkv",
        *("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=7"),
        *("-f", "lavfi", "-i", "sine=sample_rate=48000:duration=2"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"),
    )
    environment.storage.put("media-in", source.name, source)
    made = environment.run(TranscodeAsset(), job_of(source, _ladder("together")))["outputs"]
    assert [round(output["duration"]) for output in made] == [7, 7]


def test_a_file_whose_clock_starts_late_is_whole(environment: ActivityEnvironment, clips: ClipMaker) -> None:
    source = clips.run(
        "late.mkv",
        *("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=3"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-output_ts_offset", "37"),
    )
    environment.storage.put("media-in", source.name, source)
    made = environment.run(TranscodeAsset(), job_of(source, _ladder("late")))["outputs"]
    assert [round(output["duration"]) for output in made] == [3, 3]


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(("first", "last"), [(0.1, 0.3), (0.4, 1.0), (0.8, 1.0)])
def test_a_film_whose_data_are_damaged_ends_together_as_it_does_apart(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path, first: float, last: float
) -> None:
    whole = FILMS["uneven"](clips).read_bytes()
    data = whole.index(b"mdat") + 4
    length = whole.index(b"moov", data) - data  # the index is behind the data, and whole
    begin, end = data + int(first * length), data + int(last * length)
    source = tmp_path / "damaged.mp4"
    source.write_bytes(whole[:begin] + bytes(end - begin) + whole[end:])
    environment.storage.put("media-in", source.name, source)

    def ending(outputs: list[dict[str, Any]]) -> Any:
        try:
            made = environment.run(TranscodeAsset(), job_of(source, outputs))["outputs"]
        except ActivityError as error:
            return error.code
        paths = [made_file(environment, output["key"], tmp_path) for output in made]
        return [[time for time, _ in frames_of(clips, path)] for path in paths]

    apart = [ending([output]) for output in _ladder("apart")]
    together = ending(_ladder("together"))
    if isinstance(together, str):
        assert together in apart
    else:
        assert together == [frames for (frames,) in apart]


_EXCERPTS: dict[str, dict[str, Any]] = {
    "whole seconds": {"start": 1, "duration": 4},
    "to the end": {"start": "2.5"},
    "from the start": {"duration": "4.2"},
    "between frames": {"start": "1.313", "duration": "3.337"},
    "short": {"start": 3, "duration": "0.5"},
}


# FFmpeg by itself tells in milliseconds by how much a picture starts later than the sound.
_MILLISECOND = {("uneven", "between frames"): 13}


@pytest.mark.parametrize(
    "case",
    [
        *((name, excerpt) for name in FILMS for excerpt in ("between frames", "to the end")),
        *(("25", excerpt) for excerpt in ("whole seconds", "from the start", "short")),
    ],
    ids=", ".join,
)
@pytest.mark.usefixtures("lossless")
def test_parts_of_a_source_are_made_together_as_each_by_itself(
    environment: ActivityEnvironment,
    clips: ClipMaker,
    tmp_path: Path,
    case: tuple[str, str],
    request: pytest.FixtureRequest,
) -> None:
    source = FILMS[case[0]](clips)
    environment.storage.put("media-in", source.name, source)
    wanted = [{**output, **_EXCERPTS[case[1]]} for output in _ladder("apart")]
    apart = [environment.run(TranscodeAsset(), job_of(source, [output]))["outputs"][0] for output in wanted]
    request.getfixturevalue("eager")
    environment.log.records.clear()
    wanted = [{**output, **_EXCERPTS[case[1]]} for output in _ladder("together")]
    together = environment.run(TranscodeAsset(), job_of(source, wanted))["outputs"]
    events = [event for _, event, _ in environment.log.records]
    assert "ladder.planned" in events
    assert "ladder.inexact" not in events
    for one, joined in zip(apart, together, strict=True):
        paths = [made_file(environment, output["key"], tmp_path) for output in (one, joined)]
        its, mine = (frames_of(clips, path) for path in paths)
        assert [frame for _, frame in mine] == [frame for _, frame in its]
        (later,) = {int(time) - int(usual) for (usual, _), (time, _) in zip(its, mine, strict=True)}
        assert abs(later) <= _MILLISECOND.get(case, 0)
        assert _sound(clips, paths[1]) == _sound(clips, paths[0])


@pytest.mark.usefixtures("eager")
def test_each_part_has_a_decoding_of_its_own(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path
) -> None:
    source = FILMS["25"](clips)
    environment.storage.put("media-in", source.name, source)
    first, second = {"start": 1, "duration": 2}, {"start": 3, "duration": "1.4"}
    wanted = [
        _video("a.mp4", **first),
        _video("b.mp4", **second),
        _video("c.mp4", size="64x36", **first),
        _video("whole.mp4"),
    ]
    made = environment.run(TranscodeAsset(), job_of(source, wanted))["outputs"]
    frames = [len(frames_of(clips, made_file(environment, one["key"], tmp_path))) for one in made]
    assert frames == [50, 35, 50, 150]
    planned = [fields for _, event, fields in environment.log.records if event == "ladder.planned"]
    # The second is too short for two segments, and alone.
    assert [fields["outputs"] for fields in planned] == [2, 1]


@pytest.mark.usefixtures("eager")
def test_a_part_behind_the_end(environment: ActivityEnvironment, clips: ClipMaker) -> None:
    source = FILMS["25"](clips)
    environment.storage.put("media-in", source.name, source)
    wanted = [_video("a.mp4"), _video("late.mp4", start=60)]
    with pytest.raises(InvalidInput, match="The part starts at 60 s, but the source lasts 6") as refused:
        environment.run(TranscodeAsset(), job_of(source, wanted))
    assert refused.value.code == "START_OUT_OF_RANGE"
