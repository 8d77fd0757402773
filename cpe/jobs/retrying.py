"""From a closed run to the start of the one that does it again. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from cpe.aws.runs import Run
from cpe.aws.tasks import StartRequest
from cpe.decider import Execution
from cpe.decider.carrying import carried_input
from cpe.decider.context import Context
from cpe.decider.execution import Retried
from cpe.decider.timers import owner_of
from cpe.errors import CommandRejected
from cpe.jobs.summary import JobStatus
from cpe.plan.for_each import step_of

_TIMEOUT = "executionStartToCloseTimeout"

_MOST_TOLD = 30
"""Steps that a refusal names."""


def retry_request(
    run: Run,
    execution: Execution,
    events: Sequence[Mapping[str, Any]],
    *,
    domain: str,
    command_id: str,
    steps: Sequence[str],
) -> StartRequest:
    """Say what to start so that a closed run is done again; the input may be larger than SWF carries.

    Args:
        run: The closed run.
        execution: The same, folded from its whole history.
        events: That history.
        domain: Its domain.
        command_id: What asks for it.
        steps: What is done again, with all that require it; empty for what failed.

    Raises:
        CommandRejected: ``JOB_COMPLETED``: nothing failed. ``UNKNOWN_STEP``.
    """
    if run.status == JobStatus.COMPLETED and not steps:
        raise CommandRejected(
            "the job completed, nothing of it failed; name the steps to do again with `from`",
            code="JOB_COMPLETED",
        )
    if steps:
        _check(steps, _planned_steps(events) or _steps_of(execution))
    started = execution.started
    return StartRequest(
        domain=domain,
        workflow_id=run.workflow_id,
        workflow_name=run.workflow_name,
        workflow_version=run.workflow_version,
        input=carried_input(execution, retry=Retried(command=command_id, steps=tuple(steps))),
        tags=started.tags,
        task_list=started.task_list,
        # A run that continued another had only what was left of the time; this one begins anew.
        execution_start_to_close_timeout=_asked_timeout(execution.input),
        task_start_to_close_timeout=started.task_timeout,
        child_policy=started.child_policy,
        priority=started.priority,
    )


def _check(steps: Sequence[str], known: Collection[str]) -> None:
    for step in steps:
        if step not in known:
            raise CommandRejected(f"the job has no step {step!r}; {_told(known)}", code="UNKNOWN_STEP")


def _told(known: Collection[str]) -> str:
    if not known:
        return "none was begun, so leave `from` out"
    names = sorted(known)
    rest = len(names) - _MOST_TOLD
    return f"it has: {', '.join(names[:_MOST_TOLD])}" + (f" and {rest} more" if rest > 0 else "")


def _planned_steps(events: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The steps of the plan that decided last; empty if no decider told them."""
    for event in reversed(events):
        if event["eventType"] == "DecisionTaskCompleted":
            attributes = event["decisionTaskCompletedEventAttributes"]
            steps = Context.parse(attributes.get("executionContext")).steps
            if steps:
                return steps
    return ()


def _steps_of(execution: Execution) -> set[str]:
    """The steps of which the history tells something."""
    names = {*execution.attempts, *execution.faults, *execution.refusals}
    timers = {*execution.timers, *execution.carried_timers}
    return {step_of(name) for name in names} | {owner for timer in timers if (owner := owner_of(timer))}


def _asked_timeout(text: str | None) -> str | None:
    """The time that the job's START_JOB asked for; None for the plan's own."""
    try:
        asked = json.loads(text or "null")["workflow"][_TIMEOUT]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return str(asked) if isinstance(asked, int | str) else None
