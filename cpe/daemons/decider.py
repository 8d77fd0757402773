"""The decider daemon: polls for decision tasks, lets the pure decider decide, tells SWF and the client."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from cpe.activity import Logger
from cpe.aws.payloads import Payloads
from cpe.aws.swf import SwfGateway
from cpe.aws.tasks import DecisionTask
from cpe.clock import Clock
from cpe.daemons.backoff import persist
from cpe.daemons.histories import Histories, client_of, job_of, task_ids
from cpe.daemons.one_by_one import OneByOne
from cpe.daemons.publisher import Publisher
from cpe.daemons.walks import Walks
from cpe.decider import HistoryEvent, Outcome, Walk
from cpe.decider.decisions import Decision, fail_workflow
from cpe.decider.fold import new_execution
from cpe.errors import AwsError, CpeError, PlanError
from cpe.plan import Plan
from cpe.protocol import Event, EventType, WorkflowRef
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
    EventType.WORKFLOW_CONTINUED: "WorkflowExecutionContinuedAsNew",
}

Plans = Mapping[tuple[str, str], Plan]


class Decider:
    """Decides one execution after the other.

    What was worked out for an execution is kept, so the next decision costs what happened since. When it was
    decided elsewhere meanwhile, or never here, its whole history is read.

    What the history says is published before the answer, what the decisions do after it, the closing event
    once the execution is closed: nothing is lost when this process dies in between, and nothing is told that
    is not so.

    Args:
        swf: SWF.
        plans: By name and version of the workflow type.
        publisher: Takes the events.
        payloads: Where large texts lie.
        domain: The SWF domain.
        task_list: Where decision tasks come from.
        clock: Dates what is announced.
        wait: Waits so many seconds between attempts, or until the daemon ends.
        log: Gets ``decision_*``, ``execution_closed``, ``plan_changed``, ``history_read``.
    """

    def __init__(
        self,
        *,
        swf: SwfGateway,
        plans: Plans,
        publisher: Publisher,
        payloads: Payloads,
        domain: str,
        task_list: str,
        clock: Clock,
        wait: Callable[[float], object],
        log: Logger,
    ) -> None:
        self._swf = swf
        self._plans = plans
        self._publisher = publisher
        self._payloads = payloads
        self._histories = Histories(swf=swf, payloads=payloads, domain=domain, persist=self._persist, log=log)
        self._walks = Walks()
        self._one_by_one = OneByOne()
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
        with self._one_by_one.of(task.run_id):
            self._decide(task)

    def _decide(self, task: DecisionTask) -> None:
        try:
            walk = self._walk(task)
            outcome = walk.decide(now=self._clock.time())
            self._note(task, walk, outcome)
            # Kept before SWF is answered: the next task of this execution may come to another thread at once.
            self._walks.put(walk)
            self._carry_out(task, outcome)
        except Exception as error:  # whatever it is, it concerns this execution alone
            if isinstance(error, AwsError) and error.retryable:
                raise
            self._give_up(task, error)

    def _plan(self, task: DecisionTask) -> Plan:
        plan = self._plans.get((task.workflow_name, task.workflow_version))
        if plan is None:
            known = ", ".join(f"{name} {version}" for name, version in sorted(self._plans))
            raise PlanError(
                f"this decider has no plan {task.workflow_name} {task.workflow_version}; it has: {known}",
                code="PLAN_NOT_FOUND",
            )
        return plan

    def _walk(self, task: DecisionTask) -> Walk:
        """Bring the walk of an execution up to this task."""
        plan = self._plan(task)
        first = task.events[0]["eventId"]
        walk = self._walks.take(task.run_id)
        if walk is None or not first <= walk.execution.last_event_id + 1 <= task.started_event_id:
            execution = new_execution(task.workflow_id, task.run_id)
            walk = Walk(plan, execution, place=self._payloads.place)
            walk.apply(self._histories.before(task))
        walk.apply(self._histories.new(task))
        return walk

    def _note(self, task: DecisionTask, walk: Walk, outcome: Outcome) -> None:
        """Log what an operator should know of."""
        if outcome.changes:
            self._log.warning("plan_changed", changes=list(outcome.changes), **task_ids(task))
        if walk.execution.unknown_events:
            types = sorted(set(walk.execution.unknown_events))
            self._log.warning("history_events_unknown", types=types, **task_ids(task))
            walk.execution.unknown_events.clear()

    def _carry_out(self, task: DecisionTask, outcome: Outcome) -> None:
        """Tell clients and SWF."""
        client = client_of(task)
        for reference, text in outcome.payloads.items():
            self._persist(partial(self._payloads.store, reference, text))
        self._persist(lambda: self._publisher.publish_all(outcome.facts, client=client))
        answered = self._answer(task, outcome.decisions, context=outcome.context)
        if answered:
            self._persist(lambda: self._publisher.publish_all(outcome.announcements, client=client))
        if outcome.closing is not None:
            # Asked even when the answer was refused: one before may have been taken and its receipt lost.
            self._close(task, outcome.closing)

    def _answer(
        self, task: DecisionTask, decisions: Sequence[Decision], *, context: str | None = None
    ) -> bool:
        """Answer; False if the task is not ours any more."""
        try:
            self._persist(lambda: self._swf.respond_decision(task.token, decisions, context=context))
        except AwsError as error:
            if error.code != "UNKNOWN_RESOURCE":
                raise
            self._log.warning("decision_lost", error=str(error), **task_ids(task))
            return False
        types = [decision["decisionType"] for decision in decisions]
        self._log.info("decision_answered", decisions=types, **task_ids(task))
        return True

    def _close(self, task: DecisionTask, closing: Event) -> None:
        """Publish the closing event if the execution is closed, and in that way.

        When something happened during the decision, SWF keeps the execution open and asks again.
        """
        newest = HistoryEvent.from_swf(self._persist(lambda: self._newest_event(task)))
        if newest.type != _CLOSED_BY[closing.type]:
            self._log.info("execution_not_closed", event_type=closing.type.value, **task_ids(task))
            return
        self._walks.take(task.run_id)
        if closing.type is EventType.WORKFLOW_CONTINUED:
            new_run = {"newRunId": newest.attributes["newExecutionRunId"]}
            closing = replace(closing, details={**closing.details, **new_run})
        self._persist(lambda: self._publisher.publish(closing, client=client_of(task)))
        self._log.info("execution_closed", event_type=closing.type.value, **task_ids(task))

    def _newest_event(self, task: DecisionTask) -> Mapping[str, Any]:
        """Tell the event after this decision; the history may lag behind."""
        newest = self._swf.newest_event(self._domain, task.workflow_id, task.run_id)
        if newest["eventId"] <= task.started_event_id:
            raise AwsError(
                f"the history of {task.workflow_id} does not show the answer yet",
                code="NOT_SHOWN_YET",
                retryable=True,
            )
        return newest

    def _give_up(self, task: DecisionTask, error: Exception) -> None:
        """Leave an execution that cannot be decided for another try, or fail it after some."""
        # The text of an unforeseen error may hold the job's data; it stays in the log.
        reason, details = "DECISION_FAILED", type(error).__name__
        if isinstance(error, CpeError):
            reason, details = error.code, str(error)
        unforeseen = reason == "DECISION_FAILED"
        lost = lost_in_a_row(self._since_last_answer(task))
        self._log.error(
            "decision_failed",
            code=reason,
            error=repr(error),
            tries=lost + 1,
            exc_info=unforeseen,
            **task_ids(task),
        )
        if lost < PATIENCE:
            return
        closing = Event(
            type=EventType.WORKFLOW_FAILED,
            time=self._clock.time(),
            event_id=closed_id(task.run_id),
            job_id=job_of(task),
            workflow=WorkflowRef(workflow_id=task.workflow_id, run_id=task.run_id),
            details={"reason": reason, "details": details, "failedSteps": []},
        )
        self._answer(task, [fail_workflow(reason, details)])
        self._close(task, closing)

    def _since_last_answer(self, task: DecisionTask) -> Sequence[Mapping[str, Any]]:
        """What happened since the last answered decision, at least."""
        if any(event["eventType"] == "DecisionTaskCompleted" for event in task.events):
            return task.events
        return [*self._histories.before(task), *task.events]

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
