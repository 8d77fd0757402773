"""The decider daemon: polls for decision tasks, lets the pure decider decide, tells SWF and the client."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from cpe.activity import Logger
from cpe.aws.swf import MAX_DATA, DecisionTask, SwfGateway
from cpe.clock import Clock
from cpe.daemons.backoff import persist
from cpe.daemons.publisher import Publisher
from cpe.decider import Execution, Outcome, decide, fold_history
from cpe.decider.decisions import Decision, fail_workflow
from cpe.errors import AwsError, CpeError, PlanError
from cpe.plan import Plan
from cpe.protocol import Event, EventType, JobIdentity, WorkflowRef
from cpe.protocol.events import closed_id

T = TypeVar("T")

PATIENCE = 3
"""Decision tasks of one execution that may time out before an execution that nobody can decide is failed.

Meanwhile another decider on the same task list may know the plan, or a corrected one be started.
"""

_ATTEMPTS = 4
_CLOSED_BY = {
    EventType.WORKFLOW_COMPLETED: "WorkflowExecutionCompleted",
    EventType.WORKFLOW_FAILED: "WorkflowExecutionFailed",
    EventType.WORKFLOW_CANCELED: "WorkflowExecutionCanceled",
}

Plans = Mapping[tuple[str, str], Plan]


class Decider:
    """Decides one execution after the other.

    What the history says is published before the answer, what the decisions do after it, the closing event
    once the execution is closed: nothing is lost when this process dies in between, and nothing is told that
    is not so.

    Args:
        swf: SWF.
        plans: By name and version of the workflow type.
        publisher: Takes the events.
        domain: The SWF domain.
        task_list: Where decision tasks come from.
        clock: Dates what is announced.
        wait: Waits so many seconds between attempts, or until the daemon ends.
        log: Gets ``decision_*``, ``execution_closed``.
    """

    def __init__(
        self,
        *,
        swf: SwfGateway,
        plans: Plans,
        publisher: Publisher,
        domain: str,
        task_list: str,
        clock: Clock,
        wait: Callable[[float], object],
        log: Logger,
    ) -> None:
        self._swf = swf
        self._plans = plans
        self._publisher = publisher
        self._domain = domain
        self._task_list = task_list
        self._clock = clock
        self._wait = wait
        self._log = log

    def poll(self) -> DecisionTask | None:
        """Wait for an execution that wants a decision."""
        return self._swf.poll_decision(self._domain, self._task_list)

    def handle(self, task: DecisionTask) -> None:
        """Decide one execution.

        A passing fault of AWS that outlasts some attempts leaves the task unanswered: SWF offers it again.

        Raises:
            AwsError: The events could not be published or the answer not given, for now.
        """
        try:
            outcome = decide(self._plan(task), self._fold(task), now=self._clock.time())
        except Exception as error:  # whatever it is, it concerns this execution alone
            self._give_up(task, error)
        else:
            self._carry_out(task, outcome)

    def _plan(self, task: DecisionTask) -> Plan:
        plan = self._plans.get((task.workflow_name, task.workflow_version))
        if plan is None:
            known = ", ".join(f"{name} {version}" for name, version in sorted(self._plans))
            raise PlanError(
                f"this decider has no plan {task.workflow_name} {task.workflow_version}; it has: {known}",
                code="PLAN_NOT_FOUND",
            )
        return plan

    def _fold(self, task: DecisionTask) -> Execution:
        return fold_history(task.events, workflow_id=task.workflow_id, run_id=task.run_id)

    def _carry_out(self, task: DecisionTask, outcome: Outcome) -> None:
        client = _client(task)
        self._persist(lambda: self._publisher.publish_all(outcome.facts, client=client))
        try:
            answered = self._answer(task, outcome.decisions)
        except AwsError as error:
            if error.retryable:
                raise
            self._give_up(task, error)
            return
        if answered:
            self._persist(lambda: self._publisher.publish_all(outcome.announcements, client=client))
        if outcome.closing is not None:
            # Asked even when the answer was refused: one before may have been taken and its receipt lost.
            self._close(task, outcome.closing)

    def _answer(self, task: DecisionTask, decisions: Sequence[Decision]) -> bool:
        """Answer; False if the task is not ours any more."""
        try:
            self._persist(lambda: self._swf.respond_decision(task.token, decisions))
        except AwsError as error:
            if error.code != "UNKNOWN_RESOURCE":
                raise
            self._log.warning("decision_lost", error=str(error), **_ids(task))
            return False
        types = [decision["decisionType"] for decision in decisions]
        self._log.info("decision_answered", decisions=types, **_ids(task))
        return True

    def _close(self, task: DecisionTask, closing: Event) -> None:
        """Publish the closing event if the execution is closed, and in that way.

        When something happened during the decision, SWF keeps the execution open and asks again.
        """
        if self._persist(lambda: self._newest_event(task)) == _CLOSED_BY[closing.type]:
            self._persist(lambda: self._publisher.publish(closing, client=_client(task)))
            self._log.info("execution_closed", event_type=closing.type.value, **_ids(task))
        else:
            self._log.info("execution_not_closed", event_type=closing.type.value, **_ids(task))

    def _newest_event(self, task: DecisionTask) -> str:
        """Tell the type of the event after this decision; the history may lag behind."""
        newest = self._swf.newest_event(self._domain, task.workflow_id, task.run_id)
        if newest["eventId"] <= task.started_event_id:
            raise AwsError(
                f"the history of {task.workflow_id} does not show the answer yet",
                code="NOT_SHOWN_YET",
                retryable=True,
            )
        return str(newest["eventType"])

    def _give_up(self, task: DecisionTask, error: Exception) -> None:
        """Leave an execution that cannot be decided for another try, or fail it after some."""
        # The text of an unforeseen error may hold the job's data; it stays in the log.
        reason, details = "DECISION_FAILED", type(error).__name__
        if isinstance(error, CpeError):
            reason, details = error.code, str(error)
        unforeseen = reason == "DECISION_FAILED"
        lost = lost_in_a_row(task.events)
        self._log.error(
            "decision_failed",
            code=reason,
            error=repr(error),
            tries=lost + 1,
            exc_info=unforeseen,
            **_ids(task),
        )
        if lost < PATIENCE:
            return
        closing = Event(
            type=EventType.WORKFLOW_FAILED,
            time=self._clock.time(),
            event_id=closed_id(task.run_id),
            job_id=_job_id(task),
            workflow=WorkflowRef(workflow_id=task.workflow_id, run_id=task.run_id),
            details={"reason": reason, "details": details, "failedSteps": []},
        )
        self._answer(task, [fail_workflow(reason, details[:MAX_DATA])])
        self._close(task, closing)

    def _persist(self, call: Callable[[], T]) -> T:
        return persist(call, attempts=_ATTEMPTS, wait=self._wait)


def lost_in_a_row(events: Sequence[Mapping[str, Any]]) -> int:
    """Count the decision tasks that timed out since the last one that was answered.

    Example:
        >>> lost_in_a_row([{"eventType": "DecisionTaskCompleted"}, {"eventType": "DecisionTaskTimedOut"}])
        1
    """
    lost = 0
    for event in reversed(events):
        if event["eventType"] == "DecisionTaskCompleted":
            break
        lost += event["eventType"] == "DecisionTaskTimedOut"
    return lost


def _ids(task: DecisionTask) -> dict[str, str | None]:
    return {"jobId": _job_id(task), "workflowId": task.workflow_id, "runId": task.run_id}


def _client(task: DecisionTask) -> str | None:
    identity = JobIdentity.from_workflow_id(task.workflow_id)
    return identity.client if identity else None


def _job_id(task: DecisionTask) -> str | None:
    identity = JobIdentity.from_workflow_id(task.workflow_id)
    return identity.job_id if identity else None
