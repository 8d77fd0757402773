"""The decider of a simulation: the real one, between a decision task and SWF's answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

from cpe.decider import Outcome
from cpe.local.swf.faults import SwfFault
from cpe.plan import Plan
from cpe.protocol import Event, EventType
from cpe.simulation.agenda import Agenda
from cpe.simulation.deciding import Decide, Question
from cpe.simulation.fate import Answer, ChooseFate, DecisionTask
from cpe.simulation.payloads import Payloads
from cpe.simulation.swf import SimulatedSwf

Plans: TypeAlias = Mapping[tuple[str, str], Plan]
"""By name and version of the workflow type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One decision task: when it was taken, what came of it, and what became of the answer.

    `is_taken` says whether SWF took the answer. One that waits for a late answer is not taken yet.
    """

    task: DecisionTask
    at: float
    outcome: Outcome
    answer: Answer
    is_taken: bool


class Deciders:
    """Decides.

    Args:
        swf: Where tasks come from and answers go.
        agenda: Where late answers are entered.
        plans: Those that are known; tasks of other workflow types go to `elsewhere`.
        elsewhere: Takes a decision task of a workflow whose plan is not given.
        decide: The decider.
        fate: Says what becomes of each answer.
        payloads: The large texts of the job.

    Attributes:
        decided: Every decision task in the order in which answers arrived or were lost.
        published: What the client was told, in order; the same event may come twice.
    """

    def __init__(
        self,
        swf: SimulatedSwf,
        agenda: Agenda,
        plans: Plans,
        *,
        elsewhere: Callable[[Mapping[str, Any]], None],
        decide: Decide,
        fate: ChooseFate,
        payloads: Payloads,
    ) -> None:
        self.decided: list[Decided] = []
        self.published: list[Event] = []
        self._swf = swf
        self._agenda = agenda
        self._plans = plans
        self._elsewhere = elsewhere
        self._decide = decide
        self._fate = fate
        self._payloads = payloads
        self._heard: set[str] = set()
        self._count = 0

    @property
    def count(self) -> int:
        """How many decision tasks were taken."""
        return self._count

    def take(self, task_list: str) -> None:
        """Poll, decide, and answer as fate has it."""
        given = self._swf.poll_decision(task_list)
        if given is None:
            return
        self._count += 1
        plan = self._plans.get((given["workflowType"]["name"], given["workflowType"]["version"]))
        if plan is None:
            self._elsewhere(given)
            return
        question = self._question(given, plan)
        outcome = self._decide(question)
        self._payloads.store(outcome.payloads)
        self.published += outcome.facts
        task = DecisionTask(
            workflow_id=question.workflow_id,
            run_id=question.run_id,
            started_event_id=question.started_event_id,
            number=self._count,
        )
        fate = self._fate(task)
        arrive = partial(
            self._arrive, given["taskToken"], task=task, at=self._swf.now, outcome=outcome, answer=fate.answer
        )
        if fate.after:
            self._agenda.enter(self._swf.now + fate.after, arrive)
        else:
            arrive()

    def _question(self, given: Mapping[str, Any], plan: Plan) -> Question:
        run_id = given["workflowExecution"]["runId"]
        was_heard = run_id in self._heard
        self._heard.discard(run_id)
        return Question(
            plan=plan,
            workflow_id=given["workflowExecution"]["workflowId"],
            run_id=run_id,
            history=self._swf.history(run_id),
            started_event_id=given["startedEventId"],
            previous_started_event_id=given["previousStartedEventId"],
            was_heard=was_heard,
            payloads=self._payloads,
            now=self._swf.now,
        )

    def _arrive(self, token: str, *, task: DecisionTask, at: float, outcome: Outcome, answer: Answer) -> None:
        taken = answer is not Answer.LOST and self._give(token, outcome)
        self.decided.append(Decided(task=task, at=at, outcome=outcome, answer=answer, is_taken=taken))
        if not taken or answer is Answer.UNHEARD:
            return
        self._heard.add(task.run_id)
        self.published += outcome.announcements
        newest = self._swf.history(task.run_id)[-1]
        closing = outcome.closing
        if closing is None or newest["eventType"] != _CLOSED_BY[closing.type]:
            return
        if closing.type is EventType.WORKFLOW_CONTINUED:
            new_run = newest["workflowExecutionContinuedAsNewEventAttributes"]["newExecutionRunId"]
            closing = replace(closing, details={**closing.details, "newRunId": new_run})
        self.published.append(closing)

    def _give(self, token: str, outcome: Outcome) -> bool:
        """Answer SWF; False if it has given the task up meanwhile."""
        try:
            self._swf.answer_decision(token, list(outcome.decisions), executionContext=outcome.context)
        except SwfFault as fault:
            if fault.name != "UnknownResourceFault":
                raise
            return False
        return True


_CLOSED_BY = {
    EventType.WORKFLOW_COMPLETED: "WorkflowExecutionCompleted",
    EventType.WORKFLOW_FAILED: "WorkflowExecutionFailed",
    EventType.WORKFLOW_CANCELED: "WorkflowExecutionCanceled",
    EventType.WORKFLOW_CONTINUED: "WorkflowExecutionContinuedAsNew",
}
