"""What can go wrong on purpose, and where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

ANY = "*"

#: How long a call that shall time out is held, in milliseconds: longer than any client of SWF waits, whose
#: polls are answered after 60 s at the latest.
TIMEOUT_MS = 90_000


class FaultKind(StrEnum):
    """The ways in which a call goes wrong."""

    #: Refused for being too many, in the service's own words. Not executed.
    THROTTLE = "throttle"
    #: Answered with the service's internal failure, status 500. Not executed.
    ERROR = "error"
    #: The connection is reset. Not executed.
    RESET = "reset"
    #: Held until the client gives up, or `ms` have passed; then the connection is dropped. Not executed.
    TIMEOUT = "timeout"
    #: Executed; then the connection is reset instead of an answer.
    LOST = "lost"
    #: Executed `ms` later.
    LATENCY = "latency"
    #: Executed; the object that S3 answers with has a wrong byte.
    CORRUPT = "corrupt"

    @property
    def is_final(self) -> bool:
        """Whether it decides what becomes of the call, so that later rules do not matter."""
        return self not in {FaultKind.LATENCY, FaultKind.CORRUPT}

    @property
    def takes_ms(self) -> bool:
        """Whether `ms` means something to it."""
        return self in {FaultKind.LATENCY, FaultKind.TIMEOUT}


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRule:
    """One way to go wrong, for some calls.

    Args:
        service: ``swf``, ``sqs``, ``sns``, ``s3``, or ``*`` for all.
        operation: An operation as its service names it, or ``*`` for all.
        kind: What happens.
        probability: Of each call to meet it, 0 to 1.
        limit: How often each operation meets it at most.
        ms: Milliseconds of `LATENCY` and `TIMEOUT`.
    """

    service: str
    operation: str = ANY
    kind: FaultKind
    probability: float = 1.0
    limit: int | None = None
    ms: int = 0

    def concerns(self, service: str, operation: str) -> bool:
        """Whether a call may meet it."""
        if self.kind is FaultKind.CORRUPT and (service, operation) != ("s3", "GetObject"):
            return False
        return self.service in {ANY, service} and self.operation in {ANY, operation}

    def to_json(self) -> dict[str, Any]:
        """Lay it out as `cpe.local.faults.parse` reads it."""
        laid_out: dict[str, Any] = {
            "service": self.service,
            "operation": self.operation,
            "kind": str(self.kind),
            "probability": self.probability,
        }
        if self.limit is not None:
            laid_out["limit"] = self.limit
        if self.kind.takes_ms:
            laid_out["ms"] = self.ms
        return laid_out


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPlan:
    """All that shall go wrong. The same plan does the same to the same calls."""

    seed: int = 0
    rules: tuple[FaultRule, ...] = ()
