"""The store in memory: closed executions kept small, found again, listed in order, forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpe.local.swf.engine.changes import ExecutionClosed, ExecutionFilter, ExecutionInfo
from cpe.local.swf.store.memory import MemoryStore
from cpe.local.swf.store.packed import PackedHistory

EVENTS = [{"eventId": number, "eventType": "MarkerRecorded"} for number in range(1, 1701)]
ANY = ExecutionFilter()


def closed(run_id: str, **fields: Any) -> ExecutionClosed:
    """Make the change that an execution of a few events leaves when it closes."""
    known: dict[str, Any] = {
        "domain": "media",
        "workflow_id": f"w-{run_id}",
        "type_name": "job",
        "type_version": "1",
        "started_at": 10.0,
        "closed_at": 20.0,
        "close_status": "COMPLETED",
    }
    return ExecutionClosed(info=ExecutionInfo(run_id=run_id, **{**known, **fields}), events=EVENTS[:3])


def store_of(*changes: ExecutionClosed) -> MemoryStore:
    """Make a store that has saved changes."""
    store = MemoryStore()
    store.save(changes)
    return store


def runs(store: MemoryStore, where: ExecutionFilter = ANY, **params: Any) -> list[str]:
    """List run ids."""
    return [info.run_id for info in store.closed_infos("media", where, **params)]


def test_a_history_is_found_under_all_of_its_names() -> None:
    store = store_of(closed("r"))
    history = store.closed_history("media", "w-r", "r")
    assert history is not None
    assert list(history) == EVENTS[:3]
    info = store.closed_info("media", "w-r", "r")
    assert info is not None
    assert info.close_status == "COMPLETED"
    for names in (("other", "w-r", "r"), ("media", "w", "r"), ("media", "w-r", "x")):
        assert store.closed_history(*names) is None
        assert store.closed_info(*names) is None


SIX = (
    closed("a", started_at=1.0, closed_at=9.0),
    closed("b", started_at=2.0, closed_at=8.0, tags=("t", "u")),
    closed("c", started_at=3.0, closed_at=7.0, type_version="2"),
    closed("d", started_at=3.0, closed_at=6.0, workflow_id="w-a"),
    closed("e", started_at=4.0, closed_at=6.0, close_status="FAILED"),
    closed("f", started_at=5.0, closed_at=10.0, domain="other"),
)


def test_they_are_listed_by_their_start_newest_first() -> None:
    store = store_of(*SIX)
    assert runs(store) == ["e", "d", "c", "b", "a"]
    assert runs(store, newest_first=False) == ["a", "b", "c", "d", "e"]
    assert list(store.closed_infos("nowhere", ANY)) == []


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({"started_from": 2.0, "started_to": 3.0}, "dcb"),
        ({"closed_from": 6.0, "closed_to": 8.0}, "bced"),
        ({"closed_from": 7.0}, "abc"),
        ({"started_from": 2.0, "workflow_id": "w-a"}, "d"),
        ({"workflow_id": "w-a"}, "da"),
        ({"workflow_id": "nobody"}, ""),
        ({"type_name": "job"}, "edcba"),
        ({"type_name": "job", "type_version": "2"}, "c"),
        ({"tag": "u"}, "b"),
        ({"close_status": "FAILED"}, "e"),
    ],
)
def test_a_filter_names_what_is_listed(where: dict[str, Any], found: str) -> None:
    store = store_of(*SIX)
    wanted = ExecutionFilter(**where)
    assert "".join(runs(store, wanted)) == found
    assert "".join(runs(store, wanted, newest_first=False)) == found[::-1]


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("where", [ANY, ExecutionFilter(closed_from=0.0), ExecutionFilter(workflow_id="w-a")])
def test_a_list_goes_on_behind_any_of_its_entries(where: ExecutionFilter, newest_first: bool) -> None:
    store = store_of(*SIX)
    infos = list(store.closed_infos("media", where, newest_first=newest_first))
    for place, info in enumerate(infos):
        at = (info.closed_at or 0.0) if where.by_close_time else info.started_at
        rest = store.closed_infos("media", where, newest_first=newest_first, after=(at, info.run_id))
        assert list(rest) == infos[place + 1 :]


def test_what_closed_before_a_time_is_forgotten() -> None:
    store = store_of(*SIX)
    assert store.forget_closed("media", 7.0) == 2
    assert runs(store) == ["c", "b", "a"]
    assert runs(store, ExecutionFilter(closed_from=0.0)) == ["a", "b", "c"]
    assert store.closed_history("media", "w-e", "e") is None
    assert store.forget_closed("media", 7.0) == store.forget_closed("nowhere", 99.0) == 0
    assert [info.run_id for info in store.closed_infos("other", ANY)] == ["f"]
    store.clear()
    assert runs(store) == []


@given(st.slices(len(EVENTS)), st.integers(-len(EVENTS), len(EVENTS) - 1))
def test_a_packed_history_is_the_list_it_was(cut: slice, place: int) -> None:
    assert len(PACKED) == len(EVENTS)
    assert list(PACKED[cut]) == EVENTS[cut]
    assert PACKED[place] == EVENTS[place]


PACKED = PackedHistory(EVENTS)


def test_a_packed_history_is_small() -> None:
    assert PACKED.size < len(EVENTS) * 10
    assert list(PackedHistory([])) == []
