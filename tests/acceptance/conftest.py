"""What acceptance tests share: one running stack, and small media."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.jobs import Jobs
from tests.acceptance.site import PLANS, Site
from tests.acceptance.stack import REPOSITORY, Stack, run_python

CLIENTS = ("ClientA", "ClientB", "Hasty", "Mallory", "Victim", "Careless", "Stubborn")
"""Clients of the site: each test reads the queues of its own."""


@pytest.fixture(scope="session")
def _stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("stack"), "--workers", "2").running() as stack:
        yield stack


@pytest.fixture
def stack(_stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """The running stack, with two workers an activity; boto3 clients of the test reach it by themselves."""
    for name, value in _stack.environment.items():
        monkeypatch.setenv(name, value)
    return _stack


@pytest.fixture(scope="session")
def _jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    folder = tmp_path_factory.mktemp("plans")
    entry = {"name": "Work", "version": "v1", "file": str(PLANS / "work.py"), "class": "Work"}
    config = folder / "config.json"
    # Workers learn by heartbeat that they shall stop: each second, with this time-out.
    config.write_text(json.dumps({"activities": [{**entry, "defaultTaskHeartbeatTimeout": "3"}]}))
    options = ("--config", str(config), "--plan", str(PLANS), "--workers", "2")
    with Stack(folder / "stack", *options).running() as stack:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in stack.environment.items():
                patch.setenv(name, value)
            jobs = Jobs(stack)
        with jobs:
            yield jobs


@pytest.fixture
def jobs(_jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    """Jobs of the plans in `tests/plans` on a stack with two workers, all plans decided by one decider."""
    for name, value in _jobs.stack.environment.items():
        monkeypatch.setenv(name, value)
    return _jobs


@pytest.fixture(scope="session")
def _site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("site"), CLIENTS, hasty=["Hasty"]).running() as site:
        yield site


@pytest.fixture
def site(_site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A stack that serves many clients with two input pollers; see :class:`Site`."""
    for name, value in _site.environment.items():
        monkeypatch.setenv(name, value)
    return _site


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of 320x240 at 25 frames a second, with sound."""
    path = tmp_path_factory.mktemp("media") / "clip.mp4"
    made = run_python(
        "-m", "activities.sample_clip", path, "--seconds", "2", "--size", "320x240", cwd=REPOSITORY
    )
    assert made.returncode == 0, made.stderr
    return path


@pytest.fixture(scope="session")
def watermark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small PNG."""
    path = tmp_path_factory.mktemp("media") / "watermark.png"
    made = run_python("-m", "activities.sample_clip", "--watermark", path, cwd=REPOSITORY)
    assert made.returncode == 0, made.stderr
    return path
