"""Running one activity task, from the poll's answer to the answer for SWF."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from cpe.activity import (
    Activity,
    ActivityContext,
    Cancellation,
    HeartbeatDetails,
    Logger,
    Storage,
    TaskInfo,
)
from cpe.aws.payloads import Payloads
from cpe.aws.swf import SwfGateway
from cpe.aws.tasks import ActivityTask
from cpe.clock import Clock
from cpe.daemons.answer import Answer
from cpe.daemons.attempts import KnownAttempt
from cpe.daemons.backoff import persist
from cpe.daemons.heartbeat import Heartbeat, heartbeat_interval
from cpe.daemons.publisher import Publisher
from cpe.daemons.report import TaskReporter
from cpe.daemons.scratch import Scratch
from cpe.errors import ActivityError, AwsError, InvalidInput, WorkerStopped
from cpe.protocol import JobIdentity

_ATTEMPTS = 6
"""Times that an answer or its payload is tried, about half a minute: hours of work may stand behind it."""


class TaskRunner:
    """Runs tasks of one activity, from several threads at once.

    Args:
        activity: The instance that does the work.
        settings: The activity's `settings`.
        cores: How many processors one task should keep busy.
        swf: SWF.
        attempt_of: Tells which attempt a task is, and what the one before left.
        publisher: Takes the events.
        scratch: Gives each task its directory.
        payloads: Hold inputs and results that SWF does not carry.
        storage: Makes the storage of a task; its transfers stop when the cancellation is requested.
        heartbeat_interval: Seconds, where the attempt's own timeout is not known or allows more.
        clock: Dates events and measures tasks.
        wait: Waits so many seconds between attempts.
        bind: Makes a logger with a task's ids.
    """

    def __init__(
        self,
        *,
        activity: Activity,
        settings: Mapping[str, Any],
        cores: int | None = None,
        swf: SwfGateway,
        attempt_of: Callable[[ActivityTask], KnownAttempt],
        publisher: Publisher,
        scratch: Scratch,
        payloads: Payloads,
        storage: Callable[[Cancellation], Storage],
        heartbeat_interval: float,
        clock: Clock,
        wait: Callable[[float], object],
        bind: Callable[..., Logger],
    ) -> None:
        self._activity = activity
        self._settings = settings
        self._cores = cores
        self._swf = swf
        self._attempt_of = attempt_of
        self._publisher = publisher
        self._scratch = scratch
        self._payloads = payloads
        self._storage = storage
        self._heartbeat_interval = heartbeat_interval
        self._clock = clock
        self._wait = wait
        self._bind = bind
        self._lock = threading.Lock()
        self._running: set[Cancellation] = set()
        self._stopped = False

    def handle(self, task: ActivityTask) -> None:
        """Run one task and answer it. Raises nothing that concerns the task alone."""
        info = _info(task)
        log = self._bind(
            jobId=info.job_id, workflowId=info.workflow_id, runId=info.run_id, activityId=info.activity_id
        )
        log.info("task_started", activity=info.activity_name, version=info.activity_version)
        started = self._clock.monotonic()
        with self._cancellation() as cancellation:
            heartbeats = HeartbeatDetails()
            lease = Heartbeat(
                swf=self._swf,
                token=task.token,
                cancellation=cancellation,
                details=heartbeats,
                interval=self._heartbeat_interval,
                log=log,
            )
            # The lease is kept until SWF has the answer.
            with lease:
                answer = self._run(task, info, cancellation, heartbeats, log, lease=lease)
                self._give(answer, task.token, log)
        log.info(
            "task_ended",
            verdict=answer.verdict.value,
            reason=answer.reason or None,
            seconds=round(self._clock.monotonic() - started, 3),
        )

    def hand_back(self) -> None:
        """Ask all tasks to end at once, those that are still to come too."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for cancellation in running:
            cancellation.request(_worker_stopped())

    def _run(
        self,
        task: ActivityTask,
        info: TaskInfo,
        cancellation: Cancellation,
        heartbeats: HeartbeatDetails,
        log: Logger,
        *,
        lease: Heartbeat,
    ) -> Answer:
        try:
            answer = Answer.of_result(self._work(task, info, cancellation, heartbeats, log, lease=lease))
            return answer.packed(
                lambda text: self._exchange(lambda: self._payloads.pack(text, client=info.client))
            )
        except (
            BaseException
        ) as error:  # SystemExit too: an activity that calls exit() must not end the worker
            reason = cancellation.reason
            unforeseen = reason is None and not isinstance(error, ActivityError)
            log.warning("task_raised", error=repr(error), exc_info=unforeseen)
            # Once a stop was asked for, what the activity raises is its consequence: a killed ffmpeg, say.
            return Answer.of_stop(reason) if reason else Answer.of_error(error)

    def _work(
        self,
        task: ActivityTask,
        info: TaskInfo,
        cancellation: Cancellation,
        heartbeats: HeartbeatDetails,
        log: Logger,
        *,
        lease: Heartbeat,
    ) -> Any:
        known = self._attempt_of(task)
        lease.hasten(heartbeat_interval(known.heartbeat_timeout))
        task_input = self._input(task, info, cancellation)
        info = replace(info, attempt=known.number)
        reporter = TaskReporter(task=info, publisher=self._publisher, clock=self._clock, log=log)
        reporter.started(task_input)
        with self._scratch.task(info.activity_id) as folder:
            cancellation.check()
            return self._activity.run(
                ActivityContext(
                    task=info,
                    input=task_input,
                    scratch=folder,
                    storage=self._storage(cancellation),
                    settings=self._settings,
                    cores=self._cores,
                    last_heartbeat=known.last_heartbeat,
                    heartbeats=heartbeats,
                    cancellation=cancellation,
                    log=log,
                    reporter=reporter,
                )
            )

    def _input(self, task: ActivityTask, info: TaskInfo, cancellation: Cancellation) -> Any:
        text = task.input
        if text is None:
            return None

        def fetch() -> str:
            cancellation.check()
            return self._payloads.resolve(text, client=info.client)

        return _parse(self._exchange(fetch))

    def _exchange(self, call: Callable[[], str]) -> str:
        """Store or fetch a payload; a fault that passes is outlasted, if it does not take too long."""
        try:
            return persist(call, attempts=_ATTEMPTS, wait=self._wait)
        except AwsError as error:
            code = "STORAGE_UNAVAILABLE" if error.retryable else error.code
            raise ActivityError(str(error), code=code, retryable=error.retryable) from error

    def _give(self, answer: Answer, token: str, log: Logger) -> None:
        try:
            persist(lambda: answer.give(self._swf, token), attempts=_ATTEMPTS, wait=self._wait)
        except AwsError as error:
            event = "task_lost" if error.code == "UNKNOWN_RESOURCE" else "answer_failed"
            log.warning(event, verdict=answer.verdict.value, code=error.code, error=str(error))

    @contextmanager
    def _cancellation(self) -> Iterator[Cancellation]:
        cancellation = Cancellation()
        with self._lock:
            self._running.add(cancellation)
            stopped = self._stopped
        if stopped:
            cancellation.request(_worker_stopped())
        try:
            yield cancellation
        finally:
            with self._lock:
                self._running.discard(cancellation)


def _worker_stopped() -> WorkerStopped:
    return WorkerStopped("the worker was told to stop at once; the task may run again elsewhere")


def _info(task: ActivityTask) -> TaskInfo:
    identity = JobIdentity.from_workflow_id(task.workflow_id)
    return TaskInfo(
        activity_id=task.activity_id,
        activity_name=task.activity_name,
        activity_version=task.activity_version,
        workflow_id=task.workflow_id,
        run_id=task.run_id,
        started_event_id=task.started_event_id,
        client=identity.client if identity else None,
        job_id=identity.job_id if identity else None,
    )


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"the task's input is no JSON: {error}", code="INPUT_NOT_JSON") from error
