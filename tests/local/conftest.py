"""What tests against the local AWS share."""

from __future__ import annotations

import pytest

from cpe.local.server import LocalAws
from tests.local.swf_world import World, world_of


@pytest.fixture
def world(local_aws: LocalAws) -> World:
    """A fresh SWF with one domain, one workflow type and one activity type."""
    return world_of(local_aws)
