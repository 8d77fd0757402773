"""What a run that continues as a new one carries along, in the new run's input.

::

    { "$continued": { "attempts": …, "timers": …, "refusals": …, "signals": …, "faults": …, "plan": … },
      "input": the text that the first run was given }

A run continues when nothing runs any more, so what is carried is how activities ended, what is still to be
waited for, and what was heard. A job that is done again after it closed is started in the same way, with
`"retry"` beside the rest. No client can start a job with such an input: a job's always names its client. What
a parent gives its child is data, whatever it looks like.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from types import MappingProxyType
from typing import Any

from cpe.decider.execution import Attempt, ChildRun, Ended, Ending, Execution, Fault, Refusal, Retried, Signal
from cpe.decider.timers import owner_of

_KEY = "$continued"
_OPENING = f'{{"{_KEY}":'


def carried_input(
    execution: Execution,
    *,
    faults: Mapping[str, Fault] = MappingProxyType({}),
    wants_result: Callable[[str], bool] = lambda _: True,
    retry: Retried | None = None,
) -> str:
    """Write the input of the run that continues this one, or does a closed one again.

    Args:
        execution: A run in which nothing is open, or a closed one.
        faults: Faults that the history does not have yet.
        wants_result: Tells whether the result of an activity id is still of use.
        retry: What is done again; None to go on where the run stopped.
    """
    carried: dict[str, Any] = {
        "plan": execution.plan_digest,
        "attempts": {
            name: _attempt(attempt, wants_result=wants_result(name))
            for name, attempt in sorted(execution.attempts.items())
        },
        "timers": _timers(execution),
        "refusals": _refusals(execution.refusals),
        "timer_refusals": _refusals(execution.timer_refusals),
        "signals": {name: signal.input for name, signal in sorted(execution.signals.items())},
        "faults": {
            name: {"reason": fault.reason, "details": fault.details}
            for name, fault in sorted({**execution.faults, **faults}.items())
        },
    }
    if retry is not None:
        carried["retry"] = {"command": retry.command, "steps": list(retry.steps)}
    document = {_KEY: carried, "input": execution.input}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def restore(execution: Execution, text: str | None) -> None:
    """Take in the input that a run was started with, and what it carries if it continues another."""
    document = _document(text)
    if document is None:
        execution.input = text
        return
    carried = document[_KEY]
    execution.input = document["input"]
    execution.plan_digest = carried["plan"]
    execution.attempts = {name: _read_attempt(name, raw) for name, raw in carried["attempts"].items()}
    execution.carried_timers = dict(carried["timers"])
    execution.refusals = _read_refusals(carried.get("refusals", {}))
    execution.timer_refusals = _read_refusals(carried.get("timer_refusals", {}))
    execution.signals = {name: Signal(event_id=0, input=text) for name, text in carried["signals"].items()}
    execution.faults = {name: Fault(step=name, **raw) for name, raw in carried["faults"].items()}
    if "retry" in carried:
        _restart(execution, carried["retry"])


def _restart(execution: Execution, raw: Mapping[str, Any]) -> None:
    """Forget what did not succeed; what did is counted no longer, so that attempts begin with the first."""
    execution.retried = Retried(command=raw["command"], steps=tuple(raw["steps"]))
    execution.attempts = {
        name: replace(attempt, number=0, handbacks=0)
        for name, attempt in execution.attempts.items()
        if attempt.ended is not None
        and attempt.ended.ending is Ending.COMPLETED
        and name not in execution.faults
    }
    execution.faults = {}
    execution.refusals, execution.timer_refusals = {}, {}
    execution.carried_timers = {
        timer_id: left
        for timer_id, left in execution.carried_timers.items()
        if not left and timer_id.startswith("wait.")
    }


def seconds_left(execution: Execution, seconds: int, since: float) -> int:
    """Whole seconds that are left of a duration when the present decision began; at least one.

    Args:
        execution: The execution.
        seconds: The duration.
        since: When it began, in seconds since the epoch.
    """
    return max(math.ceil(since + seconds - execution.decision_started_at), 1)


def _timers(execution: Execution) -> dict[str, int]:
    """What is left of each timer in seconds, 0 for one that fired."""
    left = dict(execution.carried_timers)
    for timer_id, timer in execution.timers.items():
        if owner_of(timer_id) is not None:
            fired = timer.fired_event_id is not None
            left[timer_id] = 0 if fired else seconds_left(execution, timer.seconds, timer.started_at)
    return dict(sorted(left.items()))


def _refusals(refusals: Mapping[str, Refusal]) -> dict[str, dict[str, Any]]:
    return {name: asdict(refusal) for name, refusal in sorted(refusals.items())}


def _read_refusals(raw: Mapping[str, Mapping[str, Any]]) -> dict[str, Refusal]:
    return {name: Refusal(**refusal) for name, refusal in raw.items()}


def _attempt(attempt: Attempt, *, wants_result: bool) -> dict[str, Any]:
    ended = attempt.ended
    if ended is not None and not wants_result:
        ended = replace(ended, result=None)
    written = {
        "name": attempt.name,
        "version": attempt.version,
        "number": attempt.number,
        "handbacks": attempt.handbacks or None,
        "input": attempt.input,
        "task_list": attempt.task_list,
        "child": attempt.child.workflow_id if attempt.child is not None else None,
        "cancel_requested": attempt.cancel_requested or None,
        "ended": ended
        and _without_none(
            {
                "ending": ended.ending.value,
                "result": ended.result,
                "reason": ended.reason,
                "details": ended.details,
                "timeout_type": ended.timeout_type,
            }
        ),
    }
    return _without_none(written)


def _read_attempt(name: str, raw: Mapping[str, Any]) -> Attempt:
    ended = raw.get("ended")
    return Attempt(
        activity_id=name,
        name=raw["name"],
        version=raw["version"],
        number=raw["number"],
        handbacks=raw.get("handbacks", 0),
        input=raw.get("input"),
        task_list=raw.get("task_list"),
        child=ChildRun(workflow_id=raw["child"]) if "child" in raw else None,
        cancel_requested=raw.get("cancel_requested", False),
        decision_started_event_id=0,
        carried=True,
        ended=Ended(**{**ended, "ending": Ending(ended["ending"])}) if ended else None,
    )


def _document(text: str | None) -> dict[str, Any] | None:
    if text is None or not text.startswith(_OPENING):
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return document if document.keys() == {_KEY, "input"} else None


def _without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
