"""The store of those who want nothing kept: closed executions in memory, open ones not at all."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence

from cpe.local.swf.engine.changes import (
    Change,
    Event,
    ExecutionClosed,
    ExecutionFilter,
    ExecutionInfo,
    Snapshot,
)
from cpe.local.swf.store.packed import PackedHistory

_Place = tuple[float, str]
"""A time and a run id: where an execution stands in an index."""


class _Domain:
    """One domain's closed executions, and the orders in which they are listed."""

    def __init__(self) -> None:
        self.by_start: list[_Place] = []
        self.by_close: list[_Place] = []
        self.by_workflow_id: dict[str, list[_Place]] = {}


class MemoryStore:
    """Keeps closed executions until they are forgotten; ends with the process.

    Reading a history costs what is read of it, listing what is listed; neither grows with all that is kept.
    """

    def __init__(self) -> None:
        self._closed: dict[str, tuple[ExecutionInfo, PackedHistory]] = {}
        self._domains: dict[str, _Domain] = {}

    def save(self, changes: Sequence[Change]) -> None:
        """Keep the executions that closed; the rest is in the engine and nowhere else."""
        for change in changes:
            if isinstance(change, ExecutionClosed):
                self._keep(change.info, PackedHistory(change.events))

    def load(self) -> Snapshot:
        """Give back nothing."""
        return Snapshot()

    def closed_history(self, domain: str, workflow_id: str, run_id: str) -> Sequence[Event] | None:
        """Give a closed execution's events."""
        found = self._find(domain, workflow_id, run_id)
        return found[1] if found is not None else None

    def closed_info(self, domain: str, workflow_id: str, run_id: str) -> ExecutionInfo | None:
        """Give what is told of one closed execution."""
        found = self._find(domain, workflow_id, run_id)
        return found[0] if found is not None else None

    def closed_infos(
        self,
        domain: str,
        where: ExecutionFilter,
        *,
        newest_first: bool = True,
        after: tuple[float, str] | None = None,
    ) -> Iterator[ExecutionInfo]:
        """Give closed executions in order of their start or close time, and within it of their run id."""
        kept = self._domains.get(domain)
        if kept is None:
            return
        for _, run_id in _walk(kept, where, newest_first=newest_first, after=after):
            info = self._closed[run_id][0]
            if where.matches(info):
                yield info

    def forget_closed(self, domain: str, closed_before: float) -> int:
        """Drop a domain's executions that closed before a time; say how many."""
        kept = self._domains.get(domain)
        if kept is None:
            return 0
        count = bisect_left(kept.by_close, (closed_before, ""))
        for _, run_id in kept.by_close[:count]:
            info, _ = self._closed.pop(run_id)
            place = (info.started_at, run_id)
            del kept.by_start[bisect_left(kept.by_start, place)]
            runs = kept.by_workflow_id[info.workflow_id]
            runs.remove(place)
            if not runs:
                del kept.by_workflow_id[info.workflow_id]
        del kept.by_close[:count]
        return count

    def clear(self) -> None:
        """Drop everything."""
        self._closed.clear()
        self._domains.clear()

    def close(self) -> None:
        """There is nothing to let go of."""

    def _keep(self, info: ExecutionInfo, history: PackedHistory) -> None:
        self._closed[info.run_id] = (info, history)
        kept = self._domains.setdefault(info.domain, _Domain())
        insort(kept.by_start, (info.started_at, info.run_id))
        insort(kept.by_close, (info.closed_at or info.started_at, info.run_id))
        insort(kept.by_workflow_id.setdefault(info.workflow_id, []), (info.started_at, info.run_id))

    def _find(self, domain: str, workflow_id: str, run_id: str) -> tuple[ExecutionInfo, PackedHistory] | None:
        found = self._closed.get(run_id)
        if found is None or (found[0].domain, found[0].workflow_id) != (domain, workflow_id):
            return None
        return found


def _walk(
    kept: _Domain, where: ExecutionFilter, *, newest_first: bool, after: _Place | None
) -> Iterator[_Place]:
    """Walk the part of an index that can match, in order."""
    if where.by_close_time:
        index, lowest, highest = kept.by_close, where.closed_from, where.closed_to
    else:
        index, lowest, highest = kept.by_start, where.started_from, where.started_to
        if where.workflow_id is not None:
            index = kept.by_workflow_id.get(where.workflow_id, [])
    first = 0 if lowest is None else bisect_left(index, (lowest, ""))
    end = len(index) if highest is None else bisect_right(index, (highest, chr(0x10FFFF)))
    if newest_first:
        if after is not None:
            end = min(end, bisect_left(index, after))
        return (index[place] for place in range(end - 1, first - 1, -1))
    if after is not None:
        first = max(first, bisect_right(index, after))
    return (index[place] for place in range(first, end))
