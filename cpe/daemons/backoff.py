"""How long to wait before the next try."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

from cpe.errors import AwsError

T = TypeVar("T")


class Backoff:
    """Delays that double from `first` to `most` seconds, each drawn from its upper half.

    The jitter keeps a fleet that lost AWS at one moment from coming back at one moment.

    Args:
        first: The first delay, in seconds.
        most: No delay is longer.
        draw: Gives numbers from 0 to 1; `random.random` by default.

    Example:
        >>> backoff = Backoff(first=1, most=4, draw=lambda: 1.0)
        >>> [backoff.next() for _ in range(4)]
        [1.0, 2.0, 4.0, 4.0]
    """

    def __init__(
        self,
        *,
        first: float = 0.5,
        most: float = 30.0,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._first = first
        self.most = most
        self._draw = draw
        self._failures = 0

    def next(self) -> float:
        """Count a failure and tell the seconds to wait."""
        # The exponent is bounded: a float overflows after a thousand failures.
        ceiling = min(self._first * 2.0 ** min(self._failures, 30), self.most)
        self._failures += 1
        return ceiling * (0.5 + self._draw() / 2)

    def reset(self) -> None:
        """Forget the failures."""
        self._failures = 0


def persist(
    call: Callable[[], T],
    *,
    attempts: int,
    wait: Callable[[float], object],
    backoff: Backoff | None = None,
) -> T:
    """Call again while AWS is in trouble that passes.

    Args:
        call: What to do; safe to do twice.
        attempts: How often at most, at least once.
        wait: Waits so many seconds.
        backoff: How long between the attempts.

    Raises:
        AwsError: It failed for good, or as often as `attempts`.
    """
    backoff = backoff or Backoff()
    for _ in range(attempts - 1):
        try:
            return call()
        except AwsError as error:
            if not error.retryable:
                raise
        wait(backoff.next())
    return call()
