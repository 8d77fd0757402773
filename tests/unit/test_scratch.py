"""Scratch directories: private, removed, swept after the dead."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cpe.daemons.scratch import Scratch
from cpe.errors import ConfigError

OWNER = """
import sys, time
from pathlib import Path
from cpe.daemons.scratch import Scratch
scratch = Scratch(Path(sys.argv[1]))
with scratch.task("encode") as folder:
    (folder / "part").write_bytes(b"x")
    print(scratch.path, flush=True)
    time.sleep(60)
"""


def names(root: Path) -> set[str]:
    return {entry.name for entry in root.iterdir() if not entry.name.startswith(".")}


def test_a_task_has_a_private_directory_for_as_long_as_it_runs(tmp_path: Path) -> None:
    with Scratch(tmp_path / "deep/root") as scratch:
        with scratch.task("a/b c") as one, scratch.task("a/b c") as other:
            assert one != other
            assert one.parent == other.parent == scratch.path
            assert one.stat().st_mode & 0o077 == 0
            (one / "part").write_bytes(b"x")
        assert names(scratch.path) == set()
    assert names(tmp_path / "deep/root") == set()


def test_a_task_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with Scratch(tmp_path) as scratch:
        with pytest.raises(ValueError, match="no"), scratch.task("t") as folder:
            (folder / "part").write_bytes(b"x")
            raise ValueError("no")
        assert names(scratch.path) == set()


def test_the_living_are_left_alone(tmp_path: Path) -> None:
    with Scratch(tmp_path) as one, Scratch(tmp_path) as other:
        assert other.swept == ()
        assert names(tmp_path) == {one.path.name, other.path.name}


def test_the_dead_are_swept(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        left = Path(owner.stdout.readline().strip())
        try:
            with Scratch(tmp_path) as scratch:
                assert scratch.swept == ()
                assert left.is_dir()
        finally:
            owner.send_signal(signal.SIGKILL)
    with Scratch(tmp_path) as scratch:
        assert scratch.swept == (left.name,)
        assert not left.exists()


def test_what_is_none_of_ours_stays(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "worker-link").symlink_to(tmp_path / "mine")
    with Scratch(tmp_path) as scratch:
        assert scratch.swept == ()
    assert (tmp_path / "mine").is_dir()


def test_a_root_that_cannot_be_used_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="CPE_SCRATCH") as caught:
        Scratch(tmp_path / "file")
    assert caught.value.code == "SCRATCH_UNWRITABLE"
    assert str(tmp_path / "file") in str(caught.value)


def test_another_users_root_in_a_shared_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "cpe-0"
    root.mkdir()
    tmp_path.chmod(0o1777)
    if os.getuid() == 0:
        os.chown(root, 4711, -1)
    else:
        monkeypatch.setattr(os, "getuid", lambda: 4711)
    with pytest.raises(ConfigError, match="belongs to another user"):
        Scratch(root)
