"""What a decider writes beside each answer (SWF's executionContext): which plan decided, and its steps.

The history keeps it, for those who have no plan: who is asked to do a job again learns from it which steps
there are.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cpe.decider.execution import Execution

if TYPE_CHECKING:
    from cpe.plan import Plan

MAX_CONTEXT = 32_768
"""Characters of an executionContext (service model of SWF: Data)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What stands in an answer's context.

    Attributes:
        plan: The digest of the plan that decided; None in another decider's context.
        steps: The names of its steps; empty where they are not told.
    """

    plan: str | None = None
    steps: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str | None) -> Context:
        """Read a context; other deciders' may hold anything.

        Example:
            >>> Context.parse('{"plan": "5f", "steps": ["A"]}')
            Context(plan='5f', steps=('A',))
        """
        try:
            raw = json.loads(text or "null")
        except (ValueError, RecursionError):
            return cls()
        if not isinstance(raw, dict):
            return cls()
        plan, steps = raw.get("plan"), raw.get("steps")
        return cls(
            plan=plan if isinstance(plan, str) else None,
            steps=tuple(step for step in steps if isinstance(step, str)) if isinstance(steps, list) else (),
        )


def context_text(plan: Plan, execution: Execution) -> str:
    """Write the context of the next answer.

    The steps are told once a run, and again when the plan has changed: histories hold every context. They are
    left out where there are more names than SWF carries.
    """
    short = json.dumps({"plan": plan.digest})
    answered = execution.last_decision[0] > 0
    if answered and execution.plan_digest == plan.digest:
        return short
    steps = sorted(step.name for step in plan.steps)
    whole = json.dumps({"plan": plan.digest, "steps": steps}, ensure_ascii=False, separators=(",", ":"))
    return whole if len(whole) <= MAX_CONTEXT else short
