"""What can be asked of jobs, and done to them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cpe.aws.claims import Claims
from cpe.aws.payloads import Payloads
from cpe.aws.runs import Run
from cpe.aws.swf import SwfGateway
from cpe.aws.tasks import StartRequest
from cpe.decider import Execution, HistoryEvent
from cpe.decider.attempt_words import json_or_text
from cpe.decider.fold import CANCEL_SIGNAL
from cpe.errors import AwsError, CommandRejected
from cpe.jobs.histories import Histories, folded
from cpe.jobs.job_runs import JobRuns
from cpe.jobs.listing import Listing, Query, make_listing, read_page
from cpe.jobs.owners import client_of, identity_of
from cpe.jobs.report import ActivityReport, JobReport, make_report
from cpe.jobs.retries import Retries
from cpe.jobs.starting import UNKNOWN, packed, told_as_refusal
from cpe.jobs.summary import summarize
from cpe.protocol import JobFilter, JobIdentity
from cpe.protocol.requests import USUAL_LIMIT

DAYS = 86_400.0
USUAL_AGE = 30 * DAYS
"""Seconds that a list looks back when nothing is said."""

_RESERVED = "cpe."


class Jobs:
    """The jobs of one domain.

    Every method raises :class:`~cpe.errors.AwsError`; `retryable` tells passing faults from final ones. Those
    that find or list runs, or start one, also raise :class:`~cpe.errors.CommandRejected` with
    ``UNKNOWN_DOMAIN``. Whose a run is, is up to the caller: :meth:`find` finds a client's own.

    Args:
        swf: SWF.
        payloads: Where large texts lie.
        domain: The SWF domain.
        clock: Seconds since the epoch.
        claims: Settle who does a closed job again; None where the stack has no place for them.
    """

    def __init__(
        self,
        *,
        swf: SwfGateway,
        payloads: Payloads,
        domain: str,
        clock: Callable[[], float] = time.time,
        claims: Claims | None = None,
    ) -> None:
        self._swf = swf
        self._payloads = payloads
        self._domain = domain
        self._clock = clock
        self._runs = JobRuns(swf=swf, domain=domain)
        self._histories = Histories(swf=swf, payloads=payloads, domain=domain)
        self._retries = Retries(
            swf=swf,
            payloads=payloads,
            runs=self._runs,
            histories=self._histories,
            domain=domain,
            claims=claims,
            clock=clock,
        )

    def find(self, identity: JobIdentity, run_id: str | None = None) -> Run | None:
        """Find a job's run; its newest unless another is named. None if there is none, or not any more.

        Raises:
            AwsError: `retryable` when SWF does not show the newest run yet.
        """
        if run_id is not None:
            return self._runs.described(identity.workflow_id, run_id)
        return self._runs.newest(identity)

    def runs(self, identity: JobIdentity) -> Iterator[Run]:
        """All runs of a job that SWF lists, the newest first."""
        return self._runs.all(identity)

    def has_closed(self, identity: JobIdentity) -> bool:
        """Tell whether a run of a job has closed, as far as SWF retains and lists it: one call.

        Raises:
            CommandRejected: ``UNKNOWN_DOMAIN``.
        """
        return self._runs.has_closed(identity)

    def report(self, run: Run) -> JobReport:
        """Report a job in full, as the history of this run tells it."""
        events = self._histories.ends(run)
        history = [HistoryEvent.from_swf(raw) for raw in events]
        return make_report(summarize(run, identity_of(run)), folded(run, events), history)

    def result(self, run: Run, activity: ActivityReport) -> Any:
        """What an activity returned: parsed, or the text where it is no JSON; None if there is nothing yet.

        Raises:
            PayloadError: It lies where it cannot be read.
        """
        if activity.result is None:
            return None
        return json_or_text(self._payloads.resolve(activity.result, client=client_of(run)))

    def listing(
        self,
        client: str | None,
        *,
        status: JobFilter | None = None,
        since: float | None = None,
        limit: int = USUAL_LIMIT,
        page: str | None = None,
    ) -> Listing:
        """List jobs, those first whose newest run was started last.

        Args:
            client: Whose; None for everybody's.
            status: Which; None for all.
            since: When the oldest run was started, in seconds since the epoch; 30 days back by default.
            limit: How many on the page.
            page: Where to go on, as the page before says.

        Raises:
            CommandRejected: ``INVALID_PAGE``, ``TOO_MANY_JOBS``.
        """
        after = None
        begun = self._clock() - USUAL_AGE if since is None else since
        query = Query(client=client, status=status, since=begun)
        if page is not None:
            query, after = read_page(page, client=client, status=status, since=since)
        opened = self._runs.open(since=query.since, tag=client)
        closed = self._runs.closed(since=query.since, tag=client)
        nothing: Iterator[Run] = iter(())
        still_open = status in (JobFilter.OPEN, JobFilter.RUNNING)
        return make_listing(query, opened, nothing if still_open else closed, limit=limit, after=after)

    def history(self, run: Run) -> list[Mapping[str, Any]]:
        """Read a run's whole history, SWF's own dicts, with payloads in the place of their references."""
        return self._histories.whole(run)

    def origin(self, run: Run) -> Execution:
        """Tell how a run was started: the job's own input, and what it does again."""
        return self._histories.origin(run)

    def cancel(self, run: Run) -> None:
        """Ask a job to stop.

        Raises:
            CommandRejected: ``JOB_CLOSED``.
        """
        self._to_open(
            run, lambda run_id: self._swf.request_cancel(self._domain, run.workflow_id, run_id=run_id)
        )

    def cancel_activity(self, run: Run, activity_id: str) -> ActivityReport:
        """Ask for one activity to stop; the decider tells it.

        Raises:
            CommandRejected: ``JOB_CLOSED``, ``UNKNOWN_ACTIVITY``, ``ACTIVITY_NOT_RUNNING``.
        """
        if not run.is_open:
            raise _closed(run)
        activity = self.activity(run, activity_id)
        if not activity.is_open:
            raise CommandRejected(
                f"{activity_id} does not run; it is {activity.status}", code="ACTIVITY_NOT_RUNNING"
            )
        self._signal(run, CANCEL_SIGNAL, activity_id)
        return activity

    def activity(self, run: Run, activity_id: str) -> ActivityReport:
        """Report one activity.

        Raises:
            CommandRejected: ``UNKNOWN_ACTIVITY``.
        """
        report = self.report(run).activity(activity_id)
        if report is None:
            raise CommandRejected(
                f"no activity {activity_id!r} was scheduled in {run.workflow_id}", code="UNKNOWN_ACTIVITY"
            )
        return report

    def signal(self, run: Run, name: str, input_text: str | None) -> None:
        """Tell a job something that its plan waits for.

        Args:
            run: The job's run.
            name: The signal's name.
            input_text: What goes with it, as JSON.

        Raises:
            CommandRejected: ``SIGNAL_RESERVED``, ``JOB_CLOSED``, ``INPUT_TOO_LARGE``.
        """
        if name.startswith(_RESERVED):
            raise CommandRejected(
                f"signals whose names begin with {_RESERVED!r} are the stack's own", code="SIGNAL_RESERVED"
            )
        if not run.is_open:
            raise _closed(run)
        if input_text is not None:
            input_text = packed(self._payloads, input_text, client=client_of(run))
        self._signal(run, name, input_text)

    def terminate(self, run: Run, reason: str) -> None:
        """Close a job at once: nothing is cleaned up, nobody is asked.

        Raises:
            CommandRejected: ``JOB_CLOSED``.
        """
        self._to_open(
            run,
            lambda run_id: self._swf.terminate(self._domain, run.workflow_id, run_id=run_id, reason=reason),
        )

    def retry(self, run: Run, command_id: str, steps: Sequence[str] = ()) -> str:
        """Do a closed job again, as a new run, and tell that run's id.

        Args:
            run: The job's newest run.
            command_id: What asks for it: asking again with the same id starts nothing new.
            steps: What is done again, with all that require it; empty for what failed.

        Raises:
            CommandRejected: ``JOB_OPEN``, ``JOB_COMPLETED``, ``UNKNOWN_STEP``, ``UNKNOWN_WORKFLOW``, …
            AwsError: `retryable`: it cannot be told yet whether the job was done again.
        """
        return self._retries.run_of(run, command_id, steps)

    def start(self, request: StartRequest) -> str:
        """Start a job's first run, and tell its id.

        Raises:
            AwsError: ``ALREADY_STARTED``.
            CommandRejected: ``UNKNOWN_WORKFLOW``, ``INPUT_TOO_LARGE``, …
        """
        identity = JobIdentity.from_workflow_id(request.workflow_id)
        text = packed(self._payloads, request.input, client=identity.client if identity else None)
        try:
            return self._swf.start_workflow(replace(request, input=text))
        except AwsError as error:
            if error.code == UNKNOWN:  # the workflow type, or the domain
                next(self._runs.open(since=self._clock()), None)
            raise told_as_refusal(error) from error.__cause__

    def _signal(self, run: Run, name: str, text: str | None) -> None:
        self._to_open(
            run, lambda run_id: self._swf.signal(self._domain, run.workflow_id, name, text, run_id=run_id)
        )

    def _to_open(self, run: Run, call: Callable[[str | None], None]) -> None:
        """Make a call that wants an open run: this one, or the one that it has gone on as meanwhile."""
        if not run.is_open:
            raise _closed(run)
        for run_id in (run.run_id, None):
            try:
                call(run_id)
            except AwsError as error:
                if error.code != UNKNOWN:
                    raise
            else:
                return
        raise _closed(run)


def own_input(execution: Execution) -> Any:
    """A job's own input, parsed; None if it has none that is JSON."""
    try:
        return json.loads(execution.input or "null")
    except (ValueError, RecursionError):
        return None


def _closed(run: Run) -> CommandRejected:
    return CommandRejected(f"{run.workflow_id} has closed: {run.status}", code="JOB_CLOSED")
