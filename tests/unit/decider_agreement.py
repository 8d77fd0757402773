"""The decider that keeps what it worked out, beside one that works everything out anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cpe.decider import Execution, Walk, decide, fold_history
from cpe.plan import Plan
from tests.unit.histories import RUN_ID, WORKFLOW_ID


def assert_agreement(plan: Plan, events: Sequence[Mapping[str, Any]], points: Sequence[int]) -> None:
    """Decide at some lengths of a history; what was kept since the last of them must make no difference.

    Args:
        plan: The plan.
        events: The history.
        points: Lengths of it, in order.
    """
    walk = Walk(plan, fold_history([], workflow_id=WORKFLOW_ID, run_id=RUN_ID))
    seen = 0
    for point in points:
        walk.apply(events[seen:point])
        seen = point
        execution: Execution = fold_history(events[:point], workflow_id=WORKFLOW_ID, run_id=RUN_ID)
        anew = decide(plan, execution, now=5.0)
        assert walk.decide(now=5.0) == anew, f"at event {point} what was kept is decided otherwise than anew"
