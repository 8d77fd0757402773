"""Hostile and broken files: each has its code, reaches nothing, and leaves the worker ready for the next."""

from __future__ import annotations

import json
import resource
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from activities.transcode_asset import TranscodeAsset
from activities.validate_asset import ValidateAsset
from cpe.errors import CpeError
from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker
from tests.media.hostile_files import SECRET, SOUND, Hostile, hostile_files

_SECONDS = 60.0
"""Longest that one file may take with one activity; a loaded machine needs some of it."""

_WORKER_MEMORY = 250 * 1024 * 1024
"""Bytes by which the worker itself may grow over the whole corpus."""

_SETTINGS = {"encode_time_limit": 4, "max_scratch_bytes": 64 * 1024 * 1024, "max_memory_bytes": 2 * 1024**3}


@dataclass(frozen=True, slots=True)
class _Site:
    """Where files could reach to: a planted file, and a server that notes connections."""

    secret: Path
    server: socket.socket

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.getsockname()[1]}/{SECRET}.mp4"

    def was_called(self) -> bool:
        try:
            self.server.accept()[0].close()
        except BlockingIOError:
            return False
        return True


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Site]:
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.txt"
    secret.write_text(f"{SECRET}\n" * 20)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield _Site(secret, server)


@pytest.fixture(scope="module")
def corpus(clips: ClipMaker, site: _Site) -> list[Hostile]:
    return list(hostile_files(clips, secret=site.secret, address=site.address))


def _order(hostile: Hostile) -> dict[str, Any]:
    outputs = {
        "VIDEO": [
            {"type": "VIDEO", "file": "x.mp4", "preset": "320x240-generic", "size": "64x48"},
            {"type": "THUMB", "file": "x.jpg", "size": "32:-1"},
        ],
        "AUDIO": [{"type": "AUDIO", "file": "x.mp3"}],
        "IMAGE": [{"type": "IMAGE", "file": "x.png", "resize": "8x8"}],
    }[hostile.type]
    return {
        "input_asset": {"type": hostile.type, "bucket": "media-in", "file": "film.mp4"},
        "output_assets": [{"bucket": "media-out", **output} for output in outputs],
    }


def _run(folder: Path, activity: ValidateAsset | TranscodeAsset, hostile: Hostile) -> tuple[str, str]:
    """Run an activity on a file; return its code, and all that can be seen of it from outside."""
    environment = ActivityEnvironment(folder, settings=_SETTINGS)
    environment.storage.make_bucket("media-out")
    environment.storage.put("media-in", "film.mp4", hostile.content)
    told, code = "", SOUND
    try:
        told = json.dumps(environment.run(activity, _order(hostile)))
    except CpeError as error:
        told, code = str(error), error.code
    assert not environment.scratch.exists()
    assert str(environment.scratch) not in told
    made = b"".join(
        environment.storage.get("media-out", key) for key in environment.storage.keys("media-out")
    )
    assert (code == SOUND) == bool(made) or isinstance(activity, ValidateAsset)
    seen = (told, repr(environment.events), repr(environment.log.records), made.decode("latin-1"))
    return code, "\n".join(seen)


def test_there_are_forty(corpus: list[Hostile]) -> None:
    assert len({hostile.name for hostile in corpus}) == len(corpus) >= 40


@pytest.mark.timeout(900)
@pytest.mark.parametrize("activity", [ValidateAsset(), TranscodeAsset()], ids=["validate", "transcode"])
def test_each_has_its_code_and_reaches_nothing(
    tmp_path: Path, clip: Path, site: _Site, corpus: list[Hostile], activity: ValidateAsset | TranscodeAsset
) -> None:
    before = _memory()
    others = set(psutil.Process().children())  # daemons of other tests in this process
    wrong = []
    for number, hostile in enumerate(corpus):
        started = time.monotonic()
        code, seen = _run(tmp_path / str(number), activity, hostile)
        seconds = time.monotonic() - started
        allowed = hostile.codes if isinstance(activity, TranscodeAsset) else (*hostile.codes, SOUND)
        if code not in allowed:
            wrong.append(f"{hostile.name}: {code}: {seen[:200]}")
        assert SECRET not in seen, hostile.name
        assert not site.was_called(), hostile.name
        assert seconds < _SECONDS, hostile.name
        assert set(psutil.Process().children()) <= others, hostile.name
    assert not wrong, "\n".join(wrong)
    assert _memory() - before < _WORKER_MEMORY
    good = Hostile(name="a good film", content=clip.read_bytes(), codes=(SOUND,))
    assert _run(tmp_path / "good", activity, good)[0] == SOUND


def _memory() -> int:
    """Bytes that this process has had at once."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
