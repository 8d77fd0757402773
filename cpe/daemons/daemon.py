"""A daemon: some loops in threads of their own, ended together by signals."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic
from types import FrameType
from typing import Any

from cpe.activity import Logger
from cpe.daemons.loop import Loop, Stop

ABORT_GRACE = 15.0
"""Seconds that running work has to hand itself back after the second signal."""

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_LONGEST_WAIT = 1.0
_STEP = 0.05


class Daemon:
    """Runs loops until all have ended.

    The first SIGTERM or SIGINT drains: each loop ends after what it has. The second aborts: what runs is
    handed back, polls in flight are left behind.

    Args:
        loops: What to run, a thread each.
        stop: What the loops watch.
        log: Gets ``daemon_started``, ``daemon_stopping``, ``daemon_aborting``, ``daemon_stopped``.
        about: What ``daemon_started`` says besides.
        hand_back: Called once on the second signal; asks what runs to end.
        grace: Seconds to wait after the second signal for loops that handle something.
    """

    def __init__(
        self,
        loops: Sequence[Loop[Any]],
        *,
        stop: Stop,
        log: Logger,
        about: Mapping[str, Any],
        hand_back: Callable[[], None] = lambda: None,
        grace: float = ABORT_GRACE,
    ) -> None:
        self._loops = loops
        self._stop = stop
        self._log = log
        self._about = about
        self._hand_back = hand_back
        self._grace = grace
        # A signal handler may only do what is reentrant: SimpleQueue.put is, Event.set is not.
        self._news: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._fault: BaseException | None = None

    def stop(self) -> None:
        """Do what a signal does: the first call drains, the second aborts."""
        self._news.put("stop")

    def run(self) -> bool:
        """Run until all loops have ended or were left behind.

        Returns:
            True if all loops ended, False if some were left behind: the process must exit without them.

        Raises:
            ConfigError: A loop met what only an operator can mend; the others were drained first.
        """
        with self._signals():
            self._log.info("daemon_started", **self._about)
            for loop in self._loops:
                threading.Thread(target=self._run_loop, args=(loop,), name=loop.name, daemon=True).start()
            ended = self._supervise()
        self._log.info("daemon_stopped", clean=ended)
        if self._fault is not None:
            raise self._fault
        return ended

    def _supervise(self) -> bool:
        running = len(self._loops)
        while running:
            news = self._next_news()
            if news is None:
                continue
            if news == "ended":
                running -= 1
            elif not self._stop.draining:
                self._log.info(
                    "daemon_stopping", note="polls in flight are waited for; stop again to end now"
                )
                self._stop.drain()
            else:
                self._log.warning("daemon_aborting", busy=self._busy())
                self._stop.drain()
                self._hand_back()
                self._wait_idle()
                return False
        return True

    def _next_news(self) -> str | None:
        # A signal that comes just before the wait does not end it, and its handler runs after the wait only:
        # hence no wait without an end.
        try:
            return self._news.get(timeout=_LONGEST_WAIT)
        except queue.Empty:
            return None

    def _wait_idle(self) -> None:
        deadline = monotonic() + self._grace
        while self._busy() and monotonic() < deadline:
            threading.Event().wait(_STEP)

    def _busy(self) -> int:
        return sum(loop.busy for loop in self._loops)

    def _run_loop(self, loop: Loop[Any]) -> None:
        try:
            loop.run()
        except BaseException as fault:  # a loop must not vanish unseen; run() raises it
            self._fault = self._fault or fault
            self._stop.drain()
        finally:
            self._news.put("ended")

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Listen to signals, where that is possible: in the main thread."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def on_signal(_number: int, _frame: FrameType | None) -> None:
            self._news.put("stop")

        before = {number: signal.signal(number, on_signal) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
