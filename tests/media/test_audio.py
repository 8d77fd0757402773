"""AUDIO outputs: how they are read, with which commands they are made, and what comes of them."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from activities.ffmpeg.tools import encoders
from activities.media.audio_command import AudioNames, audio_arguments, measure_arguments
from activities.media.audio_formats import AUDIO_FORMATS
from activities.media.audio_output import AudioOutput
from activities.media.codecs import AUDIO_ENCODERS
from activities.media.loudness import Loudness
from activities.media.outputs import parse_outputs
from activities.media.presets import preset_library
from activities.media.probe import AudioStream, MediaInfo
from activities.transcode_asset import TranscodeAsset
from cpe.errors import InvalidInput
from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker
from tests.media.meters import integrated_and_peak

_SURROUND = AudioStream(index=1, codec="aac", channels=6, sample_rate=44100, language="eng")
_SOURCE = MediaInfo(demuxer="mov,mp4,m4a,3gp,3g2,mj2", audio=_SURROUND)
_LIMITS = (
    "-format_whitelist mov,matroska,webm,mpegts,mpeg,avi,flv,asf,ogg,mxf,gxf,dv,ivf,nut,"
    "rm,wtv,m4v,h264,hevc,mpegvideo,wav,w64,aiff,mp3,aac,flac,ac3,eac3,dts,amr,caf,au -protocol_whitelist file"
)
_RUN = "-hide_banner -nostdin -y -loglevel error"
_MIXED = "[0:1]aresample=async=1:first_pts=0:sample_rate={}[s0];[s0]aformat=channel_layouts={}[s1]"


def _document(**changes: Any) -> dict[str, Any]:
    return {"type": "AUDIO", "bucket": "media-out", "file": "a.mp3", **changes}


def _output(**changes: Any) -> AudioOutput:
    (output,) = parse_outputs([("output_asset", _document(**changes))], preset_library())
    assert isinstance(output, AudioOutput)
    return output


def _command(measured: Loudness | None = None, **changes: Any) -> str:
    output = _output(**changes)
    names = AudioNames(source="input", output="output-0")
    return " ".join(
        audio_arguments(output, _SOURCE, _SURROUND, encoder=output.audio, names=names, measured=measured)
    )


def test_the_command() -> None:
    assert _command() == (
        f"{_RUN} -progress pipe:1 -stats_period 0.5 {_LIMITS} -i input "
        f"-filter_complex {_MIXED.format(44100, 'stereo')} -map [s1] -map_metadata -1 -map_chapters -1 "
        "-c:a libmp3lame -b:a 128000 -metadata:s:a:0 language=eng -f mp3 output-0"
    )
    assert _command(file="a.m4a", audio_bitrate="96k", channels=1, sample_rate="48000").endswith(
        f"{_MIXED.format(48000, 'mono')} -map [s1] -map_metadata -1 -map_chapters -1 "
        "-c:a aac -b:a 96000 -metadata:s:a:0 language=eng -movflags +faststart -f ipod output-0"
    )
    assert "-c:a flac -metadata" in _command(file="a.flac"), "what has no loss has no bit rate"
    assert "sample_rate=48000" in _command(file="a.opus"), "the nearest rate that the codec takes"


@pytest.mark.parametrize(
    ("change", "most"),
    [
        ({"audio_bitrate": "321k"}, "320k with libmp3lame"),
        ({"file": "a.ac3", "audio_bitrate": "641k"}, "640k with ac3"),
        ({"file": "a.opus", "audio_bitrate": "513k"}, "512k with libopus and 2 channels"),
        ({"file": "a.opus", "channels": 1, "audio_bitrate": "257k"}, "256k with libopus and 1 channel"),
        ({"file": "a.m4a", "audio_bitrate": "577k"}, "576k with aac and 2 channels"),
    ],
)
def test_more_bits_than_an_encoder_makes_are_refused(change: dict[str, Any], most: str) -> None:
    with pytest.raises(InvalidInput, match=rf"output_asset\.audio_bitrate must be .*, at most {most}; not "):
        _output(**change)


def test_a_source_with_fewer_channels_gets_fewer_bits() -> None:
    output = _output(file="a.opus", audio_bitrate="512k")
    assert output.bit_rate_for(_SURROUND) == 512_000
    assert output.bit_rate_for(replace(_SURROUND, channels=1)) == 256_000
    assert _output(file="a.opus", channels=6, audio_bitrate="1536k").bit_rate_for(_SURROUND) == 1_536_000


def test_the_commands_for_a_loudness() -> None:
    assert " ".join(measure_arguments(_output(loudness=-16), _SOURCE, _SURROUND, file="input")) == (
        f"{_RUN} {_LIMITS} -i input -filter_complex {_MIXED.format(44100, 'stereo')};"
        "[s1]ebur128=metadata=1:peak=true[s2];[s2]ametadata=file=-:mode=print[s3] -map [s3] -f null -"
    )
    measured = Loudness(integrated=-30, peak=-12, spread=5)
    assert "[s1]loudnorm=I=-16.00:LRA=5.00:TP=-1.00:" in _command(measured, loudness=-16)
    assert "loudnorm" not in _command(None, loudness=-16), "silence stays silence"


@pytest.mark.parametrize(
    ("change", "code", "complaint"),
    [
        ({"file": "a.mp4"}, "OUTPUT_FORMAT_UNSUPPORTED", "format of sound"),
        ({"audio_codec": "flac"}, "CODEC_CONTAINER_MISMATCH", "flac does not go into 'a.mp3'"),
        ({"audio_codec": "-i /etc/passwd"}, "UNKNOWN_CODEC", "no audio codec"),
        ({"file": "a.flac", "audio_bitrate": "96k"}, "INPUT_INVALID", "takes no bit rate"),
        ({"audio_bitrate": "9"}, "INPUT_INVALID", r"output_asset\.audio_bitrate"),
        ({"channels": 6}, "INPUT_INVALID", "auto or one of 1, 2 with libmp3lame, not 6"),
        ({"channels": 0}, "INPUT_INVALID", r"output_asset\.channels"),
        ({"file": "a.flac", "channels": 3}, "INPUT_INVALID", "auto or one of 1, 2, 6, 8 with flac"),
        ({"file": "a.opus", "sample_rate": 44100}, "INPUT_INVALID", "opus takes 8000, 12000"),
        ({"sample_rate": "fast"}, "INPUT_INVALID", r"output_asset\.sample_rate"),
        ({"loudness": 3}, "INPUT_INVALID", "from -50 to -5"),
        ({"preset": "720p-generic"}, "KEY_UNSUPPORTED", "unknown key 'preset'"),
        ({"sample_rat": 8000}, "KEY_UNSUPPORTED", "Did you mean 'sample_rate'"),
    ],
)
def test_what_is_refused(change: dict[str, Any], code: str, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint) as caught:
        _output(**change)
    assert caught.value.code == code


def test_every_format_takes_its_own_encoder() -> None:
    for form in AUDIO_FORMATS.values():
        assert form.container.codecs is not None
        assert form.encoder.codec in form.container.codecs
        assert form.container.codecs <= {encoder.codec for encoder in AUDIO_ENCODERS.values()}


def _make(
    environment: ActivityEnvironment, source: Path, folder: Path, kind: str = "VIDEO", **changes: Any
) -> tuple[Path, dict[str, Any]]:
    """Make a sound of a file; return it and what the result says of it."""
    environment.storage.put("media-in", "source", source)
    job = {
        "input_asset": {"type": kind, "bucket": "media-in", "file": "source"},
        "output_asset": _document(**changes),
    }
    (said,) = environment.run(TranscodeAsset(), job)["outputs"]
    made = folder / "made"
    made.write_bytes(environment.storage.get("media-out", said["key"]))
    return made, said


@pytest.mark.parametrize("extension", AUDIO_FORMATS)
def test_formats(
    environment: ActivityEnvironment, clips: ClipMaker, clip: Path, tmp_path: Path, extension: str
) -> None:
    form = AUDIO_FORMATS[extension]
    made, said = _make(environment, clip, tmp_path, file=f"a.{extension}")
    (stream,) = clips.probe(made)["streams"]
    assert (stream["codec_type"], stream["codec_name"]) == ("audio", form.encoder.codec)
    assert (stream["channels"], stream["sample_rate"]) == (1, "48000")
    assert said["codecs"] == {"audio": form.encoder.codec}
    assert (said["channels"], said["sample_rate"]) == (1, 48000)
    assert said["duration"] == pytest.approx(2, abs=0.06)
    assert environment.storage.options["media-out", said["key"]].content_type == form.container.content_type


def test_sound_of_sound_without_cover_and_tags(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path
) -> None:
    cover = clips.run(
        "cover.png.jpg", "-f", "lavfi", "-i", "color=red:size=64x64", "-frames:v", "1", "-update", "1"
    )
    song = clips.run(
        "song.mp3",
        *("-f", "lavfi", "-i", "sine=duration=2", "-i", str(cover), "-map", "0", "-map", "1", "-c:v", "copy"),
        *("-id3v2_version", "3", "-metadata", "title=mine", "-metadata", "comment=home"),
    )
    assert len(clips.probe(song)["streams"]) == 2
    made, _ = _make(environment, song, tmp_path, kind="AUDIO", file="a.m4a")
    found = clips.probe(made)
    assert [stream["codec_type"] for stream in found["streams"]] == ["audio"]
    assert not {"title", "comment"} & set(found["format"]["tags"])
    assert made.read_bytes().index(b"moov") < made.read_bytes().index(b"mdat")


@pytest.mark.parametrize("target", [-30.0, -23.0, -16.0])
def test_loudness(environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path, target: float) -> None:
    # Quiet and loud seconds by turns; 40 dB between them must stay.
    uneven = clips.run(
        "uneven.wav",
        *("-f", "lavfi", "-i", "sine=frequency=500:duration=6:sample_rate=48000"),
        *("-af", "volume='if(mod(floor(t),2),0.01,1)':eval=frame"),
    )
    made, _ = _make(environment, uneven, tmp_path, kind="AUDIO", file="a.wav", loudness=target)
    integrated, peak = integrated_and_peak(clips, made)
    assert integrated == pytest.approx(target, abs=0.3)
    assert peak <= -1.0
    volumes = [_volume(clips, made, second) for second in (2, 3)]
    assert volumes[0] - volumes[1] == pytest.approx(40, abs=0.5), "one gain for the whole"


def test_peaks_are_kept_under_the_limit(
    environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path
) -> None:
    clicks = clips.run(
        "clicks.wav",
        *(
            "-f",
            "lavfi",
            "-i",
            "aevalsrc='0.02*sin(2*PI*440*t)+0.9*lt(mod(t,1),0.002)':duration=6:sample_rate=48000",
        ),
    )
    made, _ = _make(environment, clicks, tmp_path, kind="AUDIO", file="a.wav", loudness=-14)
    assert integrated_and_peak(clips, made)[1] <= -0.9


def test_silence_has_no_level(environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path) -> None:
    silent = clips.run("silent.wav", "-f", "lavfi", "-i", "anullsrc", "-t", "2")
    _, said = _make(environment, silent, tmp_path, kind="AUDIO", file="a.flac", loudness=-23)
    assert said["duration"] == pytest.approx(2, abs=0.01)


def _volume(clips: ClipMaker, path: Path, at: float) -> float:
    """Return the mean volume of half a second in dB."""
    command: list[str | Path] = [
        clips.tools.ffmpeg,
        "-nostdin",
        "-ss",
        str(at + 0.25),
        "-t",
        "0.5",
        "-i",
        path,
    ]
    done = subprocess.run(
        [*command, "-af", "volumedetect", "-f", "null", "-"], check=True, capture_output=True, timeout=250
    )
    found = re.search(r"mean_volume: (-?[\d.]+) dB", done.stderr.decode())
    assert found is not None
    return float(found[1])


def test_a_sound_that_starts_late_keeps_its_place(
    environment: ActivityEnvironment, clips: ClipMaker, clip: Path, tmp_path: Path
) -> None:
    late = clips.run(
        "late.mp4",
        *("-i", str(clip), "-itsoffset", "1", "-i", str(clip), "-map", "0:v", "-map", "1:a", "-c", "copy"),
    )
    made, said = _make(environment, late, tmp_path, file="a.wav")
    assert said["duration"] == pytest.approx(3, abs=0.06)
    assert (_volume(clips, made, 0), _volume(clips, made, 1.1) > -40) == (-91.0, True)


def test_surround_on_request(environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path) -> None:
    wide = clips.run("wide.flac", "-f", "lavfi", "-i", "sine=duration=1", "-ac", "6")
    _, said = _make(environment, wide, tmp_path, kind="AUDIO", file="a.flac")
    assert said["channels"] == 2
    for wish in (6, "auto"):
        _, said = _make(environment, wide, tmp_path, kind="AUDIO", file="a.flac", channels=wish)
        assert said["channels"] == 6


def test_an_encoder_that_is_not_there(environment: ActivityEnvironment, clips: ClipMaker, clip: Path) -> None:
    if "libvorbis" in encoders(clips.tools):
        pytest.skip("this FFmpeg has every encoder")
    with pytest.raises(Exception, match="without the encoder libvorbis") as caught:
        _make(environment, clip, clips.folder, file="a.ogg", audio_codec="vorbis")
    assert getattr(caught.value, "code", None) == "ENCODER_UNAVAILABLE"


def test_a_film_without_sound(environment: ActivityEnvironment, clips: ClipMaker, tmp_path: Path) -> None:
    silent = clips.mp4("mute.mp4", "-an", seconds=0.4)
    with pytest.raises(InvalidInput) as caught:
        _make(environment, silent, tmp_path)
    assert caught.value.code == "INPUT_NO_AUDIO"
    assert environment.storage.keys("media-out") == []


def test_progress_ends_at_100(environment: ActivityEnvironment, clip: Path, tmp_path: Path) -> None:
    _make(environment, clip, tmp_path)
    reports = [event.result for event in environment.events if event.result]
    assert reports[-1]["progress"] == 100.0
    assert {report["output"] for report in reports} == {"a.mp3"}
