from __future__ import annotations

from fractions import Fraction
from typing import Any

from activities.media.codecs import AUDIO_ENCODERS
from activities.media.command import (
    MEDIA_LIMITS,
    PICTURE_LIMITS,
    decode_arguments,
    probe_arguments,
    sample_arguments,
    survey_arguments,
    tail_arguments,
)
from activities.media.outputs import parse_outputs
from activities.media.presets import preset_library
from activities.media.probe import AudioStream, MediaInfo, VideoStream
from activities.media.thumb_command import Series, series_arguments, snapshot_arguments
from activities.media.thumb_output import Intervals, Snapshot, ThumbOutput
from activities.media.video_command import VideoNames, video_arguments
from activities.media.video_output import VideoOutput

_PICTURE = VideoStream(index=0, codec="h264", width=1280, height=720, duration=5.28)
_SOUND = AudioStream(index=1, codec="aac", channels=6, sample_rate=48000, language="eng")
_SOURCE = MediaInfo(demuxer="mov", duration=5.312, video=_PICTURE, audio=_SOUND)

_LIMITS = (
    "-format_whitelist mov,matroska,webm,mpegts,mpeg,avi,flv,asf,ogg,mxf,gxf,dv,ivf,nut,"
    "rm,wtv,m4v,h264,hevc,mpegvideo,wav,w64,aiff,mp3,aac,flac,ac3,eac3,dts,amr,caf,au -protocol_whitelist file"
)
_RUN = "-hide_banner -nostdin -y -loglevel error"
_START = f"{_RUN} -progress pipe:1 -stats_period 0.5 {_LIMITS}"


def _video(source: MediaInfo = _SOURCE, **changes: Any) -> str:
    document = {
        "type": "VIDEO",
        "bucket": "media-out",
        "file": "x.mp4",
        "preset": "360p-16.9-generic",
        **changes,
    }
    (output,) = parse_outputs([("output", document)], preset_library())
    assert isinstance(output, VideoOutput)
    assert source.video is not None
    arguments = video_arguments(
        output,
        source,
        source.video,
        audio=AUDIO_ENCODERS["aac"],
        names=VideoNames(
            source="input", output="output-0", watermark="watermark-0" if output.watermark else None
        ),
    )
    return " ".join(arguments)


def _thumb(source: MediaInfo = _SOURCE, pictures: str = "output-0-000001", **changes: Any) -> str:
    document = {"type": "THUMB", "bucket": "media-out", "file": "x.jpg", "size": "-1:180", **changes}
    (output,) = parse_outputs([("output", document)], preset_library())
    assert isinstance(output, ThumbOutput)
    assert source.video is not None
    if isinstance(output.when, Snapshot):
        return " ".join(
            snapshot_arguments(output, output.when.at, source, source.video, source="input", picture=pictures)
        )
    assert isinstance(output.when, Intervals)
    series = Series(output=output, start=Fraction(0), every=output.when.seconds, count=None, files=pictures)
    return " ".join(series_arguments([series], source.video, source="input"))


def test_a_video_by_preset() -> None:
    assert _video() == (
        f"{_START} -i input -filter_complex [0:0]fps=fps=30000/1001[s0];[s0]scale=h=360:w=640[s1];[s1]setsar=sar=1[s2] "
        "-map [s2] -map 0:1 "
        "-map_metadata -1 -map_chapters -1 "
        "-c:v libx264 -profile:v baseline -level:v 3 -refs:v 3 -b:v 720000 -maxrate:v 1080000 -bufsize:v 1440000 "
        "-thread_type slice -pix_fmt yuv420p -fps_mode passthrough "
        "-c:a aac -b:a 128000 -ac 2 -metadata:s:a:0 language=eng -movflags +faststart -f mp4 output-0"
    )


def test_a_watermark_shares_the_graph_with_the_scaling() -> None:
    mark = {"bucket": "media-in", "file": "w.png", "size": "80:-1", "opacity": 0.5, "x": 20, "y": -20}
    command = _video(watermark=mark)
    assert (
        "-i input -format_whitelist pam_pipe -protocol_whitelist file -i watermark-0 -filter_complex "
        in command
    )
    assert (
        "[0:0]fps=fps=30000/1001[s0];[s0]scale=h=360:w=640[s1];[s1]setsar=sar=1[s2];"
        "[1:0]scale=h=-1:w=80[s3];[s3]format=pix_fmts=rgba[s4];[s4]colorchannelmixer=aa=0.5[s5];"
        "[s2][s5]overlay=x=20:y=H-h-20[s6] -map [s6] -map 0:1 "
    ) in command


def test_a_silent_source_has_no_audio_options() -> None:
    silent = MediaInfo(demuxer="mov", duration=5.0, video=_PICTURE)
    command = _video(silent)
    assert "-map 0:" not in command
    assert "-c:a" not in command


def test_the_sources_frame_rate() -> None:
    assert " -fps_mode vfr " in _video(frame_rate="auto")
    assert "fps=" not in _video(frame_rate="auto")


def test_a_preset_without_profile_leaves_the_choice_to_the_encoder() -> None:
    command = _video(preset="kindleFireHDX-generic")
    assert " -c:v libx264 -b:v 5000000 -maxrate:v 7500000 -bufsize:v 10000000 -thread_type slice " in command


def test_svt_av1_takes_no_cap() -> None:
    assert " -c:v libsvtav1 -b:v 720000 -pix_fmt yuv420p " in _video(video_codec="av1")


def test_the_chosen_streams_are_mapped_by_number() -> None:
    source = MediaInfo(
        demuxer="mov",
        video=VideoStream(index=2, codec="h264", width=320, height=180, interlaced=True),
        audio=AudioStream(index=5, codec="aac", channels=2, sample_rate=44100),
    )
    command = _video(source)
    assert (
        "[0:2]bwdif=deint=interlaced:mode=send_frame[s0];[s0]fps=fps=30000/1001[s1];"
        "[s1]scale=h=180:w=320[s2];[s2]setsar=sar=1[s3] " in command
    )
    assert " -map 0:5 " in command
    assert " -ac " not in command
    assert "language" not in command


def test_other_containers() -> None:
    assert _video(file="x.mkv").endswith("language=eng -f matroska output-0")
    assert _video(file="x.ts").endswith("-f mpegts output-0")


def test_a_snapshot() -> None:
    assert _thumb(snapshot_sec=2.5) == (
        f"{_START} -ss 2.500 -i input -filter_complex [0:0]scale=h=180:out_color_matrix=bt601:out_range=full:w=320[s0];[s0]setsar=sar=1[s1] -map [s1] "
        "-map_metadata -1 -map_chapters -1 -c:v mjpeg -q:v 3 -pix_fmt yuvj420p "
        "-frames:v 1 -update 1 -f image2 output-0-000001"
    )
    assert " -ss " not in _thumb()


def test_a_snapshot_of_the_very_end_shows_the_last_frame() -> None:
    assert " -ss 5.180 " in _thumb(snapshot_sec=5.28)


def test_thumbnails_at_intervals() -> None:
    assert _thumb(pictures="output-0-%06d", mode="intervals", intervals=2.5, file="x.png") == (
        f"{_START} -i input "
        "-filter_complex [0:0]fps=fps=2/5:round=up:start_time=0[s0];[s0]scale=h=180:w=320[s1];[s1]setsar=sar=1[s2] "
        "-map [s2] -map_metadata -1 -map_chapters -1 -c:v ppm -pix_fmt rgb24 "
        "-fps_mode passthrough -start_number 1 -f image2 output-0-%06d"
    )


def test_all_series_of_a_job_share_one_decoding() -> None:
    documents = [
        {"file": "a.jpg", "size": "-1:180", "mode": "intervals", "intervals": 2},
        {"file": "b.png", "size": "160:90", "count": 3, "sprite": {"columns": 2, "rows": 2}},
    ]
    common = {"type": "THUMB", "bucket": "media-out"}
    outputs = parse_outputs(
        [(f"output {number}", common | document) for number, document in enumerate(documents)],
        preset_library(),
    )
    start, every = Fraction(1), Fraction(2)
    series = [
        Series(
            output=output,
            start=number * start,
            every=every,
            count=number * 3 or None,
            files=f"f{number}-%06d",
        )
        for number, output in enumerate(outputs)
        if isinstance(output, ThumbOutput)
    ]
    assert " ".join(series_arguments(series, _PICTURE, source="input")) == (
        f"{_START} -i input -filter_complex [0:0]split=2[s0][s1];"
        "[s0]fps=fps=1/2:round=up:start_time=0[s2];"
        "[s2]scale=h=180:out_color_matrix=bt601:out_range=full:w=320[s3];[s3]setsar=sar=1[s4];"
        "[s1]settb=expr=AVTB[s5];[s5]setpts=expr=PTS-1000000[s6];[s6]fps=fps=1/2:round=up:start_time=0[s7];"
        "[s7]tpad=stop=2:stop_mode=clone[s8];[s8]trim=end_frame=3[s9];[s9]scale=h=90:w=160[s10];"
        "[s10]setsar=sar=1[s11];[s11]tile=layout=2x2[s12] "
        "-map [s4] -map_metadata -1 -map_chapters -1 -c:v mjpeg -q:v 3 -pix_fmt yuvj420p -fps_mode passthrough "
        "-start_number 1 -f image2 f0-%06d "
        "-map [s12] -map_metadata -1 -map_chapters -1 -c:v ppm -pix_fmt rgb24 -fps_mode passthrough "
        "-start_number 1 -f image2 f1-%06d"
    )


def test_looking_at_a_file() -> None:
    assert (
        " ".join(probe_arguments("input"))
        == f"-v error {_LIMITS} -show_format -show_streams -of json -i input"
    )
    assert " ".join(tail_arguments("input", 3.5)) == (
        f"-v error {_LIMITS} -read_intervals 3.500% -show_entries packet=stream_index,pts_time,duration_time "
        "-of csv=print_section=0 -i input"
    )
    assert "-read_intervals" not in tail_arguments("input", 0)
    assert " ".join(decode_arguments("output-0", 0, [0.0, 2.0])) == (
        f"{_RUN} -copyts {_LIMITS} -i output-0 "
        f"{_LIMITS} -noaccurate_seek -ss 2.000 -i output-0 "
        "-map 0:0 -frames:v 1 -frames:a 1 -fps_mode passthrough -f framecrc pipe:1 "
        "-map 1:0 -frames:v 1 -frames:a 1 -fps_mode passthrough -f framecrc pipe:1"
    )
    assert " ".join(sample_arguments("output-0", 0, [0.0, 2.0])) == (
        f"-v error {_LIMITS} -select_streams 0 -read_intervals %+#1,2.000%+#1 -show_entries frame=pts -of csv "
        "-i output-0"
    )
    assert " ".join(survey_arguments("output-0")) == (
        f"-v error {_LIMITS} -show_format -show_streams -show_entries packet=stream_index,pts,flags "
        "-of json=compact=1 -i output-0"
    )


def test_no_format_that_names_other_files_is_open() -> None:
    formats = {
        name for limits in (MEDIA_LIMITS, PICTURE_LIMITS) for name in limits["format_whitelist"].split(",")
    }
    assert not formats & {
        "hls",
        "concat",
        "dash",
        "image2",
        "sdp",
        "rtsp",
        "lavfi",
        "webm_dash_manifest",
        "ffmetadata",
    }
