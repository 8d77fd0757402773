"""A bounded memory of what was seen lately."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

V = TypeVar("V")


class Recent(Generic[V]):
    """Remembers the values of the newest keys; forgets the oldest. Safe to use from several threads.

    Args:
        most: How many keys are kept.

    Example:
        >>> recent = Recent[int](2)
        >>> for key in "abc":
        ...     recent.put(key, 1)
        >>> recent.get("a"), recent.get("c")
        (None, 1)
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._values: OrderedDict[str, V] = OrderedDict()

    def get(self, key: str) -> V | None:
        """Tell the value, or None."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key]

    def put(self, key: str, value: V) -> None:
        """Remember a value."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            if len(self._values) > self._most:
                self._values.popitem(last=False)
