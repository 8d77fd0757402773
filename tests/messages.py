"""Whether what CPE sends is what the protocol says: every message of every test, held against its schema.

All local AWS that tests start record what is sent to their queues into one file; after each test what came to
it is checked. Two kinds of messages are CPE's: those whose sender says so, and those that are, byte by byte, as
CPE writes an event, whoever sent them. What tests make up by hand is their own affair.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from cpe.aws.session import USER_AGENT
from cpe.errors import ProtocolError
from cpe.protocol import CommandType, EventType, decode_event, encode_event
from cpe.protocol.schema import load_common, load_schema

MessageType = CommandType | EventType


class Complaints:
    """Reads a record of messages as it grows, and tells what is wrong with them.

    Attributes:
        checked: How many messages of CPE were held against their schemas so far.
    """

    def __init__(self, record: Path) -> None:
        record.touch()
        self._record = record.open("rb")
        self._rest = b""
        self._by_hand: set[str] = set()
        self.checked = 0

    def news(self) -> list[str]:
        """Tell what is wrong with the messages that came since the last call.

        Of a line that is just being written the next call tells.
        """
        *lines, self._rest = (self._rest + self._record.read()).split(b"\n")
        return [complaint for line in lines for complaint in self._of(json.loads(line))]

    def close(self) -> None:
        """Close the record."""
        self._record.close()

    def _of(self, sent: Mapping[str, str]) -> Iterator[str]:
        body = sent["body"]
        if USER_AGENT not in sent["sender"] and not _is_written_by_cpe(body):
            self._by_hand.add(body)
        elif body not in self._by_hand:  # else a test's own, which CPE sends back to where it was dead
            self.checked += 1
            for finding in findings(body):
                yield f"to {sent['queue']}: {finding}: {body[:2000]}"


def findings(body: str) -> list[str]:
    """Hold a message against the schema of its type: no key more than this version writes."""
    try:
        message = json.loads(body)
        name = message["type"]
        kind = CommandType(name) if name in set(CommandType) else EventType(name)
    except (ValueError, TypeError, KeyError) as error:
        return [f"no message of the protocol ({error!r})"]
    return [
        f"{error.json_path}: {error.message[:500]}" for error in strict_validator(kind).iter_errors(message)
    ]


@cache
def strict_validator(kind: MessageType) -> Draft202012Validator:
    """A validator that knows of no keys but those of the schemas.

    The schemas let readers meet keys of later versions; who writes a message adds none that they do not name,
    but where a schema says that any may come (`additionalProperties`).
    """
    return Draft202012Validator(_closed(load_schema(kind)), registry=_registry())


@cache
def _registry() -> Registry[Any]:
    common = load_common()
    definitions = {name: _closed_inside(schema) for name, schema in common["$defs"].items()}
    empty: Registry[Any] = Registry()
    closed: Registry[Any] = empty.with_resource(
        common["$id"], Resource.from_contents({**common, "$defs": definitions})
    )
    return closed


def _closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Close the schema of one place in a message, and of all places in it."""
    inside = _closed_inside(schema)
    return {**inside, "unevaluatedProperties": False} if _names_keys(schema) else inside


def _closed_inside(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Close what is in a place; the place itself may get more keys from the schema that refers to this one."""
    closed = dict(schema)
    if "properties" in schema:
        closed["properties"] = {name: _closed(inner) for name, inner in schema["properties"].items()}
    if "items" in schema:
        closed["items"] = _closed(schema["items"])
    if "anyOf" in schema:
        closed["anyOf"] = [_closed_inside(inner) for inner in schema["anyOf"]]
    return closed


def _names_keys(schema: Mapping[str, Any]) -> bool:
    if "properties" in schema:
        return True
    if "$ref" in schema:
        return _names_keys(load_common()["$defs"][schema["$ref"].rpartition("/")[2]])
    return any(map(_names_keys, schema.get("anyOf", ())))


def _is_written_by_cpe(body: str) -> bool:
    try:
        return encode_event(decode_event(body)) == body
    except ProtocolError:
        return False
