"""Reading values of a plan. What cannot be used is noted and left out, so that the rest is read too."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from typing import Any, TypeVar

import jinja2

from cpe.plan.conditions import Condition
from cpe.plan.specs import InputSpec, SchemaRefused
from cpe.plan.swf_names import duration_problem, name_problem
from cpe.plan.templates import INPUT_NAME, JsonTemplate, TextTemplate
from cpe.source import Finding, Path, Source, Suggestions

_MAX_FINDINGS = 200
"""Templates, expressions and schemas are compiled until so many findings are made: compiling takes time."""

_Compiled = TypeVar("_Compiled")
_Template = TypeVar("_Template", JsonTemplate, TextTemplate)


class Reader:
    """Reads one source.

    Args:
        source: The parsed plan.
        findings: What is known to be wrong with it already.
    """

    def __init__(self, source: Source, findings: Iterable[Finding]) -> None:
        self._source = source
        self.findings = list(findings)
        self._suggestions = Suggestions()

    def find(
        self,
        path: Path,
        code: str,
        message: str,
        *,
        key: bool = False,
        line: int = 0,
        at: int | None = None,
    ) -> None:
        """Note a finding at a value, at its key, or within its text; see :meth:`Source.finding`."""
        self.findings.append(self._source.finding(path, code, message, key=key, line=line, at=at))

    def did_you_mean(self, word: str, *known: Collection[str]) -> str:
        """Suggest the known word nearest to a mistyped one; empty if none is near."""
        return self._suggestions.did_you_mean(word, *known)

    def text(self, path: Path) -> str:
        """A scalar as it is written, a number such as ``1.0`` too; empty if it is missing."""
        return self._source.texts.get(path, "")

    def name(self, path: Path, *, most: int = 256) -> str:
        """A name that SWF takes."""
        text = self.text(path)
        if path in self._source.texts and (problem := name_problem(text, most=most)):
            self.find(path, "INVALID_NAME", f"{path[-1]} {problem}")
        return text

    def timeout(self, path: Path, default: str, *, none_allowed: bool = True) -> str:
        """An SWF duration."""
        if path not in self._source.texts:
            return default
        text = self.text(path)
        if problem := duration_problem(text, none_allowed=none_allowed):
            self.find(path, "INVALID_TIMEOUT", f"{path[-1]} {problem}")
        return text

    def input_spec(self, path: Path, raw: object) -> InputSpec:
        """A JSON Schema."""
        if not isinstance(raw, dict):
            return InputSpec(None)
        if not self._is_worth_compiling():
            return InputSpec(None)
        try:
            return InputSpec(raw)
        except SchemaRefused as refused:
            for problem in refused.problems:
                self.find((*path, *problem.path), "INVALID_SCHEMA", str(problem))
            return InputSpec(None)

    def condition(self, path: Path, raw: object, *, required: set[str], known: set[str]) -> Condition | None:
        """A YAQL condition that uses required steps only."""
        if not isinstance(raw, str):
            return None
        condition = self.compiled(path, "INVALID_YAQL", partial(Condition, raw))
        if condition is not None:
            self._check_names(path, condition.names, _ALL, _AFTER_DOLLAR, required=required, known=known)
        return condition

    def template(
        self, path: Path, raw: object, *, required: set[str], known: set[str]
    ) -> JsonTemplate | None:
        """A template that uses required steps only."""
        return self._template(JsonTemplate, path, raw, required=required, known=known)

    def text_template(
        self, path: Path, raw: object, *, required: set[str], known: set[str]
    ) -> TextTemplate | None:
        """A template of plain text that uses required steps only."""
        return self._template(TextTemplate, path, raw, required=required, known=known)

    def _template(
        self, kind: type[_Template], path: Path, raw: object, *, required: set[str], known: set[str]
    ) -> _Template | None:
        if not isinstance(raw, str) or not self._is_worth_compiling():
            return None
        try:
            template = kind(raw)
        except jinja2.TemplateSyntaxError as error:
            self.find(path, "INVALID_TEMPLATE", str(error.message), line=error.lineno)
            return None
        self._check_names(path, template.names, _IN_BRACES, _WORD, required=required, known=known)
        return template

    def compiled(self, path: Path, code: str, make: Callable[[], _Compiled]) -> _Compiled | None:
        """What `make` makes; its ValueError is the finding."""
        if not self._is_worth_compiling():
            return None
        try:
            return make()
        except ValueError as error:
            self.find(path, code, str(error))
            return None

    def _check_names(
        self,
        path: Path,
        names: frozenset[str],
        within: re.Pattern[str],
        word: re.Pattern[str],
        *,
        required: set[str],
        known: set[str],
    ) -> None:
        if not (others := names - required - {INPUT_NAME}):
            return
        places = self._source.words(path, within, word)
        for name in sorted(others)[:_MAX_FINDINGS]:
            if name in known:
                message = f"{path[-1]} uses {name!r}, which the step does not require"
                self.find(path, "NOT_REQUIRED", message, at=places.get(name))
            else:
                suggested = self.did_you_mean(name, known, {INPUT_NAME})
                message = f"{path[-1]} uses {name!r}, which is no step{suggested}"
                self.find(path, "UNKNOWN_NAME", message, at=places.get(name))

    def _is_worth_compiling(self) -> bool:
        return len(self.findings) < _MAX_FINDINGS


_IN_BRACES = re.compile(r"\{[{%].*?[%}]\}", re.DOTALL)
_WORD = re.compile(r"(?<![\w.])([^\W\d]\w*)")
_ALL = re.compile(r".+", re.DOTALL)
_AFTER_DOLLAR = re.compile(r"\$\.([^\W\d]\w*)")


def items(root: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The entries of a list that can be gone into; the check of the shape has reported the others."""
    entries = root.get(key)
    if not isinstance(entries, list):
        return []
    return [entry if isinstance(entry, dict) else {} for entry in entries]


def mapping(raw: object) -> dict[str, Any]:
    """A mapping that can be gone into, empty if it is none."""
    return raw if isinstance(raw, dict) else {}
