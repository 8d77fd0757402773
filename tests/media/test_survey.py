"""What is read of a finished file: its packets, by FFprobe's own answer and such as it may give; some frames."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from activities.ffmpeg.workshop import Workshop
from activities.media.command import survey_arguments
from activities.media.survey import FrameTimes, Survey, SurveyReader
from cpe.activity import Cancellation
from tests.media.clips import ClipMaker

_STREAMS = """\
    "streams": [
        { "index": 0, "codec_name": "h264", "codec_type": "video", "width": 64, "height": 36,
            "disposition": { "default": 1 },
            "tags": { "title": "    ]," } },
        { "index": 1, "codec_name": "aac", "codec_type": "audio", "channels": 2, "sample_rate": "48000" }
    ],
    "format": { "format_name": "mov,mp4", "duration": "4.000000" }
}"""


def _read(text: str) -> Survey:
    reader = SurveyReader()
    for line in text.splitlines():
        reader.feed(line)
    return reader.survey()


def _survey(*packets: str) -> Survey:
    return _read("\n".join(('{\n    "packets": [', *packets, "    ],", _STREAMS)))


def test_frames_come_in_order_and_key_frames_among_them() -> None:
    survey = _survey(
        '        { "stream_index": 0, "pts": 0, "flags": "K__" },',
        '        { "stream_index": 1, "pts": 10, "flags": "K__" },',
        '        { "stream_index": 0, "pts": 1024, "flags": "___" },',
        '        { "stream_index": 0, "pts": 512, "flags": "___" }',
    )
    assert survey.frames == {
        0: FrameTimes(times=[0, 512, 1024], keys=[0]),
        1: FrameTimes(times=[10], keys=[10]),
    }


def test_frames_that_are_not_shown_are_left_out_whatever_packets_bring_along() -> None:
    survey = _survey(
        '        { "stream_index": 1, "pts": -1024, "flags": "KD_",',
        '            "side_data_list": [',
        "                {  }",
        "            ] },",
        '        { "stream_index": 1, "pts": 0, "flags": "K__" }',
    )
    assert survey.frames == {1: FrameTimes(times=[0], keys=[0])}


def test_a_stream_with_a_packet_without_a_time_tells_no_times() -> None:
    survey = _survey(
        '        { "stream_index": 0, "pts": 0, "flags": "K__" },',
        '        { "stream_index": 0, "flags": "___" },',
        '        { "stream_index": 1, "pts": 0, "flags": "K__" }',
    )
    assert list(survey.frames) == [1]


def test_streams_and_format_are_read_as_when_they_are_asked_for_alone() -> None:
    info = _survey("").info
    assert (info.demuxer, info.duration) == ("mov,mp4", 4.0)
    assert info.video is not None
    assert (info.video.width, info.video.height) == (64, 36)
    assert info.audio is not None


def test_ffprobe_answers_so(clips: ClipMaker) -> None:
    film = clips.run(
        "survey.mp4",
        *("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=2"),
        *("-f", "lavfi", "-i", "sine=sample_rate=48000:duration=2"),
        *("-c:v", "libx264", "-bf", "2", "-g", "25", "-pix_fmt", "yuv420p", "-c:a", "aac"),
    )
    answer = subprocess.run(
        [clips.tools.ffprobe, *survey_arguments(film.name)],
        cwd=film.parent,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    survey = _read(answer.stdout)
    video = survey.info.video
    assert video is not None
    assert video.time_base is not None
    assert [round(time * video.time_base * 25) for time in survey.frames[video.index].times] == list(
        range(50)
    )
    assert [round(time * video.time_base * 25) for time in survey.frames[video.index].keys] == [0, 25]
    assert survey.info.duration == 2.0


def _sampled(clips: ClipMaker, film: Path, *times: float) -> bool:
    workshop = Workshop(
        tools=clips.tools, directory=film.parent, cancellation=Cancellation(), encode_seconds=60
    )
    return workshop.samples(film.name, 0, times)


def _film(clips: ClipMaker, name: str, *arguments: str) -> Path:
    picture = ("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=6")
    coding = ("-c:v", "libx264", "-bf", "2", "-g", "50", "-pix_fmt", "yuv420p")
    return clips.run(name, *picture, *coding, *arguments)


@pytest.mark.parametrize(
    ("name", "late"), [("s.mp4", 0), ("s.mkv", 0), ("s.flv", 0), ("late.mp4", 37), ("late.mkv", 37)]
)
def test_frames_are_decoded_where_they_are_asked_for(clips: ClipMaker, name: str, late: int) -> None:
    film = _film(clips, name, "-output_ts_offset", str(late))
    assert _sampled(clips, film, 0.0, late + 3.0, late + 5.5)


def test_a_file_whose_data_end_early_has_no_frame_there(clips: ClipMaker, tmp_path: Path) -> None:
    whole = _film(clips, "whole.mp4").read_bytes()
    data, index = whole.index(b"mdat") + 4, whole.index(b"moov")
    middle = data + (index - data) // 2
    film = tmp_path / "cut.mp4"
    film.write_bytes(whole[:middle] + bytes(index - middle) + whole[index:])
    assert _sampled(clips, film, 0.0, 1.0)
    assert not _sampled(clips, film, 0.0, 5.5)
