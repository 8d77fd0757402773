"""The folder in which a stack tells about itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cpe.errors import ConfigError
from cpe.stack.folder import StackFolder


def test_the_environment_is_there_once_written_and_gone_at_the_end(tmp_path: Path) -> None:
    folder = StackFolder(tmp_path / "a" / ".cpe")
    with folder.occupied():
        with pytest.raises(ConfigError, match="still starting") as caught:
            folder.read_environment()
        assert caught.value.code == "STACK_NOT_READY"
        folder.write(folder.environment, {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
        assert folder.read_environment() == {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    with pytest.raises(ConfigError, match=r"no stack runs in .*; start one with `cpe up`") as caught:
        folder.read_environment()
    assert caught.value.code == "NO_STACK"
    assert not folder.environment.exists()


def test_there_is_none_where_there_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no stack runs"):
        StackFolder(tmp_path / "none").read_environment()
    assert not (tmp_path / "none").exists()


def test_two_stacks_cannot_share_a_folder(tmp_path: Path) -> None:
    second = StackFolder(tmp_path).occupied()
    with StackFolder(tmp_path).occupied(), pytest.raises(ConfigError, match=r"runs in .* already") as caught:
        second.__enter__()
    assert caught.value.code == "STACK_RUNNING"


def test_a_stack_that_was_killed_leaves_the_folder_free(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from cpe.stack.folder import StackFolder
folder = StackFolder(Path(sys.argv[1]))
with folder.occupied():
    folder.write(folder.environment, {"A": "stale"})
    print("ready", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as stack:
        assert stack.stdout is not None
        assert stack.stdout.readline() == b"ready\n"
        stack.kill()
        stack.wait()
    with pytest.raises(ConfigError, match="no stack runs"):
        StackFolder(tmp_path).read_environment()
    with StackFolder(tmp_path).occupied(), pytest.raises(ConfigError, match="still starting"):
        StackFolder(tmp_path).read_environment()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(ConfigError, match=r"cannot be written.*--dir"),
        StackFolder(tmp_path / "file" / "x").occupied(),
    ):
        pass
