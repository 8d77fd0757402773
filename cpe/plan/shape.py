"""The shape of a plan: keys and types, checked against `schema.json`.

The schema uses few keywords, and a plan may have a hundred thousand values. So the keywords are read here,
some thirty times faster than a whole JSON Schema library reads them; a test holds both against each other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, TypeAlias

from cpe.source import Finding, Path, Source, Suggestions

_Schema: TypeAlias = "Mapping[str, Any]"

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}
_TYPE_NAMES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "null": "nothing",
}


@cache
def plan_schema() -> dict[str, Any]:
    """The JSON Schema of plans, for editors and for :func:`check_shape`."""
    schema: dict[str, Any] = json.loads(
        resources.files("cpe.plan").joinpath("schema.json").read_text("utf-8")
    )
    return schema


def check_shape(source: Source) -> Iterator[Finding]:
    """Find unknown keys (UNKNOWN_KEY), missing keys (MISSING_KEY) and values of a wrong type (WRONG_TYPE)."""
    return _Shape(source, plan_schema()).check(source.value, plan_schema(), ())


class _Shape:
    def __init__(self, source: Source, root: _Schema) -> None:
        self._source = source
        self._definitions = {f"#/$defs/{name}": schema for name, schema in root["$defs"].items()}
        self._suggestions = Suggestions()

    def check(self, value: object, schema: _Schema, path: Path) -> Iterator[Finding]:
        if "$ref" in schema:
            schema = self._definitions[schema["$ref"]]
        if "anyOf" in schema:
            if not any(self._fits(value, choice, path) for choice in schema["anyOf"]):
                yield self._wrong(path, "must be a step's name or a pair [name, status]")
            return
        expected = schema["type"]
        if not _is(value, expected):
            yield self._wrong(path, f"must be {_expectation(expected)}, not {_name_of(value)}")
        elif value not in (choices := schema.get("enum", (value,))):
            suggested = self._suggestions.did_you_mean(str(value), choices)
            yield self._wrong(path, f"must be one of {', '.join(choices)}{suggested}")
        elif isinstance(value, dict):
            yield from self._mapping(value, schema, path)
        elif isinstance(value, list):
            yield from self._list(value, schema, path)
        elif isinstance(value, int | float):
            yield from self._number(value, schema, path)

    def _fits(self, value: object, schema: _Schema, path: Path) -> bool:
        return next(self.check(value, schema, path), None) is None

    def _mapping(self, value: Mapping[str, Any], schema: _Schema, path: Path) -> Iterator[Finding]:
        properties: _Schema = schema.get("properties", {})
        others = schema.get("additionalProperties", True)
        for key in schema.get("required", ()):
            if key not in value:
                yield self._source.finding(path, "MISSING_KEY", f"the key {key!r} is missing")
        for key, item in value.items():
            if key in properties:
                yield from self.check(item, properties[key], (*path, key))
            elif isinstance(others, Mapping):
                yield from self.check(item, others, (*path, key))
            elif others is False:
                message = f"unknown key {key!r}{self._suggestions.did_you_mean(key, properties)}"
                yield self._source.finding((*path, key), "UNKNOWN_KEY", message, key=True)

    def _list(self, value: list[Any], schema: _Schema, path: Path) -> Iterator[Finding]:
        if len(value) < schema.get("minItems", 0):
            yield self._wrong(path, "must not be empty")
        elif len(value) > schema.get("maxItems", len(value)):
            yield self._wrong(path, f"must have at most {schema['maxItems']} entries")
        if (items := schema.get("items")) is not None:
            for index, item in enumerate(value):
                yield from self.check(item, items, (*path, index))

    def _number(self, value: float, schema: _Schema, path: Path) -> Iterator[Finding]:
        if value < schema.get("minimum", value):
            yield self._wrong(path, f"must be at least {schema['minimum']}")
        elif value > schema.get("maximum", value):
            yield self._wrong(path, f"must be at most {schema['maximum']}")

    def _wrong(self, path: Path, problem: str) -> Finding:
        name = next((part for part in reversed(path) if isinstance(part, str)), "the plan")
        if path and isinstance(path[-1], int):
            name = f"an entry of {name}"
        return self._source.finding(path, "WRONG_TYPE", f"{name} {problem}")


def _is(value: object, expected: str | list[str]) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(expected, str):
        return isinstance(value, _TYPES[expected])
    return any(isinstance(value, _TYPES[one]) for one in expected)


def _expectation(expected: str | list[str]) -> str:
    names = [expected] if isinstance(expected, str) else expected
    return " or ".join(_TYPE_NAMES[name] for name in names)


def _name_of(value: object) -> str:
    names = {dict: "a mapping", list: "a list", str: "text", bool: "true or false", type(None): "nothing"}
    return names.get(type(value), str(value))
