"""What the doctor tells."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cpe.config.secrets import mask_url
from cpe.doctor.advice import advice
from cpe.errors import CpeError


class Status(StrEnum):
    """How a thing is. SKIPPED: it could not be looked at, because of a fault that is told elsewhere."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    SKIPPED = "skipped"


class Part(StrEnum):
    """What is looked at, in the order in which it is told."""

    CONFIGURATION = "configuration"
    CREDENTIALS = "credentials"
    REGION = "region"
    ENDPOINTS = "endpoints"
    CLOCK = "clock"
    QUEUES = "queues"
    SWF = "swf"
    PAYLOADS = "payloads"
    ACTIVITIES = "activities"
    SCRATCH = "scratch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How one thing is.

    Attributes:
        part: What it belongs to.
        status: How it is.
        subject: Which thing.
        what: What was found.
        code: Stable, of a warning or fault.
        why: Why it matters; empty when all is well.
        way_out: What to do about it; empty when all is well.
    """

    part: Part
    status: Status
    subject: str
    what: str
    code: str | None = None
    why: str = ""
    way_out: str = ""


def well(part: Part, subject: str, what: str) -> Finding:
    """Tell that a thing is as it should be."""
    return Finding(part=part, status=Status.OK, subject=mask_url(subject), what=mask_url(what))


def fault(part: Part, subject: str, code: str, what: str, *, only_warn: bool = False) -> Finding:
    """Tell of a fault, with the advice that goes with its code.

    Args:
        part: What it belongs to.
        subject: Which thing.
        code: One of :data:`~cpe.doctor.advice.ADVICE`, or any other.
        what: What was found.
        only_warn: The stack works all the same.
    """
    given = advice(code)
    return Finding(
        part=part,
        status=Status.WARNING if only_warn else Status.FAULT,
        subject=mask_url(subject),
        what=mask_url(what),
        code=code,
        why=given.why,
        way_out=given.way_out,
    )


def told_by(part: Part, subject: str, error: CpeError) -> Finding:
    """Tell of a fault that an error names."""
    return fault(part, subject, error.code, str(error))


def skipped(part: Part, subject: str, reason: str) -> Finding:
    """Tell that a thing could not be looked at."""
    return Finding(part=part, status=Status.SKIPPED, subject=mask_url(subject), what=reason)
