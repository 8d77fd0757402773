"""One at a time for each run, in one process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class OneByOne:
    """Lets threads in that deal with different runs, and of those that deal with one run the first.

    SWF gives the next decision of a run as soon as it has the answer to the last one, while the thread that
    answered still tells what it decided.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[str, tuple[threading.Lock, int]] = {}

    @contextmanager
    def of(self, run_id: str) -> Iterator[None]:
        """Deal with a run for a block, after who does already."""
        with self._lock:
            turn, waiting = self._runs.get(run_id, (threading.Lock(), 0))
            self._runs[run_id] = turn, waiting + 1
        try:
            with turn:
                yield
        finally:
            with self._lock:
                turn, waiting = self._runs.pop(run_id)
                if waiting > 1:
                    self._runs[run_id] = turn, waiting - 1
