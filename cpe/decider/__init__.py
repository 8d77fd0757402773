"""The decider: a pure function from a plan and an execution's history to decisions and events.

No clock, no I/O, no logging, no boto3. Read it in this order: `history.py` and `execution.py` (the values),
`fold.py` (history to execution), `activities.py`, `items.py` and `steps.py` (where each step stands),
`walk.py` (what to do next), `outcome.py` and `decisions.py` (how SWF is told).
"""

from cpe.decider.execution import Execution
from cpe.decider.fold import apply_event, fold_history
from cpe.decider.history import HistoryEvent
from cpe.decider.outcome import Outcome
from cpe.decider.replay import Difference, replay
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
