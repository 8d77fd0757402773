"""Failed runs whose decider is gone, told with all that it knew."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from cpe.activity import Logger
from cpe.aws.executions import Executions
from cpe.aws.payloads import Payloads
from cpe.aws.runs import Run
from cpe.decider.history import whole
from cpe.decider.retold import retold_failure
from cpe.errors import AwsError, PayloadError
from cpe.plan import Plan
from cpe.protocol import Event, JobIdentity


class Retelling:
    """Tells of failed runs by reading their histories.

    Args:
        swf: SWF.
        plans: By name and version of the workflow type.
        payloads: Where large texts lie.
        domain: The SWF domain.
        log: Gets ``failure_not_retold``.
    """

    def __init__(
        self,
        *,
        swf: Executions,
        plans: Mapping[tuple[str, str], Plan],
        payloads: Payloads,
        domain: str,
        log: Logger,
    ) -> None:
        self._swf = swf
        self._plans = plans
        self._payloads = payloads
        self._domain = domain
        self._log = log

    def failure(self, run: Run, identity: JobIdentity) -> Event | None:
        """Make the WORKFLOW_FAILED of a run, with its failed steps; None if nothing here knows them.

        Raises:
            AwsError: A fault that passes.
        """
        plan = self._plans.get((run.workflow_name, run.workflow_version))
        if plan is None:
            return None
        try:
            resolve = partial(self._resolve, identity.client)
            events = [whole(event, resolve) for event in self._history(run)]
            return retold_failure(
                plan,
                events,
                workflow_id=run.workflow_id,
                run_id=run.run_id,
                place=self._payloads.place,
            )
        except Exception as error:  # whatever it is: the run has failed, and that is told all the same
            if isinstance(error, AwsError) and error.retryable:
                raise
            self._log.warning(
                "failure_not_retold",
                error=repr(error),
                jobId=identity.job_id,
                workflowId=run.workflow_id,
                runId=run.run_id,
            )
            return None

    def _history(self, run: Run) -> list[Mapping[str, Any]]:
        return self._swf.history(self._domain, run.workflow_id, run.run_id)

    def _resolve(self, client: str, text: str) -> str:
        try:
            return self._payloads.resolve(text, client=client)
        except (PayloadError, AwsError) as error:
            if error.retryable:
                raise
            return text
