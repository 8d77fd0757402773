"""A checked plan as typed values. `load.py` is the only maker of these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from cpe.plan.conditions import Condition
from cpe.plan.for_each import ForEach
from cpe.plan.graph import Dependencies
from cpe.plan.outputs import OutputsSpec
from cpe.plan.retry import RetryPolicy
from cpe.plan.specs import InputSpec
from cpe.plan.templates import JsonTemplate, TextTemplate


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
class Timeouts:
    """The four timeouts of an activity as SWF durations: seconds as text, or ``NONE``."""

    heartbeat_timeout: str = "60"
    schedule_to_start_timeout: str = "43200"
    schedule_to_close_timeout: str = "518400"
    start_to_close_timeout: str = "432000"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityType:
    """An SWF activity type as the plan uses it."""

    name: str
    version: str
    task_list: str
    input_spec: InputSpec
    outputs_spec: OutputsSpec
    timeouts: Timeouts


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
class RunActivity:
    """Schedule an activity.

    Attributes:
        input: None for an activity that is given none.
        priority: SWF's task priority, as text.
        group: Renders the task list to use instead of the activity's own.
        for_each: Schedule one for each item of a list.
    """

    activity: ActivityType
    timeouts: Timeouts
    input: JsonTemplate | None
    retry: RetryPolicy
    priority: str | None
    group: TextTemplate | None
    for_each: ForEach | None


class ChildPolicy(StrEnum):
    """What SWF does with a child that still runs when its parent is terminated or times out."""

    TERMINATE = "TERMINATE"
    REQUEST_CANCEL = "REQUEST_CANCEL"
    ABANDON = "ABANDON"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWorkflow:
    """Start a child workflow; its result is the step's outputs.

    Attributes:
        name, version: The child's workflow type.
        task_list: Where its decisions are polled; None for the type's own.
        timeout: Seconds as text that it may take; None for the type's own.
        child_policy: What becomes of it when the parent ends without it.
        input, retry, priority, for_each: As an activity's.
    """

    name: str
    version: str
    task_list: str | None
    timeout: str | None
    child_policy: ChildPolicy
    input: JsonTemplate | None
    retry: RetryPolicy
    priority: str | None
    for_each: ForEach | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluate:
    """Compute a value; it is the step's outputs."""

    template: JsonTemplate


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Let whole seconds pass."""

    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitSignal:
    """Wait for a signal; its input is the step's outputs. `timeout` in seconds, None for ever."""

    signal: str
    timeout: int | None


Runs: TypeAlias = "RunActivity | RunWorkflow"
"""What SWF runs for a step, and what may run for each item of a list."""

Work: TypeAlias = "RunActivity | RunWorkflow | Evaluate | Wait | AwaitSignal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: what it requires, on what condition it runs, and what it does.

    Attributes:
        failed_for: The reasons of which those must have failed that it requires as failed; empty for any.
        on_cancel: The step that cleans up after it when the job is cancelled.
    """

    name: str
    requires: tuple[Requirement, ...]
    failed_for: frozenset[str]
    when: Condition | None
    work: Work
    on_cancel: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan that passed all checks.

    Attributes:
        name, version: The SWF workflow type that the plan decides.
        steps: In an order in which each step stands after those it requires; between steps that may stand in
            any order, by name. So nothing depends on the order in the file.
        dependencies: Who requires whom among the steps.
        result: The workflow's result, made when all steps are completed; None for none.
        tags: What executions that this plan starts or continues are tagged with, besides client and job.
        continue_after: History events after which the run continues as a new one.
        digest: Tells plans apart that decide differently; the same for the same steps in another order.
        default_execution_start_to_close_timeout, default_task_start_to_close_timeout: SWF durations.
    """

    name: str
    version: str
    activities: tuple[ActivityType, ...]
    steps: tuple[Step, ...]
    dependencies: Dependencies
    input_spec: InputSpec
    result: JsonTemplate | None
    tags: tuple[str, ...]
    continue_after: int
    digest: str
    default_execution_start_to_close_timeout: str
    default_task_start_to_close_timeout: str
