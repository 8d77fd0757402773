"""Activities on this machine: each is loaded, and asked what it lacks here: FFmpeg and its encoders, say."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from cpe.activity import Activity
from cpe.config import ActivitySettings, Settings
from cpe.daemons.activities import load_activity
from cpe.doctor.advice import advice
from cpe.doctor.check import Check
from cpe.doctor.finding import Finding, Part, fault, told_by, well
from cpe.errors import CpeError


def activity_checks(settings: Settings) -> tuple[Check, ...]:
    """What is looked at: each configured activity, as a worker would when it starts.

    They are loaded here, one by one: importing is nothing for several threads.
    """
    checks = []
    for configured in settings.activities:
        subject = f"{configured.name} {configured.version}"
        try:
            look = partial(_look, load_activity(configured), configured, subject)
        except CpeError as error:
            look = partial(_unloaded, subject, error)
        checks.append(Check(part=Part.ACTIVITIES, subject=subject, look=look))
    return tuple(checks)


def _look(activity: Activity, configured: ActivitySettings, subject: str) -> Iterator[Finding]:
    try:
        activity.check_worker(configured.settings)
        lacks = list(activity.shortcomings(configured.settings))
    except CpeError as error:
        yield told_by(Part.ACTIVITIES, subject, error)
    except Exception as error:
        what = f"check_worker fails: {type(error).__name__}: {error}"
        yield fault(Part.ACTIVITIES, subject, "ACTIVITY_CHECK_FAILED", what)
    else:
        for lack in lacks:
            only_warn = advice(lack.code).optional
            yield fault(Part.ACTIVITIES, subject, lack.code, str(lack), only_warn=only_warn)
        if not lacks:
            yield well(Part.ACTIVITIES, subject, "has what it needs on this machine")


def _unloaded(subject: str, error: CpeError) -> Iterator[Finding]:
    yield told_by(Part.ACTIVITIES, subject, error)
