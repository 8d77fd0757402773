"""The workers of a simulation: they take activity tasks, beat, and answer as they were told to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from cpe.local.swf.faults import SwfFault
from cpe.plan.for_each import step_of
from cpe.protocol.references import MAX_SWF_DATA
from cpe.simulation.agenda import Agenda
from cpe.simulation.behaviour import (
    Behaviour,
    Cancel,
    ChooseBehaviour,
    Fail,
    Succeed,
    Task,
    TimeOut,
    TimeoutKind,
)
from cpe.simulation.swf import Recorded, SimulatedSwf

LONGEST_INTERVAL = 10.0
"""Seconds between heartbeats at most, a third of the time-out otherwise: as CPE's workers do."""


@dataclass(slots=True, kw_only=True)
class _Attempt:
    """What a worker has in hand; `token` is empty until it does."""

    task: Task
    behaviour: Behaviour
    interval: float
    token: str = ""
    is_over: bool = False


class Workers:
    """Works.

    Args:
        swf: Where tasks come from and answers go.
        agenda: Where ends and heartbeats are entered.
        choose: Says what becomes of each task; asked once, when it is scheduled.
        at_once: How many tasks run at once; None for any number.
    """

    def __init__(
        self, swf: SimulatedSwf, agenda: Agenda, choose: ChooseBehaviour, *, at_once: int | None
    ) -> None:
        self._swf = swf
        self._agenda = agenda
        self._choose = choose
        self._at_once = at_once
        self._busy = 0
        self._attempts: Counter[tuple[str, str]] = Counter()
        self._waiting: dict[tuple[str, int], _Attempt] = {}

    @property
    def is_free(self) -> bool:
        """Whether another task can be taken."""
        return self._at_once is None or self._busy < self._at_once

    def expect(self, recorded: Recorded) -> None:
        """Hear of an ActivityTaskScheduled, and settle what becomes of its task."""
        attributes = recorded.event["activityTaskScheduledEventAttributes"]
        task = self._task(recorded, attributes)
        behaviour = self._choose(task)
        scheduled = (recorded.run_id, int(recorded.event["eventId"]))
        self._waiting[scheduled] = _Attempt(
            task=task, behaviour=behaviour, interval=_interval(attributes["heartbeatTimeout"])
        )
        if not isinstance(behaviour, TimeOut):
            return
        if behaviour.kind is TimeoutKind.SCHEDULE_TO_START:
            self._swf.withhold(*scheduled)
        elif behaviour.kind is TimeoutKind.SCHEDULE_TO_CLOSE and (late := _late_start(attributes)):
            self._swf.withhold(*scheduled)
            self._agenda.enter(self._swf.now + late, partial(self._swf.offer, *scheduled))

    def take(self, task_list: str) -> None:
        """Poll, and begin to work."""
        given = self._swf.poll_activity(task_list)
        if given is None:
            return
        run_id = given["workflowExecution"]["runId"]
        history = self._swf.history(run_id)
        started = history[given["startedEventId"] - 1]["activityTaskStartedEventAttributes"]
        attempt = self._waiting.pop((run_id, started["scheduledEventId"]))
        attempt.token = given["taskToken"]
        self._busy += 1
        behaviour, now = attempt.behaviour, self._swf.now
        if not isinstance(behaviour, TimeOut):
            self._agenda.enter(now + behaviour.after, partial(self._answer, attempt, behaviour))
        elif behaviour.kind is TimeoutKind.HEARTBEAT:
            self._agenda.enter(now + behaviour.after, partial(self._end, attempt))
        self._agenda.enter(now + attempt.interval, partial(self._beat, attempt))

    def _task(self, recorded: Recorded, attributes: Mapping[str, Any]) -> Task:
        activity_id, kind = attributes["activityId"], attributes["activityType"]
        key = (recorded.workflow_id, activity_id)
        self._attempts[key] += 1
        return Task(
            workflow_id=recorded.workflow_id,
            run_id=recorded.run_id,
            activity_id=activity_id,
            step=step_of(activity_id),
            name=kind["name"],
            version=kind["version"],
            attempt=self._attempts[key],
            input=attributes.get("input"),
        )

    def _beat(self, attempt: _Attempt) -> None:
        if attempt.is_over:
            return
        try:
            cancel_requested = self._swf.heartbeat(attempt.token)
        except SwfFault:  # SWF gave the task up
            self._end(attempt)
            return
        if cancel_requested:
            self._answer(attempt, Cancel())
        else:
            self._agenda.enter(self._swf.now + attempt.interval, partial(self._beat, attempt))

    def _answer(self, attempt: _Attempt, behaviour: Succeed | Fail | Cancel) -> None:
        if attempt.is_over:
            return
        self._end(attempt)
        try:
            self._tell(attempt.token, behaviour)
        except SwfFault as fault:
            if fault.name != "UnknownResourceFault":
                raise

    def _tell(self, token: str, behaviour: Succeed | Fail | Cancel) -> None:
        match behaviour:
            case Succeed(text=text) if len(text) > MAX_SWF_DATA:
                details = f"the result has {len(text)} characters; SWF takes at most {MAX_SWF_DATA}"
                self._swf.fail_activity(token, "RESULT_TOO_LARGE", details)
            case Succeed(text=text):
                self._swf.complete_activity(token, text)
            case Fail(code=code, details=details):
                self._swf.fail_activity(token, code, details)
            case Cancel():
                self._swf.cancel_activity(token, "the activity was asked to stop")

    def _end(self, attempt: _Attempt) -> None:
        """Work no longer, be it that the work is done or that the worker is dead."""
        if not attempt.is_over:
            attempt.is_over = True
            self._busy -= 1


def _interval(heartbeat_timeout: str) -> float:
    if heartbeat_timeout == "NONE":
        return LONGEST_INTERVAL
    return min(max(int(heartbeat_timeout) / 3, 1.0), LONGEST_INTERVAL)


def _late_start(attributes: Mapping[str, Any]) -> int:
    """Seconds after which a task has to begin so that SCHEDULE_TO_CLOSE comes first; 0 if that cannot be."""
    close, run, wait = (
        attributes[name]
        for name in ("scheduleToCloseTimeout", "startToCloseTimeout", "scheduleToStartTimeout")
    )
    if "NONE" in (close, run):
        return 0
    late = max(0, int(close) - int(run) + 1)
    return late if wait == "NONE" or late < int(wait) else 0
