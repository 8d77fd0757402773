"""The place of large payloads."""

from __future__ import annotations

from collections.abc import Iterator

from cpe.aws.probe import Probe
from cpe.config import Settings
from cpe.doctor.check import Check
from cpe.doctor.finding import Finding, Part, fault, well


def payload_checks(probe: Probe, settings: Settings) -> tuple[Check, ...]:
    """What is looked at: whether a payload can be stored and fetched."""
    place = settings.payloads

    def look() -> Iterator[Finding]:
        if place is None:
            what = "large payloads have no place"
            yield fault(Part.PAYLOADS, "payloads", "PAYLOADS_NOT_CONFIGURED", what, only_warn=True)
            return
        probe.write_payload(place)
        yield well(Part.PAYLOADS, "payloads", f"{place.url} can be written and read")

    return (Check(part=Part.PAYLOADS, subject="payloads", look=look),)
