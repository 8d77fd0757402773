"""A full disk, at ten points of a job: it may be tried again, leaves nothing, and the next job is fine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.media.clips import ClipMaker
from tests.media.full_disk import KINDS, NOT_ALLOWED, POINTS

_REPOSITORY = Path(__file__).parents[2]


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's namespaces")
def test_a_disk_that_is_full_at_ten_points(clips: ClipMaker, tmp_path: Path) -> None:
    film = clips.mp4("film.mp4", seconds=4, size="320x180")
    Image.new("RGBA", (200, 100), (255, 0, 0, 99)).save(tmp_path / "mark.png")
    Image.effect_noise((1200, 800), 60).convert("RGB").save(tmp_path / "picture.png")
    inputs = [film, tmp_path / "mark.png", tmp_path / "picture.png"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.media.full_disk", tmp_path, *inputs],
        cwd=_REPOSITORY,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    if done.returncode == NOT_ALLOWED and not os.environ.get("CI"):
        pytest.skip("namespaces may not be made here")
    assert done.returncode == 0, done.stderr
    runs = [json.loads(line) for line in done.stdout.splitlines()]
    for kind in KINDS:
        first, *full, last = [run for run in runs if run["kind"] == kind]
        assert len(full) == POINTS
        assert first["code"] is last["code"] is None
        assert first["published"] == last["published"]
        for run in full:
            assert (run["code"], run["retryable"]) == ("DISK_FULL", True), run
            assert (run["published"], run["left"]) == ([], []), run
        assert len({"PROGRESS" in run["events"] for run in full}) >= (2 if kind == "VIDEO" else 1), (
            "at several stages"
        )
