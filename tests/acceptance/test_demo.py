"""`make demo`, as the program that it runs."""

from __future__ import annotations

from pathlib import Path

import psutil

from activities.ffmpeg.tools import find_tools
from tests.acceptance.stack import run_python, until
from tests.media.clips import ClipMaker


def test_the_demo_shows_a_real_job_and_leaves_its_outputs(clip: Path, tmp_path: Path) -> None:
    done = run_python("-m", "client_example.demo", "--input", clip, cwd=tmp_path, COLUMNS="120")
    assert done.returncode == 0, done.stdout + done.stderr
    files = sorted((tmp_path / "demo-output").iterdir())
    assert [file.suffix for file in files] == [".mp4", ".jpg"]
    for file in files:
        assert file.name in done.stdout
    clips = ClipMaker(tools=find_tools(None, None), folder=tmp_path)
    found = clips.probe(files[0])
    assert abs(float(found["format"]["duration"]) - 2.0) < 0.1
    assert sorted(path.name for path in tmp_path.iterdir()) == [".cpe", "demo-output"]
    # What was told to end may take a moment to.
    until(lambda: str(tmp_path) not in {one.info["cwd"] for one in psutil.process_iter(["cwd"])})


def test_a_failing_job_shows_why_and_ends_with_1(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video\n" * 50)
    done = run_python("-m", "client_example.demo", "--input", tmp_path / "text.mp4", cwd=tmp_path)
    assert done.returncode == 1
    assert "INPUT_NOT_MEDIA" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_file_that_is_not_there_is_named_in_one_line(tmp_path: Path) -> None:
    done = run_python("-m", "client_example.demo", "--input", tmp_path / "nowhere.mp4", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == f"demo: {tmp_path / 'nowhere.mp4'}: No such file or directory\n"
