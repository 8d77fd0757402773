"""Simulations: a job played without any service, in simulated time.

The decider is the real one, SWF is CPE's own engine in this thread; workers, signals and cancel requests go
by a :class:`Script` or by functions that a test gives. See :func:`simulate`.
"""

from cpe.simulation.behaviour import (
    Behaviour,
    Cancel,
    ChooseBehaviour,
    Fail,
    Succeed,
    Task,
    TimeOut,
    TimeoutKind,
)
from cpe.simulation.deciders import Decided
from cpe.simulation.deciding import Decide, Question, Remembering, from_scratch
from cpe.simulation.fate import Answer, ChooseFate, DecisionTask, Fate, losing, reliable
from cpe.simulation.job import Choose, Limits
from cpe.simulation.reading import ScriptRefused, load_script, parse_script, script_schema
from cpe.simulation.run import Run, Status
from cpe.simulation.script import Moment, Script, Signal
from cpe.simulation.simulation import first, simulate
from cpe.simulation.swf import Recorded

__all__ = [
    "Answer",
    "Behaviour",
    "Cancel",
    "Choose",
    "ChooseBehaviour",
    "ChooseFate",
    "Decide",
    "Decided",
    "DecisionTask",
    "Fail",
    "Fate",
    "Limits",
    "Moment",
    "Question",
    "Recorded",
    "Remembering",
    "Run",
    "Script",
    "ScriptRefused",
    "Signal",
    "Status",
    "Succeed",
    "Task",
    "TimeOut",
    "TimeoutKind",
    "first",
    "from_scratch",
    "load_script",
    "losing",
    "parse_script",
    "reliable",
    "script_schema",
    "simulate",
]
