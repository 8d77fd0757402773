"""`input_spec`: a JSON Schema (draft 4, the original's) that an input must satisfy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from cpe.errors import StepFault
from cpe.source import Suggestions

if TYPE_CHECKING:
    from jsonschema import Draft4Validator

MAX_SCHEMA_VALUES = 5_000
"""Values in one schema: checking so many takes a third of a second."""

_MAX_ENTRIES = 1_000
"""Entries of one list in a schema: checking that they differ takes time by the square."""

_MAX_PATTERN = 2_000
"""Characters of a regular expression."""

_JSON_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")


@dataclass(frozen=True, slots=True)
class SchemaProblem:
    """What is wrong with a schema, at a path within it."""

    path: tuple[str | int, ...]
    message: str

    def __str__(self) -> str:
        return f"{_place(self.path)}{self.message}"


class SchemaRefused(ValueError):
    """A schema with problems."""

    def __init__(self, problems: list[SchemaProblem]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


class InputSpec:
    """A compiled JSON Schema; without a schema everything is accepted.

    References to other documents are not followed: a plan is one file, and a schema must not open URLs.

    Args:
        schema: A JSON Schema of draft 4 or None.

    Raises:
        SchemaRefused: The schema itself is invalid.

    Example:
        >>> InputSpec({"type": "object"}).check({"a": 1}, "the input")
    """

    __slots__ = ("_validator",)

    def __init__(self, schema: Mapping[str, Any] | None) -> None:
        self._validator: Draft4Validator | None = None
        if not schema:
            return
        # Imported where there is a schema: it takes a tenth of a second, and many who know plans see none.
        from jsonschema import Draft4Validator
        from referencing import Registry

        if problems := list(_size_problems(schema)) or [
            *_keyword_problems(schema),
            *_reference_problems(schema),
        ]:
            raise SchemaRefused(problems)
        self._validator = Draft4Validator(schema, registry=Registry())

    def check(self, value: object, what: str) -> None:
        """Raise StepFault with code INPUT_INVALID unless `value` satisfies the schema."""
        if self._validator is None:
            return
        try:
            error = next(iter(self._validator.iter_errors(value)), None)
        except RecursionError:  # of the value, or of a $ref that leads to itself
            raise StepFault(f"{what} or its input_spec is nested too deeply", code="INPUT_INVALID") from None
        if error is not None:
            raise StepFault(
                f"{what} does not satisfy its input_spec: {_place(error.absolute_path)}{error.message[:500]}",
                code="INPUT_INVALID",
            )


def _size_problems(schema: Mapping[str, Any]) -> Iterator[SchemaProblem]:
    """Find what would take long to check: before anything is."""
    for count, (path, value) in enumerate(_values(schema)):
        if count >= MAX_SCHEMA_VALUES:
            yield SchemaProblem((), f"a schema has at most {MAX_SCHEMA_VALUES:,} values")
            return
        if isinstance(value, list) and len(value) > _MAX_ENTRIES:
            yield SchemaProblem(path, f"a list in a schema has at most {_MAX_ENTRIES:,} entries")
        if isinstance(value, str) and path[-1:] == ("pattern",) and len(value) > _MAX_PATTERN:
            yield SchemaProblem(path, f"a pattern has at most {_MAX_PATTERN:,} characters")
        if path[-1:] == ("patternProperties",) and isinstance(value, dict):
            for pattern in value:
                if len(pattern) > _MAX_PATTERN:
                    yield SchemaProblem(path, f"a pattern has at most {_MAX_PATTERN:,} characters")


def _keyword_problems(schema: Mapping[str, Any]) -> Iterator[SchemaProblem]:
    suggestions = Suggestions()
    try:
        for error in _metaschema().iter_errors(schema):
            path = tuple(error.absolute_path)
            message = error.message
            if path[-1:] == ("type",) and isinstance(error.instance, str):
                suggested = suggestions.did_you_mean(error.instance, _JSON_TYPES)
                message = f"{error.instance!r} is no JSON type{suggested}"
            elif error.validator == "anyOf":
                message = f"{error.instance!r:.100} is nothing that the keyword takes"
            yield SchemaProblem(path, message)
    except RecursionError:
        yield SchemaProblem((), "it is nested too deeply")
    for path, value in _values(schema):
        patterns: list[Any] = [value] if path[-1:] == ("pattern",) else []
        if path[-1:] == ("patternProperties",) and isinstance(value, dict):
            patterns = list(value)
        for pattern in patterns:
            if isinstance(pattern, str) and (problem := _pattern_problem(pattern)):
                yield SchemaProblem(path, f"{pattern!r:.100} is no regular expression: {problem}")


def _pattern_problem(pattern: str) -> str | None:
    try:
        re.compile(pattern)
    except (re.error, OverflowError) as error:
        return str(error)
    except RecursionError:
        return "it is nested too deeply"
    return None


def _reference_problems(schema: Mapping[str, Any]) -> Iterator[SchemaProblem]:
    """Find each ``$ref`` that leads out of the schema or nowhere."""
    from referencing import Registry
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT4

    resolver = Registry().with_resource("", DRAFT4.create_resource(schema)).resolver()
    for path, reference in _values(schema):
        if path[-1:] != ("$ref",) or not isinstance(reference, str):
            continue
        if not reference.startswith("#"):
            yield SchemaProblem(path, f"{reference!r} leads elsewhere; a schema may refer to itself only")
            continue
        try:
            resolver.lookup(reference)
        except Unresolvable:
            yield SchemaProblem(path, f"{reference!r} leads nowhere")


def _values(
    schema: object, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], object]]:
    """All values within a schema, with their paths."""
    yield path, schema
    if isinstance(schema, Mapping):
        for key, value in schema.items():
            yield from _values(value, (*path, key))
    elif isinstance(schema, list):
        for index, item in enumerate(schema):
            yield from _values(item, (*path, index))


def _place(path: Iterable[str | int]) -> str:
    text = ".".join(str(part) for part in path)
    return f"{text}: " if text else ""


@cache
def _metaschema() -> Draft4Validator:
    # Patterns are compiled above, where whatever goes wrong with one is caught: no format checker.
    from jsonschema import Draft4Validator

    return Draft4Validator(Draft4Validator.META_SCHEMA)
