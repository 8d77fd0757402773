"""`input_spec`: a JSON Schema (draft 4, the original's) that an input must satisfy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonschema
from referencing import Registry

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


def _place(error: jsonschema.ValidationError | jsonschema.SchemaError) -> str:
    path = ".".join(str(part) for part in error.absolute_path)
    return f"{path}: " if path else ""
