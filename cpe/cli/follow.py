"""Following jobs by their histories: nothing is taken from a client's queue."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from cpe.aws.new_events import new_events
from cpe.aws.runs import CONTINUED
from cpe.cli.happenings import Happenings
from cpe.errors import AwsError
from cpe.protocol import Event, EventType, JobIdentity

if TYPE_CHECKING:
    from cpe.cli.operating import Operator

INTERVAL = 1.0
"""Seconds between two looks at a job."""

TAIL_INTERVAL = 2.0
"""Seconds between two looks at all jobs: each costs a call for each open one; SWF answers sixty a second."""

_OVERLAP = 60.0
"""Seconds that SWF's lists may lag behind."""
_REMEMBERED = 10 * _OVERLAP
_MOST_PAUSE = 30.0
_MOST_DOUBLINGS = 10


class Followed:
    """A job that is followed from the beginning of a run, through those that the run goes on as.

    Args:
        operator: Where.
        workflow_id, run_id: The first run.

    Attributes:
        closing: The event that closed the job; None while it runs.
    """

    def __init__(self, operator: Operator, workflow_id: str, run_id: str) -> None:
        self._operator = operator
        self._workflow_id = workflow_id
        self._happenings = Happenings(workflow_id, run_id)
        self.run_id = run_id
        self.closing: Event | None = None

    def news(self) -> list[Event]:
        """Tell what has happened since the last look; the event that closes the job is the last."""
        events: list[Event] = []
        while self.closing is None:
            raw = new_events(
                self._operator.swf,
                self._operator.domain,
                self._workflow_id,
                self.run_id,
                seen=self._happenings.seen,
            )
            if not raw:
                break
            fresh = self._happenings.take(raw)
            events += fresh
            last = fresh[-1] if fresh else None
            if last is not None and last.type.closes_job:
                self.closing = last
            if last is None or last.type is not EventType.WORKFLOW_CONTINUED:
                break
            self.run_id = last.details["newRunId"]
            self._happenings = Happenings(self._workflow_id, self.run_id)
        return events


class Look:
    """One look at AWS, as a context manager: a fault that passes is told, once, and outlasted."""

    def __init__(self) -> None:
        self.troubles = 0

    def __enter__(self) -> None:
        """Begin the look."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if error is None:
            self.troubles = 0
            return False
        if not isinstance(error, AwsError) or not error.retryable:
            return False
        if not self.troubles:
            sys.stderr.write(f"{error}; trying on\n")
        self.troubles = min(self.troubles + 1, _MOST_DOUBLINGS)
        return True


def looks(interval: float, *, wait: Callable[[float], None] = time.sleep) -> Iterator[Look]:
    """Give one look after the other, so many seconds apart; further apart while AWS is in trouble."""
    look = Look()
    while True:
        yield look
        wait(min(interval * 2**look.troubles, _MOST_PAUSE))


class Tail:
    """All jobs of a domain, or of one client, followed from some time on.

    Args:
        operator: Where.
        client: Whose; None for everybody's.
        since: What happened before is not told, in seconds since the epoch.
    """

    def __init__(self, operator: Operator, client: str | None, *, since: float) -> None:
        self._operator = operator
        self._client = client
        self._since = since
        self._followed: dict[str, Followed] = {}
        self._done: dict[str, float] = {}
        self._closed_since = since

    def news(self, now: float) -> list[Event]:
        """Tell what has happened since the last look, oldest first.

        Args:
            now: The time, in seconds since the epoch.
        """
        for workflow_id, run_id in self._runs(now):
            if (
                run_id not in self._done
                and workflow_id not in self._followed
                and self._is_wanted(workflow_id)
            ):
                self._followed[workflow_id] = Followed(self._operator, workflow_id, run_id)
        events: list[Event] = []
        for workflow_id, followed in list(self._followed.items()):
            events += followed.news()
            if followed.closing is not None:
                self._done[followed.run_id] = now
                del self._followed[workflow_id]
        self._done = {run_id: when for run_id, when in self._done.items() if when > now - _REMEMBERED}
        return sorted((event for event in events if event.time >= self._since), key=lambda event: event.time)

    def _runs(self, now: float) -> Iterator[tuple[str, str]]:
        """Open runs, and those that closed lately: a short job begins and ends between two looks."""
        gateway, domain = self._operator.gateway, self._operator.domain
        for run in gateway.open_runs(domain):
            yield run.workflow_id, run.run_id
        for closed in gateway.closed_runs(domain, since=self._closed_since):
            if closed.status != CONTINUED and (closed.closed or 0.0) >= self._since:
                yield closed.workflow_id, closed.run_id
        self._closed_since = now - _OVERLAP

    def _is_wanted(self, workflow_id: str) -> bool:
        identity = JobIdentity.from_workflow_id(workflow_id)
        return identity is not None and self._client in (None, identity.client)
