"""A checked plan as typed values. `load.py` is the only maker of these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cpe.plan.outputs import OutputsSpec
from cpe.plan.retry import RetryPolicy
from cpe.plan.specs import InputSpec
from cpe.plan.templates import JsonTemplate


class StepStatus(StrEnum):
    """Where a step stands.

    ``completed`` is no status of its own: a step is completed once it succeeded, failed or was skipped.
    """

    PENDING = "pending"
    READY = "ready"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"

    @property
    def is_completed(self) -> bool:
        return self in _COMPLETED


_COMPLETED = frozenset({StepStatus.SUCCEEDED, StepStatus.FAILED, StepStatus.SKIPPED})

REQUIRED_STATUSES: Mapping[str, frozenset[StepStatus]] = {
    "completed": _COMPLETED,
    "succeeded": frozenset({StepStatus.SUCCEEDED}),
    "failed": frozenset({StepStatus.FAILED}),
    "skipped": frozenset({StepStatus.SKIPPED}),
}
"""The statuses a plan may require, and what satisfies each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityType:
    """An SWF activity type as the plan uses it. Timeouts are SWF durations: seconds as text, or ``NONE``."""

    name: str
    version: str
    task_list: str
    input_spec: InputSpec
    outputs_spec: OutputsSpec
    heartbeat_timeout: str
    schedule_to_start_timeout: str
    schedule_to_close_timeout: str
    start_to_close_timeout: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """A step that must be completed first, and the statuses that let the requiring step run."""

    step: str
    status: str

    @property
    def accepts(self) -> frozenset[StepStatus]:
        return REQUIRED_STATUSES[self.status]

    @property
    def handles_failure(self) -> bool:
        """True if a step that requires this runs although the required one failed."""
        return StepStatus.FAILED in self.accepts


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: an activity with its input, or a value computed by `eval`.

    Exactly one of `activity` and `eval` is set. `input` is None for an activity that is given no input.
    """

    name: str
    requires: tuple[Requirement, ...]
    activity: ActivityType | None
    input: JsonTemplate | None
    eval: JsonTemplate | None
    retry: RetryPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan that passed all checks.

    Attributes:
        name, version: The SWF workflow type that the plan decides.
        steps: In an order in which each step stands after those it requires; between steps that may stand in
            any order, by name. So nothing depends on the order in the file.
        default_execution_start_to_close_timeout, default_task_start_to_close_timeout: SWF durations.
    """

    name: str
    version: str
    activities: tuple[ActivityType, ...]
    steps: tuple[Step, ...]
    input_spec: InputSpec
    default_execution_start_to_close_timeout: str
    default_task_start_to_close_timeout: str
