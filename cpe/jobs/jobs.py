"""What can be asked of jobs, and done to them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cpe.aws.payloads import Payloads
from cpe.aws.runs import CONTINUED, Run
from cpe.aws.swf import SwfGateway
from cpe.aws.tasks import StartRequest
from cpe.decider import Execution, HistoryEvent, fold_history
from cpe.decider.fold import CANCEL_SIGNAL
from cpe.errors import AwsError, CommandRejected, PayloadError
from cpe.jobs.listing import Listing, Query, make_listing, read_page
from cpe.jobs.report import ActivityReport, JobReport, make_report, parsed
from cpe.jobs.starting import UNKNOWN, packed, told_as_refusal
from cpe.jobs.summary import JobSummary, summarize
from cpe.protocol import JobFilter, JobIdentity
from cpe.protocol.requests import USUAL_LIMIT

DAYS = 86_400.0
USUAL_AGE = 30 * DAYS
"""Seconds that a list looks back when nothing is said."""

_RESERVED = "cpe."
_MAX_RUNS = 100
_CARRIED = ("input", "result")


class Jobs:
    """The jobs of one domain.

    Every method raises :class:`~cpe.errors.AwsError`; `retryable` tells passing faults from final ones. Whose
    a run is, is up to the caller: :meth:`find` finds a client's own.

    Args:
        swf: SWF.
        payloads: Where large texts lie.
        domain: The SWF domain.
        clock: Seconds since the epoch.
    """

    def __init__(
        self, *, swf: SwfGateway, payloads: Payloads, domain: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._swf = swf
        self._payloads = payloads
        self._domain = domain
        self._clock = clock

    def find(self, identity: JobIdentity, run_id: str | None = None) -> Run | None:
        """Find a job's run; its newest unless another is named. None if there is none, or not any more.

        Raises:
            AwsError: `retryable` when SWF does not show the newest run yet.
        """
        if run_id is not None:
            return self._describe(identity.workflow_id, run_id)
        newest = next(self.runs(identity), None)
        for _ in range(_MAX_RUNS):
            if newest is None or newest.status != CONTINUED:
                break
            # SWF's lists lag behind; the history of the old run names the new one at once.
            last = HistoryEvent.from_swf(
                self._swf.newest_event(self._domain, newest.workflow_id, newest.run_id)
            )
            newest = self._describe(newest.workflow_id, last.attributes["newExecutionRunId"])
        return newest

    def runs(self, identity: JobIdentity) -> Iterator[Run]:
        """All runs of a job that SWF knows of, the newest first."""
        for lister in (self._swf.open_runs, self._swf.closed_runs_started):
            for run in lister(self._domain, workflow_id=identity.workflow_id):
                if run.workflow_id == identity.workflow_id:
                    yield run

    def has_closed(self, identity: JobIdentity) -> bool:
        """Tell whether a run of a job has closed, as far as SWF retains and lists it: one call.

        Raises:
            CommandRejected: ``UNKNOWN_DOMAIN``.
        """
        try:
            closed = self._swf.closed_runs_started(self._domain, workflow_id=identity.workflow_id)
            return any(run.workflow_id == identity.workflow_id for run in closed)
        except AwsError as error:
            if error.code != UNKNOWN:
                raise
            raise self._unknown_domain() from error

    def report(self, run: Run) -> JobReport:
        """Report a job in full, as the history of this run tells it."""
        events = self._swf.history(self._domain, run.workflow_id, run.run_id)
        client = _client_of(run)
        ends = [self._resolved(events[0], client), *events[1:]]
        ends[-1] = self._resolved(ends[-1], client)
        history = [HistoryEvent.from_swf(raw) for raw in ends]
        return make_report(self._summary(run), _fold(run, ends), history)

    def result(self, run: Run, activity: ActivityReport) -> Any:
        """What an activity returned: parsed, or the text where it is no JSON; None if there is nothing yet.

        Raises:
            PayloadError: It lies where it cannot be read.
        """
        if activity.result is None:
            return None
        return parsed(self._payloads.resolve(activity.result, client=_client_of(run)))

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
        opened = self._swf.open_runs(self._domain, since=query.since, tag=client)
        closed = self._swf.closed_runs_started(self._domain, since=query.since, tag=client)
        nothing: Iterator[Run] = iter(())
        still_open = status in (JobFilter.OPEN, JobFilter.RUNNING)
        return make_listing(query, opened, nothing if still_open else closed, limit=limit, after=after)

    def history(self, run: Run) -> list[Mapping[str, Any]]:
        """Read a run's whole history, SWF's own dicts, with payloads in the place of their references."""
        client = _client_of(run)
        events = self._swf.history(self._domain, run.workflow_id, run.run_id)
        return [self._resolved(event, client) for event in events]

    def origin(self, run: Run) -> Execution:
        """Tell how a run was started: the job's own input, and what it does again."""
        first = self._swf.first_event(self._domain, run.workflow_id, run.run_id)
        return _fold(run, [self._resolved(first, _client_of(run))])

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
            input_text = packed(self._payloads, input_text, client=_client_of(run))
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
        """
        from cpe.jobs.retrying import retry_request  # needs plans, which take long to import

        identity = _identity(run)
        known = self._retried_by(identity, command_id)
        if known is not None:
            return known
        if run.is_open:
            raise CommandRejected(f"job {identity.job_id} runs", code="JOB_OPEN")
        execution = _fold(run, self.history(run))
        request = retry_request(run, execution, domain=self._domain, command_id=command_id, steps=steps)
        text = packed(self._payloads, request.input, client=identity.client)
        try:
            return self._swf.start_workflow(replace(request, input=text))
        except AwsError as error:
            if error.code != "ALREADY_STARTED":
                raise told_as_refusal(error) from error.__cause__
            known = self._retried_by(identity, command_id)
            if known is None:
                raise CommandRejected(f"job {identity.job_id} runs", code="JOB_OPEN") from error
            return known

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
            if error.code == UNKNOWN and not self._domain_exists():
                raise self._unknown_domain() from error
            raise told_as_refusal(error) from error.__cause__

    def _unknown_domain(self) -> CommandRejected:
        return CommandRejected(f"there is no SWF domain {self._domain!r}", code="UNKNOWN_DOMAIN")

    def _domain_exists(self) -> bool:
        try:
            next(self._swf.open_runs(self._domain, since=self._clock()), None)
        except AwsError as error:
            if error.code != UNKNOWN:
                raise
            return False
        return True

    def _retried_by(self, identity: JobIdentity, command_id: str) -> str | None:
        """Find the run that a command started by doing a job again."""
        for count, run in enumerate(self.runs(identity)):
            retried = self.origin(run).retried if count < _MAX_RUNS else None
            if retried is not None and retried.command == command_id:
                return run.run_id
        return None

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

    def _describe(self, workflow_id: str, run_id: str) -> Run | None:
        try:
            return self._swf.describe_run(self._domain, workflow_id, run_id)
        except AwsError as error:
            if error.code != UNKNOWN:
                raise
            return None

    def _resolved(self, event: Mapping[str, Any], client: str | None) -> Mapping[str, Any]:
        """Put payloads in the place of an event's references. What cannot be had stays a reference."""
        for name, attributes in event.items():
            if not name.endswith("EventAttributes"):
                continue
            whole = {
                field: self._resolve(attributes[field], client) for field in _CARRIED if field in attributes
            }
            if whole:
                return {**event, name: {**attributes, **whole}}
        return event

    def _resolve(self, text: str, client: str | None) -> str:
        try:
            return self._payloads.resolve(text, client=client)
        except (AwsError, PayloadError) as error:
            if error.retryable:
                raise
            return text

    def _summary(self, run: Run) -> JobSummary:
        return summarize(run, _identity(run))


def own_input(execution: Execution) -> Any:
    """A job's own input, parsed; None if it has none that is JSON."""
    try:
        return json.loads(execution.input or "null")
    except (ValueError, RecursionError):
        return None


def _fold(run: Run, events: Sequence[Mapping[str, Any]]) -> Execution:
    return fold_history(events, workflow_id=run.workflow_id, run_id=run.run_id)


def _identity(run: Run) -> JobIdentity:
    identity = JobIdentity.from_workflow_id(run.workflow_id)
    if identity is None:
        raise CommandRejected(f"{run.workflow_id} is no job of a client", code="UNKNOWN_JOB")
    return identity


def _client_of(run: Run) -> str | None:
    identity = JobIdentity.from_workflow_id(run.workflow_id)
    return identity.client if identity is not None else None


def _closed(run: Run) -> CommandRejected:
    return CommandRejected(f"{run.workflow_id} has closed: {run.status}", code="JOB_CLOSED")
