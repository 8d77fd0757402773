"""What is wrong with a plan: all of it at once, each with its place."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from cpe.errors import PlanError


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing wrong with a plan. `line` and `column` count from 1.

    Example:
        >>> str(Finding("plan.yml", 3, 5, "UNKNOWN_STEP", "there is no step 'A'"))
        "plan.yml:3:5: UNKNOWN_STEP: there is no step 'A'"
    """

    file: str
    line: int
    column: int
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.code}: {self.message}"


class PlanRefused(PlanError):
    """A plan with findings; the message has a line for each, in the order of their places."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(sorted(findings))
        super().__init__("\n".join(str(finding) for finding in self.findings))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Suggest the known word nearest to a mistyped one; empty if none is near.

    Example:
        >>> did_you_mean("suceeded", ["completed", "succeeded"])
        "; did you mean 'succeeded'?"
    """
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""
