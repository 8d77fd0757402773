"""`cpe config`: what the settings are, where they came from, and what is wrong with a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cpe.cli import options
from cpe.cli.json_text import print_json
from cpe.cli.options import config_option
from cpe.cli.tables import print_table

if TYPE_CHECKING:
    from cpe.source import Finding


@click.group()
def config() -> None:
    """Show settings and check configurations."""


@config.command()
@config_option
@click.option("-n", "--name", help="The client whose queues INPUT_QUEUE and OUTPUT_QUEUE are.")
@click.option("--output-queue", metavar="URL", help="As of cpe-decider; OUTPUT_QUEUE otherwise.")
@click.option("--origin", is_flag=True, help="Tell where each value came from.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: name, value and origin of each setting.")
def show(
    *, config: Path | None, name: str | None, output_queue: str | None, origin: bool, as_json: bool
) -> None:
    """Show every setting that counts.

    Flags go before variables, variables before the file. Secrets are masked.
    """
    from cpe.config import read_layers
    from cpe.config.show import shown_settings

    layers = read_layers(config, client_name=name, output_queue=output_queue)
    settings = list(shown_settings(layers))
    if as_json:
        shown = [
            {
                "name": setting.name,
                "value": setting.value,
                "origin": {"kind": setting.origin.kind, "place": setting.origin.place or None},
            }
            for setting in settings
        ]
        print_json({"settings": shown})
    elif origin:
        print_table(
            ("setting", "value", "origin"),
            [(setting.name, setting.value, str(setting.origin)) for setting in settings],
        )
    else:
        print_table(("setting", "value"), [(setting.name, setting.value) for setting in settings])


@config.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")
def check(*, file: Path, as_json: bool) -> None:
    """Check a configuration and tell every finding with its place.

    Ends with 0 if there is none, with 2 otherwise.
    """
    from cpe.config import ConfigRefused, check_file

    findings: tuple[Finding, ...] = ()
    try:
        check_file(file)
    except ConfigRefused as refused:
        findings = refused.findings
    if as_json:
        told = [
            {
                "file": finding.file,
                "line": finding.line,
                "column": finding.column,
                "code": finding.code,
                "message": finding.message,
            }
            for finding in findings
        ]
        print_json({"findings": told})
    elif findings:
        for finding in findings:
            click.echo(str(finding))
    else:
        click.echo(f"{file}: sound")
    sys.exit(options.EXIT_USAGE if findings else 0)
