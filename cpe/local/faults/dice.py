"""Which call meets which fault.

The n-th call of an operation meets the same faults in every run with the same plan, in whatever order the
calls of other operations and other threads come: its fate is computed from the seed, the rule and n, and
limits count by operation too.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cpe.local.faults.rules import FaultPlan, FaultRule

#: Eight bytes of a digest, as a fraction of one.
_DIGEST_BYTES = 8
_DIGEST_RANGE = float(1 << 8 * _DIGEST_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCount:
    """How a rule did so far: the calls it concerned, and those that met it."""

    rule: FaultRule
    calls: int
    hits: int


class Dice:
    """The fates of one plan's calls, from the first on. Safe for threads."""

    def __init__(self, plan: FaultPlan) -> None:
        self.plan = plan
        self._lock = threading.Lock()
        self._numbers: Counter[tuple[str, str]] = Counter()
        self._calls: Counter[int] = Counter()
        self._hits: Counter[tuple[int, str, str]] = Counter()

    def roll(self, service: str, operation: str) -> tuple[FaultRule, ...]:
        """Count one more call and tell the rules that it meets, in the plan's order.

        A rule that decides what becomes of the call comes last.
        """
        met: list[FaultRule] = []
        with self._lock:
            self._numbers[service, operation] += 1
            number = self._numbers[service, operation]
            for index, rule in enumerate(self.plan.rules):
                if not rule.concerns(service, operation):
                    continue
                self._calls[index] += 1
                hits = self._hits[index, service, operation]
                if hits == rule.limit or self._chance(index, service, operation, number) >= rule.probability:
                    continue
                self._hits[index, service, operation] += 1
                met.append(rule)
                if rule.kind.is_final:
                    break
        return tuple(met)

    def counts(self) -> list[RuleCount]:
        """Tell how each rule did, in the plan's order."""
        with self._lock:
            hits: Counter[int] = Counter()
            for (index, _, _), number in self._hits.items():
                hits[index] += number
            return [
                RuleCount(rule=rule, calls=self._calls[index], hits=hits[index])
                for index, rule in enumerate(self.plan.rules)
            ]

    def _chance(self, index: int, service: str, operation: str, number: int) -> float:
        key = f"{self.plan.seed}/{index}/{service}.{operation}/{number}".encode()
        digest = hashlib.blake2b(key, digest_size=_DIGEST_BYTES).digest()
        return int.from_bytes(digest) / _DIGEST_RANGE
