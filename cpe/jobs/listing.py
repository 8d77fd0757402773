"""Lists of jobs, each job once, a page at a time."""

from __future__ import annotations

import base64
import heapq
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice

from cpe.aws.runs import Run
from cpe.errors import CommandRejected
from cpe.jobs.summary import JobStatus, JobSummary, summarize
from cpe.protocol import JobFilter, JobIdentity

MAX_SCANNED = 20_000
"""Runs that are looked through for one page: twenty pages of SWF's, which answers six a second."""

Position = tuple[float, str]
"""A place in a list: when the run was started, counted backwards, and its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which jobs are listed.

    Attributes:
        client: Whose; None for everybody's.
        status: Which of them; None for all.
        since: When the oldest run was started, in seconds since the epoch.
    """

    client: str | None
    status: JobFilter | None
    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One page of a list; `page` asks for the next, None if there is none."""

    jobs: tuple[JobSummary, ...]
    page: str | None


def make_listing(
    query: Query, runs: Iterable[Run], closed: Iterable[Run], *, limit: int, after: Position | None
) -> Listing:
    """Make a page of the jobs of some runs.

    Args:
        query: Which jobs.
        runs: The open runs, those first that were started last.
        closed: The closed ones, in the same order. They are read only as far as they are needed.
        limit: How many jobs.
        after: Where the page before ended; None to begin.

    Raises:
        CommandRejected: ``TOO_MANY_JOBS``.
    """
    wanted = (
        job
        for job in _jobs(query, heapq.merge(_ordered(runs), _ordered(closed), key=_position))
        if after is None or _position_of(job) > after
    )
    jobs = list(islice(wanted, limit + 1))
    page = None
    if len(jobs) > limit:
        del jobs[limit:]
        page = write_page(query, _position_of(jobs[-1]))
    return Listing(jobs=tuple(jobs), page=page)


def write_page(query: Query, after: Position) -> str:
    """Write where a list goes on. It says whose list it is, so that no other is continued with it."""
    written = json.dumps([query.client, query.status, query.since, *after], separators=(",", ":"))
    return base64.urlsafe_b64encode(written.encode()).decode()


def read_page(
    page: str, *, client: str | None, status: JobFilter | None, since: float | None
) -> tuple[Query, Position]:
    """Read where a list goes on; the `since` of its first page stands in it.

    Raises:
        CommandRejected: ``INVALID_PAGE``.
    """
    try:
        whose, which, begun, started, run_id = json.loads(base64.urlsafe_b64decode(page.encode()))
    except (ValueError, TypeError, RecursionError):
        raise _invalid("page is none that this stack gave") from None
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (begun, started))
    if not numbers or not isinstance(run_id, str):
        raise _invalid("page is none that this stack gave")
    if (whose, which) != (client, status) or since not in (None, begun):
        raise _invalid("page is another list's; ask with the same `status` and `since`, or without page")
    return Query(client=client, status=status, since=begun), (started, run_id)


def _jobs(query: Query, runs: Iterable[Run]) -> Iterator[JobSummary]:
    """The jobs of runs, each as its newest run."""
    seen: set[str] = set()
    for count, run in enumerate(runs):
        if count >= MAX_SCANNED:
            raise CommandRejected(
                f"there are more than {MAX_SCANNED} runs since then; name a later `since`",
                code="TOO_MANY_JOBS",
            )
        identity = JobIdentity.from_workflow_id(run.workflow_id)
        # A tag is no proof: another client may have given a job this client's name.
        if run.is_child or identity is None or query.client not in (None, identity.client):
            continue
        if run.workflow_id in seen:
            continue
        seen.add(run.workflow_id)
        job = summarize(run, identity)
        if _is_wanted(job, query.status):
            yield job


def _is_wanted(job: JobSummary, status: JobFilter | None) -> bool:
    if status is None:
        return True
    if status is JobFilter.OPEN:
        return job.status is JobStatus.RUNNING
    if status is JobFilter.CLOSED:
        return job.status is not JobStatus.RUNNING
    return job.status.value == status.value


def _ordered(runs: Iterable[Run]) -> Iterator[Run]:
    """Give runs that were started in the same moment an order of their own."""
    for _, moment in groupby(runs, key=lambda run: run.started):
        yield from sorted(moment, key=_position)


def _position(run: Run) -> Position:
    return -run.started, run.run_id


def _position_of(job: JobSummary) -> Position:
    return -job.started, job.run_id


def _invalid(message: str) -> CommandRejected:
    return CommandRejected(message, code="INVALID_PAGE")
