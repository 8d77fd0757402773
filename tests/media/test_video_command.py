"""The commands of each key of a VIDEO output."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from activities.media.codecs import AUDIO_ENCODERS
from activities.media.command import VideoNames, video_arguments
from activities.media.outputs import parse_outputs
from activities.media.presets import preset_library
from activities.media.probe import AudioStream, MediaInfo, VideoStream
from activities.media.video_output import VideoOutput
from cpe.errors import InvalidInput

_PICTURE = VideoStream(index=0, codec="h264", width=1280, height=720, duration=5.28)
_SOUND = AudioStream(index=1, codec="aac", channels=6, sample_rate=48000)
_SOURCE = MediaInfo(demuxer="mov", duration=5.312, video=_PICTURE, audio=_SOUND)


def _output(**changes: Any) -> VideoOutput:
    document = {"type": "VIDEO", "bucket": "media-out", "file": "x.mp4", "preset": "hls1M-generic", **changes}
    (output,) = parse_outputs([("output", document)], preset_library())
    assert isinstance(output, VideoOutput)
    return output


def _command(source: MediaInfo = _SOURCE, **changes: Any) -> str:
    output = _output(**changes)
    assert source.video is not None
    return " ".join(
        video_arguments(
            output,
            source,
            source.video,
            audio=AUDIO_ENCODERS["aac"],
            names=VideoNames(source="input", output="output-0"),
        )
    )


def _filters(picture: VideoStream = _PICTURE, **changes: Any) -> str:
    """Return the filters alone, without the names of what flows between them."""
    command = _command(replace(_SOURCE, video=picture), **changes)
    graph = command.split("-filter_complex ")[1].split(" ")[0]
    return ",".join(part.split("]")[1].split("[")[0] for part in graph.split(";"))


@pytest.mark.parametrize(
    ("changes", "filters"),
    [
        ({"sizing": "Fit"}, "scale=h=360:w=640,setsar=sar=1"),
        ({"sizing": "fit", "size": "640x480"}, "scale=h=360:w=640,setsar=sar=1"),
        ({"sizing": "Fill", "size": "640x480"}, "crop=h=720:w=960,scale=h=480:w=640,setsar=sar=1"),
        ({"sizing": "Stretch", "size": "640x480"}, "scale=h=480:w=640,setsar=sar=1"),
        ({"sizing": "Keep", "size": "640x480"}, "crop=h=480:w=640,scale=h=480:w=640,setsar=sar=1"),
        ({"sizing": "ShrinkToFit", "size": "2000x2000"}, "scale=h=720:w=1280,setsar=sar=1"),
        (
            {"sizing": "ShrinkToFill", "size": "640x480"},
            "crop=h=720:w=960,scale=h=480:w=640,setsar=sar=1",
        ),
        (
            {"sizing": "ShrinkToFill", "size": "640x1000"},
            "crop=h=720:w=640,scale=h=720:w=640,setsar=sar=1",
        ),
        (
            {"size": "640x480", "padding": True},
            "scale=h=360:w=640,pad=h=480:w=640:x=0:y=60,setsar=sar=1",
        ),
        (
            {"size": "1600x900", "padding": "Pad"},
            "scale=h=720:w=1280,pad=h=900:w=1600:x=160:y=90,setsar=sar=1",
        ),
        ({"size": "640x360", "rotate": 0}, "scale=h=360:w=640,setsar=sar=1"),
        ({"size": "640x360", "rotate": 90}, "transpose=dir=clock,scale=h=360:w=202,setsar=sar=1"),
        ({"size": "640x360", "rotate": "180"}, "hflip,vflip,scale=h=360:w=640,setsar=sar=1"),
        ({"size": "640x360", "rotate": 270}, "transpose=dir=cclock,scale=h=360:w=202,setsar=sar=1"),
    ],
    ids=str,
)
def test_shapes(changes: dict[str, Any], filters: str) -> None:
    assert _filters(**changes) == filters


@pytest.mark.parametrize(
    ("rotate", "filters"),
    [
        ("auto", "scale=h=360:w=202,setsar=sar=1"),
        (0, "transpose=dir=cclock,scale=h=360:w=640,setsar=sar=1"),
        (90, "scale=h=360:w=202,setsar=sar=1"),
        (180, "transpose=dir=clock,scale=h=360:w=640,setsar=sar=1"),
        (270, "hflip,vflip,scale=h=360:w=202,setsar=sar=1"),
    ],
)
def test_a_wished_rotation_takes_the_place_of_the_sources_own(rotate: object, filters: str) -> None:
    """FFmpeg has turned the picture as the source says before any filter sees it."""
    turned = replace(_PICTURE, rotation=90)
    assert _filters(turned, size="640x360", rotate=rotate) == filters


def test_pixels_that_are_not_square_are_cut_as_they_are_stored() -> None:
    pal = replace(_PICTURE, width=720, height=576, sample_aspect=Fraction(64, 45))
    assert _filters(pal, size="480x480", sizing="Fill") == "crop=h=576:w=404,scale=h=480:w=480,setsar=sar=1"


def test_the_full_range_becomes_that_of_television() -> None:
    full = replace(_PICTURE, color_range="pc")
    assert _filters(full, size="640x360") == "scale=h=360:out_range=tv:w=640,setsar=sar=1"


@pytest.mark.parametrize(
    ("changes", "options"),
    [
        ({}, "-refs:v 3 -b:v 872000 -maxrate:v 1308000 -bufsize:v 1744000 -thread_type"),
        ({"max_bitrate": "1M"}, "-b:v 872000 -maxrate:v 1000000 -bufsize:v 1744000 -thread_type"),
        ({"crf": 23}, "-refs:v 3 -crf:v 23 -thread_type"),
        ({"crf": "23", "max_bitrate": "1M"}, "-crf:v 23 -maxrate:v 1000000 -bufsize:v 2000000 -thread_type"),
        ({"crf": 28, "video_codec": "hevc"}, "-c:v libx265 -crf:v 28 -pix_fmt"),
        ({"crf": 31, "video_codec": "vp9"}, "-c:v libvpx-vp9 -crf:v 31 -b:v 0 -pix_fmt"),
        ({"crf": 31, "video_codec": "vp9", "max_bitrate": "1M"}, "-crf:v 31 -b:v 1000000 -pix_fmt"),
        (
            {"crf": 10, "video_codec": "vp8", "file": "x.mkv"},
            "-c:v libvpx -crf:v 10 -b:v 200000000 -pix_fmt",
        ),
        (
            {"crf": 35, "video_codec": "av1", "max_bitrate": "1M"},
            "-c:v libsvtav1 -crf:v 35 -maxrate:v 1000000 -bufsize:v 2000000 -pix_fmt",
        ),
        ({"audio_channels": 1}, "-c:a aac -b:a 128000 -ac 1 -movflags"),
        ({"audio_channels": "auto"}, "-c:a aac -b:a 128000 -ac 6 -movflags"),
        ({"audio_channels": "auto", "audio_codec": "mp3"}, "-ac 2 -movflags"),
        ({"audio_channels": "8"}, "-ac 8 -movflags"),
        ({}, "-ac 2 -movflags"),
    ],
    ids=str,
)
def test_coding(changes: dict[str, Any], options: str) -> None:
    assert f" {options} " in _command(**changes)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"crf": 23, "video_bitrate": "1M"}, "crf and video_bitrate contradict"),
        ({"crf": 52}, r"output\.crf must be a number from 1 to 51"),
        ({"crf": 22.5}, "whole number"),
        ({"crf": 3, "video_codec": "vp8", "file": "x.mkv"}, "from 4 to 63"),
        ({"crf": 3, "video_codec": "mpeg4"}, "mpeg4 has no constant quality"),
        ({"max_bitrate": "100k"}, "below the average of 872000"),
        ({"max_bitrate": "1M", "video_codec": "av1"}, "Give crf too"),
        ({"max_bitrate": "fast"}, r"output\.max_bitrate must be bits per second"),
        ({"audio_channels": 3}, "must be auto or one of 1, 2, 6, 8 with libfdk_aac"),
        ({"audio_channels": 6, "audio_codec": "mp3"}, "one of 1, 2 with libmp3lame"),
        ({"sizing": "Squeeze"}, "must be one of Fit, Fill, Stretch, Keep, ShrinkToFit, ShrinkToFill"),
        ({"sizing": "Fit", "keep_ratio": False}, "keep_ratio and sizing Fit contradict"),
        ({"sizing": "Stretch", "keep_ratio": True}, "keep_ratio and sizing Stretch contradict"),
        ({"sizing": "Fill", "no_enlarge": True}, "no_enlarge or allow_upscale and sizing Fill contradict"),
        ({"sizing": "Keep", "allow_upscale": "true"}, "no_enlarge or allow_upscale and sizing Keep"),
        ({"padding": "black"}, r"output\.padding must be true or false"),
        ({"rotate": 45}, "must be one of auto, 0, 90, 180, 270"),
        ({"rotate": "-90"}, "must be one of auto, 0, 90, 180, 270"),
    ],
    ids=str,
)
def test_wishes_that_cannot_be(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        _output(**change)


@pytest.mark.parametrize(
    "change",
    [
        {"sizing": "Fit", "keep_ratio": True, "allow_upscale": True},
        {"sizing": "Stretch", "keep_ratio": "false", "no_enlarge": 0},
        {"sizing": "ShrinkToFill", "no_enlarge": True, "allow_upscale": False},
    ],
    ids=str,
)
def test_wishes_that_agree(change: dict[str, Any]) -> None:
    _output(**change)
