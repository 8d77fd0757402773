"""Child workflows whose plans are not given: each is decided by the script."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

from cpe.plan.for_each import step_of
from cpe.simulation.behaviour import Behaviour, Cancel, ChooseBehaviour, Fail, Succeed, Task, TimeOut
from cpe.simulation.payloads import Payloads
from cpe.simulation.swf import SimulatedSwf

_TIMER = "end"


class ScriptedChildren:
    """Decides children as a script says: they take their time, and end. One that is asked to stop stops.

    Args:
        swf: Where answers go.
        choose: Says what becomes of each child; asked once, when it begins.
        payloads: The large texts of the job.
    """

    def __init__(self, swf: SimulatedSwf, choose: ChooseBehaviour, payloads: Payloads) -> None:
        self._swf = swf
        self._payloads = payloads
        self._choose = choose
        self._attempts: Counter[tuple[str, str]] = Counter()
        self._behaviours: dict[str, Behaviour] = {}

    def decide(self, given: Mapping[str, Any]) -> None:
        """Answer a decision task."""
        run_id = given["workflowExecution"]["runId"]
        history = self._swf.history(run_id)[: given["startedEventId"]]
        behaviour = self._behaviours.get(run_id)
        happened = {event["eventType"] for event in history}
        if "WorkflowExecutionCancelRequested" in happened:
            decisions = [self._close(Cancel())]
        elif behaviour is None:
            behaviour = self._behaviours[run_id] = self._choose(self._task(history[0]))
            decisions = self._begin(behaviour)
        else:
            decisions = [self._close(behaviour)] if "TimerFired" in happened else []
        self._swf.answer_decision(given["taskToken"], decisions)

    def _task(self, first: Mapping[str, Any]) -> Task:
        started = first["workflowExecutionStartedEventAttributes"]
        parent, kind = started["parentWorkflowExecution"], started["workflowType"]
        asked = self._swf.history(parent["runId"])[started["parentInitiatedEventId"] - 1]
        initiated = asked["startChildWorkflowExecutionInitiatedEventAttributes"]
        activity_id = child_id(initiated)
        key = (parent["workflowId"], activity_id)
        self._attempts[key] += 1
        given = started.get("input")
        return Task(
            workflow_id=parent["workflowId"],
            run_id=parent["runId"],
            activity_id=activity_id,
            step=step_of(activity_id),
            name=kind["name"],
            version=kind["version"],
            attempt=self._attempts[key],
            input=None if given is None else self._payloads.resolve(given),
        )

    def _begin(self, behaviour: Behaviour) -> list[dict[str, Any]]:
        if isinstance(behaviour, TimeOut):
            return []  # until its own time is over
        if not behaviour.after:
            return [self._close(behaviour)]
        attributes = {"timerId": _TIMER, "startToFireTimeout": str(math.ceil(behaviour.after))}
        return [{"decisionType": "StartTimer", "startTimerDecisionAttributes": attributes}]

    def _close(self, behaviour: Behaviour) -> dict[str, Any]:
        match self._payloads.pack_result(behaviour) if isinstance(behaviour, Succeed) else behaviour:
            case Succeed(text=text):
                kind, attributes = "CompleteWorkflowExecution", {"result": text}
            case Fail(code=code, details=details):
                kind, attributes = "FailWorkflowExecution", {"reason": code, "details": details}
            case Cancel() | TimeOut():
                kind, attributes = "CancelWorkflowExecution", {"details": "the child was asked to stop"}
        return {"decisionType": kind, f"{kind[0].lower()}{kind[1:]}DecisionAttributes": attributes}


def child_id(initiated: Mapping[str, Any]) -> str:
    """Name the step, or the item of one, that a StartChildWorkflowExecutionInitiated is for."""
    return str(initiated.get("control") or initiated["workflowType"]["name"])
