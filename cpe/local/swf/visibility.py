"""Visibility: which executions there are, open and closed, filtered, ordered, page by page.

Pure: reads what the engine has open and what the store keeps of the closed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Protocol

from cpe.local.swf.engine.changes import ExecutionFilter, ExecutionInfo, Store
from cpe.local.swf.faults import invalid
from cpe.local.swf.paging import PageTokens
from cpe.local.swf.registry import Registry

# A request names at most one of these.
_EXCLUSIVE = ("executionFilter", "typeFilter", "tagFilter", "closeStatusFilter")


class OpenExecutions(Protocol):
    """What there is to see of the open executions; the engine has them."""

    def open_executions(self, domain: str, *, newest_first: bool = True) -> Iterator[ExecutionInfo]:
        """Tell of a domain's open executions, in the order of their start or against it."""

    def open_execution(self, domain: str, workflow_id: str) -> ExecutionInfo | None:
        """Tell of the open execution with a workflow id."""


class Visibility:
    """Answers the list and count operations.

    Args:
        registry: Knows the domains.
        store: Has the closed executions.
        executions: Has the open executions.
        pages: Issues the tokens of the lists.
    """

    def __init__(
        self,
        *,
        registry: Registry,
        store: Store,
        executions: OpenExecutions,
        pages: PageTokens,
    ) -> None:
        self._registry = registry
        self._store = store
        self._executions = executions
        self._pages = pages

    def list_open(self, params: Mapping[str, Any], now: float) -> dict[str, Any]:
        """Answer ListOpenWorkflowExecutions: by start time, newest first unless reversed."""
        newest_first = not params.get("reverseOrder", False)
        found = _by_start(self._open(params, newest_first=newest_first), newest_first=newest_first)
        return self._page("ListOpenWorkflowExecutions", params, now, found, _started)

    def count_open(self, params: Mapping[str, Any], _now: float) -> dict[str, Any]:
        """Answer CountOpenWorkflowExecutions."""
        return _count(self._open(params))

    def list_closed(self, params: Mapping[str, Any], now: float) -> dict[str, Any]:
        """Answer ListClosedWorkflowExecutions: by the filtered time, newest first unless reversed."""
        operation = "ListClosedWorkflowExecutions"
        where = _closed_filter(params)
        last = self._pages.position(operation, params, now)
        found = self._store.closed_infos(
            self._registry.domain(params["domain"]).name,
            where,
            newest_first=not params.get("reverseOrder", False),
            after=None if last is None else (last[0], last[1]),
        )
        return self._page(operation, params, now, found, _closed if where.by_close_time else _started)

    def count_closed(self, params: Mapping[str, Any], _now: float) -> dict[str, Any]:
        """Answer CountClosedWorkflowExecutions."""
        domain = self._registry.domain(params["domain"]).name
        return _count(self._store.closed_infos(domain, _closed_filter(params)))

    def _open(self, params: Mapping[str, Any], *, newest_first: bool = True) -> Iterator[ExecutionInfo]:
        domain = self._registry.domain(params["domain"]).name
        where = _filter(params)
        candidates: Iterable[ExecutionInfo | None]
        if where.workflow_id is not None:
            candidates = [self._executions.open_execution(domain, where.workflow_id)]
        else:
            candidates = self._executions.open_executions(domain, newest_first=newest_first)
        return (info for info in candidates if info is not None and where.matches(info))

    def _page(
        self,
        operation: str,
        params: Mapping[str, Any],
        now: float,
        found: Iterable[ExecutionInfo],
        key: Callable[[ExecutionInfo], list[Any]],
    ) -> dict[str, Any]:
        newest_first = not params.get("reverseOrder", False)
        page, token = self._pages.page(operation, params, now, found, key, descending=newest_first)
        answer: dict[str, Any] = {"executionInfos": [info.as_swf() for info in page]}
        return answer if token is None else answer | {"nextPageToken": token}


def _closed_filter(params: Mapping[str, Any]) -> ExecutionFilter:
    if ("startTimeFilter" in params) == ("closeTimeFilter" in params):
        raise invalid("Must specify exactly one of startTimeFilter and closeTimeFilter")
    return _filter(params)


def _filter(params: Mapping[str, Any]) -> ExecutionFilter:
    named = [name for name in _EXCLUSIVE if name in params]
    if len(named) > 1:
        raise invalid(f"Cannot specify more than one exclusive filter in the same query: {named}")
    started: Mapping[str, Any] = params.get("startTimeFilter", {})
    closed: Mapping[str, Any] = params.get("closeTimeFilter", {})
    kind: Mapping[str, Any] = params.get("typeFilter", {})
    return ExecutionFilter(
        started_from=started.get("oldestDate"),
        started_to=started.get("latestDate"),
        closed_from=closed.get("oldestDate"),
        closed_to=closed.get("latestDate"),
        workflow_id=params.get("executionFilter", {}).get("workflowId"),
        type_name=kind.get("name"),
        type_version=kind.get("version"),
        tag=params.get("tagFilter", {}).get("tag"),
        close_status=params.get("closeStatusFilter", {}).get("status"),
    )


def _count(found: Iterable[ExecutionInfo]) -> dict[str, Any]:
    return {"count": sum(1 for _ in found), "truncated": False}


def _by_start(infos: Iterable[ExecutionInfo], *, newest_first: bool) -> Iterator[ExecutionInfo]:
    """Order those that started in the same millisecond by their run ids; the rest is in order already."""
    for _, together in groupby(infos, key=lambda info: info.started_at):
        yield from sorted(together, key=lambda info: info.run_id, reverse=newest_first)


def _started(info: ExecutionInfo) -> list[Any]:
    return [info.started_at, info.run_id]


def _closed(info: ExecutionInfo) -> list[Any]:
    return [info.closed_at, info.run_id]
