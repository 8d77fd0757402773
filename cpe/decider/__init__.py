"""The decider: a pure function from a plan and an execution's history to decisions and events.

No clock, no I/O, no logging, no boto3. Read it in this order: `history.py` and `execution.py` (the values),
`fold.py` (history to execution), `activities.py`, `items.py` and `steps.py` (where each step stands),
`walk.py` (what to do next), `outcome.py` and `decisions.py` (how SWF is told).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cpe.decider.execution import Execution
from cpe.decider.fold import apply_event, fold_history
from cpe.decider.history import HistoryEvent

if TYPE_CHECKING:
    from cpe.decider.outcome import Outcome
    from cpe.decider.replaying import Difference, replay
    from cpe.decider.walk import Walk, decide

__all__ = [
    "Difference",
    "Execution",
    "HistoryEvent",
    "Outcome",
    "Walk",
    "apply_event",
    "decide",
    "fold_history",
    "replay",
]

# What decides needs plans, and with them Jinja2; who only reads histories does not wait for that.
_DECIDING = {
    "Difference": "replaying",
    "Outcome": "outcome",
    "Walk": "walk",
    "decide": "walk",
    "replay": "replaying",
}


def __getattr__(name: str) -> Any:
    if name not in _DECIDING:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_DECIDING[name]}"), name)
