"""`cpe plan simulate`: play a job of a plan, without any service."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, TextIO

import click

from cpe.cli.json_text import json_text, print_json
from cpe.cli.options import EXIT_FAILURE

_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("path", metavar="PLAN", type=_file)
@click.argument("children", metavar="[CHILD_PLAN]...", nargs=-1, type=_file)
@click.option("--script", "script_file", type=_file, help="What tasks come to; all succeed without one.")
@click.option("--input", "input_file", type=_file, help="The workflow's input, JSON; the script's otherwise.")
@click.option("--seed", type=int, default=0, show_default=True, help="Run ids and all chance are made of it.")
@click.option(
    "--lose",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="The share of the decider's answers that are lost on the way, 0 to 1.",
)
@click.option("--max-decisions", type=click.IntRange(min=1), default=20_000, show_default=True)
@click.option("--events", is_flag=True, help="Print the events that the client would be sent, a line each.")
@click.option(
    "--history",
    "history_file",
    type=click.File("w", encoding="utf-8", lazy=True),
    help="Write the history into this file, as `cpe plan replay` reads it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, with the history.")
def simulate(
    *,
    path: Path,
    children: tuple[Path, ...],
    script_file: Path | None,
    input_file: Path | None,
    seed: int,
    lose: float,
    max_decisions: int,
    events: bool,
    history_file: TextIO | None,
    as_json: bool,
) -> None:
    """Play a job in simulated time.

    The real decider works on SWF's rules; tasks go by a script. Ends with 0 if the workflow completed,
    with 1 if it ended in another way or not at all, with 2 if the plan or the script is wrong.
    """
    from cpe import simulation
    from cpe.plan import load_plan
    from cpe.protocol.codec import encode_event
    from cpe.simulation import report

    plan = load_plan(path)
    plans = [load_plan(child) for child in children]
    script = simulation.load_script(script_file, [plan, *plans]) if script_file else simulation.Script()
    run = simulation.simulate(
        plan,
        None if input_file is None else _read_input(input_file),
        script,
        plans=plans,
        seed=seed,
        fate=simulation.losing(lose, seed=seed),
        limits=simulation.Limits(decisions=max_decisions),
    )
    if history_file is not None:
        history_file.write(json_text(report.history_document(run), indent=1))
    if as_json:
        print_json(report.as_json(run), indent=1)
    elif events:
        for event in run.events:
            click.echo(encode_event(event))
    else:
        for line in report.as_text(run):
            click.echo(line)
    sys.exit(0 if run.succeeded else EXIT_FAILURE)


def _read_input(file: Path) -> Any:
    from cpe.errors import ConfigError

    try:
        return json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file} is no JSON: {error}", code="INPUT_NOT_JSON") from error
