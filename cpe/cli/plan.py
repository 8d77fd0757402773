"""`cpe plan`: check plans and draw them, without any service."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from cpe.cli.json_text import print_json
from cpe.cli.options import EXIT_FAILURE, EXIT_USAGE
from cpe.cli.simulate import simulate


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
        print_json(document)
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
    type=click.Choice(["mermaid", "dot", "svg"]),
    default="mermaid",
    show_default=True,
    help="The drawing's language.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the drawing into this file instead of standard output.",
)
def graph(*, path: Path, form: str, output: Path | None) -> None:
    """Draw a plan: a box for each step, an arrow for each requirement."""
    from cpe.errors import ConfigError
    from cpe.plan import load_plan
    from cpe.plan.drawing import DRAWINGS

    drawing = DRAWINGS[form](load_plan(path))
    if output is None:
        click.echo(drawing, nl=False)
        return
    try:
        output.write_text(drawing, "utf-8", newline="\n")
    except OSError as error:
        message = f"cannot write the drawing to {output}: {error.strerror}; name another file with --output"
        raise ConfigError(message, code="OUTPUT_UNWRITABLE") from error
    click.echo(f"{output}: drawn")


@plan.command()
@click.argument("path", metavar="PLAN", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument(
    "histories", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
def replay(*, path: Path, histories: tuple[Path, ...]) -> None:
    """Decide recorded histories again; show what differs.

    A history is JSON as `aws swf get-workflow-execution-history` prints it; `workflowId` and `runId` beside
    `events` say which run it is: the ids of children and the pauses of retries come from them. `payloads`
    has the texts that references in it stand for.
    Ends with 0 if nothing differs, with 1 otherwise.
    """
    from cpe.decider import replay as replay_history
    from cpe.plan import load_plan

    loaded = load_plan(path)
    differ = False
    for file in histories:
        events, about = _read_history(file)
        differences = replay_history(loaded, events, **about)
        differ = differ or bool(differences)
        click.echo(f"{file}: {'differs' if differences else 'the same'}")
        for difference in differences:
            click.echo(str(difference))
    sys.exit(EXIT_FAILURE if differ else 0)


def _read_history(file: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Read a history's events; and which run it is of and what lies elsewhere, as far as it says so."""
    from cpe.errors import ConfigError

    try:
        document = json.loads(file.read_text("utf-8"))
        events: list[dict[str, Any]] = document["events"]
        about = {
            "run_id": document.get("runId", ""),
            "workflow_id": document.get("workflowId", "replay"),
            "payloads": document.get("payloads", {}),
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"{file} is no history: it must be a JSON object with a list of `events`"
        raise ConfigError(message, code="NO_HISTORY") from error
    return events, about


@plan.command()
@click.option("--script", "of_scripts", is_flag=True, help="Print that of the scripts of `simulate`.")
def schema(*, of_scripts: bool) -> None:
    """Print the JSON Schema of plans, for editors."""
    from cpe.plan.shape import plan_schema
    from cpe.simulation import script_schema

    printed = script_schema() if of_scripts else plan_schema()
    print_json(printed)


plan.add_command(simulate)
