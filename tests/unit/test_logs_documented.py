"""Names of log events are an interface: the code and docs/operations.md list the same ones."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = [
    *(ROOT / "cpe/daemons").glob("*.py"),
    *(ROOT / "cpe/aws").glob("*.py"),
    ROOT / "cpe/cli/decider.py",
]
METHODS = {"debug", "info", "warning", "error", "exception", "_report"}


def trees() -> Iterator[ast.AST]:
    for source in SOURCES:
        yield from ast.walk(ast.parse(source.read_text()))


def logged() -> set[str]:
    """What is the first argument of a logger's method."""
    return {
        node.args[0].value
        for node in trees()
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in METHODS
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def documented() -> set[str]:
    """What the first column of the table names."""
    section = (ROOT / "docs/operations.md").read_text().partition("## Logs")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def test_every_event_is_documented() -> None:
    assert logged() - documented() == set()


def test_every_documented_event_exists() -> None:
    texts = {node.value for node in trees() if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert documented() - texts == set()
    assert len(documented()) > 30
