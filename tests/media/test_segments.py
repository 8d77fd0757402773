"""Where videos are cut, and the commands of the segments: nothing here runs FFmpeg."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.media.codecs import AUDIO_ENCODERS
from activities.media.fields import Fields
from activities.media.join_command import concat_list, join_arguments
from activities.media.locations import Location
from activities.media.loudness import Loudness
from activities.media.outputs import parse_outputs
from activities.media.presets import preset_library
from activities.media.probe import AudioStream, MediaInfo, VideoStream
from activities.media.segment_command import (
    Rendition,
    measuring_arguments,
    segment_arguments,
    sound_arguments,
)
from activities.media.segments import (
    GRID_SECONDS,
    MAX_SEGMENTS,
    Cut,
    Frames,
    Segment,
    cut,
    stretch_of,
    wished_segments,
)
from activities.media.split import (
    Sound,
    SoundVersion,
    Split,
    read_part,
    read_split,
    version_of_sound,
    versions_of_sound,
    work_folder,
    write_part,
    write_split,
)
from activities.media.timing import Timing, timing_of
from activities.media.video_output import VideoOutput
from cpe.errors import InvalidInput

_RATES = st.sampled_from(
    [Fraction(25), Fraction(30_000, 1001), Fraction(24_000, 1001), Fraction(21), Fraction(1)]
)
_MILLISECOND = Fraction(1, 1000)


def _frames(count: int, *, rate: Fraction = Fraction(25), first: int = 0) -> Frames:
    times = [first + round(number / rate * 90_000) for number in range(count)]
    return Frames(time_base=Fraction(1, 90_000), times=times, keys=times[::50])


def _output(**changes: Any) -> VideoOutput:
    document = {
        "type": "VIDEO",
        "bucket": "media-out",
        "file": "x.mp4",
        "preset": "360p-16.9-generic",
        **changes,
    }
    (output,) = parse_outputs([("output", document)], preset_library())
    assert isinstance(output, VideoOutput)
    return output


def test_segments_are_of_equal_length_on_the_grid() -> None:
    segments = cut(_frames(1000), 4, demuxer="mov")
    starts = [segment.start for segment in segments]
    assert starts[0] is None
    assert [start.at for start in starts[1:] if start] == [10, 20, 30]
    assert [start.frame for start in starts[1:] if start] == [250, 500, 750]
    assert all(one.end == next_.start for one, next_ in pairwise(segments))
    assert segments[-1].end is None


def test_reading_starts_some_frames_before_the_segment() -> None:
    _, segment = cut(_frames(500), 2, demuxer="mov,mp4")
    assert segment.start is not None
    assert segment.start.seek == Fraction("9.82"), "half-way before the fourth frame ahead"


def test_a_format_without_index_is_read_from_before_the_key_frame() -> None:
    _, segment = cut(_frames(500), 2, demuxer="mpegts")
    assert segment.start is not None
    assert segment.start.seek == Fraction(7), "the key frame at 8 s and a second more"


@pytest.mark.parametrize(
    ("times", "why"),
    [
        ([0], "one frame"),
        ([0, 10, 10, 20, 4000], "two frames at one time"),
        ([0, 1000, 20_000, 21_000], "a break in the clock"),
        ([0, 1000, 1900], "too short"),
    ],
)
def test_what_cannot_be_cut(times: list[int], why: str) -> None:
    assert cut(Frames(time_base=_MILLISECOND, times=times, keys=[0]), 2, demuxer="mov") == (), why


@pytest.mark.parametrize(
    ("job", "seconds", "count"),
    [
        ({}, 15, 1),
        ({}, 45, 2),
        ({}, 1_500, 60),
        ({}, 3_599, 60),
        ({}, 5_400, 90),
        ({}, 100_000, MAX_SEGMENTS),
        ({"segments": 7}, 45, 7),
        ({"segments": "7"}, 45, 7),
        ({"segment_seconds": 10}, 44, 4),
        ({"segment_seconds": 2}, 100_000, MAX_SEGMENTS),
    ],
)
def test_how_many_segments(job: dict[str, Any], seconds: int, count: int) -> None:
    assert wished_segments(Fields(job, "input"), Fraction(seconds)) == count


@pytest.mark.parametrize(
    "job",
    [{"segments": 0}, {"segments": 1000}, {"segment_seconds": 1}, {"segments": 2, "segment_seconds": 9}],
)
def test_a_wish_that_cannot_be(job: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="segment"):
        wished_segments(Fields(job, "input"), Fraction(60))


@given(
    gaps=st.lists(st.integers(min_value=4, max_value=900), min_size=50, max_size=300),
    first=st.integers(min_value=0, max_value=3000),
    count=st.integers(min_value=1, max_value=12),
    rate=st.none() | _RATES,
)
def test_every_frame_belongs_to_one_segment(
    gaps: list[int], first: int, count: int, rate: Fraction | None
) -> None:
    times = list(accumulate(gaps, initial=first))
    frames = Frames(time_base=_MILLISECOND, times=times, keys=times[:1])
    timing = Timing(rate=rate, time_base=_MILLISECOND)
    segments = cut(frames, count, demuxer="matroska,webm")
    stretches = [stretch_of(segment, timing, frames.seconds(0)) for segment in segments]
    for one, next_ in pairwise(stretches):
        assert one.until == next_.begin
        assert one.frames is not None
        assert one.frames > 0
        if rate is not None:
            assert one.begin + one.frames / rate == next_.begin
    if rate is None and segments:
        counted = sum(stretch.frames or 0 for stretch in stretches)
        assert counted + sum(frames.seconds(n) >= stretches[-1].begin for n in range(len(times))) == len(
            times
        )
    for segment, stretch in zip(segments, stretches, strict=True):
        if segment.start is not None:
            assert segment.start.at % GRID_SECONDS == 0
            assert stretch.begin >= segment.start.at - _MILLISECOND
            assert segment.start.seek <= segment.start.time


@given(st.integers(min_value=2, max_value=MAX_SEGMENTS))
def test_a_split_survives_json(count: int) -> None:
    frames = _frames(GRID_SECONDS * 26 * MAX_SEGMENTS, rate=Fraction(30_000, 1001), first=1921)
    parts: list[Segment | Sound] = [Sound(), *cut(frames, count, demuxer="mov")]
    assert [read_part(write_part(part), "part") for part in parts] == parts
    split = Split(
        bucket="media-out",
        folder="cpe-work/w/r",
        size=7,
        first=frames.seconds(0),
        last=frames.seconds(-1),
        timings=(Timing(rate=Fraction(30_000, 1001)), Timing(rate=None, time_base=Fraction(1, 90_000))),
        sounds=1,
    )
    assert read_split(Fields(write_split(split), "split")) == split
    lasting = sum(split.seconds(part) for part in parts if isinstance(part, Segment))
    assert lasting == pytest.approx(float(frames.seconds(-1) - frames.seconds(0)))


def test_the_parts_of_a_job_have_places_of_their_own() -> None:
    assert work_folder("Client A:job/1", "run=") == "cpe-work/Client_A_job_1/run="
    split = Split(
        bucket="b-1",
        folder="cpe-work/w/r",
        size=1,
        first=Fraction(0),
        last=Fraction(9),
        timings=(Timing(rate=None),) * 2,
        sounds=1,
    )
    assert [place.key.removeprefix("cpe-work/w/r/") for place in split.places(2)] == [
        "sound-0",
        *("segment-0000/output-0", "segment-0000/output-1"),
        *("segment-0001/output-0", "segment-0001/output-1"),
    ]


@pytest.mark.parametrize(
    "change", [{"folder": "films/x"}, {"folder": "cpe-work/../x"}, {"size": None}, {"timings": 3}]
)
def test_a_document_that_is_no_split(change: dict[str, Any]) -> None:
    document = {
        "bucket": "b-1",
        "folder": "cpe-work/w/r",
        "size": 1,
        "first": "0",
        "last": "9",
        "timings": [],
        "sounds": 0,
    }
    read_split(Fields(document, "split"))
    with pytest.raises(InvalidInput):
        read_split(Fields({**document, **change}, "split"))


@pytest.mark.parametrize(
    "part", [{}, {"segment": -1}, {"segment": 1, "start": [1]}, {"segment": 0, "start": "abcd"}]
)
def test_a_document_that_is_no_part(part: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="part"):
        read_part(part, "part")


def test_when_frames_are_shown() -> None:
    steady = VideoStream(
        index=0,
        codec="h264",
        width=64,
        height=36,
        frame_rate=Fraction(25),
        steady=True,
        time_base=Fraction(1, 12_800),
    )
    uneven = VideoStream(
        index=0, codec="h264", width=64, height=36, frame_rate=Fraction(19), time_base=Fraction(1, 90_000)
    )
    own = _output(frame_rate="auto")
    assert timing_of(_output(frame_rate="30"), uneven) == Timing(rate=Fraction(30))
    assert timing_of(own, steady) == Timing(rate=Fraction(25))
    assert timing_of(own, uneven) == Timing(rate=None, time_base=Fraction(1, 90_000))
    assert not timing_of(_output(frame_rate="auto", video_codec="mpeg4"), uneven).known


@pytest.mark.parametrize(
    ("rate", "kept"),
    [("25", "25"), ("12.5", "12"), ("24000/1001", "24000/1001"), ("21", "20"), ("26", "25")],
)
def test_mpeg_2_takes_the_nearest_rate_that_it_knows(rate: str, kept: str) -> None:
    source = VideoStream(index=0, codec="h264", width=64, height=36, frame_rate=Fraction(rate), steady=True)
    output = _output(frame_rate="auto", video_codec="mpeg2video")
    assert timing_of(output, source) == Timing(rate=Fraction(kept))


_PICTURE = VideoStream(index=0, codec="h264", width=1280, height=720, frame_rate=Fraction(25), steady=True)
_SOUND = AudioStream(index=1, codec="aac", channels=2, sample_rate=48_000, language="eng")
_SOURCE = MediaInfo(demuxer="mov,mp4", video=_PICTURE, audio=_SOUND)
_CUT = Cut(at=10, frame=250, time=Fraction(10), seek=Fraction("9.82"))


def _segment(*outputs: VideoOutput, segment: Segment, watermarks: dict[Location, str] | None = None) -> str:
    renditions = [
        Rendition(
            output=output,
            stretch=stretch_of(segment, timing_of(output, _PICTURE), Fraction(0)),
            file=f"o-{n}",
        )
        for n, output in enumerate(outputs)
    ]
    seek = segment.start.seek if segment.start else Fraction(0)
    return " ".join(
        segment_arguments(renditions, _SOURCE, _PICTURE, file="input", seek=seek, watermarks=watermarks or {})
    )


def test_a_segment_of_two_outputs_is_decoded_once() -> None:
    command = _segment(
        _output(frame_rate="auto"), _output(file="y.mp4"), segment=Segment(index=1, start=_CUT, end=None)
    )
    assert command.count(" -i ") == 1
    assert " -itsoffset 0.000000 -noaccurate_seek" in command
    assert " -ss 9.820000 -threads 1 -i input " in command
    assert "[0:0]trim=start=9.820000[s0];[s0]split=2[s1][s2];" in command
    assert "fps=fps=25[" in command
    assert "trim=start=10.000000[" in command
    # The first frame at 29.97 after 10 s is number 300.
    assert "trim=start=10.010000[" in command
    assert command.endswith("-output_ts_offset -10.010000 -movie_timescale 1000000 -f mp4 o-1")
    # One thread each for the decoder, the filters and both encoders: other segments have the other processors.
    assert command.count(" -threads 1 ") == 3
    assert " -filter_complex_threads 1 " in command
    assert "-force_key_frames" not in command


def test_the_renditions_of_a_playlist_have_key_frames_on_the_grid() -> None:
    gridded = replace(_output(), gridded=True)
    command = _segment(gridded, segment=Segment(index=1, start=_CUT, end=None))
    assert command.count(" -force_key_frames expr:if(isnan(prev_forced_t),1,gt(floor((t+0.001)/2),") == 1
    assert command.count(" -sc_threshold 0 ") == 1


def test_the_first_segment_is_read_from_the_start() -> None:
    command = _segment(_output(frame_rate="auto"), segment=Segment(index=0, start=None, end=_CUT))
    assert " -ss " not in command
    assert "trim=end=10.000000[" in command


def test_a_watermark_in_all_outputs_is_read_once() -> None:
    mark = {"bucket": "media-in", "file": "w.png"}
    outputs = [_output(file=name, watermark=mark) for name in ("x.mp4", "y.mp4")]
    places = {Location(bucket="media-in", key="w.png"): "watermark-0"}
    command = _segment(*outputs, segment=Segment(index=0, start=None, end=_CUT), watermarks=places)
    assert command.count("-i watermark-0") == 1
    assert command.count("overlay=") == 2


def test_what_mp4_cannot_hold_goes_into_nut() -> None:
    output = _output(file="x.webm", video_codec="vp8", audio_codec="opus")
    assert _segment(output, segment=Segment(index=0, start=None, end=_CUT)).endswith(" -f nut o-0")


def test_the_sound_is_encoded_once_for_each_version() -> None:
    outputs = [
        _output(),
        _output(file="y.mp4"),
        _output(file="z.mp4", audio_bitrate="64k"),
        _output(file="x.mkv"),
    ]
    versions = versions_of_sound(outputs)
    assert [(version.bit_rate, version.muxer) for version in versions] == [
        (128_000, "mp4"),
        (64_000, "mp4"),
        (128_000, "matroska"),
    ]
    assert version_of_sound(outputs[1]) == versions[0]
    command = sound_arguments(
        [
            SoundVersion(encoder=AUDIO_ENCODERS["aac"], bit_rate=rate, muxer="mp4")
            for rate in (128_000, 64_000)
        ],
        _SOURCE,
        _SOUND,
        file="input",
        files=["sound-0", "sound-1"],
    )
    text = " ".join(command)
    assert text.count(" -i ") == 1
    assert text.count(" -map 0:1 ") == 2
    assert text.endswith(
        "-c:a aac -b:a 64000 -metadata:s:a:0 language=eng -movie_timescale 1000000 -f mp4 sound-1"
    )


def test_each_version_is_brought_to_its_loudness() -> None:
    outputs = [_output(), _output(file="y.mp4", loudness=-23), _output(file="z.mp4", loudness=-16)]
    versions = versions_of_sound(outputs)
    assert [version.loudness for version in versions] == [None, -23, -16]
    channels = versions[0].channels
    measuring = " ".join(measuring_arguments(channels, _SOURCE, _SOUND, file="input"))
    assert "aformat=channel_layouts=" in measuring
    assert measuring.endswith(" -f null -")
    measured = {channels: Loudness(integrated=-30.0, peak=-9.0, spread=4.0)}
    files = ["sound-0", "sound-1", "sound-2"]
    text = " ".join(sound_arguments(versions, _SOURCE, _SOUND, file="input", files=files, measured=measured))
    assert text.count(" -map 0:1 ") == 1, "what wants no loudness stays"
    assert [f"loudnorm=I={level:.2f}" in text for level in (-23, -16)] == [True, True]
    silent = sound_arguments(versions, _SOURCE, _SOUND, file="input", files=files, measured={channels: None})
    assert " ".join(silent).count(" -map 0:1 ") == 3


def test_durations_of_the_list_do_not_add_up_what_is_rounded() -> None:
    begins = [number * Fraction(1001, 30_000) * 60 for number in range(200)]
    lines = concat_list([(f"s-{number}", begin) for number, begin in enumerate(begins)]).splitlines()
    assert lines[:3] == ["ffconcat version 1.0", "file s-0", "duration 2.002000"]
    durations = [Fraction(line.split()[1]) for line in lines if line.startswith("duration")]
    assert abs(sum(durations) - begins[-1]) <= Fraction(1, 2_000_000)


def test_the_join_copies() -> None:
    arguments = join_arguments(
        _output(), picture="list", begin=Fraction(1, 25), sound="sound-0", language="eng", file="out"
    )
    text = " ".join(arguments)
    assert (
        "-format_whitelist concat,mov,nut -protocol_whitelist file -itsoffset 0.040000 -f concat -i list "
        in text
    )
    assert text.endswith(
        "-i sound-0 -map 0:v:0 -map 1:a:0 -c copy -map_metadata -1 -map_chapters -1 "
        "-metadata:s:a:0 language=eng -movflags +faststart -f mp4 out"
    )
    silent = join_arguments(
        _output(), picture="list", begin=Fraction(0), sound=None, language=None, file="out"
    )
    assert "1:a:0" not in silent
