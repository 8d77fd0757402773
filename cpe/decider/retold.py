"""What a decider that is gone would have told of a failed run: decided again from what it saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cpe.decider.context import Context
from cpe.decider.fold import new_execution
from cpe.decider.history import HistoryEvent
from cpe.decider.walk import Walk
from cpe.protocol import EventType

if TYPE_CHECKING:
    from cpe.plan import Plan
    from cpe.protocol import Event
    from cpe.protocol.references import PayloadPlace


def retold_failure(
    plan: Plan,
    events: Sequence[Mapping[str, Any]],
    *,
    workflow_id: str,
    run_id: str,
    place: PayloadPlace | None = None,
) -> Event | None:
    """Make the WORKFLOW_FAILED of a run with all that its decider knew: which steps failed, and why.

    The same plan and history give the same decision, so it is made once more and compared.

    Args:
        plan: The plan of the run's workflow type.
        events: The run's whole history, as boto3 gives it, payloads in place.
        workflow_id, run_id: Which run.
        place: Where the deciders' large payloads go.

    Returns:
        None if it was not this plan that failed the run: it has changed since, or no plan did it.
    """
    closing = HistoryEvent.from_swf(events[-1])
    if closing.type != "WorkflowExecutionFailed":
        return None
    answer = HistoryEvent.from_swf(events[closing.attributes["decisionTaskCompletedEventId"] - 1])
    if Context.parse(answer.attributes.get("executionContext")).plan != plan.digest:
        return None
    walk = Walk(plan, new_execution(workflow_id, run_id), place=place)
    walk.apply(events[: answer.attributes["startedEventId"]])
    told = walk.decide(now=closing.time).closing
    if told is None or told.type is not EventType.WORKFLOW_FAILED:
        return None
    same = all(told.details.get(name) == closing.attributes.get(name) for name in ("reason", "details"))
    return replace(told, time=closing.time) if same else None
