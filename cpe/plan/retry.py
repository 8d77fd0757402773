"""`retry`: when a failed activity is tried again, and after how long."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DEFAULT_MAX_ATTEMPTS = 3
"""Attempts of an activity whose `retry` does not say how many. Without `retry` there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often, on what and after how long an activity is tried again.

    Attributes:
        max_attempts: Attempts in all.
        interval: Seconds before the second attempt.
        backoff: What the interval is multiplied by from attempt to attempt.
        max_interval: Seconds that the interval never exceeds.
        jitter: The share of the interval, 0 to 1, that is left to chance, so that activities that failed
            together are not tried again together.
        on: The reasons that are tried again; empty for all.
        never: The reasons that are not.

    Example:
        >>> policy = RetryPolicy(max_attempts=3, interval=10, never=frozenset({"INPUT_INVALID"}))
        >>> policy.wants("BUSY", 1), policy.wants("INPUT_INVALID", 1)
        (True, False)
        >>> policy.delay(1, seed=""), policy.delay(2, seed="")
        (10, 20)
    """

    max_attempts: int = 1
    interval: float = 10.0
    backoff: float = 2.0
    max_interval: float = 3600.0
    jitter: float = 0.0
    on: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()

    @classmethod
    def merged(cls, *raw: object) -> RetryPolicy:
        """Make the policy of an activity's step: later mappings go over earlier ones, key by key.

        Args:
            raw: The `retry` of the plan, the activity and the step, checked in shape; None where there is
                none.
        """
        keys: dict[str, Any] = {}
        for mapping in raw:
            if isinstance(mapping, Mapping):
                keys |= mapping
        if not keys:
            return cls()
        for name in ("on", "never"):
            if name in keys:
                keys[name] = frozenset(str(reason) for reason in keys[name] or ())
        return cls(**{"max_attempts": DEFAULT_MAX_ATTEMPTS, **keys})

    def wants(self, reason: str, number: int) -> bool:
        """Tell whether attempt `number`, counted from 1, that ended for `reason` is followed by another."""
        return number < self.max_attempts and reason not in self.never and (not self.on or reason in self.on)

    def delay(self, number: int, *, seed: str) -> int:
        """Whole seconds between the end of attempt `number` and the next one.

        Args:
            seed: What chance is drawn from: a decision must come out the same whenever it is made.
        """
        try:
            interval = min(self.interval * self.backoff ** (number - 1), self.max_interval)
        except OverflowError:
            interval = self.max_interval
        digest = hashlib.sha256(f"{seed}:{number}".encode()).digest()
        chance = int.from_bytes(digest[:8]) / 2**64
        return round(interval * (1 - self.jitter * chance))
