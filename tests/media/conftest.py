"""FFmpeg and clips for the tests of the media activities."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from activities.tools import Tools, find_tools
from cpe.errors import ConfigError
from cpe.testing import ActivityEnvironment
from tests.media.clips import ClipMaker
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
