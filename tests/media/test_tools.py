from __future__ import annotations

from pathlib import Path

import pytest

from activities.ffmpeg.tools import Tools, choose_audio, encoders, find_tools, require_encoder
from activities.media.codecs import AUDIO_ENCODERS
from cpe.errors import ActivityError, ConfigError


def _program(path: Path, text: str = "exit 0") -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def _with_encoders(folder: Path, *names: str) -> Tools:
    lines = "".join(f"echo ' A....D {name}  described'\n" for name in names)
    program = _program(folder / "ffmpeg", lines)
    return Tools(ffmpeg=program, ffprobe=program)


def test_a_setting_comes_first_and_brings_ffprobe(tmp_path: Path) -> None:
    program, beside = _program(tmp_path / "ffmpeg"), _program(tmp_path / "ffprobe")
    assert find_tools(str(program), None) == Tools(ffmpeg=program, ffprobe=beside)


def test_the_path_comes_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, beside = _program(tmp_path / "ffmpeg"), _program(tmp_path / "ffprobe")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_tools("ffmpeg", "ffprobe") == Tools(ffmpeg=program, ffprobe=beside)


def test_a_setting_that_names_no_program(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="which is no program") as caught:
        find_tools(str(tmp_path / "none"), None)
    assert caught.value.code == "FFMPEG_NOT_FOUND"
    for way in ("PATH", "setting 'ffmpeg'", "cloud-processing-engine[ffmpeg]"):
        assert way in str(caught.value)


def test_the_real_one_has_what_presets_need(tools: Tools) -> None:
    assert {"libx264", "aac", "mjpeg", "ppm"} <= encoders(tools)


def test_a_missing_encoder_falls_back_or_is_named(tmp_path: Path) -> None:
    tools = _with_encoders(tmp_path, "aac", "flac")
    assert choose_audio(AUDIO_ENCODERS["libfdk_aac"], tools).name == "aac"
    assert choose_audio(AUDIO_ENCODERS["flac"], tools).name == "flac"
    for refused in (
        lambda: choose_audio(AUDIO_ENCODERS["libopus"], tools),
        lambda: require_encoder("libopus", tools),
    ):
        with pytest.raises(ActivityError, match="without the encoder libopus") as caught:
            refused()
        assert caught.value.code == "ENCODER_UNAVAILABLE"


def test_an_encoder_that_is_here_is_taken(tmp_path: Path) -> None:
    tools = _with_encoders(tmp_path, "aac", "libfdk_aac")
    assert choose_audio(AUDIO_ENCODERS["libfdk_aac"], tools).name == "libfdk_aac"


def test_a_program_that_does_not_work_stops_the_worker(tmp_path: Path) -> None:
    program = _program(tmp_path / "ffmpeg", "echo no such library >&2; exit 127")
    with pytest.raises(ConfigError, match="no such library") as caught:
        encoders(Tools(ffmpeg=program, ffprobe=program))
    assert caught.value.code == "FFMPEG_BROKEN"
