"""Every error that CPE raises on purpose.

::

    CpeError
    ├── ConfigError             settings, flags and files an operator can correct
    ├── PlanError               a plan refused at load; carries all findings
    ├── ProtocolError           a message that cannot be understood
    │   ├── CommandRejected     a command understood that cannot be carried out
    │   └── PayloadError        a reference that leads to nothing, to something else, or where it must not
    ├── StepFault               a fault in one execution's data: fails that step, nothing else
    ├── AwsError                AWS said no; `retryable` when a later try may succeed
    └── ActivityError           an activity could not do its work
        ├── InvalidInput        the task's input or asset is wrong; the same task fails again
        ├── ActivityCancelled   somebody asked for the activity to stop
        ├── LeaseLost           SWF gave the task up; nothing may be published any more
        └── WorkerStopped       the worker ends; the task is handed back

`cpe.client.errors` adds what only clients raise: CommandRefused, Unanswered (AnswerTimeout, AnswerUnread),
StoreFailed.

Each has a stable `code` for programs and a message for people. `retryable` says whether the same request
can succeed later without anybody changing it.
"""

from __future__ import annotations

from typing import ClassVar


class CpeError(Exception):
    """The root of all errors raised on purpose.

    Args:
        message: What is wrong, where, and the way out; one or two plain sentences.
        code: Upper snake case, stable across versions. Defaults to the class's own.
        retryable: Whether the same request can succeed later. Defaults to the class's own.

    Example:
        >>> CpeError("disk is full", code="DISK_FULL", retryable=True).code
        'DISK_FULL'
    """

    default_code: ClassVar[str] = "INTERNAL_ERROR"
    default_retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, code: str | None = None, retryable: bool | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.retryable = self.default_retryable if retryable is None else retryable

    def __str__(self) -> str:
        return self.message


class ConfigError(CpeError):
    """A setting, flag or file that an operator can correct."""

    default_code = "CONFIG_ERROR"


class PlanError(CpeError):
    """A plan that was refused; the message lists every finding, a line each."""

    default_code = "PLAN_INVALID"


class ProtocolError(CpeError):
    """A message that cannot be understood."""

    default_code = "INVALID_MESSAGE"


class CommandRejected(ProtocolError):
    """A command that cannot be carried out; answered with COMMAND_REJECTED."""

    default_code = "COMMAND_REJECTED"


class PayloadError(ProtocolError):
    """A reference whose payload is missing, is not what the reference says, or is not for this job."""

    default_code = "PAYLOAD_MISSING"


class StepFault(CpeError):
    """A fault in one execution's data, such as a template that meets a missing value."""

    default_code = "STEP_FAULT"


class AwsError(CpeError):
    """A call to AWS that failed for good, or for now when `retryable`."""

    default_code = "AWS_ERROR"


class ActivityError(CpeError):
    """An activity that could not do its work.

    Its `code` becomes the `reason` of ACTIVITY_FAILED, its message the `details`.
    """

    default_code = "ACTIVITY_FAILED"


class InvalidInput(ActivityError):
    """The task's input, or the asset it names, is wrong."""

    default_code = "INPUT_INVALID"


class ActivityCancelled(ActivityError):
    """Somebody asked for the activity to stop."""

    default_code = "ACTIVITY_CANCELLED"


class LeaseLost(ActivityError):
    """SWF gave the task up: it timed out or its execution closed."""

    default_code = "LEASE_LOST"


class WorkerStopped(ActivityError):
    """The worker was told to stop at once; the task is handed back."""

    default_code = "WORKER_STOPPED"
    default_retryable = True
