"""`cpe plan`: check plans and draw them, without any service."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from cpe.cli.options import EXIT_USAGE


@click.group()
def plan() -> None:
    """Check plans and draw them."""


@plan.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of lines.")
def validate(*, paths: tuple[Path, ...], as_json: bool) -> None:
    """Check plan files, and all plans of folders; tell every finding.

    Ends with 0 if there is none, with 2 otherwise.
    """
    from cpe.errors import PlanError
    from cpe.plan import PlanRefused, load_plans

    refused: list[PlanError] = []
    plans = load_plans(paths, on_refused=refused.append)
    findings = [finding for error in refused if isinstance(error, PlanRefused) for finding in error.findings]
    if as_json:
        document: dict[str, Any] = {
            "plans": [{"name": name, "version": version} for name, version in sorted(plans)],
            "findings": [
                {
                    "file": finding.file,
                    "line": finding.line,
                    "column": finding.column,
                    "code": finding.code,
                    "message": finding.message,
                }
                for finding in findings
            ],
        }
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        for finding in findings:
            click.echo(str(finding))
        for name, version in sorted(plans):
            click.echo(f"{name} {version}: sound")
    sys.exit(EXIT_USAGE if findings else 0)


@plan.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["mermaid", "dot"]),
    default="mermaid",
    show_default=True,
    help="The drawing's language.",
)
def graph(*, path: Path, form: str) -> None:
    """Draw a plan: a box for each step, an arrow for each requirement."""
    from cpe.plan import load_plan
    from cpe.plan.drawing import DRAWINGS

    click.echo(DRAWINGS[form](load_plan(path)), nl=False)


@plan.command()
def schema() -> None:
    """Print the JSON Schema of plans, for editors."""
    from cpe.plan.shape import plan_schema

    click.echo(json.dumps(plan_schema(), indent=2, ensure_ascii=False))
