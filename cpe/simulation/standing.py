"""Where the steps of an execution stand at the end of its history, by the real decider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cpe.decider import fold_history
from cpe.decider.execution import ClosingKind
from cpe.decider.parcels import Packer
from cpe.decider.steps import StepStates
from cpe.errors import StepFault
from cpe.plan import Plan, StepStatus
from cpe.plan.templates import parse_json


def standing(
    plan: Plan, events: Iterable[Mapping[str, Any]], *, workflow_id: str, run_id: str
) -> Mapping[str, StepStatus]:
    """Tell where each step stands, by name, in the order of the plan.

    Args:
        plan: The plan.
        events: The execution's history, payloads in place.
        workflow_id, run_id: Which execution.
    """
    execution = fold_history(events, workflow_id=workflow_id, run_id=run_id)
    try:
        workflow_input = parse_json(execution.input or "null", "the workflow's input", code="INPUT_NOT_JSON")
        plan.input_spec.check(workflow_input, "the workflow's input")
    except StepFault:  # the execution failed before its first step
        return {step.name: StepStatus.PENDING for step in plan.steps}
    states = StepStates(plan, execution, workflow_input, Packer(place=None, client=None))
    if execution.closing is not None and execution.closing.kind is ClosingKind.CANCELED:
        states.clean_up()
    return {step.name: states.status[step.name] for step in plan.steps}
