"""The runs of a job, as SWF shows them."""

from __future__ import annotations

from collections.abc import Iterator

from cpe.aws.executions import Executions
from cpe.aws.runs import CONTINUED, Run
from cpe.decider import HistoryEvent
from cpe.errors import AwsError, CommandRejected
from cpe.jobs.starting import UNKNOWN
from cpe.protocol import JobIdentity

MAX_RUNS = 100
"""Runs of one job that are looked through."""


class JobRuns:
    """Finds runs.

    Every method raises :class:`~cpe.errors.AwsError`, and those that list runs
    :class:`~cpe.errors.CommandRejected` with ``UNKNOWN_DOMAIN``.

    Args:
        swf: SWF.
        domain: The SWF domain.
    """

    def __init__(self, *, swf: Executions, domain: str) -> None:
        self._swf = swf
        self._domain = domain

    def all(self, identity: JobIdentity) -> Iterator[Run]:
        """All runs of a job that SWF lists, the newest first."""
        workflow_id = identity.workflow_id
        for runs in (self.open(workflow_id=workflow_id), self.closed(workflow_id=workflow_id)):
            yield from (run for run in runs if run.workflow_id == workflow_id)

    def open(
        self, *, since: float | None = None, workflow_id: str | None = None, tag: str | None = None
    ) -> Iterator[Run]:
        """List open runs as :meth:`~cpe.aws.executions.Executions.open_runs` does."""
        return self._told(self._swf.open_runs(self._domain, since=since, workflow_id=workflow_id, tag=tag))

    def closed(
        self, *, since: float | None = None, workflow_id: str | None = None, tag: str | None = None
    ) -> Iterator[Run]:
        """List closed runs in the same way."""
        return self._told(
            self._swf.closed_runs_started(self._domain, since=since, workflow_id=workflow_id, tag=tag)
        )

    def newest(self, identity: JobIdentity) -> Run | None:
        """Find a job's newest run; None if there is none, or not any more."""
        newest = next(self.all(identity), None)
        for _ in range(MAX_RUNS):
            if newest is None or newest.status != CONTINUED:
                break
            # SWF's lists lag behind; the history of the old run names the new one at once.
            last = HistoryEvent.from_swf(
                self._swf.newest_event(self._domain, newest.workflow_id, newest.run_id)
            )
            newest = self.described(newest.workflow_id, last.attributes["newExecutionRunId"])
        return newest

    def described(self, workflow_id: str, run_id: str) -> Run | None:
        """Find a run by its id; None if there is none, or not any more."""
        try:
            return self._swf.describe_run(self._domain, workflow_id, run_id)
        except AwsError as error:
            if error.code != UNKNOWN:
                raise
            return None

    def has_closed(self, identity: JobIdentity) -> bool:
        """Tell whether a run of a job has closed, as far as SWF retains and lists it: one call."""
        closed = self.closed(workflow_id=identity.workflow_id)
        return any(run.workflow_id == identity.workflow_id for run in closed)

    def _told(self, listed: Iterator[Run]) -> Iterator[Run]:
        try:
            yield from listed
        except AwsError as error:
            if error.code != UNKNOWN:  # nothing but the domain can be unknown to a list
                raise
            message = f"there is no SWF domain {self._domain!r}"
            raise CommandRejected(message, code="UNKNOWN_DOMAIN") from error
