"""How a plan differs from the one that decided an execution before.

What was decided stays: a step that was scheduled is not scheduled again, whatever the plan says now. What has
changed is told, so that nobody has to guess.
"""

from __future__ import annotations

from collections.abc import Iterator

from cpe.decider.execution import Attempt, Execution
from cpe.plan import Plan, RunActivity, RunWorkflow
from cpe.plan.for_each import step_of

MAX_CHANGES = 20


def changes_since(plan: Plan, execution: Execution) -> tuple[str, ...]:
    """Tell how a plan differs from the one that the last answered decision was made by.

    Returns:
        Sentences, at most :data:`MAX_CHANGES`; empty if the plan is the same.
    """
    before = execution.plan_digest
    if before is None or before == plan.digest:
        return ()
    changes = [f"plan {plan.name} {plan.version} is now {plan.digest}; it was {before}"]
    changes += _of_attempts(plan, execution)
    return tuple(changes[:MAX_CHANGES])


def _of_attempts(plan: Plan, execution: Execution) -> Iterator[str]:
    works = {step.name: step.work for step in plan.steps}
    for name, attempt in sorted(execution.attempts.items()):
        work = works.get(name) or works.get(step_of(name))
        if work is None:
            yield f"{name} was scheduled, and is no longer in the plan"
            continue
        now = _what_runs(work)
        if now != (attempt.name, attempt.version):
            wanted = " ".join(now) if now else "nothing that SWF runs"
            yield f"{name} ran {_what_ran(attempt)}; the plan has {wanted} there"


def _what_runs(work: object) -> tuple[str, str] | None:
    match work:
        case RunActivity(activity=activity):
            return activity.name, activity.version
        case RunWorkflow(name=name, version=version):
            return name, version
    return None


def _what_ran(attempt: Attempt) -> str:
    return f"{attempt.name} {attempt.version}"
