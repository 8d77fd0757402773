"""A job that is done again from certain steps on."""

from __future__ import annotations

from cpe.decider.execution import Execution
from cpe.plan import Plan
from cpe.plan.for_each import step_of


def drop_retried(plan: Plan, execution: Execution) -> None:
    """Forget what a run before did in the steps that are done again, and in all that require them.

    Signals that it heard stay heard.
    """
    if execution.retried is None or not execution.retried.steps:
        return
    again = _with_dependents(plan, execution.retried.steps)
    for name, attempt in list(execution.attempts.items()):
        if attempt.carried and (name in again or step_of(name) in again):
            del execution.attempts[name]
    for timer_id in list(execution.carried_timers):
        if timer_id.removeprefix("wait.") in again:
            del execution.carried_timers[timer_id]


def _with_dependents(plan: Plan, steps: tuple[str, ...]) -> set[str]:
    found: set[str] = set()
    waiting = [step for step in steps if step in plan.dependencies.positions]
    while waiting:
        step = waiting.pop()
        if step not in found:
            found.add(step)
            waiting += [dependent for dependent, _ in plan.dependencies.dependents[step]]
    return found
