"""The lease of an activity task: kept by heartbeats, lost when SWF says so."""

from __future__ import annotations

import threading
import time
from types import TracebackType

from cpe.activity import Cancellation, HeartbeatDetails, Logger
from cpe.aws.swf import SwfGateway
from cpe.errors import ActivityCancelled, CpeError, LeaseLost

LONGEST_INTERVAL = 10.0
"""Seconds. A cancellation is learnt of by heartbeat: this bounds how long that takes."""


def heartbeat_interval(timeout: str | None) -> float:
    """Tell the seconds between heartbeats: a third of the timeout, so that two may fail.

    Args:
        timeout: The heartbeat timeout, an SWF duration; None if it is not known.

    Example:
        >>> heartbeat_interval("15"), heartbeat_interval("60"), heartbeat_interval("NONE")
        (5.0, 10.0, 10.0)
    """
    if timeout is None or timeout == "NONE":
        return LONGEST_INTERVAL
    return min(max(int(timeout) / 3, 1.0), LONGEST_INTERVAL)


class Heartbeat:
    """Keeps one task from its own thread, as a context manager, while the task's thread works.

    Args:
        swf: SWF.
        token: The task's.
        cancellation: Asked to stop the activity: ActivityCancelled when SWF says that somebody wants it,
            LeaseLost when SWF has given the task up.
        details: What they tell.
        interval: Seconds between heartbeats, as far as is known beforehand.
        log: Gets ``heartbeat_sent``, ``heartbeat_failed``, ``task_cancel_requested``, ``task_lost``.
    """

    def __init__(
        self,
        *,
        swf: SwfGateway,
        token: str,
        cancellation: Cancellation,
        details: HeartbeatDetails,
        interval: float,
        log: Logger,
    ) -> None:
        self._swf = swf
        self._token = token
        self._cancellation = cancellation
        self._details = details
        self._interval = interval
        self._log = log
        self._done = threading.Event()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A beat that is under way may end later and find the task answered: beat() takes that for nothing.
        with self._changed:
            self._done.set()
            self._changed.notify()

    def hasten(self, interval: float) -> None:
        """Beat at least every `interval` seconds from now on; the task's own timeout was learnt of."""
        with self._changed:
            self._interval = min(self._interval, interval)
            self._changed.notify()

    def beat(self) -> bool:
        """Send one heartbeat; False once the task is lost and no further one makes sense."""
        details = self._details.text
        try:
            cancel_requested = self._swf.heartbeat(self._token, details)
        except CpeError as error:
            if self._done.is_set():
                return False
            if error.code == "UNKNOWN_RESOURCE":
                self._log.warning("task_lost", error=str(error))
                self._cancellation.request(
                    LeaseLost("SWF gave the task up: it timed out or its execution closed")
                )
                return False
            # SWF decides when the lease ends, not a count of failures here.
            self._log.warning("heartbeat_failed", code=error.code, error=str(error))
            return True
        self._log.debug("heartbeat_sent", details=details)
        if cancel_requested and not self._cancellation.requested:
            self._log.info("task_cancel_requested")
            self._cancellation.request(ActivityCancelled("the activity was asked to stop"))
        return True

    def _run(self) -> None:
        while self._wait():
            if not self.beat():
                return

    def _wait(self) -> bool:
        """Wait until the next heartbeat is due; False once none is."""
        begun = time.monotonic()
        with self._changed:
            while not self._done.is_set():
                left = begun + self._interval - time.monotonic()
                if left <= 0:
                    return True
                self._changed.wait(left)
        return False
