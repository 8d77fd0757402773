"""The shape of a configuration: keys and values, checked against `schema.json`.

The schema uses few keywords. They are read here, as :mod:`cpe.plan.shape` reads those of plans: to import a
whole JSON Schema library takes a tenth of a second, and every command loads its settings. A test holds both
against each other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

from cpe.source import Path

_Schema: TypeAlias = "Mapping[str, Any]"

_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """A value that its schema does not take, and by which keyword: the first one that says so."""

    path: Path
    keyword: str
    schema: _Schema
    value: Any


@cache
def config_schema() -> dict[str, Any]:
    """The JSON Schema of configurations, for editors and for :func:`find_misfits`."""
    schema: dict[str, Any] = json.loads(files("cpe.config").joinpath("schema.json").read_text("utf-8"))
    return schema


def find_misfits(tree: Any) -> Iterator[Misfit]:
    """Find all values that the schema does not take."""
    return _check(tree, config_schema(), ())


def _check(value: Any, schema: _Schema, path: Path) -> Iterator[Misfit]:
    if "$ref" in schema:
        schema = config_schema()["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    expected = schema["type"]
    names = [expected] if isinstance(expected, str) else expected
    keyword: str | None = None
    if isinstance(value, bool) or not any(isinstance(value, _TYPES[name]) for name in names):
        keyword = "type"
    elif isinstance(value, dict):
        yield from _check_mapping(value, schema, path)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _check(item, schema["items"], (*path, index))
    elif isinstance(value, str):
        keyword = _text_fault(value, schema)
    else:
        keyword = _number_fault(value, schema)
    if keyword is not None:
        yield Misfit(path=path, keyword=keyword, schema=schema, value=value)


def _check_mapping(value: Mapping[str, Any], schema: _Schema, path: Path) -> Iterator[Misfit]:
    properties: _Schema = schema.get("properties", {})
    if not schema.get("additionalProperties", True) and value.keys() - properties.keys():
        yield Misfit(path=path, keyword="additionalProperties", schema=schema, value=value)
    if not value.keys() >= set(schema.get("required", ())):
        yield Misfit(path=path, keyword="required", schema=schema, value=value)
    for key, item in value.items():
        if key in properties:
            yield from _check(item, properties[key], (*path, key))


def _text_fault(value: str, schema: _Schema) -> str | None:
    if len(value) < schema.get("minLength", 0):
        return "minLength"
    if len(value) > schema.get("maxLength", len(value)):
        return "maxLength"
    return None if re.search(schema.get("pattern", ""), value) else "pattern"


def _number_fault(value: float, schema: _Schema) -> str | None:
    if value < schema.get("minimum", value):
        return "minimum"
    return "maximum" if value > schema.get("maximum", value) else None
