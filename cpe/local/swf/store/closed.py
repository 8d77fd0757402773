"""Closed executions, asked for in SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from cpe.local.swf.engine.changes import ExecutionFilter, ExecutionInfo
from cpe.local.swf.store.rows import INFO, info
from cpe.local.swf.store.schema import transaction

# So many are read at a time: no query stays open while others write.
_CHUNK = 1000

_EXPIRED = "SELECT id FROM executions WHERE domain = ? AND closed_at < ?"


def closed_infos(
    connection: sqlite3.Connection,
    domain: str,
    where: ExecutionFilter,
    *,
    newest_first: bool,
    after: tuple[float, str] | None,
) -> Iterator[ExecutionInfo]:
    """Give closed executions as `Store.closed_infos` says."""
    time = "closed_at" if where.by_close_time else "started_at"
    order, behind = ("DESC", "<") if newest_first else ("ASC", ">")
    conditions, values = _conditions(domain, where)
    while True:
        asked, bound = conditions, values
        if after is not None:
            asked, bound = [*conditions, f"({time}, run_id) {behind} (?, ?)"], [*values, *after]
        # Every piece of the text stands in this module; what clients sent is bound.
        query = (
            f"SELECT {INFO} FROM executions INDEXED BY {_index(where)} "  # noqa: S608
            f"WHERE {' AND '.join(asked)} ORDER BY {time} {order}, run_id {order} LIMIT {_CHUNK}"
        )
        chunk = [info(row) for row in connection.execute(query, bound)]
        yield from chunk
        if len(chunk) < _CHUNK:
            return
        last = chunk[-1]
        ended = last.closed_at if where.by_close_time else last.started_at
        after = (ended or 0.0, last.run_id)


def _index(where: ExecutionFilter) -> str:
    """Name the index that leads to the fewest executions; SQLite would go by time whatever else is asked."""
    time = "close" if where.by_close_time else "start"
    if where.workflow_id is not None:
        return "by_workflow"
    if where.type_name is not None:
        return f"by_type_{time}"
    if where.close_status is not None:
        return f"by_status_{time}"
    return f"by_{time}"


def _conditions(domain: str, where: ExecutionFilter) -> tuple[list[str], list[Any]]:
    asked = (
        ("started_at >= ?", where.started_from),
        ("started_at <= ?", where.started_to),
        ("closed_at >= ?", where.closed_from),
        ("closed_at <= ?", where.closed_to),
        ("workflow_id = ?", where.workflow_id),
        ("type_name = ?", where.type_name),
        ("type_version = ?", where.type_version),
        ("close_status = ?", where.close_status),
    )
    conditions = ["domain = ?", "closed_at IS NOT NULL"]
    values: list[Any] = [domain]
    for condition, value in asked:
        if value is not None:
            conditions.append(condition)
            values.append(value)
    if where.tag is not None:
        conditions.append("id IN (SELECT execution FROM tags WHERE domain = ? AND tag = ?)")
        values += [domain, where.tag]
    return conditions, values


def forget(connection: sqlite3.Connection, domain: str, closed_before: float) -> int:
    """Drop a domain's executions that closed before a time; say how many."""
    asked = (domain, closed_before)
    if connection.execute(f"SELECT EXISTS ({_EXPIRED})", asked).fetchone()[0] == 0:
        return 0
    with transaction(connection) as run:
        # `_EXPIRED` is a constant, what was asked is bound.
        run(f"DELETE FROM events WHERE execution IN ({_EXPIRED})", asked)  # noqa: S608
        run(f"DELETE FROM tags WHERE domain = ? AND execution IN ({_EXPIRED})", (domain, *asked))  # noqa: S608
        return run(f"DELETE FROM executions WHERE id IN ({_EXPIRED})", asked).rowcount  # noqa: S608
