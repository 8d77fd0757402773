"""Which of its client's jobs a job is: what keeps one client's thousand jobs from starving another's one.

SWF gives out the tasks of a list by priority, and those of one priority in the order in which they came. So a
job starts with a priority that is the lower the more jobs of its client are open: the first of every client
go before the second of any, and so on. The decider gives the job's activities the same priority, see
``cpe.decider.priority``.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from cpe.activity import Logger
from cpe.aws.executions import Executions
from cpe.clock import Clock
from cpe.errors import AwsError

FRESH = 10.0
"""Seconds that a count is good for. SWF lets an account count six times a second."""


@dataclass(slots=True)
class _Place:
    """What is known of a client: when its jobs were counted last, and how many are taken to be open."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    at: float | None = None
    open: int = 0


class Ranks:
    """Counts the open jobs of clients.

    Other input pollers start jobs too, and jobs end: each ten seconds SWF is asked anew, when a job is
    started. Its lists may lag behind by some seconds, which does no harm.

    Args:
        swf: SWF.
        clock: Measures how old a count is.
        log: Gets ``jobs_not_counted``.
    """

    def __init__(self, *, swf: Executions, clock: Clock, log: Logger) -> None:
        self._swf = swf
        self._clock = clock
        self._log = log
        self._lock = threading.Lock()
        self._places: dict[tuple[str, str], _Place] = {}

    def take(self, domain: str, client: str) -> int:
        """Tell how many jobs a client has open, and count one more: the one that is going to be started."""
        with self._lock:
            place = self._places.setdefault((domain, client), _Place())
        # SWF is asked once, whoever else wants to know meanwhile: each would take the same place.
        with place.lock:
            now = self._clock.monotonic()
            if place.at is None or now - place.at >= FRESH:
                counted = self._count(domain, client)
                if counted is not None:
                    place.open = counted
                place.at = now
            place.open += 1
            return place.open - 1

    def _count(self, domain: str, client: str) -> int | None:
        try:
            return self._swf.count_open(domain, tag=client)
        except AwsError as error:
            # A job that starts at a wrong place in the line is better than one that does not start.
            self._log.warning("jobs_not_counted", client=client, code=error.code, error=str(error))
            return None
