"""A step with `for_each`: where its items stand, and what that makes of the step."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from cpe.decider.activities import Activities
from cpe.decider.execution import Execution, Fault
from cpe.errors import StepFault
from cpe.plan import RunActivity, StepStatus
from cpe.plan.for_each import ForEach, item_id


class Items:
    """The items of one step in one walk.

    Args:
        step: The step's name.
        work: What runs for each item.
        each: Its `for_each`.
        context: What the step's templates may use.
        activities: The walk's activities, which the items join.
        execution: The execution.

    Attributes:
        cancels: Ids of items that run and are no longer wanted, since too many others failed.

    Raises:
        StepFault: There is no list of items.
    """

    def __init__(
        self,
        step: str,
        work: RunActivity,
        each: ForEach,
        *,
        context: Mapping[str, Any],
        activities: Activities,
        execution: Execution,
    ) -> None:
        items = each.items.render(context)
        if not isinstance(items, list):
            raise StepFault(f"for_each must render a list, not {items!r:.100}", code="ITEMS_NOT_A_LIST")
        self.cancels: list[str] = []
        self._step = step
        self._work = work
        self._each = each
        self._items = items
        self._ids = [item_id(step, index) for index in range(len(items))]
        self._context = context
        self._activities = activities
        self._execution = execution
        self._status: dict[str, StepStatus] = {}

    def evaluate(self) -> StepStatus:
        """Begin the items that may begin, and tell where the step stands."""
        for one in self._ids:
            status = self._activities.known(one, self._work)
            if status is not None:
                self._status[one] = status
        if self._failed_enough():
            return self._give_up()
        self._begin_more()
        if len(self._status) < len(self._ids) or self._busy():
            return StepStatus.RUNNING
        if self._failed_enough():
            return self._give_up()
        outputs = self._activities.outputs
        outputs[self._step] = [outputs.get(one) for one in self._ids]
        return StepStatus.SUCCEEDED

    def _begin_more(self) -> None:
        busy, most = self._busy(), self._each.max_parallel
        for index, one in enumerate(self._ids):
            if one in self._status:
                continue
            if most is not None and busy >= most:
                return
            context = {**self._context, "item": self._items[index], "index": index}
            begin = partial(self._activities.begin, one, self._work, context)
            self._status[one] = self._activities.guarded(one, begin)
            busy += not self._status[one].is_completed

    def _busy(self) -> int:
        return sum(not status.is_completed for status in self._status.values())

    def _failed(self) -> list[str]:
        return [one for one in self._ids if self._status.get(one) is StepStatus.FAILED]

    def _failed_enough(self) -> bool:
        return not self._each.tolerate.allows(failed=len(self._failed()), total=len(self._ids))

    def _give_up(self) -> StepStatus:
        """Fail the step, once the items that still run have been cancelled."""
        for one in self._ids:
            self._activities.forget(one)
        mine = set(self._ids)
        running = [one for one in self._execution.open_attempts() if one.activity_id in mine]
        if running:
            self.cancels = [one.activity_id for one in running if not one.cancel_requested]
            return StepStatus.RUNNING
        failed = self._failed()
        # Not one that was cancelled because of the others, if there is a choice.
        first = next((one for one in failed if not self._was_cancelled(one)), failed[0])
        fault = self._activities.failures[first]
        details = f"{first}: {fault.details}"
        return self._activities.fail(Fault(step=self._step, reason=fault.reason, details=details))

    def _was_cancelled(self, activity_id: str) -> bool:
        attempts = self._execution.attempts.get(activity_id, [])
        return any(attempt.cancel_requested for attempt in attempts)
