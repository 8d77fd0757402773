"""What a worker tells the client of one attempt at an activity."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping
from typing import Any

from cpe.activity import JsonValue, Logger, TaskInfo
from cpe.clock import Clock
from cpe.daemons.publisher import Publisher
from cpe.errors import CpeError
from cpe.protocol import ActivityRef, Event, EventType, WorkflowRef
from cpe.protocol.events import activity_phase_id


class TaskReporter:
    """:class:`~cpe.activity.Reporter` onto the client's output queue.

    What it reports is good to know and no more: an event that cannot be published is logged and dropped.

    Args:
        task: The attempt.
        publisher: Takes the events.
        clock: Dates them.
        log: Gets ``report_dropped``.
    """

    def __init__(self, *, task: TaskInfo, publisher: Publisher, clock: Clock, log: Logger) -> None:
        self._task = task
        self._publisher = publisher
        self._clock = clock
        self._log = log
        self._lock = threading.Lock()
        self._count = itertools.count(1)

    def started(self, task_input: Any) -> None:
        """Report ACTIVITY_STARTED with the task's input."""
        self._report(EventType.ACTIVITY_STARTED, "started", {"input": task_input})

    def preparing(self) -> None:
        """Report ACTIVITY_PREPARING: the input is being fetched."""
        self._report(EventType.ACTIVITY_PREPARING, "preparing", {})

    def progress(self, result: Mapping[str, JsonValue]) -> None:
        """Report ACTIVITY_PROGRESS."""
        with self._lock:
            phase = f"progress:{next(self._count)}"
        self._report(EventType.ACTIVITY_PROGRESS, phase, {"result": result})

    def finishing(self) -> None:
        """Report ACTIVITY_FINISHING: the outputs are being published."""
        self._report(EventType.ACTIVITY_FINISHING, "finishing", {})

    def _report(self, kind: EventType, phase: str, details: Mapping[str, Any]) -> None:
        task = self._task
        if task.attempt is not None:
            details = {**details, "attempt": task.attempt}
        event = Event(
            type=kind,
            time=self._clock.time(),
            event_id=activity_phase_id(task.run_id, task.started_event_id, phase),
            job_id=task.job_id,
            workflow=WorkflowRef(workflow_id=task.workflow_id, run_id=task.run_id),
            activity=ActivityRef(
                activity_id=task.activity_id, name=task.activity_name, version=task.activity_version
            ),
            details=details,
        )
        try:
            self._publisher.publish(event, client=task.client)
        except CpeError as error:
            self._log.warning("report_dropped", event_type=kind.value, code=error.code, error=str(error))
