"""The JSON Schemas of all messages, for clients in other languages, documents and tests.

The schemas say what to send and what to expect; the codec takes a little more (types in any case, the
original's events, which have no ids).
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from cpe.protocol.commands import CommandType
from cpe.protocol.events import EventType

COMMON_ID = "urn:cpe:protocol:2:common"
"""The `$id` of the definitions that the schemas of messages refer to."""

_COMMON = "common"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def load_schema(message: CommandType | EventType) -> dict[str, Any]:
    """Read the JSON Schema (2020-12) of a message."""
    return _load(message.value)


def load_common() -> dict[str, Any]:
    """Read the definitions that the schemas of messages refer to."""
    return _load(_COMMON)


def bundled_schema(*messages: CommandType | EventType) -> dict[str, Any]:
    """Make one schema of messages that needs nothing else: what they refer to is inside.

    Args:
        messages: Any of which is valid; all if there is none.

    Example:
        >>> sorted(bundled_schema(CommandType.CANCEL_JOB)["$defs"])
        ['CANCEL_JOB', 'common']
    """
    chosen = messages or (*CommandType, *EventType)
    schemas = {message.value: load_schema(message) for message in chosen}
    return {
        "$schema": _DIALECT,
        "title": "A message of CPE" if len(chosen) > 1 else chosen[0].value,
        "anyOf": [{"$ref": schema["$id"]} for schema in schemas.values()],
        "$defs": {**schemas, _COMMON: load_common()},
    }


def validator(message: CommandType | EventType) -> Draft202012Validator:
    """Make a validator of a message's body, parsed.

    Example:
        >>> validator(CommandType.CANCEL_JOB).is_valid(
        ...     {"time": 1.5, "type": "CANCEL_JOB", "jobId": "j1", "data": {}}
        ... )
        True
    """
    return Draft202012Validator(load_schema(message), registry=_registry())


@cache
def _registry() -> Registry[Any]:
    common = load_common()
    empty: Registry[Any] = Registry()
    registry: Registry[Any] = empty.with_resource(common["$id"], Resource.from_contents(common))
    return registry


def _load(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(
        (files("cpe.protocol") / "schemas" / f"{name}.json").read_text("utf-8")
    )
    return schema
