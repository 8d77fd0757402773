"""The shape of a plan: keys and types, checked against `schema.json`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any

import jsonschema

from cpe.plan.findings import Finding, did_you_mean
from cpe.plan.source import Source


@cache
def plan_schema() -> dict[str, Any]:
    """The JSON Schema of plans, for editors and for :func:`check_shape`."""
    schema: dict[str, Any] = json.loads(
        resources.files("cpe.plan").joinpath("schema.json").read_text("utf-8")
    )
    return schema


def check_shape(source: Source) -> Iterator[Finding]:
    """Find unknown keys (UNKNOWN_KEY), missing keys (MISSING_KEY) and values of a wrong type (WRONG_TYPE)."""
    for error in jsonschema.Draft202012Validator(plan_schema()).iter_errors(source.value):
        path = tuple(error.absolute_path)
        if error.validator == "additionalProperties" and isinstance(error.instance, dict):
            known = error.schema["properties"]
            for key in sorted(error.instance.keys() - known.keys()):
                message = f"unknown key {key!r}{did_you_mean(key, known)}"
                yield source.finding((*path, key), "UNKNOWN_KEY", message, key=True)
        elif error.validator == "required" and isinstance(error.instance, dict):
            missing = next(key for key in error.validator_value if f"'{key}'" in error.message)
            yield source.finding(path, "MISSING_KEY", f"the key {missing!r} is missing")
        else:
            yield source.finding(path, "WRONG_TYPE", _expectation(error, path))


def _expectation(error: jsonschema.ValidationError, path: tuple[str | int, ...]) -> str:
    name = next((str(part) for part in reversed(path) if isinstance(part, str)), "the plan")
    if error.validator == "anyOf":
        return f"{name}: each entry is a step's name or a pair [name, status]"
    if error.validator == "minItems":
        return f"{name} must not be empty"
    if error.validator in ("minimum", "maximum"):
        bound = "at least" if error.validator == "minimum" else "at most"
        return f"{name} must be {bound} {error.validator_value}"
    expected = error.validator_value
    types = " or ".join(expected) if isinstance(expected, list) else str(expected)
    return f"{name} must be {types.replace('null', 'nothing')}, not {_type_name(error.instance)}"


def _type_name(value: object) -> str:
    names = {dict: "a mapping", list: "a list", str: "text", bool: "true/false", type(None): "nothing"}
    return names.get(type(value), "a number")
