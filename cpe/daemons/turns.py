"""Turns: a client with many commands in hand lets one with few go first."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST = 0.05
"""Seconds that a command makes way at most. A client with a backlog still gets on, however many others there
are: twenty commands a second in each of its threads."""


class Turns:
    """Who makes way for whom, among the clients of one process.

    The clients' commands are carried out side by side and share one processor. A client whose commands come
    one by one would wait for its share behind those of a backlog.

    Args:
        longest: Seconds that :meth:`make_way` lasts at most.

    Example:
        >>> turns = Turns()
        >>> with turns.in_hand("ClientA", 10):
        ...     turns.make_way("ClientA")  # nobody else is there
    """

    def __init__(self, longest: float = LONGEST) -> None:
        self._longest = longest
        self._in_hand: Counter[str] = Counter()
        self._changed = threading.Condition()

    @contextmanager
    def in_hand(self, client: str, commands: int) -> Iterator[None]:
        """Have so many commands of a client in hand, until the end of the block."""
        self._add(client, commands)
        try:
            yield
        finally:
            self._add(client, -commands)

    def make_way(self, client: str) -> bool:
        """Wait while a client with fewer commands in hand has any; False if there is one still."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._is_behind(client), timeout=self._longest)

    def _is_behind(self, client: str) -> bool:
        own = self._in_hand[client]
        return any(0 < others < own for name, others in self._in_hand.items() if name != client)

    def _add(self, client: str, commands: int) -> None:
        with self._changed:
            self._in_hand[client] += commands
            self._changed.notify_all()
