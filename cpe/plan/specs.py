"""`input_spec`: a JSON Schema (draft 4, the original's) that an input must satisfy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT4

from cpe.errors import StepFault


class InputSpec:
    """A compiled JSON Schema; without a schema everything is accepted.

    References to other documents are not followed: a plan is one file, and a schema must not open URLs.

    Args:
        schema: A JSON Schema of draft 4 or None.

    Raises:
        ValueError: The schema itself is invalid; the message says where.

    Example:
        >>> InputSpec({"type": "object"}).check({"a": 1}, "the input")
    """

    __slots__ = ("_validator",)

    def __init__(self, schema: Mapping[str, Any] | None) -> None:
        self._validator: jsonschema.Draft4Validator | None = None
        if not schema:
            return
        try:
            jsonschema.Draft4Validator.check_schema(schema)
        except jsonschema.SchemaError as error:
            raise ValueError(f"{_place(error)}{error.message}") from None
        _check_references(schema)
        self._validator = jsonschema.Draft4Validator(schema, registry=Registry())

    def check(self, value: object, what: str) -> None:
        """Raise StepFault with code INPUT_INVALID unless `value` satisfies the schema."""
        if self._validator is None:
            return
        error = next(iter(self._validator.iter_errors(value)), None)
        if error is not None:
            raise StepFault(
                f"{what} does not satisfy its input_spec: {_place(error)}{error.message[:500]}",
                code="INPUT_INVALID",
            )


def _check_references(schema: Mapping[str, Any]) -> None:
    """Raise ValueError for a ``$ref`` that leads out of the schema or nowhere."""
    resolver = Registry().with_resource("", DRAFT4.create_resource(schema)).resolver()
    for reference in _references(schema):
        try:
            if not reference.startswith("#"):
                raise ValueError(f"$ref {reference!r} leads elsewhere; a schema may refer to itself only")
            resolver.lookup(reference)
        except Unresolvable:
            raise ValueError(f"$ref {reference!r} leads nowhere") from None


def _references(schema: object) -> Iterator[str]:
    if isinstance(schema, Mapping):
        for key, value in schema.items():
            if key == "$ref" and isinstance(value, str):
                yield value
            else:
                yield from _references(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from _references(item)


def _place(error: jsonschema.ValidationError | jsonschema.SchemaError) -> str:
    path = ".".join(str(part) for part in error.absolute_path)
    return f"{path}: " if path else ""
