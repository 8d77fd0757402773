"""Which steps failed, and which of these failures other steps handle."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from cpe.plan import Plan, StepStatus
from cpe.plan.model import REQUIRED_STATUSES

_UNDECIDED = frozenset({StepStatus.PENDING, StepStatus.SKIPPED})


class FailedSteps:
    """The failed steps of one execution that nobody has handled.

    A failure is handled by a step that requires it as failed or completed and was not skipped. One that only
    cleans up handles nothing.

    Args:
        plan: Tells which step requires which.
        status: Of every step, by name; kept up to date by its owner.
        cleanups: The steps that only clean up.
    """

    def __init__(self, plan: Plan, status: Mapping[str, StepStatus], cleanups: Collection[str]) -> None:
        self._dependents = plan.dependencies.dependents
        self._status = status
        self._cleanups = cleanups
        self._failed: set[str] = set()

    def add(self, step: str) -> None:
        """Note a step that failed."""
        self._failed.add(step)

    def unhandled(self) -> list[str]:
        """Those that no step can handle any more, by name.

        A handler that still waits for other steps may come to run, so its failure is not counted here yet.
        """
        self._failed = {name for name in self._failed if not self._is_handled(name)}
        return [name for name in sorted(self._failed) if not self._may_be_handled(name)]

    def _is_handled(self, name: str) -> bool:
        return any(status not in _UNDECIDED for status in self._handlers(name))

    def _may_be_handled(self, name: str) -> bool:
        return any(status is not StepStatus.SKIPPED for status in self._handlers(name))

    def _handlers(self, name: str) -> Iterator[StepStatus]:
        for dependent, wanted in self._dependents[name]:
            if StepStatus.FAILED in REQUIRED_STATUSES[wanted] and dependent not in self._cleanups:
                yield self._status[dependent]
