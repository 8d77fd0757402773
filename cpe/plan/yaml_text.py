"""Reading a plan's YAML."""

from __future__ import annotations

from cpe.plan.findings import PlanRefused
from cpe.source import Source, Unreadable, read_yaml


def read_source(text: str, file: str) -> Source:
    """Parse a plan's YAML.

    Raises:
        PlanRefused: FILE_TOO_LARGE, NOT_YAML, ALIAS_BOMB or NESTED_TOO_DEEPLY.
    """
    try:
        source = read_yaml(text, file, noun="plan")
    except Unreadable as error:
        raise PlanRefused([error.finding]) from None
    if source.is_empty:
        raise PlanRefused([source.finding((), "NOT_YAML", "the file is empty")])
    return source
