from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from activities.sample_clip import main
from tests.media.clips import ClipMaker


def test_a_clip_to_watch(clips: ClipMaker, tmp_path: Path) -> None:
    out = tmp_path / "clip.mp4"
    assert (
        main([str(out), "--seconds", "1", "--size", "160x90", "--watermark", str(tmp_path / "mark.png")]) == 0
    )
    video, audio = clips.probe(out)["streams"]
    assert (video["codec_name"], video["width"], video["height"], video["avg_frame_rate"]) == (
        "h264",
        160,
        90,
        "25/1",
    )
    assert float(video["duration"]) == pytest.approx(1, abs=0.04)
    assert audio["codec_name"] == "aac"
    with Image.open(tmp_path / "mark.png") as mark:
        assert (mark.format, mark.size) == ("PNG", (160, 64))
        assert mark.getchannel("A").getextrema() == (64, 255)


def test_what_cannot_be_made_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "clip.mp4"), "--size", "big"]) == 1
    assert "--size must be WIDTHxHEIGHT" in capsys.readouterr().err
    assert main(["--watermark", str(tmp_path / "none" / "mark.png")]) == 1
    assert "No such file" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([])
