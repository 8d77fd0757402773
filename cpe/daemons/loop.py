"""The one loop of all daemons: poll, handle, back off, drain."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from cpe.activity import Logger
from cpe.clock import Clock, SystemClock
from cpe.daemons.backoff import Backoff
from cpe.errors import ConfigError, CpeError

T = TypeVar("T")

_LEAST_POLL = 1.0
"""Seconds that an empty poll takes at least. AWS holds a poll for many; an endpoint that answers at once
must not make the daemon spin."""


class Stop:
    """The wish that a daemon polls no more. Set from any thread, never taken back."""

    def __init__(self) -> None:
        self._event = threading.Event()

    @property
    def draining(self) -> bool:
        """True once nothing new may be polled."""
        return self._event.is_set()

    def drain(self) -> None:
        """Ask to poll no more and to finish what runs."""
        self._event.set()

    def wait(self, seconds: float) -> bool:
        """Wait until :meth:`drain`, but at most so long; True if it was asked for."""
        return self._event.wait(seconds)


class Loop(Generic[T]):
    """Polls and handles, one item after the other, until told to stop.

    A poll that is under way when the stop comes is waited for, and what it brings is handled: SWF may have
    given this process a task already, which would else be lost until its timeout.

    Args:
        name: For the log.
        poll: Waits for an item; None when there is none. Raises AwsError.
        handle: Deals with one item. What it raises is logged and ends nothing.
        stop: When to end.
        log: Gets ``poll_failed`` and ``handle_failed``.
        backoff: Delays after failures.
        clock: Measures polls.
        wait: Waits so many seconds or until the stop; `stop.wait` by default.
    """

    def __init__(
        self,
        *,
        name: str,
        poll: Callable[[], T | None],
        handle: Callable[[T], None],
        stop: Stop,
        log: Logger,
        backoff: Backoff | None = None,
        clock: Clock | None = None,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self.name = name
        self.busy = False
        self._poll = poll
        self._handle = handle
        self._stop = stop
        self._log = log
        self._backoff = backoff or Backoff()
        self._clock = clock or SystemClock()
        self._wait = wait or stop.wait

    def run(self) -> None:
        """Run until the stop.

        Raises:
            ConfigError: What nobody but an operator can mend, such as refused credentials. A poll that AWS
                refuses is tried again, with the longest delay: a permission may be given meanwhile.
        """
        while not self._stop.draining:
            self._turn()

    def _turn(self) -> None:
        started = self._clock.monotonic()
        try:
            item = self._poll()
        except ConfigError:
            raise
        except Exception as error:
            delay = self._backoff.next() if _passes(error) else self._backoff.most
            self._report("poll_failed", error, delay)
            self._wait(delay)
            return
        if item is None:
            self._backoff.reset()
            spare = _LEAST_POLL - (self._clock.monotonic() - started)
            if spare > 0:
                self._wait(spare)
        else:
            self._handle_item(item)

    def _handle_item(self, item: T) -> None:
        self.busy = True
        try:
            self._handle(item)
        except ConfigError:
            raise
        except Exception as error:
            self.busy = False
            # What is wrong with one item is no reason to keep the others waiting; a passing fault is.
            delay = self._backoff.next() if _passes(error) else 0.0
            self._report("handle_failed", error, delay)
            self._wait(delay)
        else:
            self._backoff.reset()
        finally:
            self.busy = False

    def _report(self, event: str, error: Exception, delay: float) -> None:
        fields = {"loop": self.name, "retry_in": round(delay, 1)}
        if isinstance(error, CpeError):
            log = self._log.warning if error.retryable else self._log.error
            log(event, code=error.code, error=str(error), **fields)
        else:
            self._log.error(event, error=repr(error), exc_info=True, **fields)


def _passes(error: Exception) -> bool:
    return isinstance(error, CpeError) and error.retryable
