"""The workers of a simulation: they take activity tasks, beat, and answer as they were told to."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from cpe.plan.for_each import step_of
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
from cpe.simulation.payloads import Payloads
from cpe.simulation.swf import CLOSINGS, Recorded, SimulatedSwf

LONGEST_INTERVAL = 10.0
"""Seconds between heartbeats at most, a third of the time-out otherwise: as CPE's workers do."""


@dataclass(slots=True, kw_only=True)
class _Attempt:
    """What a worker is going to do with a task, and since when it does it; `token` is empty until then."""

    task: Task
    behaviour: Behaviour
    scheduled_id: int
    heartbeat_timeout: str
    token: str = ""
    since: float = 0.0

    @property
    def interval(self) -> float:
        """Seconds between heartbeats."""
        if self.heartbeat_timeout == "NONE":
            return LONGEST_INTERVAL
        return min(max(int(self.heartbeat_timeout) / 3, 1.0), LONGEST_INTERVAL)

    def next_beat(self, now: float) -> float:
        """Tell when the next heartbeat is sent."""
        return self.since + max(1, math.ceil((now - self.since) / self.interval)) * self.interval

    def last_beat(self, now: float) -> float:
        """Tell when the last heartbeat was sent, or the task taken."""
        return self.since + (now - self.since) // self.interval * self.interval


class Workers:
    """Works.

    A worker beats at its interval as long as it lives. That keeps its task, and nothing else comes of it
    until somebody asks the activity to stop; so only the heartbeat that tells of that is played.

    Args:
        swf: Where tasks come from and answers go.
        agenda: Where ends and heartbeats are entered.
        choose: Says what becomes of each task; asked once, when it is scheduled.
        at_once: How many tasks run at once; None for any number.
        payloads: The large texts of the job.
    """

    def __init__(
        self,
        swf: SimulatedSwf,
        agenda: Agenda,
        choose: ChooseBehaviour,
        *,
        at_once: int | None,
        payloads: Payloads,
    ) -> None:
        self._swf = swf
        self._agenda = agenda
        self._choose = choose
        self._at_once = at_once
        self._payloads = payloads
        self._attempts: Counter[tuple[str, str]] = Counter()
        self._waiting: dict[tuple[str, int], _Attempt] = {}
        self._in_hand: dict[tuple[str, str], _Attempt] = {}

    @property
    def is_free(self) -> bool:
        """Whether another task can be taken."""
        return self._at_once is None or len(self._in_hand) < self._at_once

    def notice(self, recorded: Recorded) -> None:
        """Hear of an event: a task that came to be, is to be stopped, or is no longer anybody's."""
        kind = recorded.event["eventType"]
        if kind == "ActivityTaskScheduled":
            self._expect(recorded)
        elif kind == "ActivityTaskCancelRequested":
            activity_id = recorded.event["activityTaskCancelRequestedEventAttributes"]["activityId"]
            attempt = self._in_hand.get((recorded.run_id, activity_id))
            if attempt is not None:
                self._agenda.enter(attempt.next_beat(self._swf.now), partial(self._beat, attempt))
        elif kind == "ActivityTaskTimedOut":
            scheduled_id = recorded.event["activityTaskTimedOutEventAttributes"]["scheduledEventId"]
            self._lose(recorded.run_id, lambda attempt: attempt.scheduled_id == scheduled_id)
        elif kind in CLOSINGS:
            self._lose(recorded.run_id, lambda _: True)

    def take(self, task_list: str) -> None:
        """Poll, and begin to work."""
        given = self._swf.poll_activity(task_list)
        if given is None:
            return
        run_id = given["workflowExecution"]["runId"]
        started = self._swf.history(run_id)[given["startedEventId"] - 1]
        scheduled_id = started["activityTaskStartedEventAttributes"]["scheduledEventId"]
        attempt = self._waiting.pop((run_id, scheduled_id))
        attempt.token, attempt.since = given["taskToken"], self._swf.now
        self._in_hand[run_id, attempt.task.activity_id] = attempt
        if attempt.heartbeat_timeout == "NONE" or int(attempt.heartbeat_timeout) > attempt.interval:
            self._swf.keep(run_id, scheduled_id)
        behaviour = attempt.behaviour
        if not isinstance(behaviour, TimeOut):
            self._agenda.enter(self._swf.now + behaviour.after, partial(self._answer, attempt, behaviour))
        elif behaviour.kind is TimeoutKind.HEARTBEAT:
            self._agenda.enter(self._swf.now + behaviour.after, partial(self._die, attempt))

    def _expect(self, recorded: Recorded) -> None:
        attributes = recorded.event["activityTaskScheduledEventAttributes"]
        scheduled_id = int(recorded.event["eventId"])
        task = self._task(recorded, attributes)
        behaviour = self._choose(task)
        scheduled = (recorded.run_id, scheduled_id)
        self._waiting[scheduled] = _Attempt(
            task=task,
            behaviour=behaviour,
            scheduled_id=scheduled_id,
            heartbeat_timeout=attributes["heartbeatTimeout"],
        )
        if not isinstance(behaviour, TimeOut):
            return
        if behaviour.kind is TimeoutKind.SCHEDULE_TO_START:
            self._swf.withhold(*scheduled)
        elif behaviour.kind is TimeoutKind.SCHEDULE_TO_CLOSE and (late := _late_start(attributes)):
            self._swf.withhold(*scheduled)
            self._agenda.enter(self._swf.now + late, partial(self._swf.offer, *scheduled))

    def _task(self, recorded: Recorded, attributes: Mapping[str, Any]) -> Task:
        activity_id, kind = attributes["activityId"], attributes["activityType"]
        key = (recorded.workflow_id, activity_id)
        self._attempts[key] += 1
        given = attributes.get("input")
        return Task(
            workflow_id=recorded.workflow_id,
            run_id=recorded.run_id,
            activity_id=activity_id,
            step=step_of(activity_id),
            name=kind["name"],
            version=kind["version"],
            attempt=self._attempts[key],
            input=None if given is None else self._payloads.resolve(given),
        )

    def _beat(self, attempt: _Attempt) -> None:
        if self._has(attempt) and self._swf.heartbeat(attempt.token):
            self._answer(attempt, Cancel())

    def _answer(self, attempt: _Attempt, behaviour: Succeed | Fail | Cancel) -> None:
        if self._has(attempt):
            self._end(attempt)
            self._tell(attempt.token, behaviour)

    def _die(self, attempt: _Attempt) -> None:
        if self._has(attempt):
            self._end(attempt)
            last = attempt.last_beat(self._swf.now)
            self._swf.abandon(attempt.task.run_id, attempt.scheduled_id, last_beat=last)

    def _tell(self, token: str, behaviour: Succeed | Fail | Cancel) -> None:
        match self._payloads.pack_result(behaviour) if isinstance(behaviour, Succeed) else behaviour:
            case Succeed(text=text):
                self._swf.complete_activity(token, text)
            case Fail(code=code, details=details):
                self._swf.fail_activity(token, code, details)
            case Cancel():
                self._swf.cancel_activity(token, "the activity was asked to stop")

    def _has(self, attempt: _Attempt) -> bool:
        return self._in_hand.get((attempt.task.run_id, attempt.task.activity_id)) is attempt

    def _end(self, attempt: _Attempt) -> None:
        del self._in_hand[attempt.task.run_id, attempt.task.activity_id]

    def _lose(self, run_id: str, which: Callable[[_Attempt], bool]) -> None:
        """Let go of tasks that SWF gave up."""
        lost = [one for one in self._in_hand.values() if one.task.run_id == run_id and which(one)]
        for attempt in lost:
            self._end(attempt)


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
