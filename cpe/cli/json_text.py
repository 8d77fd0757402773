"""JSON for programs that read what a command prints."""

from __future__ import annotations

import json
from typing import Any

import click


def json_text(value: Any, *, indent: int | None = 2, separators: tuple[str, str] | None = None) -> str:
    r"""Lay a value out as JSON, in letters as they are, unless one is half of a character.

    Messages and results of others may hold a lone surrogate, which no file and no terminal takes; then all
    that is not ASCII stands escaped.

    Example:
        >>> json_text(["Å"], indent=None), json_text(["Å\ud800"], indent=None)
        ('["Å"]', '["\\u00c5\\ud800"]')
    """
    text = json.dumps(value, indent=indent, separators=separators, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, indent=indent, separators=separators)
    return text


def print_json(value: Any, *, indent: int = 2) -> None:
    """Print a value as JSON."""
    click.echo(json_text(value, indent=indent))
