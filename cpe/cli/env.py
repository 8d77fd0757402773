"""`cpe env`: how to reach the stack that `cpe up` runs."""

from __future__ import annotations

import json
from pathlib import Path

import click

from cpe.cli.local import exports
from cpe.cli.options import folder_option
from cpe.stack.folder import StackFolder


@click.command()
@folder_option("The stack's folder.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of shell commands.")
def env(*, folder: Path, as_json: bool) -> None:
    """Print the environment of the stack that `cpe up` runs here.

    Use it with: eval "$(cpe env)"
    """
    environment = StackFolder(folder).read_environment()
    click.echo(json.dumps(environment, indent=2) if as_json else exports(environment))
