"""What the tasks of one worker may use together, shared out before they are polled for."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from cpe.machine import Resources

LOOK = 0.5
"""Seconds after which one who waits looks whether the worker is to end."""

_DUST = 1e-9
"""Of a core: a third of one, taken three times, may leave a little less than nothing."""


class Budget:
    """Processors and memory, taken and given back.

    Who asks first is served first: a large task is not kept waiting for ever by small ones that still fit.

    Args:
        whole: What there is.

    Example:
        >>> budget = Budget(Resources(cores=2, memory=100))
        >>> budget.fits(Resources(cores=0.5, memory=40))
        2
    """

    def __init__(self, whole: Resources) -> None:
        self._whole = whole
        self._cores = float(whole.cores)
        self._memory = whole.memory
        self._changed = threading.Condition()
        self._waiting: deque[object] = deque()

    def fits(self, need: Resources) -> int:
        """Tell how many tasks of that need there is room for at once, at least one."""
        need = self.bounded(need)
        room = []
        if need.cores:
            room.append(int(self._whole.cores / need.cores + _DUST))
        if need.memory:
            room.append(self._whole.memory // need.memory)
        return max(min(room, default=1), 1)

    def bounded(self, need: Resources) -> Resources:
        """Tell a need as far as it can be met: what wants more than there is, gets all of it."""
        return Resources(
            cores=min(need.cores, self._whole.cores), memory=min(need.memory, self._whole.memory)
        )

    def take(self, need: Resources, *, stopped: Callable[[], bool]) -> bool:
        """Wait for room and take it; False if `stopped` came first."""
        need, turn = self.bounded(need), object()
        with self._changed:
            self._waiting.append(turn)
            try:
                while not (self._waiting[0] is turn and self._has(need)):
                    if stopped():
                        return False
                    self._changed.wait(LOOK)
                self._cores -= need.cores
                self._memory -= need.memory
                return True
            finally:
                self._waiting.remove(turn)
                self._changed.notify_all()

    def give_back(self, need: Resources) -> None:
        """Give back what was taken."""
        need = self.bounded(need)
        with self._changed:
            self._cores += need.cores
            self._memory += need.memory
            self._changed.notify_all()

    def _has(self, need: Resources) -> bool:
        return need.cores <= self._cores + _DUST and need.memory <= self._memory
