"""Jobs, each started once, however often and whenever its command is delivered."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from cpe.aws.claims import Claims
from cpe.aws.runs import Run
from cpe.aws.tasks import StartRequest
from cpe.daemons.ranks import Ranks
from cpe.daemons.recent import Recent
from cpe.errors import AwsError, CommandRejected
from cpe.jobs import Jobs
from cpe.jobs.jobs import own_input
from cpe.jobs.starting import SETTLE, not_listed
from cpe.protocol import JobIdentity

_REMEMBERED = 10_000


class Starter:
    """Starts jobs.

    With a place for claims, a fresh job costs one conditional write and the start. Without one SWF is asked
    for a closed run of the job before each start, which it answers six times a second in an account's region.
    Only for a job that was asked for before are SWF's lists and histories read.

    Args:
        claims: Settle who starts a job; None where the stack has no place for them.
        clock: Seconds since the epoch.
        ranks: Tell each job its place among those of its client; None for no order among clients.
    """

    def __init__(
        self, *, claims: Claims | None, clock: Callable[[], float], ranks: Ranks | None = None
    ) -> None:
        self._claims = claims
        self._clock = clock
        self._ranks = ranks
        self._by_command: Recent[str] = Recent(_REMEMBERED)
        self._by_job: Recent[str] = Recent(_REMEMBERED)

    def run_of(self, jobs: Jobs, request: StartRequest, identity: JobIdentity, *, command_id: str) -> str:
        """Tell a job's run: the one that it has, or a new one.

        Args:
            jobs: The jobs of the request's domain.
            request: What to start.
            identity: Whose job it is, and which.
            command_id: SQS's id of the command: delivered again, it is answered as before.

        Raises:
            CommandRejected: ``JOB_EXISTS``: the job was started with other data. And what SWF refuses.
            AwsError: `retryable`: it cannot be told yet whether the job was started.
        """
        run_id = self._by_command.get(command_id) or self._settle(jobs, request, identity)
        self._by_command.put(command_id, run_id)
        return run_id

    def _settle(self, jobs: Jobs, request: StartRequest, identity: JobIdentity) -> str:
        if self._is_fresh(jobs, request, identity):
            try:
                return self._start(jobs, request, identity)
            except AwsError as error:
                if error.code != "ALREADY_STARTED":
                    raise
        known = self._known(jobs, request, identity)
        if known is not None:
            _compare(jobs, known, request, identity)
            return known.run_id
        return self._start_again(jobs, request, identity)

    def _is_fresh(self, jobs: Jobs, request: StartRequest, identity: JobIdentity) -> bool:
        if self._claims is None:
            return not jobs.has_closed(identity)
        return self._claims.take(request.domain, identity)

    def _start(self, jobs: Jobs, request: StartRequest, identity: JobIdentity) -> str:
        if self._ranks is not None:
            rank = self._ranks.take(request.domain, identity.client)
            request = replace(request, priority=str(-rank))
        try:
            run_id = jobs.start(request)
        except CommandRejected:
            if self._claims is not None:
                self._claims.release(request.domain, identity)
            raise
        self._by_job.put(f"{request.domain}/{request.workflow_id}", run_id)
        return run_id

    def _known(self, jobs: Jobs, request: StartRequest, identity: JobIdentity) -> Run | None:
        found = jobs.find(identity)
        if found is not None:
            return found
        # Not listed yet, but started here a moment ago.
        run_id = self._by_job.get(f"{request.domain}/{request.workflow_id}")
        return jobs.find(identity, run_id) if run_id is not None else None

    def _start_again(self, jobs: Jobs, request: StartRequest, identity: JobIdentity) -> str:
        """Start a job that was claimed and never started, once it is certain that it was not."""
        if self._claims is not None:
            taken = self._claims.taken(request.domain, identity)
            if taken is not None and self._clock() - taken < SETTLE:
                raise not_listed(request.workflow_id)
            self._claims.renew(request.domain, identity)
        try:
            return self._start(jobs, request, identity)
        except AwsError as error:
            if error.code != "ALREADY_STARTED":
                raise
            raise not_listed(request.workflow_id) from error


def _compare(jobs: Jobs, run: Run, request: StartRequest, identity: JobIdentity) -> None:
    """Raise ``JOB_EXISTS`` unless a run was started with the same data."""
    if own_input(jobs.origin(run)) != json.loads(request.input):
        raise CommandRejected(
            f"job {identity.job_id} was started with other data; give a new job an id of its own",
            code="JOB_EXISTS",
        )
