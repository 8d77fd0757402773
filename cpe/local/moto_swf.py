"""moto's SWF, with what its flaws would break in a running stack put right.

moto 5.2 answers an empty poll after a sleeping second; hands one task to two pollers; counts heartbeats from
scheduling and knows no other time-out of activities; never lets an activity's id be used again; gives out
tasks of closed executions; answers a late heartbeat with an internal failure; schedules a second decision
task beside one that waits; closes executions over news that nobody has read; and leaves the tags out of the
history. Each method below puts one of these right. Everything else that moto lacks (cancellation, child
workflows, paging …) it lacks here too. This module ends when the project has an SWF of its own.
"""

from __future__ import annotations

from typing import Any

from moto.swf import models
from moto.swf.exceptions import SWFUnknownResourceFault
from moto.swf.models import history_event, workflow_execution
from moto.swf.models.activity_task import ActivityTask as MotoActivityTask
from moto.swf.models.decision_task import DecisionTask as MotoDecisionTask
from moto.swf.models.timeout import Timeout
from moto.swf.models.workflow_execution import WorkflowExecution as MotoWorkflowExecution

from cpe.local.gate import Gate

GATE = Gate()

#: Seconds after which SWF answers a poll with no task.
POLL_SECONDS = 60.0


class ActivityTask(MotoActivityTask):
    """An activity task with all four time-outs, each counted from where SWF counts it."""

    __module__ = MotoActivityTask.__module__  # moto derives the service's name from it

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scheduled_timestamp = self.started_timestamp = self.last_heartbeat_timestamp

    def start(self, started_event_id: int) -> None:
        super().start(started_event_id)
        self.reset_heartbeat_clock()
        self.started_timestamp = self.last_heartbeat_timestamp

    def first_timeout(self) -> Timeout | None:
        if not self.open or not self.workflow_execution.open:
            return None
        clocks = [("SCHEDULE_TO_CLOSE", "scheduleToCloseTimeout", self.scheduled_timestamp)]
        if self.state == "SCHEDULED":
            clocks.append(("SCHEDULE_TO_START", "scheduleToStartTimeout", self.scheduled_timestamp))
        else:
            clocks.append(("START_TO_CLOSE", "startToCloseTimeout", self.started_timestamp))
            clocks.append(("HEARTBEAT", "heartbeatTimeout", self.last_heartbeat_timestamp))
        timeouts = [
            Timeout(self, since + int(self.timeouts[name]), kind)
            for kind, name, since in clocks
            if self.timeouts[name] != "NONE"
        ]
        return min((t for t in timeouts if t.reached), key=lambda t: t.timestamp, default=None)


class DecisionTask(MotoDecisionTask):
    """A decision task that may have no time-out."""

    __module__ = MotoDecisionTask.__module__

    def first_timeout(self) -> Timeout | None:
        return None if self.start_to_close_timeout == "NONE" else super().first_timeout()


class WorkflowExecution(MotoWorkflowExecution):
    """An execution that keeps SWF's rules about decision tasks, activity ids and closing."""

    __module__ = MotoWorkflowExecution.__module__

    def start(self) -> None:
        super().start()
        if self.tag_list:
            self._events[0].event_attributes["tagList"] = self.tag_list

    @property
    def activity_tasks(self) -> list[MotoActivityTask]:
        """Open ones only: an id is free again once its activity has closed."""
        return [task for task in super().activity_tasks if task.open]

    def _process_timeouts(self) -> None:
        if self.open:
            super()._process_timeouts()

    def _schedule_decision_task(self) -> None:
        if not self._decision_waits():
            super()._schedule_decision_task()

    def complete(self, event_id: int, result: Any = None) -> None:
        if not self._refuses_to_close("CompleteWorkflowExecutionFailed", event_id):
            super().complete(event_id, result)

    def fail(self, event_id: int, details: Any = None, reason: str | None = None) -> None:
        if not self._refuses_to_close("FailWorkflowExecutionFailed", event_id):
            super().fail(event_id, details, reason)

    def _refuses_to_close(self, event_type: str, event_id: int) -> bool:
        """While a decision task waits, its decider has news to read first: it is told and decides again."""
        if not self._decision_waits():
            return False
        self._add_event(event_type, decision_task_completed_event_id=event_id, cause="UNHANDLED_DECISION")
        return True

    def _decision_waits(self) -> bool:
        return any(task.state == "SCHEDULED" for task in self.decision_tasks)


class SwfBackend(models.SWFBackend):
    """Long polls, and `UnknownResourceFault` for every task that is no longer open."""

    __module__ = models.SWFBackend.__module__

    def poll_for_decision_task(
        self, domain_name: str, task_list: Any, identity: str | None = None
    ) -> MotoDecisionTask | None:
        for _ in GATE.attempts(POLL_SECONDS):
            self._process_timeouts()
            for task in self._get_domain(domain_name).decision_task_lists.get(task_list, ()):
                execution = task.workflow_execution
                if task.state == "SCHEDULED" and execution.open and not _deciding(execution):
                    execution.start_decision_task(task.task_token, identity=identity)
                    return task
        return None

    def poll_for_activity_task(
        self, domain_name: str, task_list: Any, identity: str | None = None
    ) -> MotoActivityTask | None:
        for _ in GATE.attempts(POLL_SECONDS):
            self._process_timeouts()
            for task in self._get_domain(domain_name).activity_task_lists.get(task_list, ()):
                if task.state == "SCHEDULED" and task.workflow_execution.open:
                    task.workflow_execution.start_activity_task(task.task_token, identity=identity)
                    return task
        return None

    def respond_decision_task_completed(
        self,
        task_token: str,
        decisions: list[dict[str, Any]] | None = None,
        execution_context: str | None = None,
    ) -> None:
        self._process_timeouts()
        for domain in self.domains:
            for task in domain.decision_tasks:
                if task.task_token == task_token and task.started and task.workflow_execution.open:
                    task.workflow_execution.complete_decision_task(task_token, decisions, execution_context)
                    return
        raise SWFUnknownResourceFault("decision task", task_token)

    def _find_activity_task_from_token(self, task_token: str) -> MotoActivityTask:
        for domain in self.domains:
            for task in domain.activity_tasks:
                if task.task_token == task_token and task.state == "STARTED" and task.workflow_execution.open:
                    return task
        raise SWFUnknownResourceFault("activity task", task_token)


def _deciding(execution: MotoWorkflowExecution) -> bool:
    return any(task.started for task in execution.decision_tasks)


def install() -> None:
    """Put these classes in the place of moto's; it offers no other way."""
    models.swf_backends.backend = SwfBackend
    for module, replacement in (
        (models, WorkflowExecution),
        (workflow_execution, ActivityTask),
        (workflow_execution, DecisionTask),
    ):
        setattr(module, replacement.__name__, replacement)
    history_event.SUPPORTED_HISTORY_EVENT_TYPES = (  # type: ignore[assignment]  # moto's has a fixed length
        *history_event.SUPPORTED_HISTORY_EVENT_TYPES,
        "CompleteWorkflowExecutionFailed",
        "FailWorkflowExecutionFailed",
    )
