"""The SWF domain, and the types that plans and activities need in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cpe.aws.probe import Probe
from cpe.config import Settings
from cpe.doctor.check import Check
from cpe.doctor.finding import Finding, Part, fault, well
from cpe.errors import AwsError
from cpe.plan import Plan

LEAST_RETENTION = 15
"""Days. SQS keeps a command for 14: it must find the run that it started, however late it comes again."""


def domain_checks(
    probe: Probe, settings: Settings, *, domain: str | None, plans: Sequence[Plan]
) -> tuple[Check, ...]:
    """What is looked at: the domain, the plans' types, the configured activities' types."""
    if domain is None:
        none = fault(Part.SWF, "domain", "DOMAIN_UNKNOWN", "no domain is named", only_warn=True)
        return (Check(part=Part.SWF, subject="domain", look=lambda: (none,)),)
    return (
        Check(
            part=Part.SWF,
            subject=f"domain {domain}",
            look=lambda: _look_at_domain(probe, settings, domain, plans),
        ),
    )


def _look_at_domain(
    probe: Probe, settings: Settings, domain: str, plans: Sequence[Plan]
) -> Iterator[Finding]:
    subject = f"domain {domain}"
    try:
        days = probe.retention_days(domain)
    except AwsError as error:
        if error.code != "UNKNOWN_RESOURCE":
            raise
        yield fault(Part.SWF, subject, "DOMAIN_NOT_FOUND", f"there is no SWF domain {domain!r}")
        return
    if days is not None and days < LEAST_RETENTION:
        what = f"closed executions are kept for {days} days"
        yield fault(Part.SWF, subject, "DOMAIN_FORGETS_EARLY", what, only_warn=True)
    else:
        kept = "ever" if days is None else f"{days} days"
        yield well(Part.SWF, subject, f"registered, keeps closed executions for {kept}")
    for plan in plans:
        yield _workflow_type(probe, domain, plan)
    yield from _activity_types(probe, settings, domain, plans)


def _workflow_type(probe: Probe, domain: str, plan: Plan) -> Finding:
    subject = f"plan {plan.name} {plan.version}"
    if probe.has_workflow_type(domain, plan.name, plan.version):
        return well(Part.SWF, subject, "registered")
    what = f"no workflow type {plan.name} {plan.version} is in use in {domain}"
    return fault(Part.SWF, subject, "WORKFLOW_TYPE_NOT_REGISTERED", what)


def _activity_types(
    probe: Probe, settings: Settings, domain: str, plans: Sequence[Plan]
) -> Iterator[Finding]:
    needed = {(activity.name, activity.version) for plan in plans for activity in plan.activities}
    configured = {(activity.name, activity.version) for activity in settings.activities}
    for name, version in sorted(needed | configured):
        subject, is_needed = f"activity {name} {version}", (name, version) in needed
        if not probe.has_activity_type(domain, name, version):
            what = f"no activity type {name} {version} is in use in {domain}"
            code = "ACTIVITY_TYPE_NOT_REGISTERED"
            yield fault(Part.SWF, subject, code, what, only_warn=not is_needed)
        elif is_needed and configured and (name, version) not in configured:
            what = "a plan needs it, and the configuration does not name it"
            yield fault(Part.SWF, subject, "ACTIVITY_NOT_CONFIGURED", what, only_warn=True)
        else:
            yield well(Part.SWF, subject, "registered")
