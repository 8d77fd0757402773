"""FFmpeg and clips for the tests of the media activities."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from activities.ffmpeg.tools import Tools, find_tools
from activities.media.codecs import VIDEO_ENCODERS
from activities.media.presets import preset_library
from cpe.errors import ConfigError
from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker
from tests.media.ladders import ClipsAt, LadderShop
from tests.media.video_sources import Sources

pytest.register_assert_rewrite("tests.media.video_rows")


@pytest.fixture(scope="session")
def tools() -> Tools:
    try:
        return find_tools(None, None)
    except ConfigError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def clips(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> ClipMaker:
    return ClipMaker(tools=tools, folder=tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="session")
def clip(clips: ClipMaker) -> Path:
    """Two seconds of 320x180 at 25 frames per second, H.264 and AAC."""
    return clips.mp4("clip.mp4", size="320x180")


@pytest.fixture(scope="session")
def sources(clips: ClipMaker) -> Sources:
    return Sources(clips)


@pytest.fixture
def environment(tools: Tools, tmp_path: Path) -> ActivityEnvironment:
    environment = ActivityEnvironment(tmp_path)
    environment.storage.make_bucket("media-in")
    environment.storage.make_bucket("media-out")
    return environment


@pytest.fixture(scope="session")
def film(clips: ClipMaker) -> Path:
    """Thirteen seconds at 25 frames per second, with sound."""
    return clips.mp4("film.mp4", seconds=13)


@pytest.fixture
def shop(environment: ActivityEnvironment) -> LadderShop:
    return LadderShop(environment)


@pytest.fixture
def media(clips: ClipMaker, tmp_path: Path) -> ClipsAt:
    return ClipsAt(clips, tmp_path)


@pytest.fixture
def lossless(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let x264 lose nothing, so that equal pictures are equal frames."""
    encoder = VIDEO_ENCODERS["libx264"]
    monkeypatch.setitem(VIDEO_ENCODERS, "libx264", replace(encoder, extra=("-qp", "0")))
    preset_library.cache_clear()
    yield
    preset_library.cache_clear()  # presets read meanwhile hold that encoder
