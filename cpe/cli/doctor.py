"""`cpe doctor`: what is wrong with a stack, why it matters, and the way out."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cpe.cli.json_text import print_json
from cpe.cli.options import EXIT_FAILURE, config_option
from cpe.cli.tables import console, print_table

if TYPE_CHECKING:
    from cpe.doctor import Finding

# The parts of cpe.doctor.finding.Part; that would import boto3, which takes long.
PARTS = (
    *("configuration", "credentials", "region", "endpoints", "clock"),
    *("queues", "swf", "payloads", "activities", "scratch"),
)
_STYLES = {"ok": "green", "warning": "yellow", "fault": "bold red", "skipped": "dim"}


@click.command()
@config_option
@click.option("-n", "--name", help="The client whose queues INPUT_QUEUE and OUTPUT_QUEUE are.")
@click.option("--domain", help="SWF domain; the configuration's otherwise.")
@click.option(
    "--plan",
    "plans",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="A plan, or a folder of plans, whose types shall be registered; several times if need be.",
)
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(PARTS),
    help="Look at this part; several times if need be. Of all else only what stands in its way is told.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(1, 600),
    default=30,
    show_default=True,
    metavar="SECONDS",
    help="How long it may take in all.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of a table.")
def doctor(
    *,
    config: Path | None,
    name: str | None,
    domain: str | None,
    plans: tuple[Path, ...],
    only: tuple[str, ...],
    timeout: float,
    as_json: bool,
) -> None:
    """Look at all that a stack needs, on this machine and in AWS.

    Nothing is changed, but for a few bytes that are written into the scratch space and the bucket of large
    payloads and removed again. Ends with 0 if there is no fault, with 1 otherwise.
    """
    from cpe.doctor import Case, Part, Status, examine

    case = Case(
        config=config,
        client_name=name,
        domain=domain,
        plans=plans,
        parts=frozenset(map(Part, only or PARTS)),
        seconds=timeout,
    )
    findings = examine(case)
    is_sound = all(finding.status is not Status.FAULT for finding in findings)
    if as_json:
        print_json(_document(findings, is_sound=is_sound))
    else:
        _show(findings)
    sys.exit(0 if is_sound else EXIT_FAILURE)


def _document(findings: list[Finding], *, is_sound: bool) -> dict[str, object]:
    told = []
    for finding in findings:
        values = asdict(finding)
        values["wayOut"] = values.pop("way_out")
        told.append(values)
    return {"sound": is_sound, "findings": told}


def _show(findings: list[Finding]) -> None:
    print_table(
        ("part", "subject", "status", "finding"),
        [(finding.part, finding.subject, finding.status, finding.what) for finding in findings],
        styles=_STYLES,
    )
    out = console()
    for finding in findings:
        if finding.code is None:
            continue
        out.print()
        out.print(f"{finding.status}: {finding.code}", style=_STYLES[finding.status], markup=False)
        out.print(f"  {finding.subject}: {finding.what}", markup=False)
        out.print(f"  why: {finding.why}", markup=False)
        out.print(f"  way out: {finding.way_out}", markup=False)
    faults = sum(finding.status == "fault" for finding in findings)
    warnings = sum(finding.status == "warning" for finding in findings)
    out.print(f"\nfaults: {faults}, warnings: {warnings}", markup=False)
