"""The wish that an activity stops."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cpe.errors import ActivityCancelled, ActivityError


class Cancellation:
    """A request to stop, with its reason; set once, from any thread.

    Example:
        >>> from cpe.errors import LeaseLost
        >>> cancellation = Cancellation()
        >>> cancellation.request(LeaseLost("heartbeat refused"))
        >>> cancellation.requested
        True
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reason: ActivityError | None = None
        self._callbacks: list[Callable[[], None]] = []

    @property
    def requested(self) -> bool:
        return self._reason is not None

    @property
    def reason(self) -> ActivityError | None:
        """Why: ActivityCancelled, LeaseLost or WorkerStopped; the first reason stays."""
        return self._reason

    def request(self, reason: ActivityError | None = None) -> None:
        """Ask the activity to stop and run what :meth:`calling` registered."""
        with self._lock:
            if self._reason is not None:
                return
            self._reason = reason or ActivityCancelled("the activity was asked to stop")
            callbacks = list(self._callbacks)
        for callback in callbacks:
            callback()

    def check(self) -> None:
        """Raise the reason if a stop was requested."""
        if self._reason is not None:
            raise self._reason

    @contextmanager
    def calling(self, callback: Callable[[], None]) -> Iterator[None]:
        """Run `callback` at once when a stop is requested within the block (or was before it).

        It runs in the thread that requests the stop and must be quick and not raise: kill, close, notify.
        """
        with self._lock:
            self._callbacks.append(callback)
            already = self._reason is not None
        try:
            if already:
                callback()
            yield
        finally:
            with self._lock:
                self._callbacks.remove(callback)
