"""What the command lines share: options, and with which codes they end."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cpe import __version__
from cpe.errors import CommandRejected, ConfigError, CpeError, PlanError

EXIT_FAILURE = 1
"""AWS refused or cannot be reached, or what was looked at is not as it should be."""

EXIT_USAGE = 2
"""The operator can correct it: flags, configuration, plans, credentials. click's own for wrong flags, too."""

EXIT_INTERRUPTED = 130
"""Ctrl-C ended what would go on; what shells say of such a program."""

_ALLOCATIONS = 100_000
"""Objects made between two looks for garbage: some ten megabytes."""

F = TypeVar("F", bound=Callable[..., Any])

# The original spelt its long options with underscores.
CONTEXT = {"help_option_names": ["-h", "--help"], "token_normalize_func": lambda name: name.replace("_", "-")}

config_option = click.option(
    "-c",
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Configuration, JSON or YAML. CPE_CONFIG names it otherwise.",
)
activities_option = click.option(
    "-c",
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Configuration whose activities the workers run. The shipped one by default.",
)
fifo_option = click.option(
    "--fifo",
    type=click.Choice(["input", "output"]),
    multiple=True,
    help="Make this queue of the client a FIFO queue; may be given for both.",
)
log_option = click.option(
    "-l",
    "--log",
    "log_directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write logs into this folder instead of standard output.",
)
debug_option = click.option("-d", "--debug", is_flag=True, help="Log debug events too.")


DEFAULT_FOLDER = Path(".cpe")
"""The folder of a stack."""


def folder_option(purpose: str) -> Callable[[F], F]:
    """Add `--dir`, the folder of a stack."""
    return click.option(
        "--dir",
        "folder",
        type=click.Path(file_okay=False, path_type=Path),
        default=DEFAULT_FOLDER,
        show_default=True,
        help=purpose,
    )


def version_option(program: str) -> Callable[[F], F]:
    """Add `--version`."""
    return click.version_option(__version__, prog_name=program)


def main(command: click.Command, program: str) -> None:
    """Run a command line.

    Exit codes: 0; 2 for what the operator can correct, with one message on standard error; 1 for the rest.
    """
    try:
        command(prog_name=program)
    except CpeError as error:
        # What a client would be answered: it is told with the code that docs/protocol.md explains.
        told = f"{error.code}: {error}" if isinstance(error, CommandRejected) else str(error)
        click.echo(f"{program}: {told}", err=True)
        sys.exit(EXIT_USAGE if isinstance(error, ConfigError | PlanError) else EXIT_FAILURE)


def look_less_for_garbage() -> None:
    """Save a brief command a fifth of its time.

    Nearly all that it makes is what it imports, and that is no garbage to the end: it is looked through
    neither while there is ever more of it nor when the command ends.
    """
    gc.set_threshold(_ALLOCATIONS)
    atexit.register(gc.freeze)


def leave(*, clean: bool) -> None:
    """End the process at once unless the daemon's end was clean.

    Threads left behind may wait a minute for their sockets, and Python would wait for some of them.
    """
    if not clean:
        import logging

        logging.shutdown()
        sys.stdout.flush()
        os._exit(0)
