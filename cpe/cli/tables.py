"""Tables for people. Programs ask for ``--json``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    rows = list(rows)
    if sys.stdout.isatty() or os.environ.get("FORCE_COLOR") or not _is_plain(rows):
        _print_rich(headers, rows, styles or {})
    else:
        # To import rich takes a tenth of a second, which a script would wait for nothing.
        sys.stdout.writelines(f"{line}\n" for line in plain_lines(headers, rows))


def console() -> Console:
    """Make what prints on standard output: as wide as the terminal, or without limit where there is none."""
    from rich.console import Console

    return Console(
        file=sys.stdout, width=None if sys.stdout.isatty() else _ENDLESS, highlight=False, soft_wrap=False
    )


def plain_lines(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lay a table out without colour, one line for each row.

    Example:
        >>> list(plain_lines(("job", "status"), [("ClientA.j1", "RUNNING")]))
        ['job         status', 'ClientA.j1  RUNNING']
    """
    table = [headers, *rows]
    widths = [max(map(_width, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip(" ")


def _is_plain(rows: Iterable[Sequence[str]]) -> bool:
    """Whether each cell is one line, of nothing but what is seen."""
    return all(cell.isprintable() for row in rows for cell in row)


def _width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _print_rich(headers: Sequence[str], rows: Iterable[Sequence[str]], styles: Mapping[str, str]) -> None:
    from rich.table import Column, Table
    from rich.text import Text

    columns = (Column(header, overflow="fold") for header in headers)
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(cell, style=styles.get(cell, "")) for cell in row))
    console().print(table)
