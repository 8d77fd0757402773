"""Which of its client's jobs a job is: what keeps one client's thousand jobs from starving another's one.

SWF gives out the tasks of a list by priority, and those of one priority in the order in which they came. So a
job starts with a priority that is the lower the more jobs of its client are open: the first of every client
go before the second of any, and so on. The decider gives the job's activities the same priority, see
``cpe.decider.priority``.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from cpe.activity import Logger
from cpe.aws.swf import SwfGateway
from cpe.clock import Clock
from cpe.errors import AwsError

FRESH = 10.0
"""Seconds that a count is good for. SWF lets an account count six times a second."""


@dataclass(slots=True, kw_only=True)
class _Count:
    """Jobs of a client: so many were open at that time, and so many were started here since."""

    at: float
    counted: int
    started: int = 0


class Ranks:
    """Counts the open jobs of clients.

    Other input pollers start jobs too, and jobs end: each ten seconds SWF is asked anew, when a job is
    started. Its lists may lag behind by some seconds, which does no harm.

    Args:
        swf: SWF.
        clock: Measures how old a count is.
        log: Gets ``jobs_not_counted``.
    """

    def __init__(self, *, swf: SwfGateway, clock: Clock, log: Logger) -> None:
        self._swf = swf
        self._clock = clock
        self._log = log
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, str], _Count] = {}

    def take(self, domain: str, client: str) -> int:
        """Tell how many jobs a client has open, and count one more: the one that is going to be started."""
        key, now = (domain, client), self._clock.monotonic()
        with self._lock:
            count = self._counts.get(key)
            is_fresh = count is not None and now - count.at < FRESH
        if not is_fresh:
            counted = self._count(domain, client)
            with self._lock:
                known = self._counts.get(key)
                if counted is None:
                    counted = known.counted + known.started if known is not None else 0
                self._counts[key] = _Count(at=now, counted=counted)
        with self._lock:
            count = self._counts[key]
            count.started += 1
            return count.counted + count.started - 1

    def _count(self, domain: str, client: str) -> int | None:
        try:
            return self._swf.count_open(domain, tag=client)
        except AwsError as error:
            # A job that starts at a wrong place in the line is better than one that does not start.
            self._log.warning("jobs_not_counted", client=client, code=error.code, error=str(error))
            return None
