"""What is wrong with a plan: all of it at once, each with its place."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from operator import attrgetter

from cpe.errors import PlanError

MAX_TOLD = 100
"""Findings that are told of one plan; of more only the number."""

_MAX_MESSAGE = 500
"""Characters; a name in a broken plan may be as long as the plan."""

_MAX_WORD = 100
"""Characters of a word for which a likeness is sought."""

_MAX_COMPARISONS = 5_000
"""Words compared for suggestions over one plan: about a quarter of a second."""


@dataclass(frozen=True, slots=True)
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


_ORDER = attrgetter("file", "line", "column", "code", "message")


class PlanRefused(PlanError):
    """A plan with findings; the message has a line for each, in the order of their places.

    Of many findings the first are told; the last one then says how many more there are (`MORE_FINDINGS`).
    """

    def __init__(self, findings: Iterable[Finding]) -> None:
        ordered = sorted(dict.fromkeys(findings), key=_ORDER)
        told = [_shortened(finding) for finding in ordered[:MAX_TOLD]]
        if rest := ordered[MAX_TOLD:]:
            message = f"{len(rest):,} more were found; these are the first {MAX_TOLD}"
            told.append(replace(rest[0], code="MORE_FINDINGS", message=message))
        self.findings = tuple(told)
        super().__init__("\n".join(str(finding) for finding in self.findings))


class Suggestions:
    """Suggests the words that may be meant, as long as that is quick: in a plan of many mistypes, for some.

    Example:
        >>> Suggestions().did_you_mean("suceeded", ["completed", "succeeded"])
        "; did you mean 'succeeded'?"
    """

    __slots__ = ("_comparisons_left",)

    def __init__(self) -> None:
        self._comparisons_left = _MAX_COMPARISONS

    def did_you_mean(self, word: str, *known: Collection[str]) -> str:
        """Suggest the known word nearest to a mistyped one; empty if none is near."""
        comparisons = sum(map(len, known))
        if len(word) > _MAX_WORD or comparisons > self._comparisons_left:
            return ""
        self._comparisons_left -= comparisons
        words = [one for words in known for one in words if len(one) <= _MAX_WORD]
        near = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
        return f"; did you mean {near[0]!r}?" if near else ""


def _shortened(finding: Finding) -> Finding:
    if len(finding.message) <= _MAX_MESSAGE:
        return finding
    half = _MAX_MESSAGE // 2
    message = f"{finding.message[:half]} … {finding.message[-half:]}"
    return replace(finding, message=message)
