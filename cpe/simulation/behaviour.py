"""What workers do with their tasks in a simulation: values, and who chooses them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias


class TimeoutKind(StrEnum):
    """SWF's time-outs of an activity task."""

    SCHEDULE_TO_START = "SCHEDULE_TO_START"
    START_TO_CLOSE = "START_TO_CLOSE"
    SCHEDULE_TO_CLOSE = "SCHEDULE_TO_CLOSE"
    HEARTBEAT = "HEARTBEAT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One attempt of an activity, or of a child workflow whose plan is not given, as its worker sees it.

    Attributes:
        workflow_id, run_id: Which execution wants it.
        activity_id: The step's name, or ``Step[3]`` for an item of its `for_each`.
        step: The step's name.
        name, version: The activity type, or the child's workflow type.
        attempt: Counts from 1.
        input: As text; None for none.
    """

    workflow_id: str
    run_id: str
    activity_id: str
    step: str
    name: str
    version: str
    attempt: int
    input: str | None

    @property
    def value(self) -> Any:
        """The input as JSON.

        Raises:
            ValueError: It is none.
        """
        return json.loads(self.input or "null")


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeed:
    """Work for `after` seconds, and give a result: any text, JSON by convention."""

    text: str = "{}"
    after: float = 0.0

    @classmethod
    def with_value(cls, value: object, *, after: float = 0.0) -> Succeed:
        """Give a value as JSON.

        Example:
            >>> Succeed.with_value({"width": 640}).text
            '{"width":640}'
        """
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return cls(text=text, after=after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fail:
    """Work for `after` seconds, and fail with a code."""

    code: str
    details: str = ""
    after: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeOut:
    """Do what lets this time-out come: which one comes first is up to the plan's time-outs, as in SWF.

    ``HEARTBEAT``: the worker works for `after` seconds and dies. ``START_TO_CLOSE``: it works for ever.
    ``SCHEDULE_TO_CLOSE``: it begins so late that it has no time to end. ``SCHEDULE_TO_START``: nobody takes
    the task.
    """

    kind: TimeoutKind
    after: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Work for `after` seconds, and answer that the task was cancelled, asked for or not."""

    after: float = 0.0


Behaviour: TypeAlias = Succeed | Fail | TimeOut | Cancel
"""What a worker does with one attempt. All time is simulated."""

ChooseBehaviour: TypeAlias = Callable[[Task], Behaviour]
"""Says what becomes of a task, when it is scheduled."""
