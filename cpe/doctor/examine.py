"""The examination: what is looked at in which order, and what is not looked at because of what was found."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cpe.aws.probe import Probe
from cpe.aws.session import AwsSession
from cpe.config import ConfigRefused, Settings, load_settings
from cpe.doctor.access import access_checks, endpoint_check
from cpe.doctor.activities import activity_checks
from cpe.doctor.check import Check, run_checks
from cpe.doctor.domain import domain_checks
from cpe.doctor.finding import Finding, Part, Status, fault, skipped, told_by, well
from cpe.doctor.payloads import payload_checks
from cpe.doctor.queues import queue_checks
from cpe.doctor.scratch import scratch_checks
from cpe.errors import ConfigError, PlanError
from cpe.plan import Plan, PlanRefused, load_plans

_SERVICES = {
    Part.ENDPOINTS: ("swf", "sqs", "s3"),
    Part.CLOCK: ("swf", "sqs", "s3"),
    Part.QUEUES: ("sqs",),
    Part.SWF: ("swf",),
    Part.PAYLOADS: ("s3",),
}
"""The services that each part needs; the others need none."""

_ORDER = list(Part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is to be looked at.

    Attributes:
        config: The configuration; None for the one that ``CPE_CONFIG`` names.
        client_name: Whose queues ``INPUT_QUEUE`` and ``OUTPUT_QUEUE`` are.
        domain: SWF domain; None for the configuration's.
        plans: Plans and folders of plans whose types shall be registered.
        parts: What is told; of all else only the faults that stand in its way.
        seconds: How long it may take in all.
    """

    config: Path | None = None
    client_name: str | None = None
    domain: str | None = None
    plans: tuple[Path, ...] = ()
    parts: frozenset[Part] = frozenset(Part)
    seconds: float = 30.0


def examine(case: Case, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> list[Finding]:
    """Look at everything, whatever else is wrong.

    Args:
        case: What to look at.
        now: This machine's clock.

    Returns:
        Findings in the order of the parts; those that are well, too.
    """
    until = time.monotonic() + case.seconds
    settings, found = _settings(case)
    plans, refused = _plans(case)
    found += refused
    services = sorted({service for part in case.parts for service in _SERVICES.get(part, ())})
    local: list[Check] = []
    if services or case.parts & {Part.CREDENTIALS, Part.REGION}:
        local += access_checks()
    if Part.ACTIVITIES in case.parts:
        local += activity_checks(settings)
    if Part.SCRATCH in case.parts:
        local += scratch_checks(settings)
    found += run_checks(local, until=until)
    if services:
        found += _ask_aws(case, settings, plans, services, found, until=until, now=now)
    told = [one for one in found if one.part in case.parts or one.status is Status.FAULT]
    return sorted(told, key=lambda one: _ORDER.index(one.part))


def _settings(case: Case) -> tuple[Settings, list[Finding]]:
    """Read the configuration; without one, what the environment says is looked at all the same."""
    try:
        settings = load_settings(case.config, client_name=case.client_name)
    except ConfigRefused as refused:
        found = [fault(Part.CONFIGURATION, one.file, refused.code, str(one)) for one in refused.findings]
        return Settings(), found
    except ConfigError as error:
        return Settings(), [told_by(Part.CONFIGURATION, "configuration", error)]
    if settings.source is None:
        return settings, [well(Part.CONFIGURATION, "configuration", "no file; the environment counts")]
    return settings, [well(Part.CONFIGURATION, str(settings.source), "sound")]


def _plans(case: Case) -> tuple[Sequence[Plan], list[Finding]]:
    refused: list[PlanError] = []
    plans = load_plans(case.plans, on_refused=refused.append)
    found = [
        fault(Part.CONFIGURATION, one.file, error.code, str(one))
        for error in refused
        if isinstance(error, PlanRefused)
        for one in error.findings
    ]
    return list(plans.values()), found


def _ask_aws(
    case: Case,
    settings: Settings,
    plans: Sequence[Plan],
    services: Iterable[str],
    before: Sequence[Finding],
    *,
    until: float,
    now: Callable[[], datetime],
) -> list[Finding]:
    """Look at what lies in AWS, as far as it can be reached."""
    asked = [part for part in (Part.QUEUES, Part.SWF, Part.PAYLOADS) if part in case.parts]
    lacking = [one for one in before if one.part in (Part.CREDENTIALS, Part.REGION)]
    if any(one.status is Status.FAULT for one in lacking):
        reason = "AWS cannot be asked without credentials and a region"
        return [skipped(part, str(part), reason) for part in (Part.ENDPOINTS, *asked)]
    try:
        probe = Probe(AwsSession(quick=True))
    except ConfigError as error:
        reason = "there is no endpoint to ask"
        return [
            told_by(Part.ENDPOINTS, "endpoints", error),
            *(skipped(part, str(part), reason) for part in asked),
        ]
    found = [*run_checks([endpoint_check(probe, service, now) for service in services], until=until)]
    down = {one.subject for one in found if one.part is Part.ENDPOINTS and one.status is Status.FAULT}
    checks: list[Check] = []
    for part in asked:
        (service,) = _SERVICES[part]
        if service in down:
            found.append(skipped(part, str(part), f"{service} cannot be asked"))
        elif part is Part.QUEUES:
            checks += queue_checks(probe, settings)
        elif part is Part.SWF:
            domain = case.domain or settings.domain
            checks += domain_checks(probe, settings, domain=domain, plans=plans)
        else:
            checks += payload_checks(probe, settings)
    return [*found, *run_checks(checks, until=until)]
