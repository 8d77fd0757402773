"""Listing and counting executions: filters, order, pages, retention."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cpe.local.swf.engine.changes import ExecutionClosed, ExecutionInfo
from cpe.local.swf.faults import SwfFault
from cpe.local.swf.paging import PageTokens
from cpe.local.swf.registered import Domain
from cpe.local.swf.registry import Registry
from cpe.local.swf.retention import Retention
from cpe.local.swf.store.memory import MemoryStore
from cpe.local.swf.visibility import Visibility

NOW = 1_700_000_000.0
EVER = {"oldestDate": 0}
DAY = 86400.0


def execution(number: int, **more: Any) -> ExecutionInfo:
    """The execution that started in the second `number`."""
    values: dict[str, Any] = {
        "domain": "media",
        "workflow_id": f"job-{number}",
        "run_id": f"run-{number}",
        "type_name": "Job",
        "type_version": "1",
        "started_at": NOW + number,
    }
    return ExecutionInfo(**{**values, **more})


def closed(number: int, after: float, status: str = "COMPLETED", **more: Any) -> ExecutionInfo:
    return execution(number, closed_at=NOW + number + after, close_status=status, **more)


class Place:
    """A visibility over executions that a test lays down."""

    def __init__(self, *executions: ExecutionInfo) -> None:
        self.open = [each for each in executions if each.closed_at is None]
        self.registry = Registry(PageTokens(b"secret"))
        self.registry.restore([Domain(name="media", retention="7"), Domain(name="brief", retention="NONE")])
        self.store = MemoryStore()
        self.store.save([ExecutionClosed(info=each, events=[]) for each in executions if each.closed_at])
        self.visibility = Visibility(
            registry=self.registry,
            store=self.store,
            executions=self,
            pages=PageTokens(b"secret"),
        )

    def open_executions(self, domain: str, *, newest_first: bool = True) -> Iterator[ExecutionInfo]:
        found = [info for info in self.open if info.domain == domain]
        yield from sorted(found, key=lambda info: info.started_at, reverse=newest_first)

    def open_execution(self, domain: str, workflow_id: str) -> ExecutionInfo | None:
        return next((info for info in self.open_executions(domain) if info.workflow_id == workflow_id), None)

    def open_ids(self, **params: Any) -> list[str]:
        query = {"domain": "media", "startTimeFilter": EVER, **params}
        answer = self.visibility.list_open(query, NOW)
        counted = self.visibility.count_open(query, NOW)
        assert counted == {"count": len(answer["executionInfos"]), "truncated": False}
        return ids(answer)

    def closed_ids(self, **params: Any) -> list[str]:
        query = {"domain": "media", **params}
        if "closeTimeFilter" not in query:
            query.setdefault("startTimeFilter", EVER)
        answer = self.visibility.list_closed(query, NOW)
        counted = self.visibility.count_closed(query, NOW)
        assert counted == {"count": len(answer["executionInfos"]), "truncated": False}
        return ids(answer)


def ids(answer: dict[str, Any]) -> list[str]:
    return [info["execution"]["workflowId"].removeprefix("job-") for info in answer["executionInfos"]]


def test_open_executions_come_newest_first() -> None:
    place = Place(execution(2), execution(1), execution(3), closed(4, 1))
    assert place.open_ids() == ["3", "2", "1"]
    assert place.open_ids(reverseOrder=True) == ["1", "2", "3"]


def test_closed_executions_come_by_the_time_that_is_filtered() -> None:
    place = Place(closed(1, 9), closed(2, 1), closed(3, 3), execution(4))
    assert place.closed_ids() == ["3", "2", "1"]
    assert place.closed_ids(closeTimeFilter=EVER) == ["1", "3", "2"]
    assert place.closed_ids(closeTimeFilter=EVER, reverseOrder=True) == ["2", "3", "1"]


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"startTimeFilter": {"oldestDate": NOW + 2, "latestDate": NOW + 3}}, ["3", "2"]),
        ({"executionFilter": {"workflowId": "job-2"}}, ["2"]),
        ({"typeFilter": {"name": "Other"}}, ["4", "3"]),
        ({"typeFilter": {"name": "Other", "version": "2"}}, ["4"]),
        ({"tagFilter": {"tag": "blue"}}, ["1"]),
    ],
)
def test_filters(params: dict[str, Any], found: list[str]) -> None:
    details: list[dict[str, Any]] = [
        {"tags": ("red", "blue")},
        {},
        {"type_name": "Other"},
        {"type_name": "Other", "type_version": "2"},
    ]
    assert Place(*(execution(n, **more) for n, more in enumerate(details, 1))).open_ids(**params) == found
    assert Place(*(closed(n, 1, **more) for n, more in enumerate(details, 1))).closed_ids(**params) == found


def test_closed_executions_are_filtered_by_how_they_closed() -> None:
    place = Place(closed(1, 1), closed(2, 1, "FAILED"))
    assert place.closed_ids(closeStatusFilter={"status": "FAILED"}) == ["2"]


def test_filters_exclude_each_other() -> None:
    place = Place()
    filters = {"tagFilter": {"tag": "a"}, "executionFilter": {"workflowId": "b"}}
    for query in (place.open_ids, place.closed_ids):
        with pytest.raises(SwfFault, match=r"^ValidationException: .*\['executionFilter', 'tagFilter'\]"):
            query(**filters)
    both = {"startTimeFilter": EVER, "closeTimeFilter": EVER}
    for params in (both, {}):
        with pytest.raises(SwfFault, match=r"^ValidationException: .*exactly one of startTimeFilter"):
            place.visibility.list_closed({"domain": "media", **params}, NOW)


def test_an_unknown_domain_has_no_executions() -> None:
    visibility = Place().visibility
    for query in (
        visibility.list_open,
        visibility.list_closed,
        visibility.count_open,
        visibility.count_closed,
    ):
        with pytest.raises(SwfFault, match=r"^UnknownResourceFault: "):
            query({"domain": "nowhere", "startTimeFilter": EVER}, NOW)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("what", ["list_open", "list_closed"])
def test_pages_together_are_the_whole_list(what: str, backwards: bool) -> None:
    # Three start in each millisecond: pages end between them.
    make = execution if what == "list_open" else (lambda number, **more: closed(number, 1, **more))
    place = Place(*(make(number, started_at=NOW + number // 3) for number in range(20)))
    query = {"domain": "media", "startTimeFilter": EVER, "maximumPageSize": 4, "reverseOrder": backwards}
    found: list[str] = []
    while True:
        answer = getattr(place.visibility, what)(query, NOW)
        assert len(answer["executionInfos"]) <= 4
        found += ids(answer)
        if "nextPageToken" not in answer:
            break
        query["nextPageToken"] = answer["nextPageToken"]
    assert sorted(map(int, found)) == list(range(20))
    times = [int(number) // 3 for number in found]
    assert times == sorted(times, reverse=not backwards)


def test_an_execution_that_closes_between_pages_hides_none() -> None:
    place = Place(*(execution(number) for number in range(4)))
    query = {"domain": "media", "startTimeFilter": EVER, "maximumPageSize": 2}
    first = place.visibility.list_open(query, NOW)
    assert ids(first) == ["3", "2"]
    del place.open[2]
    rest = place.visibility.list_open({**query, "nextPageToken": first["nextPageToken"]}, NOW)
    assert ids(rest) == ["1", "0"]


def test_closed_executions_are_kept_as_long_as_their_domain_says() -> None:
    place = Place(closed(1, 1), closed(2, 5), closed(3, 1, domain="brief"))
    retention = Retention(place.registry, place.store)
    retention.apply("media", NOW + 7 * DAY)
    assert place.closed_ids() == ["2", "1"]
    retention.apply("media", NOW + 7 * DAY + 4)
    assert place.closed_ids() == ["2"]
    assert place.closed_ids(domain="brief") == ["3"]
    retention.apply_everywhere(NOW + 8 * DAY)
    assert place.closed_ids() == place.closed_ids(domain="brief") == []
