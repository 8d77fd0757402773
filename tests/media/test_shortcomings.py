from __future__ import annotations

from pathlib import Path

import pytest

from activities.ffmpeg.shortcomings import missing_confinement, missing_demuxers, missing_encoders
from activities.ffmpeg.tools import Tools, demuxers
from activities.media.presets import preset_library
from activities.transcode_asset import TranscodeAsset
from activities.validate_asset import ValidateAsset


def _without(tools: Tools, folder: Path, *names: str) -> Tools:
    """An FFmpeg that was built without some of its parts."""
    # What a program can do is asked once: each is another file.
    program = folder / f"ffmpeg-{'-'.join(names)}"
    lacking = " ".join(f"-e ' {name} '" for name in names)
    program.write_text(f'#!/bin/sh\n{tools.ffmpeg} "$@" | grep -v {lacking}\n')
    program.chmod(0o755)
    return Tools(ffmpeg=program, ffprobe=tools.ffprobe)


def test_the_real_one_lacks_nothing(tools: Tools) -> None:
    settings = {"ffmpeg": str(tools.ffmpeg), "ffprobe": str(tools.ffprobe)}
    assert list(TranscodeAsset().shortcomings(settings)) == []
    assert list(ValidateAsset().shortcomings(settings)) == []


def test_names_of_demuxers_are_read(tools: Tools) -> None:
    # FFmpeg lists some under several names: `mov,mp4,m4a,…`, `matroska,webm`.
    assert {"mov", "mp4", "webm", "avi", "wav"} <= demuxers(tools)
    assert "=" not in demuxers(tools)


def test_an_encoder_is_told_once_with_its_presets(tools: Tools, tmp_path: Path) -> None:
    (told,) = missing_encoders(_without(tools, tmp_path, "libx264"), preset_library(None))
    assert told.code == "ENCODER_UNAVAILABLE"
    assert "libx264, which presets need: 1080p-generic" in str(told)


def test_a_fallback_is_enough(tools: Tools, tmp_path: Path) -> None:
    fewer = _without(tools, tmp_path, "libfdk_aac")
    assert list(missing_encoders(fewer, preset_library(None))) == []
    (told,) = missing_encoders(_without(tools, tmp_path, "libfdk_aac", "aac"), preset_library(None))
    assert "the encoder aac, which presets need" in str(told)


def test_demuxers_are_told_together(tools: Tools, tmp_path: Path) -> None:
    (told,) = missing_demuxers(_without(tools, tmp_path, "matroska,webm", "avi"))
    assert told.code == "DEMUXER_UNAVAILABLE"
    assert str(told).endswith("was built without the demuxers avi, matroska")


def test_a_kernel_without_a_sandbox_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(missing_confinement()) == []
    monkeypatch.setattr("sys.platform", "darwin")
    (told,) = missing_confinement()
    assert told.code == "SANDBOX_INCOMPLETE"
    assert "Landlock" in str(told)
    assert "network" in str(told)
