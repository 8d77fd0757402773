"""A step with `for_each`: where its items stand, and what that makes of the step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from cpe.decider.activities import Activities
from cpe.decider.execution import Attempt, Execution, Fault
from cpe.errors import StepFault
from cpe.plan import Runs, StepStatus
from cpe.plan.for_each import ForEach, item_id

MAX_PARALLEL = 900
"""Of the 1,000 activities or children that SWF lets an execution have open at once (quotas of SWF)."""


class Items:
    """The items of one step, kept up to date from decision to decision.

    Args:
        step: The step's name.
        work: What runs for each item.
        each: Its `for_each`.
        context: What the step's templates may use.
        activities: The walk's activities, which the items join.
        execution: The execution.

    Attributes:
        cancels: Items that run and are no longer wanted, since too many others failed.

    Raises:
        StepFault: There is no list of items.
    """

    def __init__(
        self,
        step: str,
        work: Runs,
        each: ForEach,
        *,
        context: Mapping[str, Any],
        activities: Activities,
        execution: Execution,
    ) -> None:
        items = each.items.render(context)
        if not isinstance(items, list):
            raise StepFault(f"for_each must render a list, not {items!r:.100}", code="ITEMS_NOT_A_LIST")
        self.cancels: list[Attempt] = []
        self._step = step
        self._work = work
        self._each = each
        self._items = items
        self._most = min(each.max_parallel or MAX_PARALLEL, MAX_PARALLEL)
        self._context = context
        self._activities = activities
        self._execution = execution
        # By index: the items that were begun, and of these those that are not over and those that failed.
        self._status: dict[int, StepStatus] = {}
        self._busy: set[int] = set()
        self._failed: set[int] = set()
        # Of those that failed, the ones whose input could not be made; the history may not have it yet.
        self._unmade: set[int] = set()
        self._outputs: list[Any] = [None] * len(items)
        self._next = 0
        for index in range(len(items)):
            self._look(index)

    def evaluate(self, touched: Iterable[int]) -> StepStatus:
        """Tell where the step stands, after something happened to some of its items; begin what may begin."""
        for index in touched:
            if index < len(self._items):
                self._look(index)
        self._take_back()
        self.cancels = []
        self._begin_more()
        if self._failed_enough():
            return self._give_up()
        if self._busy or len(self._status) < len(self._items):
            return StepStatus.RUNNING
        self._activities.outputs[self._step] = self._outputs
        return StepStatus.SUCCEEDED

    def _look(self, index: int) -> None:
        """See where an item stands that was begun."""
        name = self._id(index)
        if self._status.get(index, StepStatus.PENDING).is_completed:
            return
        self._activities.forget(name)
        status = self._activities.known(name, self._work)
        if status is not None:
            self._note(index, status)
        elif index in self._status or name in self._execution.refusals:
            self._begin(index)

    def _take_back(self) -> None:
        """Begin items anew whose faults the history does not have: others may have failed first by now."""
        unmade = [index for index in self._unmade if not self._is_known(index)]
        self._unmade.clear()
        if not unmade:
            return
        self._next = min(unmade)
        for index in [index for index in self._status if index >= self._next and not self._is_known(index)]:
            del self._status[index]
            self._busy.discard(index)
            self._failed.discard(index)
            self._activities.forget(self._id(index))
            self._activities.new_faults.pop(self._id(index), None)

    def _is_known(self, index: int) -> bool:
        """Whether the history has that an item was begun."""
        name, execution = self._id(index), self._execution
        return name in execution.attempts or name in execution.faults or name in execution.refusals

    def _begin_more(self) -> None:
        """Begin items in their order, until enough run, or enough have failed for want of an input."""
        while self._next < len(self._items) and len(self._busy) < self._most and not self._failed_enough():
            if self._next not in self._status:
                self._begin(self._next)
                if self._next in self._failed:
                    self._unmade.add(self._next)
            self._next += 1

    def _begin(self, index: int) -> None:
        name = self._id(index)
        context = {**self._context, "item": self._items[index], "index": index}
        begin = partial(self._activities.begin, name, self._work, context)
        self._note(index, self._activities.guarded(name, begin))

    def _note(self, index: int, status: StepStatus) -> None:
        self._status[index] = status
        if not status.is_completed:
            self._busy.add(index)
            return
        self._busy.discard(index)
        if status is StepStatus.FAILED:
            self._failed.add(index)
        else:
            self._outputs[index] = self._activities.outputs.pop(self._id(index))

    def _id(self, index: int) -> str:
        return item_id(self._step, index)

    def _failed_enough(self) -> bool:
        return not self._each.tolerate.allows(failed=len(self._failed), total=len(self._items))

    def _give_up(self) -> StepStatus:
        """Fail the step, once the items that still run have been cancelled."""
        attempts = []
        for index in sorted(self._busy):
            self._activities.forget(self._id(index))
            attempt = self._execution.attempts.get(self._id(index))
            if attempt is not None and attempt.ended is None:
                attempts.append(attempt)
        if attempts:
            self.cancels = [attempt for attempt in attempts if not attempt.cancel_requested]
            return StepStatus.RUNNING
        # Not one that was cancelled because of the others, if there is a choice.
        failed = sorted(self._failed)
        first = self._id(next((index for index in failed if not self._was_cancelled(index)), failed[0]))
        fault = self._activities.failures[first]
        details = f"{first}: {fault.details}"
        return self._activities.fail(Fault(step=self._step, reason=fault.reason, details=details))

    def _was_cancelled(self, index: int) -> bool:
        attempt = self._execution.attempts.get(self._id(index))
        return attempt is not None and attempt.cancel_requested
