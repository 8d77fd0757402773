"""Tables: the same text in a pipe as on a terminal, and nothing but text."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpe.cli.tables import plain_lines, print_table

HEADERS = ("job", "status", "took")
CELL = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=12)


def printed(rows: Sequence[Sequence[str]], monkeypatch: pytest.MonkeyPatch) -> str:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    print_table(HEADERS, rows, styles={"FAILED": "bold red"})
    return out.getvalue()


def test_a_pipe_gets_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("ClientA.j1", "FAILED", "1s"), ("ClientA.映像", "", "")]
    assert printed(rows, monkeypatch).splitlines() == [
        "job           status  took",
        "ClientA.j1    FAILED  1s",
        "ClientA.映像",
    ]


def test_a_table_of_nothing_has_its_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert printed([], monkeypatch) == "job  status  took\n"


def test_a_cell_of_several_lines_stays_in_its_column(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = printed([("a", "one\ntwo", "b")], monkeypatch).splitlines()
    assert [line.rstrip() for line in lines] == ["job  status  took", "a    one     b", "     two"]


def test_colour_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in printed([("a", "FAILED", "b")], monkeypatch)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(CELL, CELL, CELL), max_size=4))
def test_plain_lines_are_those_of_a_terminal(rows: list[tuple[str, str, str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*HEADERS, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(Text, row))
    out = io.StringIO()
    Console(file=out, width=200).print(table)
    expected = [line.rstrip(" ") for line in out.getvalue().split("\n")]
    assert [*plain_lines(HEADERS, rows), ""] == expected
