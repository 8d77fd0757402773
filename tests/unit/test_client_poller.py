"""The poller's view and its export while a disk or a database fails."""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from client_example.client_poller import JobsView
from client_example.export import Export
from cpe.client import SqliteStore, Tracker
from cpe.errors import ConfigError

DEADLINE = 60.0


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def exported(file: Path) -> list[str]:
    return [job["jobId"] for job in json.loads(file.read_text())["jobs"]] if file.exists() else []


def test_an_export_goes_on_when_its_folder_is_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    file, tracker = folder / "jobs.json", Tracker()
    with caplog.at_level(logging.WARNING), Export(file, "ClientA", tracker).running() as export:
        assert exported(file) == []
        folder.rename(tmp_path / "away")
        tracker.request("j1", 1.0)
        export.note()
        until(lambda: "cannot be written: No such file or directory; trying again" in caplog.text)
        (tmp_path / "away").rename(folder)
        until(lambda: exported(file) == ["j1"])
    assert len(caplog.records) == 1
    assert [entry.name for entry in folder.iterdir()] == ["jobs.json"]


def test_an_export_that_cannot_begin_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no/jobs\.json cannot be written"):
        Export(tmp_path / "no" / "jobs.json", "ClientA", Tracker()).running().__enter__()


def test_the_view_stays_while_the_database_fails(tmp_path: Path) -> None:
    file = tmp_path / "jobs.sqlite"
    with closing(SqliteStore(file)) as store, closing(sqlite3.connect(file)) as database:
        tracker = Tracker(store)
        tracker.request("j1", 1.0)
        view = JobsView(tracker)
        before = view()
        assert len(before.renderables) == 2
        database.execute("ALTER TABLE jobs RENAME TO hidden")
        assert view() is before
        database.execute("ALTER TABLE hidden RENAME TO jobs")
        assert view() is not before
