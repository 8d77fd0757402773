"""The commands of each key of a VIDEO output."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from activities.media.avc_levels import fitting_level
from activities.media.codecs import AUDIO_ENCODERS, SPEEDS, VIDEO_ENCODERS
from activities.media.excerpt import Excerpt
from activities.media.loudness import Loudness
from activities.media.outputs import parse_outputs
from activities.media.presets import Preset, preset_library
from activities.media.probe import AudioStream, MediaInfo, VideoStream
from activities.media.tone import ToneMapper
from activities.media.video_command import (
    CaptionFile,
    Findings,
    VideoNames,
    caption_arguments,
    first_pass_arguments,
    loudness_arguments,
    video_arguments,
)
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


def test_fields_are_made_whole_before_they_are_turned() -> None:
    fields = replace(_PICTURE, rotation=90, interlaced=True)
    whole = "bwdif=deint=interlaced:mode=send_frame,transpose=dir=clock"
    assert _filters(fields, size="640x360") == f"{whole},scale=h=360:w=202,setsar=sar=1"
    assert _filters(fields, size="640x360", rotate=0) == (
        f"{whole},transpose=dir=cclock,scale=h=360:w=640,setsar=sar=1"
    )
    source = replace(_SOURCE, video=fields)
    for command in (_command(source), _command(source, start=1)):
        assert "-noautorotate" in command
        assert command.count(" -i input") == 1
    assert "-noautorotate" not in _command(replace(_SOURCE, video=replace(fields, interlaced=False)))


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
        (
            {"crf": 31, "video_codec": "vp9"},
            "-c:v libvpx-vp9 -deadline:v good -cpu-used:v 4 -crf:v 31 -b:v 0 -row-mt:v 1 -pix_fmt",
        ),
        (
            {"crf": 31, "video_codec": "vp9", "max_bitrate": "1M"},
            "-crf:v 31 -b:v 1000000 -row-mt:v 1 -pix_fmt",
        ),
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
    ("encoder", "speed", "options"),
    [
        ("libx264", "veryfast", "-preset:v veryfast"),
        ("libx265", "slower", "-preset:v slower"),
        ("libvpx-vp9", "ultrafast", "-deadline:v good -cpu-used:v 5"),
        ("libvpx-vp9", "medium", "-deadline:v good -cpu-used:v 4"),
        ("libvpx-vp9", "veryslow", "-deadline:v good -cpu-used:v 0"),
        ("libvpx", "fast", "-deadline:v good -cpu-used:v 2"),
        ("libsvtav1", "ultrafast", "-preset:v 13"),
        ("libsvtav1", "medium", "-preset:v 8"),
        ("libsvtav1", "veryslow", "-preset:v 4"),
    ],
)
def test_a_speed_is_written_as_the_encoder_knows_it(encoder: str, speed: str, options: str) -> None:
    preset = {
        "size": "640x360",
        "video_codec": encoder,
        "audio_codec": "opus",
        "audio_bitrate": "64k",
        "video_bitrate": "500k",
        "video_codec_options": f"Speed:{speed}",
    }
    assert f" -c:v {encoder} {options} -b:v 500000 " in _command(preset=preset, file="x.mkv")


@pytest.mark.parametrize("name", sorted(VIDEO_ENCODERS))
def test_an_encoder_has_all_speeds_or_none(name: str) -> None:
    assert len(VIDEO_ENCODERS[name].speeds) in (0, len(SPEEDS))


@pytest.mark.parametrize(
    ("change", "level"),
    [
        ({}, "3.1"),
        ({"preset": "320x240-generic"}, "1.3"),
        ({"preset": "320x240-generic", "size": "640x360"}, "2.2"),
        ({"preset": "320x240-generic", "size": "1280x720", "frame_rate": 30}, "3.1"),
        ({"preset": "720p-generic", "frame_rate": 60}, "3.2"),
        ({"preset": "720p-generic", "size": "3840x2160", "allow_upscale": True}, "5.1"),
        ({"preset": "320x240-generic", "size": "8192x8192", "sizing": "Stretch"}, "6.2"),
    ],
    ids=str,
)
def test_a_level_too_low_for_the_picture_is_raised(change: dict[str, Any], level: str) -> None:
    assert f" -level:v {level} " in _command(**change)


@pytest.mark.parametrize("preset", preset_library().presets.values(), ids=lambda preset: preset.name)
def test_the_level_of_every_preset_allows_its_own_pictures(preset: Preset) -> None:
    width, height = preset.size.width or 854, preset.size.height or 0
    if preset.options.level is not None:
        rate = preset.frame_rate or Fraction(30)
        assert fitting_level(preset.options.level, (width, height), rate) == preset.options.level


def test_a_part_is_cut_by_the_sources_own_times() -> None:
    """Read from a second before it, at the times of the whole; then counted from 0."""
    picture = replace(_PICTURE, start=0.08)
    source = replace(_SOURCE, start=0.04, video=picture)
    command = _command(source, start="00:00:02.5", duration=1, frame_rate=25, size="640x360")
    assert " -loglevel error -copyts -progress " in command
    assert (
        " -itsoffset -0.040000 -noaccurate_seek -protocol_whitelist file -ss 1.500000 -i input -filter_complex "
        "[0:0]setpts=expr=PTS-2.500000/TB[s0];[s0]fps=fps=25:start_time=0[s1];[s1]trim=end=1.000000[s2];"
        "[s2]scale=h=360:w=640[s3];[s3]setsar=sar=1[s4];"
        "[0:1]atrim=end=3.500000:start=2.500000[s5];[s5]asetpts=expr=PTS-2.500000/TB[s6] -map [s4] -map [s6] "
    ) in command


def test_a_part_at_the_start_needs_no_seeking() -> None:
    command = _command(duration="0.5", frame_rate=25, size="640x360")
    assert "-copyts" not in command
    assert " -ss " not in command
    assert "[0:0]fps=fps=25:start_time=0[s0];[s0]trim=end=0.500000[s1];" in command
    assert "[0:1]atrim=end=0.500000[s4];[s4]asetpts=expr=PTS-0.000000/TB[s5]" in command


def test_the_frames_of_a_part_keep_their_times_where_the_rate_is_not_steady() -> None:
    assert _filters(start=2, frame_rate="auto", size="640x360").startswith(
        "setpts=expr=PTS-2.000000/TB,trim=start=0,scale="
    )


def test_a_format_without_an_index_is_read_from_its_start() -> None:
    assert " -ss " not in _command(replace(_SOURCE, demuxer="mpegts"), start=3)


def test_two_passes_share_their_notes() -> None:
    output = _output(two_pass=True, size="640x360")
    names = VideoNames(source="input", output="output-0")
    first = " ".join(first_pass_arguments(output, _SOURCE, _PICTURE, names=names))
    assert first.endswith(
        "setsar=sar=1[s1] -map [s1] -c:v libx264 -profile:v main -level:v 3.1 -refs:v 3 -b:v 872000 "
        "-maxrate:v 1308000 -bufsize:v 1744000 -thread_type slice -pix_fmt yuv420p "
        "-pass 1 -passlogfile output-0-notes -fps_mode vfr -f null -"
    )
    assert " -pix_fmt yuv420p -pass 2 -passlogfile output-0-notes -fps_mode " in _command(two_pass=True)
    assert " -x265-params pass=2:stats=output-0-notes " in _command(two_pass="true", video_codec="hevc")


def test_the_loudness_is_measured_as_the_sound_will_be() -> None:
    output = _output(loudness=-16, audio_channels=1, start=2)
    command = " ".join(loudness_arguments(output, _SOURCE, _SOUND, file="input"))
    assert command.endswith(
        "-ss 1.000000 -i input -filter_complex [0:1]atrim=start=2.000000[s0];[s0]asetpts=expr=PTS-2.000000/TB[s1];"
        "[s1]aformat=channel_layouts=mono[s2];[s2]ebur128=metadata=1:peak=true[s3];"
        "[s3]ametadata=file=-:mode=print[s4] -map [s4] -f null -"
    )


def test_the_sound_is_brought_to_a_loudness_with_what_was_measured() -> None:
    output = _output(loudness=-16)
    command = _with(output, Findings(loudness=Loudness(integrated=-23.0, peak=-4.0, spread=5.0)))
    assert (
        "[0:1]aformat=channel_layouts=stereo[s2];[s2]loudnorm=I=-16.00:LRA=5.00:TP=-1.00:measured_I=-23.00:"
    ) in command
    assert "aresample=sample_rate=48000" in command
    assert " -map 0:1 " in _with(output, Findings()), "silence stays as it is"


def test_a_high_dynamic_range_is_brought_to_the_usual_one() -> None:
    pq = replace(_PICTURE, color_transfer="smpte2084", color_space="bt2020nc", color_primaries="bt2020")
    output = _output(tone_map=True, size="640x360")
    by_zimg = _with(output, Findings(mapper=ToneMapper.ZIMG), pq)
    assert (
        "zscale=min=bt2020nc:npl=203:pin=bt2020:rin=tv:t=linear:tin=smpte2084[s2];[s2]format=pix_fmts=gbrpf32le[s3];"
        "[s3]zscale=p=bt709[s4];[s4]tonemap=desat=0:tonemap=hable[s5];[s5]zscale=m=bt709:r=tv:t=bt709[s6];"
        "[s6]format=pix_fmts=yuv420p[s7];[s7]sidedata=mode=delete[s8]"
    ) in by_zimg
    by_scale = _with(output, Findings(mapper=ToneMapper.SWSCALE), pq)
    assert (
        "[s1]setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc:range=tv[s2];"
        "[s2]scale=intent=perceptual:out_color_matrix=bt709:out_primaries=bt709:out_range=tv:out_transfer=bt709[s3];"
    ) in by_scale


def test_captions_that_go_into_a_video_are_read_as_srt_alone() -> None:
    names = VideoNames(
        source="input",
        output="output-0",
        captions=(
            CaptionFile(file="output-0-captions-0", language="eng"),
            CaptionFile(file="output-0-captions-1"),
        ),
        burnt="output-0-burnt",
    )
    arguments = video_arguments(
        _output(size="640x360"), _SOURCE, _PICTURE, audio=AUDIO_ENCODERS["aac"], names=names
    )
    command = " ".join(arguments)
    assert (
        " -i input -f srt -format_whitelist srt -protocol_whitelist file -i output-0-captions-0 "
        "-f srt -format_whitelist srt -protocol_whitelist file -i output-0-captions-1 -filter_complex "
    ) in command
    assert "[s1]subtitles=charenc=UTF-8:filename=output-0-burnt[s2]" in command.replace(
        "[s0]setsar=sar=1[s1]", ""
    )
    assert " -map 0:1 -map 1:0 -map 2:0 " in command
    assert " -c:s mov_text -metadata:s:s:0 language=eng -movflags " in command


def test_captions_are_taken_out_of_a_source_as_srt() -> None:
    assert " ".join(caption_arguments(3, source="input", output="captions-of-3")).endswith(
        " -i input -map 0:3 -map_metadata -1 -map_chapters -1 -c:s srt -f srt captions-of-3"
    )


def _with(output: VideoOutput, findings: Findings, video: VideoStream = _PICTURE) -> str:
    return " ".join(
        video_arguments(
            output,
            replace(_SOURCE, video=video),
            video,
            audio=AUDIO_ENCODERS["aac"],
            names=VideoNames(source="input", output="output-0"),
            findings=findings,
        )
    )


@pytest.mark.parametrize(
    ("changes", "alone"),
    [
        ({}, False),
        ({"crf": 20, "max_bitrate": "1M", "sizing": "Fill", "rotate": 90, "audio_channels": 1}, False),
        ({"two_pass": True}, True),
        ({"start": 1}, False),
        ({"start": 0}, False),
        ({"duration": 1}, False),
        ({"loudness": -23}, False),
        ({"tone_map": True, "two_pass": 0}, False),
        ({"captions": {"stream": "auto"}}, False),
        ({"captions": {"stream": "auto", "mode": "embed"}}, False),
        ({"captions": {"stream": "auto", "mode": "burn"}}, True),
    ],
    ids=str,
)
def test_what_is_made_alone(changes: dict[str, Any], alone: bool) -> None:
    assert _output(**changes).alone is alone


def test_a_part_is_as_long_as_the_source_allows() -> None:
    assert Excerpt(start=Fraction(5)).of(_SOURCE).video_duration == pytest.approx(0.28)
    whole = Excerpt(start=Fraction(1), duration=Fraction(60)).of(_SOURCE)
    assert (whole.duration, whole.video_duration) == pytest.approx((4.312, 4.28))
    assert Excerpt(duration=Fraction(2)).of(_SOURCE).video_duration == 2
    unknown = MediaInfo(demuxer="flv", video=VideoStream(index=0, codec="h264", width=2, height=2))
    assert Excerpt(start=Fraction(9), duration=Fraction(2)).of(unknown).video_duration == 2
    with pytest.raises(InvalidInput, match=r"starts at 5\.28 s, but the source lasts 5\.280 s") as caught:
        Excerpt(start=Fraction("5.28")).of(_SOURCE)
    assert caught.value.code == "START_OUT_OF_RANGE"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (1, 1),
        ("1.5", Fraction(3, 2)),
        ("00:00:01.500", Fraction(3, 2)),
        ("1:02:03", 3723),
        ("02:03.25", Fraction("123.25")),
        ("100:00:00", 360_000),
    ],
)
def test_times(text: object, seconds: Fraction) -> None:
    assert _output(start=text).excerpt == Excerpt(start=Fraction(seconds))


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
        (
            {"frame_rate": 21, "video_codec": "mpeg2video"},
            r"frame_rate: mpeg2video does not know 21 frames per second\. Give one of 12, 15, 20, 23\.976",
        ),
        (
            {"preset": "320x240-generic", "video_codec": "mpeg2video"},
            r"frame_rate: mpeg2video does not know 21",
        ),
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
        ({"start": "1;ls"}, r"output\.start must be seconds such as 12\.5, or HH:MM:SS\.mmm"),
        ({"start": -1}, r"output\.start must be seconds"),
        ({"start": "00:60:00"}, r"output\.start must be seconds"),
        ({"start": "999:00:00"}, "up to seven days"),
        ({"duration": 0}, r"output\.duration must be more than 0"),
        ({"duration": "1e3"}, r"output\.duration must be seconds"),
        ({"crf": 23, "two_pass": True}, "crf and two_pass contradict"),
        ({"two_pass": True, "video_codec": "av1"}, "gives libsvtav1 one pass only"),
        ({"loudness": 3}, "from -50 to -5"),
        ({"tone_map": "hable"}, "must be true or false"),
        ({"captions": {"bucket": "media-in"}}, "either bucket and file, or stream"),
        ({"captions": {"stream": "eng", "file": "x"}}, "either bucket and file, or stream"),
        ({"captions": {"stream": "english"}}, r"output\.captions\.stream must be three letters"),
        (
            {"captions": [{"stream": "eng", "language": "a b"}]},
            r"captions\[0\]\.language must be three letters",
        ),
        ({"captions": {"stream": "eng", "mode": "hard"}}, "one of sidecar, embed, burn"),
        ({"captions": {"stream": "eng", "format": "ass"}}, "one of vtt, srt"),
        ({"captions": {"stream": "eng", "encoding": "idna"}}, "must be one of utf-8"),
        ({"captions": {"stream": "eng", "mode": "embed"}, "file": "x.ts"}, "mpegts takes no captions"),
        ({"captions": [{"stream": "eng", "mode": "burn"}, {"stream": "fra", "mode": "burn"}]}, "only one"),
        ({"captions": [{"stream": "eng"}] * 21}, "has 21 captions; 20 are allowed"),
        ({"captions": "x.srt"}, r"output\.captions must be an object"),
        ({"captions": {"stream": "eng", "url": "x"}}, "unknown key 'url'"),
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
        {"crf": 23, "two_pass": False},
    ],
    ids=str,
)
def test_wishes_that_agree(change: dict[str, Any]) -> None:
    _output(**change)
