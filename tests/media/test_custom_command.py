"""Commands of a job's own: what is let through, and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from activities.media.custom_output import CustomOutput, custom_arguments
from activities.media.outputs import parse_outputs
from activities.media.presets import preset_library
from activities.media.probe import AudioStream, MediaInfo, VideoStream
from cpe.errors import InvalidInput

_SOURCE = MediaInfo(
    demuxer="mov",
    video=VideoStream(index=0, codec="h264", width=320, height=180),
    audio=AudioStream(index=1, codec="aac", channels=2, sample_rate=48000),
)


def _parse(command: str, *, enabled: bool = True, **changes: Any) -> CustomOutput:
    document = {"type": "VIDEO", "bucket": "media-out", "file": "x.mp4", "custom_cmd": command, **changes}
    (output,) = parse_outputs([("output", document)], preset_library(), custom_cmd=enabled)
    assert isinstance(output, CustomOutput)
    return output


def _command(command: str, **changes: Any) -> str:
    output = _parse(command, **changes)
    mark = "watermark-0" if output.watermark else None
    return " ".join(custom_arguments(output, _SOURCE, file="input", made="output-0", watermark=mark))


def test_a_command_gets_our_files_and_limits() -> None:
    command = _command(
        "ffmpeg -y -v quiet -ss 00:00:01 -i ${input_file} -c:v libx264 -preset fast -crf 23 "
        "-vf 'scale=iw/2:-2,fps=30000/1001' -c:a aac -b:a 128k -f mp4 ${output_file}"
    )
    assert command.startswith(
        "-hide_banner -nostdin -y -loglevel error -progress pipe:1 -stats_period 0.5 -ss 00:00:01 "
    )
    assert command.endswith(
        " -protocol_whitelist file -i input -map_metadata -1 -map_chapters -1 -c:v libx264 -preset fast -crf 23 "
        "-vf scale=iw/2:-2,fps=30000/1001 -c:a aac -b:a 128k -movflags +faststart -f mp4 output-0"
    )


def test_a_watermark_takes_the_place_of_its_options() -> None:
    command = _command(
        "ffmpeg -ss 1 -i ${input_file} ${watermark_options} -c:v libx264 -movflags faststart ${output_file}",
        watermark={"bucket": "media-in", "file": "w.png", "x": 5},
    )
    assert " -protocol_whitelist file -ss 1 -i input -format_whitelist pam_pipe " in command
    assert (
        " -i watermark-0 -map_metadata -1 -map_chapters -1 -filter_complex [1:0]format=pix_fmts=rgba[s0];"
        "[s0]colorchannelmixer=aa=0.7[s1];[0:0][s1]overlay=x=5:y=H-h-10[s2] -map [s2] -map 0:a? "
        "-c:v libx264 -movflags faststart -f mp4 output-0"
    ) in command
    plain = _command("ffmpeg -i ${input_file} ${watermark_options} -an ${output_file}")
    assert plain.endswith(
        " -i input -map_metadata -1 -map_chapters -1 -an -movflags +faststart -f mp4 output-0"
    )


@pytest.mark.parametrize(
    "words",
    [
        "-vf scale=640:360",
        "-vf \"scale='min(640,iw)':-2\"",
        "-filter_complex '[0:v]split[a][b];[a]crop=iw/2:ih:0:0[l];[b]hflip[r];[l][r]overlay=10:10[o]' -map [o] -map 0:a?",
        "-af 'volume=0.5,aresample=48000' -ac 2 -ar 44100",
        "-af loudnorm=I=-16:TP=-1",
        "-vf 'yadif,setsar=1/1,format=yuv420p'",
        "-vf 'pad=640:480:(ow-iw)/2:(oh-ih)/2'",
        "-c copy -map 0 -sn -dn",
        "-c:v libx264 -profile:v high -level:v 4.0 -x264-params keyint=50:scenecut=0 -g 50",
        "-r 25 -t 10 -s 640x360 -aspect 16:9 -threads 2",
        "-metadata title='A $(film); & more' -metadata:s:a:0 language=eng",
        "-map_metadata 0 -shortest -an",
        "-force_key_frames 'expr:gte(t,n_forced*2)'",
    ],
)
def test_usual_commands(words: str) -> None:
    _parse(f"ffmpeg -i ${{input_file}} {words} ${{output_file}}")


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("convert ${input_file} ${output_file}", "only ffmpeg"),
        ("/usr/bin/ffmpeg -i ${input_file} ${output_file}", "only ffmpeg"),
        ("ffmpeg -i ${input_file} ${output_file}; touch /tmp/x", "must end in"),
        ("ffmpeg -i ${input_file} ${output_file} /tmp/x.mp4", "must end in"),
        ("ffmpeg -i ${input_file} /tmp/x.mp4 ${output_file}", "option '/tmp/x.mp4' is not allowed"),
        ("ffmpeg -i ${input_file} -i /etc/passwd ${output_file}", "must read one input"),
        ("ffmpeg -i /etc/passwd ${output_file}", "must read one input"),
        ("ffmpeg -i ${input_file} ${input_file} ${output_file}", "must read one input"),
        ("ffmpeg -i ${input_file}.x ${output_file}", "must read one input"),
        ("ffmpeg -f lavfi -i ${input_file} ${output_file}", "option '-f' is not allowed"),
        ("ffmpeg -i ${input_file} -f tee ${output_file}", "-f cannot be 'tee'"),
        ("ffmpeg -i ${input_file} -f matroska ${output_file}", "not what the output's extension says"),
        ("ffmpeg -i ${input_file} -vf movie=/etc/passwd ${output_file}", "name no files"),
        ("ffmpeg -i ${input_file} -vf 'scale=2:2,subtitles=x' ${output_file}", "filter 'subtitles' is not"),
        ("ffmpeg -i ${input_file} -vf \"null,'mov'ie=x\" ${output_file}", "is not allowed"),
        ("ffmpeg -i ${input_file} -vf 'scale=/w=x' ${output_file}", "'/' is not allowed"),
        ("ffmpeg -i ${input_file} -vf 'scale=w=1:/h=x' ${output_file}", "'/' is not allowed"),
        ("ffmpeg -i ${input_file} -vf loudnorm=stats_file=x ${output_file}", "'file' is not allowed"),
        ("ffmpeg -i ${input_file} -vf 'null[a];[a]sendcmd=c=1' ${output_file}", "'sendcmd' is not allowed"),
        ('ffmpeg -i ${input_file} -vf "scale=\'1" ${output_file}', "does not end"),
        ("ffmpeg -i ${input_file} -vf null, ${output_file}", "filter '' is not allowed"),
        ("ffmpeg -i ${input_file} -/vf x ${output_file}", "option '-/vf' is not allowed"),
        ("ffmpeg -i ${input_file} -attach x ${output_file}", "'-attach' is not allowed"),
        ("ffmpeg -i ${input_file} -passlogfile x ${output_file}", "'-passlogfile' is not allowed"),
        ("ffmpeg -i ${input_file} -progress http://127.0.0.1 ${output_file}", "'-progress' is not allowed"),
        ("ffmpeg -dump_attachment:t x -i ${input_file} ${output_file}", "is not allowed here"),
        ("ffmpeg -i ${input_file} -x264-params stats=/tmp/x ${output_file}", "cannot be"),
        ("ffmpeg -i ${input_file} -c:v rawvideo ${output_file}", "-c:v cannot be 'rawvideo'"),
        ("ffmpeg -i ${input_file} -an x ${output_file}", "option 'x' is not allowed"),
        ("ffmpeg -i ${input_file} -b:v ${output_file}", "-b:v has no value"),
        ("ffmpeg -i ${input_file} -metadata 'a' ${output_file}", "-metadata cannot be"),
        ("ffmpeg -i ${input_file} 'unclosed ${output_file}", "cannot be split"),
        ("ffmpeg -i ${input_file}\n${output_file}", "one line"),
        ("ffmpeg -i ${input_file} -vf null\0 ${output_file}", "printable"),
        ("ffmpeg ${watermark_options} -i ${input_file} ${output_file}", "stands once"),
        ("ffmpeg", "must end in"),
        ("ffmpeg -i", "must end in"),
        ("ffmpeg -i ${output_file}", "must read one input"),
        ("ffmpeg -i ${input_file} " + "-an " * 401 + "${output_file}", "words; 400"),
    ],
)
def test_commands_that_are_refused(command: str, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint) as caught:
        _parse(command)
    assert caught.value.code == "CUSTOM_CMD_REFUSED"


def test_commands_are_off_unless_the_worker_says_otherwise() -> None:
    with pytest.raises(InvalidInput, match="not enabled here") as caught:
        _parse("ffmpeg -i ${input_file} ${output_file}", enabled=False)
    assert caught.value.code == "CUSTOM_CMD_DISABLED"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"size": "2x2"}, "unknown key 'size'"),
        ({"type": "THUMB"}, "only outputs of type VIDEO"),
        ({"watermark": {"bucket": "media-in", "file": "w.png"}}, "nothing would come of the watermark"),
        ({"file": "x.txt"}, "container of video"),
    ],
)
def test_the_command_says_all(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        _parse("ffmpeg -i ${input_file} ${output_file}", **change)
