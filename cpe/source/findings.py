"""What is wrong with a file that people write: all of it at once, each with its place."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from operator import attrgetter

MAX_TOLD = 100
"""Findings that are told of one file; of more only the number."""

_MAX_MESSAGE = 500
"""Characters; a name in a broken file may be as long as the file."""

_MAX_WORD = 100
"""Characters of a word for which a likeness is sought."""

_MAX_COMPARISONS = 5_000
"""Words compared for suggestions over one file: about a quarter of a second."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with a file. `line` and `column` count from 1.

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


def told(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Choose what is told: each finding once, in the order of their places, and not too many.

    Of many findings the first are told; the last one then says how many more there are (`MORE_FINDINGS`).
    """
    ordered = sorted(dict.fromkeys(findings), key=_ORDER)
    chosen = [_shortened(finding) for finding in ordered[:MAX_TOLD]]
    if rest := ordered[MAX_TOLD:]:
        message = f"{len(rest):,} more were found; these are the first {MAX_TOLD}"
        chosen.append(replace(rest[0], code="MORE_FINDINGS", message=message))
    return tuple(chosen)


class Unreadable(Exception):
    """A file that cannot be read at all; `finding` says why."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        super().__init__(str(finding))


class Suggestions:
    """Suggests the words that may be meant, as long as that is quick: in a file of many mistypes, for some.

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
