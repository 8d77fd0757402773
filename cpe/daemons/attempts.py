"""Which attempt at its activity a task is.

SWF does not tell a worker: all attempts at an activity have the same id, and a task carries no count. The
history has it, so the history is read as far as the task's start, unless that is far.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cpe.activity import Logger
from cpe.aws.executions import Executions
from cpe.aws.payloads import Payloads
from cpe.aws.tasks import ActivityTask
from cpe.decider import fold_history
from cpe.decider.history import whole
from cpe.errors import AwsError, PayloadError
from cpe.protocol import JobIdentity

MAX_EVENTS = 500
"""Events that are read for it. With SWF's own part they take some 30 ms, and are read once for each task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAttempt:
    """What is known of an attempt; None is what cannot be told.

    Attributes:
        number: From 1.
        last_heartbeat: What the attempt before told by its heartbeats; None too where there is nothing.
        heartbeat_timeout: How long SWF waits for a heartbeat, an SWF duration.
    """

    number: int | None = None
    last_heartbeat: Any = None
    heartbeat_timeout: str | None = None


class Attempts:
    """Looks attempts up, and counts them as deciders do.

    Args:
        swf: SWF.
        payloads: Where the inputs of runs lie that are too large for SWF.
        domain: The SWF domain.
        log: Gets ``attempt_unknown``.
    """

    def __init__(self, *, swf: Executions, payloads: Payloads, domain: str, log: Logger) -> None:
        self._swf = swf
        self._payloads = payloads
        self._domain = domain
        self._log = log

    def of(self, task: ActivityTask) -> KnownAttempt:
        """Tell what is known of the attempt that a task is: one call to SWF.

        Nothing is known if the history is longer than that, or could not be read. It is good to know and no
        more, so nothing is tried twice.
        """
        identity = JobIdentity.from_workflow_id(task.workflow_id)
        if identity is None or task.started_event_id > MAX_EVENTS:
            return KnownAttempt()
        try:
            return self._read(task, identity.client)
        except (AwsError, PayloadError) as error:
            self._log.debug(
                "attempt_unknown", code=error.code, workflowId=task.workflow_id, activityId=task.activity_id
            )
            return KnownAttempt()

    def _read(self, task: ActivityTask, client: str) -> KnownAttempt:
        events = self._swf.first_events(
            self._domain, task.workflow_id, task.run_id, count=task.started_event_id
        )
        if len(events) < task.started_event_id:
            return KnownAttempt()  # SWF does not show the start yet, or cut the page
        started = events[0]["workflowExecutionStartedEventAttributes"]
        if started.get("continuedExecutionRunId"):  # what the run before counted stands in the input
            events[0] = whole(events[0], lambda text: self._payloads.resolve(text, client=client))
        execution = fold_history(events, workflow_id=task.workflow_id, run_id=task.run_id)
        attempt = execution.attempts.get(task.activity_id)
        return KnownAttempt(
            number=attempt.number if attempt is not None else None,
            last_heartbeat=_last_heartbeat(events, task.activity_id),
            heartbeat_timeout=_heartbeat_timeout(events, task.activity_id),
        )


def _heartbeat_timeout(events: Sequence[Mapping[str, Any]], activity_id: str) -> str | None:
    """Tell the heartbeat timeout with which an activity was scheduled last."""
    for event in reversed(events):
        attributes = event.get("activityTaskScheduledEventAttributes")
        if attributes is not None and attributes["activityId"] == activity_id:
            timeout: str | None = attributes.get("heartbeatTimeout")
            return timeout
    return None


def _last_heartbeat(events: Sequence[Mapping[str, Any]], activity_id: str) -> Any:
    """Tell what the attempt before left, if it timed out: parsed, or the text where it is no JSON."""
    scheduled: list[int] = []
    ends: dict[int, Mapping[str, Any]] = {}
    for event in events:
        if event["eventType"] == "ActivityTaskScheduled":
            if event["activityTaskScheduledEventAttributes"]["activityId"] == activity_id:
                scheduled.append(event["eventId"])
        elif event["eventType"] == "ActivityTaskTimedOut":
            attributes = event["activityTaskTimedOutEventAttributes"]
            ends[attributes["scheduledEventId"]] = attributes
    if len(scheduled) < 2:  # noqa: PLR2004 - this attempt, and one before
        return None
    text = ends.get(scheduled[-2], {}).get("details")
    try:
        return None if text is None else json.loads(text)
    except (ValueError, RecursionError):
        return text
