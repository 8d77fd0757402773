"""Which attempt at its activity a task is.

SWF does not tell a worker: all attempts at an activity have the same id, and a task carries no count. The
history has it, so the history is read as far as the task's start, unless that is far.
"""

from __future__ import annotations

from cpe.activity import Logger
from cpe.aws.payloads import Payloads
from cpe.aws.swf import SwfGateway
from cpe.aws.tasks import ActivityTask
from cpe.decider import fold_history
from cpe.decider.history import whole
from cpe.errors import AwsError, PayloadError
from cpe.protocol import JobIdentity

MAX_EVENTS = 500
"""Events that are read for it. With SWF's own part they take some 30 ms, and are read once for each task."""


class Attempts:
    """Counts attempts, as deciders do.

    Args:
        swf: SWF.
        payloads: Where the inputs of runs lie that are too large for SWF.
        domain: The SWF domain.
        log: Gets ``attempt_unknown``.
    """

    def __init__(self, *, swf: SwfGateway, payloads: Payloads, domain: str, log: Logger) -> None:
        self._swf = swf
        self._payloads = payloads
        self._domain = domain
        self._log = log

    def number(self, task: ActivityTask) -> int | None:
        """Tell which attempt a task is, from 1: one call to SWF.

        Returns:
            None if it cannot be told: the history is longer than that, or could not be read. It is good to
            know and no more, so nothing is tried twice.
        """
        identity = JobIdentity.from_workflow_id(task.workflow_id)
        if identity is None or task.started_event_id > MAX_EVENTS:
            return None
        try:
            return self._counted(task, identity.client)
        except (AwsError, PayloadError) as error:
            self._log.debug(
                "attempt_unknown", code=error.code, workflowId=task.workflow_id, activityId=task.activity_id
            )
            return None

    def _counted(self, task: ActivityTask, client: str) -> int | None:
        events = self._swf.first_events(
            self._domain, task.workflow_id, task.run_id, count=task.started_event_id
        )
        if len(events) < task.started_event_id:
            return None  # SWF does not show the start yet, or cut the page
        started = events[0]["workflowExecutionStartedEventAttributes"]
        if started.get("continuedExecutionRunId"):  # what the run before counted stands in the input
            events[0] = whole(events[0], lambda text: self._payloads.resolve(text, client=client))
        execution = fold_history(events, workflow_id=task.workflow_id, run_id=task.run_id)
        attempt = execution.attempts.get(task.activity_id)
        return attempt.number if attempt is not None else None
