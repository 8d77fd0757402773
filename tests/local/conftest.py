"""What tests against the local AWS share."""

from __future__ import annotations

import pytest

from cpe.local.server import LocalAws
from tests.local import activities
from tests.local.swf_world import World, world_of


@pytest.fixture(autouse=True)
def unreleased() -> None:
    """Let activities that wait for a test wait for this one, and tell it alone, whatever ran before in this process."""
    activities.RELEASE.clear()
    while activities.STARTED.acquire(blocking=False):
        pass


@pytest.fixture
def world(local_aws: LocalAws) -> World:
    """A fresh SWF with one domain, one workflow type and one activity type."""
    return world_of(local_aws)
