"""Tables for people. Programs ask for ``--json``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_ENDLESS = 10_000
"""Columns where no terminal sets a limit: lines that go into a file or a pipe are not folded."""


def print_table(
    headers: Sequence[str], rows: Iterable[Sequence[str]], *, styles: Mapping[str, str] | None = None
) -> None:
    """Print a table on standard output; in colour on a terminal, unless ``NO_COLOR`` is set.

    Args:
        headers: A name for each column.
        rows: Texts, shown as they are.
        styles: How cells of a text are shown, such as ``{"fault": "bold red"}``.
    """
    from rich.table import Column, Table
    from rich.text import Text

    styles = styles or {}
    columns = (Column(header, overflow="fold") for header in headers)
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(cell, style=styles.get(cell, "")) for cell in row))
    console().print(table)


def console() -> Console:
    """Make what prints on standard output: as wide as the terminal, or without limit where there is none."""
    from rich.console import Console

    return Console(
        file=sys.stdout, width=None if sys.stdout.isatty() else _ENDLESS, highlight=False, soft_wrap=False
    )
