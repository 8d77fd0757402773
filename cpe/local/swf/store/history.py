"""A closed execution's events, read page by page."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import overload

from cpe.local.swf.engine.changes import Event
from cpe.local.swf.store.rows import decode_events

# From the row that holds the first event asked for on.
_BATCHES = """
SELECT body FROM events
WHERE execution = :execution AND first_id <= :last AND first_id >= (
    SELECT max(first_id) FROM events WHERE execution = :execution AND first_id <= :first
)
ORDER BY first_id
"""


def stored_events(connection: sqlite3.Connection, execution: int, first: int, last: int) -> Iterator[Event]:
    """Read an execution's events of these ids, both included."""
    for (body,) in connection.execute(_BATCHES, {"execution": execution, "first": first, "last": last}):
        for event in decode_events(body):
            if first <= event["eventId"] <= last:
                yield event


class StoredHistory(Sequence[Event]):
    """The events of one execution; a slice reads what it covers and no more.

    Args:
        connection: To the journal.
        execution: The execution's number there.
        length: How many events it has.
    """

    def __init__(self, connection: sqlite3.Connection, execution: int, length: int) -> None:
        self._connection = connection
        self._execution = execution
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Event]:
        return stored_events(self._connection, self._execution, 1, self._length)

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> list[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | list[Event]:
        if isinstance(index, int):
            return self._at(range(self._length)[index : index + 1 or None])[0]
        return self._at(range(self._length)[index])

    def _at(self, positions: range) -> list[Event]:
        """Read the events at these positions, in their order; ids begin with 1, positions with 0."""
        if not positions:
            return []
        first, last = sorted((positions[0], positions[-1]))
        events = list(stored_events(self._connection, self._execution, first + 1, last + 1))
        return [events[position - first] for position in positions]
