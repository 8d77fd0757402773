"""The journal keeps what it was given: open executions, closed ones, the registry, the secret."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from cpe.errors import ConfigError, CpeError
from cpe.local.swf.engine.changes import (
    ExecutionFilter,
    ExecutionInfo,
    HeartbeatRecorded,
    SecretChosen,
    Snapshot,
)
from cpe.local.swf.registered import Domain, RegisteredType, TypeDeleted
from cpe.local.swf.store.journal import FILE, Journal
from cpe.local.swf.store.schema import FORMAT
from tests.unit.swf_changes import events, lived, recorded


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal(tmp_path / "data")) as journal:
        yield journal


def load_again(journal: Journal) -> Snapshot:
    """What another process would find."""
    journal.close()
    with closing(Journal(journal.path.parent)) as again:
        assert again.recovered is None
        return again.load()


def test_open_executions_come_back_in_the_order_of_their_start(journal: Journal) -> None:
    for name in ("b", "a", "c"):
        journal.save([recorded(name, 1, 2)])
    journal.save([recorded("c", 3, 3), recorded("a", 3, 5)])
    journal.save(lived("d"))
    found = load_again(journal).executions
    assert [(each.workflow_id, len(each.events)) for each in found] == [("b", 2), ("a", 5), ("c", 3)]
    assert list(found[1].events) == events(1, 5)
    assert found[1].run_id == "run-a"
    assert found[1].domain == "media"


def test_open_executions_go_on_where_they_were(journal: Journal) -> None:
    journal.save([*lived("a"), recorded("b", 1, 2)])
    journal.close()
    with closing(Journal(journal.path.parent)) as again:
        again.save([recorded("c", 1, 1), recorded("b", 3, 3)])
        assert [len(each.events) for each in again.load().executions] == [3, 1]


def test_the_last_heartbeat_of_each_task_comes_back(journal: Journal) -> None:
    def heartbeat(task: int, at: float, details: str | None) -> HeartbeatRecorded:
        return HeartbeatRecorded(run_id="run-a", scheduled_event_id=task, at=at, details=details)

    journal.save([recorded("a", 1, 2), heartbeat(5, 1.0, "10 %")])
    journal.save([heartbeat(5, 2.0, None), heartbeat(6, 3.5, "ü")])
    journal.save([recorded("b", 1, 2)])
    first, second = journal.load().executions
    assert first.heartbeats == {5: heartbeat(5, 2.0, None), 6: heartbeat(6, 3.5, "ü")}
    assert second.heartbeats == {}


def test_the_registry_and_the_secret_come_back(journal: Journal) -> None:
    domain = Domain(name="media", retention="3", description="ü", tags={"team": "video"})
    job = RegisteredType(
        kind="workflow",
        domain="media",
        name="Job",
        version="1",
        created=1.5,
        deprecated=2.5,
        defaults={"defaultTaskList": {"name": "t"}},
    )
    work = RegisteredType(kind="activity", domain="media", name="Job", version="1", created=1.5)
    assert journal.load().secret is None
    journal.save([SecretChosen(secret=b"\0old"), Domain(name="media", retention="NONE"), job, work])
    journal.save([SecretChosen(secret=b"\0new"), domain])
    journal.save([TypeDeleted(kind="activity", domain="media", name="Job", version="1")])
    snapshot = load_again(journal)
    assert snapshot.secret == b"\0new"
    assert set(map(repr, snapshot.registry)) == {repr(domain), repr(job)}


def test_a_closed_history_is_read_by_slices(journal: Journal) -> None:
    journal.save([recorded("a", 1, 2)])
    journal.save([recorded("a", 3, 3)])
    *_, closed = lived("a", length=40, parent=("up", "run-up"), tags=("x", "ü", "x"), cancel_requested=True)
    journal.save([recorded("a", 4, 40), closed])
    history = journal.closed_history("media", "a", "run-a")
    whole = events(1, 40)
    assert history is not None
    assert len(history) == 40
    assert list(history) == whole
    for start, stop, step in itertools.product(
        (None, 0, 2, 3, 39, -3, 50), (None, 1, 4, 40, -1), (None, 3, -1)
    ):
        assert history[start:stop:step] == whole[start:stop:step]
    assert (history[0], history[-1], history[3]) == (whole[0], whole[-1], whole[3])
    with pytest.raises(IndexError):
        history[40]
    info = journal.closed_info("media", "a", "run-a")
    assert info is not None
    assert (info.parent, info.tags, info.cancel_requested) == (("up", "run-up"), ("x", "ü", "x"), True)


@pytest.mark.parametrize("named", [("other", "a", "run-a"), ("media", "b", "run-a"), ("media", "a", "run-b")])
def test_an_execution_that_is_not_there(journal: Journal, named: tuple[str, str, str]) -> None:
    journal.save(lived("a"))
    journal.save([recorded("b", 1, 1)])
    assert journal.closed_history(*named) is None
    assert journal.closed_info(*named) is None
    assert journal.closed_info("media", "b", "run-b") is None


FILTERS = [
    ExecutionFilter(started_from=0.0),
    ExecutionFilter(started_from=3.0, started_to=6.0),
    ExecutionFilter(closed_from=0.0),
    ExecutionFilter(closed_from=12.0, closed_to=15.0),
    *(
        ExecutionFilter(closed_from=0.0, workflow_id="w3"),
        ExecutionFilter(started_from=2.0, workflow_id="w3"),
    ),
    *(ExecutionFilter(closed_from=0.0, type_name="B"), ExecutionFilter(started_from=2.0, type_name="B")),
    ExecutionFilter(closed_from=0.0, type_name="B", type_version="2"),
    *(ExecutionFilter(closed_from=0.0, tag="x"), ExecutionFilter(started_from=2.0, tag="y")),
    ExecutionFilter(closed_from=0.0, close_status="FAILED"),
    ExecutionFilter(started_from=2.0, close_status="FAILED"),
    ExecutionFilter(started_from=2.0, workflow_id="nobody"),
]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Journal, list[ExecutionInfo]]]:
    """More executions than are read at a time, many of them at the same times."""
    journal, random, infos = Journal(tmp_path_factory.mktemp("many")), Random(7), []
    for number in range(2500):
        *changes, closed = lived(
            f"w{number % 50}",
            run=f"run-{number}",
            started_at=float(random.randrange(10)),
            closed_at=float(random.randrange(10, 20)),
            type_name=random.choice("AB"),
            type_version=random.choice("12"),
            tags=tuple(random.sample("xyz", random.randrange(3))),
            close_status=random.choice(["COMPLETED", "FAILED"]),
        )
        journal.save([*changes, closed])
        infos.append(closed.info)
    journal.save(lived("elsewhere", domain="other"))
    yield journal, infos
    journal.close()


@pytest.mark.parametrize("where", FILTERS)
@pytest.mark.parametrize("newest_first", [True, False])
def test_filters_are_those_of_memory(
    many: tuple[Journal, list[ExecutionInfo]], where: ExecutionFilter, newest_first: bool
) -> None:
    journal, infos = many

    def order(info: ExecutionInfo) -> tuple[float, str]:
        return (info.closed_at or 0 if where.by_close_time else info.started_at), info.run_id

    expected = sorted(filter(where.matches, infos), key=order, reverse=newest_first)
    assert list(journal.closed_infos("media", where, newest_first=newest_first)) == expected
    for position in (0, 1, len(expected) // 2, len(expected) - 1):
        if 0 <= position < len(expected):
            after = order(expected[position])
            rest = journal.closed_infos("media", where, newest_first=newest_first, after=after)
            assert list(rest) == expected[position + 1 :]


def test_what_closed_too_long_ago_is_forgotten(journal: Journal) -> None:
    for number in range(10):
        journal.save(lived(f"w{number}", closed_at=float(number), tags=("x",)))
    journal.save(lived("other", domain="other", closed_at=0.0))
    journal.save([recorded("open", 1, 2)])
    assert journal.forget_closed("media", 4.0) == 4
    assert journal.forget_closed("media", 4.0) == 0
    left = journal.closed_infos("media", ExecutionFilter(closed_from=0.0, tag="x"), newest_first=False)
    assert [info.workflow_id for info in left] == [f"w{number}" for number in range(4, 10)]
    assert journal.closed_history("media", "w3", "run-w3") is None
    assert journal.closed_history("other", "other", "run-other") is not None
    assert len(journal.load().executions) == 1


def test_clearing_leaves_nothing(journal: Journal) -> None:
    journal.save(
        [*lived("a"), recorded("b", 1, 2), SecretChosen(secret=b"s"), Domain(name="d", retention="1")]
    )
    journal.clear()
    snapshot = journal.load()
    assert (list(snapshot.executions), list(snapshot.registry), snapshot.secret) == ([], [], None)
    assert journal.closed_info("media", "a", "run-a") is None
    journal.save(lived("a"))
    journal.save([recorded("b", 1, 2)])


def test_a_full_disk_loses_nothing_once_there_is_room_again(journal: Journal) -> None:
    def room(pages: int) -> None:
        journal._connection.execute(f"PRAGMA max_page_count = {pages}")

    journal.save([recorded("a", 1, 2)])
    room(1)
    for first in (3, 503):
        with pytest.raises(CpeError, match="disk is full") as refused:
            journal.save([recorded(f"new{first}", 1, 1), recorded("a", first, first + 499)])
        assert refused.value.code == "JOURNAL_FAILED"
    assert [len(each.events) for each in journal.load().executions] == [2]
    room(1 << 20)
    journal.save([])
    assert [len(each.events) for each in journal.load().executions] == [1002, 1, 1]
    journal.save([recorded("new3", 2, 2)])


def test_one_process_at_a_time(journal: Journal) -> None:
    with pytest.raises(ConfigError, match=r"data is in use by process \d+; ") as refused:
        Journal(journal.path.parent)
    assert refused.value.code == "DATA_IN_USE"
    load_again(journal)


def test_a_journal_of_a_newer_version(tmp_path: Path) -> None:
    Journal(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute(f"PRAGMA user_version = {FORMAT + 1}")
    database.close()
    for _ in range(2):
        with pytest.raises(
            ConfigError, match=f"format {FORMAT + 1}; this one reads up to {FORMAT}"
        ) as refused:
            Journal(tmp_path)
        assert refused.value.code == "JOURNAL_TOO_NEW"


def test_files_that_are_no_journal(tmp_path: Path) -> None:
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / FILE).write_text("hello " * 1000)
    (tmp_path / "other").mkdir()
    with sqlite3.connect(tmp_path / "other" / FILE) as database:
        database.execute("CREATE TABLE t (a)")
    database.close()
    for name in ("text", "other"):
        before = (tmp_path / name / FILE).read_bytes()
        with pytest.raises(ConfigError, match="is not a journal of the local SWF") as refused:
            Journal(tmp_path / name)
        assert refused.value.code == "JOURNAL_UNREADABLE"
        assert (tmp_path / name / FILE).read_bytes() == before


def test_a_directory_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="file cannot be used: ") as refused:
        Journal(tmp_path / "file")
    assert refused.value.code == "DATA_UNUSABLE"
    (tmp_path / "data" / FILE).mkdir(parents=True)
    with pytest.raises(ConfigError, match="cannot be opened"):
        Journal(tmp_path / "data")
