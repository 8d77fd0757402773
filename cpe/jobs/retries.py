"""Closed jobs, done again: each command for it once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from cpe.aws.claims import Claims
from cpe.aws.payloads import Payloads
from cpe.aws.runs import Run
from cpe.aws.swf import SwfGateway
from cpe.errors import AwsError, CommandRejected
from cpe.jobs.histories import Histories, folded
from cpe.jobs.job_runs import MAX_RUNS, JobRuns
from cpe.jobs.owners import identity_of
from cpe.jobs.starting import SETTLE, not_listed, packed, told_as_refusal
from cpe.protocol import JobIdentity


class Retries:
    """Does closed jobs again.

    SWF's lists lag behind, and a run may begin and end between two looks at them. So who is to do a closed
    run again claims it first, and it is done again once. Without a place for claims that is so only as far as
    the lists show what was started: a command that is delivered twice just then may start two runs.

    Args:
        swf: SWF.
        payloads: Where large texts lie.
        runs: The jobs' runs.
        histories: Their histories.
        domain: The SWF domain.
        claims: Settle who does a run again; None where the stack has no place for them.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        *,
        swf: SwfGateway,
        payloads: Payloads,
        runs: JobRuns,
        histories: Histories,
        domain: str,
        claims: Claims | None,
        clock: Callable[[], float],
    ) -> None:
        self._swf = swf
        self._payloads = payloads
        self._runs = runs
        self._histories = histories
        self._domain = domain
        self._claims = claims
        self._clock = clock

    def run_of(self, run: Run, command_id: str, steps: Sequence[str] = ()) -> str:
        """Tell the run that a command started, or start it.

        Args:
            run: The job's newest run.
            command_id: What asks for it: asking again with the same id starts nothing new.
            steps: What is done again, with all that require it; empty for what failed.

        Raises:
            CommandRejected: ``JOB_OPEN``, ``JOB_COMPLETED``, ``UNKNOWN_STEP``, ``UNKNOWN_WORKFLOW``, …
            AwsError: `retryable`: it cannot be told yet whether the run was done again.
        """
        from cpe.jobs.retrying import retry_request  # needs plans, which take long to import

        identity = identity_of(run)
        known = self._started_by(command_id, run, identity)
        if known is not None:
            return known
        if run.is_open:
            raise _open(identity)
        history = self._histories.whole(run)
        request = retry_request(
            run, folded(run, history), history, domain=self._domain, command_id=command_id, steps=steps
        )
        text = packed(self._payloads, request.input, client=identity.client)
        self._claim(run, identity)
        try:
            return self._swf.start_workflow(replace(request, input=text))
        except AwsError as error:
            if error.code == "ALREADY_STARTED":
                return self._which_is_open(command_id, run, identity)
            refusal = told_as_refusal(error)
            if isinstance(refusal, CommandRejected):
                self._release(run, identity)
            raise refusal from error.__cause__

    def _claim(self, run: Run, identity: JobIdentity) -> None:
        """Claim a closed run; take over a claim that came to nothing once it is certain that it did."""
        claims = self._claims
        if claims is None or claims.take(self._domain, identity, again=run.run_id):
            return
        taken = claims.taken(self._domain, identity, again=run.run_id)
        if taken is not None and self._clock() - taken < SETTLE:
            raise not_listed(run.workflow_id)
        claims.renew(self._domain, identity, again=run.run_id)

    def _release(self, run: Run, identity: JobIdentity) -> None:
        if self._claims is not None:
            self._claims.release(self._domain, identity, again=run.run_id)

    def _which_is_open(self, command_id: str, run: Run, identity: JobIdentity) -> str:
        """Tell whether the open run is this command's: SWF may have started it, and its receipt be lost."""
        known = self._started_by(command_id, run, identity)
        if known is not None:
            return known
        newest = self._runs.newest(identity)
        if newest is None or not newest.is_open:
            raise not_listed(run.workflow_id)
        raise _open(identity)

    def _started_by(self, command_id: str, run: Run, identity: JobIdentity) -> str | None:
        """Find the run that a command started by doing a job again."""
        for one in self._candidates(run, identity):
            retried = self._histories.origin(one).retried
            if retried is not None and retried.command == command_id:
                return one.run_id
        return None

    def _candidates(self, run: Run, identity: JobIdentity) -> Iterator[Run]:
        yield run  # lists may not show it any more: it is neither open nor yet among the closed
        listed = self._runs.all(identity)
        yield from (one for one in islice(listed, MAX_RUNS) if one.run_id != run.run_id)


def _open(identity: JobIdentity) -> CommandRejected:
    return CommandRejected(f"job {identity.job_id} runs", code="JOB_OPEN")
