"""Credentials, region, endpoints and the clock: whether AWS can be talked to at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from cpe.aws.probe import Answer, Probe, find_credentials, find_region
from cpe.doctor.check import Check
from cpe.doctor.finding import Finding, Part, fault, told_by, well

SERVICES = ("swf", "sqs", "s3")

TOLERATED_SKEW = 120.0
"""Seconds. AWS refuses signatures that are five minutes off (Signature Version 4)."""


def access_checks() -> tuple[Check, ...]:
    """What is looked at before AWS is asked anything."""
    return (
        Check(part=Part.CREDENTIALS, subject="credentials", look=_credentials),
        Check(part=Part.REGION, subject="region", look=_region),
    )


def endpoint_check(probe: Probe, service: str, now: Callable[[], datetime]) -> Check:
    """Look whether a service answers, and what its clock says."""

    def look() -> Iterator[Finding]:
        answer = probe.reach(service)
        yield from judge_answer(answer, service=service, now=now())

    return Check(part=Part.ENDPOINTS, subject=service, look=look)


def judge_answer(answer: Answer, *, service: str, now: datetime) -> Iterator[Finding]:
    """Judge an answer: a skewed clock explains a refusal."""
    skew = 0.0 if answer.date is None else (now - answer.date.astimezone(UTC)).total_seconds()
    if abs(skew) > TOLERATED_SKEW:
        direction = "ahead of" if skew > 0 else "behind"
        what = f"this machine's clock is {abs(skew):.0f} s {direction} that of {answer.endpoint}"
        yield fault(Part.CLOCK, service, "CLOCK_SKEWED", what)
    elif answer.date is not None:
        # The header has whole seconds.
        yield well(Part.CLOCK, service, f"within {max(2, abs(skew)):.0f} s of {answer.endpoint}")
    if answer.refusal is not None:
        yield told_by(Part.ENDPOINTS, service, answer.refusal)
    else:
        yield well(Part.ENDPOINTS, service, f"{answer.endpoint} answers")


def _credentials() -> Iterator[Finding]:
    found = find_credentials()
    yield well(Part.CREDENTIALS, "credentials", f"{found.access_key} ({found.method})")


def _region() -> Iterator[Finding]:
    region = find_region()
    if region.is_known:
        yield well(Part.REGION, "region", region.name)
    else:
        what = f"boto3 knows of no SWF in {region.name}"
        yield fault(Part.REGION, "region", "REGION_UNKNOWN", what, only_warn=True)
