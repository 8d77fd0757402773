"""The watcher: tells clients of jobs that closed without a decider having told them.

A decider that dies between SWF's taking its last answer and the closing event leaves the client waiting. And
no decider ever sees an execution that times out or is terminated. So every decider process lists, now and
then, what closed lately and publishes what it has not published itself. Deciders do not know of each other:
an event may come twice, with the same id.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cpe.activity import Logger
from cpe.aws.executions import Executions
from cpe.aws.payloads import Payloads
from cpe.aws.runs import Run
from cpe.clock import Clock
from cpe.daemons.publisher import Publisher
from cpe.daemons.recent import Recent
from cpe.daemons.retelling import Retelling
from cpe.daemons.swf_time import SwfTime
from cpe.decider import HistoryEvent
from cpe.decider.closed import closing_event
from cpe.errors import AwsError, PayloadError
from cpe.plan import Plan
from cpe.protocol import EventType, JobIdentity
from cpe.protocol.events import closed_id

INTERVAL = 30.0
"""Seconds between looks: SWF gives 6 lists of closed executions a second, to all of an account."""

FIRST_LOOK_BACK = 3600.0
"""Seconds that a decider looks back when it starts: how long all may be down without an event being lost."""

LOOK_BACK = 600.0
"""Seconds that it looks back later, so that it need not look at all that it saw before."""

SETTLE = 60.0
"""Seconds that the decider which closed an execution has to tell of it: it knows more than its last event."""

_UNSEEN = frozenset({"TIMED_OUT", "TERMINATED"})
_REMEMBERED = 20_000


class Watcher:
    """Looks for closed executions and publishes their closing events.

    What "lately" is tells SWF: this machine's clock may show another time.

    Args:
        swf: SWF.
        plans: By name and version of the workflow type: they know which steps of a failed run failed.
        publisher: Takes the events; what it published before it does not publish again.
        payloads: Hold results that SWF does not carry.
        domain: The SWF domain.
        clock: Measures what passes between looks.
        wait: Waits so many seconds, or until the daemon ends.
        log: Gets ``closing_reported``, ``result_unreadable``, ``failure_not_retold``.
    """

    def __init__(
        self,
        *,
        swf: Executions,
        plans: Mapping[tuple[str, str], Plan],
        publisher: Publisher,
        payloads: Payloads,
        domain: str,
        clock: Clock,
        wait: Callable[[float], object],
        log: Logger,
    ) -> None:
        self._swf = swf
        self._retelling = Retelling(swf=swf, plans=plans, payloads=payloads, domain=domain, log=log)
        self._publisher = publisher
        self._payloads = payloads
        self._domain = domain
        self._time = SwfTime(clock)
        self._wait = wait
        self._log = log
        self._looked = False
        self._done: Recent[bool] = Recent(_REMEMBERED)

    def poll(self) -> list[Run] | None:
        """Wait for the next look; tell the runs that closed lately and were not dealt with."""
        if self._looked:
            self._wait(INTERVAL)
        self._looked = True
        runs = self._closed_lately()
        now = self._time.now()
        return [run for run in runs if now is not None and self._is_due(run, now)] or None

    def _closed_lately(self) -> list[Run]:
        """List what closed within the time that is looked back. Before SWF told the time, its answer does."""
        known = self._time.now()
        since = None if known is None else known - LOOK_BACK
        found: list[Run] = []
        for page in self._swf.closed_pages(self._domain, since=since):
            for time in (page.time, *(run.closed for run in page.runs)):
                if time is not None:
                    self._time.heard(time)
            found += page.runs
            if known is None and self._is_too_old(page.runs):
                break
        return found if known is not None else [run for run in found if not self._is_too_old([run])]

    def _is_too_old(self, runs: Sequence[Run]) -> bool:
        """Tell whether the last of some runs, which closed first, closed before a first look begins."""
        now = self._time.now()
        oldest = runs[-1].closed if runs else None
        return now is not None and oldest is not None and oldest < now - FIRST_LOOK_BACK

    def handle(self, runs: list[Run]) -> None:
        """Publish the closing events of runs.

        Raises:
            AwsError: A passing fault; what was not published is found again.
        """
        for run in runs:
            identity = JobIdentity.from_workflow_id(run.workflow_id)
            if identity is not None:
                self._report(run, identity)
            self._done.put(run.run_id, True)

    def _is_due(self, run: Run, now: float) -> bool:
        settled = run.status in _UNSEEN or (run.closed is not None and run.closed <= now - SETTLE)
        return settled and self._done.get(run.run_id) is None

    def _report(self, run: Run, identity: JobIdentity) -> None:
        if self._publisher.was_published(closed_id(run.run_id)):
            return
        last = HistoryEvent.from_swf(self._swf.newest_event(self._domain, run.workflow_id, run.run_id))
        event = closing_event(last, identity=identity, run_id=run.run_id, result=None)
        if event is None:
            return
        if event.type is EventType.WORKFLOW_COMPLETED:
            result = self._result(last.attributes.get("result"), run, identity)
            event = replace(event, details={**event.details, **result})
        if event.type is EventType.WORKFLOW_FAILED:
            event = self._retelling.failure(run, identity) or event
        self._publisher.publish(event, client=identity.client)
        self._log.info(
            "closing_reported",
            event_type=event.type.value,
            jobId=identity.job_id,
            workflowId=run.workflow_id,
            runId=run.run_id,
        )

    def _result(self, text: str | None, run: Run, identity: JobIdentity) -> dict[str, Any]:
        """Tell the details that say what came of a job. Where its payload is lost, the closing still is told.

        Raises:
            AwsError: A fault that passes.
        """
        try:
            whole = None if text is None else self._payloads.resolve(text, client=identity.client)
        except (AwsError, PayloadError) as error:
            if error.retryable:
                raise
            self._log.error(
                "result_unreadable",
                code=error.code,
                error=str(error),
                jobId=identity.job_id,
                workflowId=run.workflow_id,
                runId=run.run_id,
            )
            return {"result": None, "truncated": True}
        return {"result": _parsed(whole)}


def _parsed(result: str | None) -> Any:
    """A workflow's result is JSON when a plan made it; other deciders' may be any text."""
    try:
        return None if result is None else json.loads(result)
    except (ValueError, RecursionError):
        return result
