"""The schemas of messages: complete, told of, and the same as the code's own idea of a message."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cpe.jobs import ActivityStatus, JobStatus
from cpe.protocol import CommandType, EventType, JobFilter, decode_command, decode_event, encode_event
from cpe.protocol.schema import bundled_schema, load_common, load_schema
from tests.messages import findings, strict_validator

MESSAGES = (*CommandType, *EventType)
EXAMPLES = [(kind, example) for kind in MESSAGES for example in load_schema(kind)["examples"]]
COMMON = load_common()["$defs"]

#: Places within an example whose keys are the protocol's own.
PLACES = [
    (),
    ("data",),
    ("data", "workflow"),
    ("data", "activity"),
    ("data", "activity", "activityType"),
    ("data", "job"),
]


def places(schema: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The schemas of all fields within a schema."""
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}.{name}", inner
        yield from places(inner, f"{path}.{name}")
    if "items" in schema:
        yield from places(schema["items"], f"{path}[]")
    for inner in schema.get("anyOf", ()):
        yield from places(inner, path)


FIELDS = [
    field
    for name, schema in [*((kind.value, load_schema(kind)) for kind in MESSAGES), *COMMON.items()]
    for field in places(schema, name)
]


@pytest.mark.parametrize("kind", MESSAGES, ids=str)
def test_each_message_has_a_schema_that_tells_of_it(kind: CommandType | EventType) -> None:
    schema = load_schema(kind)
    Draft202012Validator.check_schema(schema)
    assert (schema["title"], schema["$id"]) == (kind.value, f"urn:cpe:protocol:2:{kind.value}")
    assert schema["description"].endswith(".")
    assert schema["examples"]


def test_each_field_is_told_of() -> None:
    def is_told_of(place: str, schema: Mapping[str, Any]) -> bool:
        referred = COMMON[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else {}
        return "description" in schema or "description" in referred or place.endswith((".type", ".data"))

    assert [place for place, schema in FIELDS if not is_told_of(place, schema)] == []


def test_all_shared_definitions_are_told_of_and_used() -> None:
    used = json.dumps([load_common(), *map(load_schema, MESSAGES)])
    for name, schema in COMMON.items():
        assert schema["description"].endswith("."), name
        assert f'common#/$defs/{name}"' in used


@pytest.mark.parametrize(("kind", "example"), EXAMPLES, ids=[kind.value for kind, _ in EXAMPLES])
def test_each_example_is_a_message(kind: CommandType | EventType, example: dict[str, Any]) -> None:
    assert example["type"] == kind
    body = json.dumps(example)
    assert findings(body) == []
    if isinstance(kind, CommandType):
        assert decode_command(body).type is kind
    else:
        assert json.loads(encode_event(decode_event(body))) == example


@pytest.mark.parametrize(("kind", "example"), EXAMPLES, ids=[kind.value for kind, _ in EXAMPLES])
def test_readers_leave_keys_alone_that_writers_do_not_write(
    kind: CommandType | EventType, example: dict[str, Any]
) -> None:
    for place in PLACES:
        changed = json.loads(json.dumps(example))
        target = changed
        for name in place:
            target = target.get(name, {})
        if not isinstance(target, dict) or not (target or place == ("data",)):
            continue
        target["colour"] = "red"
        open_by_design = kind is CommandType.START_JOB and place
        assert Draft202012Validator(bundled_schema(kind)).is_valid(changed), place
        if "colour" in json.dumps(changed):
            assert strict_validator(kind).is_valid(changed) == bool(open_by_design), place


def test_the_words_are_the_codes_own() -> None:
    jobs = load_schema(CommandType.GET_JOB_LIST)["properties"]["data"]["properties"]
    assert jobs["status"]["enum"] == list(JobFilter)
    assert COMMON["jobSummary"]["properties"]["status"]["enum"] == list(JobStatus)
    assert COMMON["activity"]["properties"]["status"]["enum"] == list(ActivityStatus)


def test_a_bundle_needs_nothing_else() -> None:
    everything = Draft202012Validator(bundled_schema())
    for _, example in EXAMPLES:
        everything.validate(example)
    assert not everything.is_valid({"type": "MAKE_TEA"})
    assert not Draft202012Validator(bundled_schema(CommandType.SIGNAL_JOB)).is_valid(
        load_schema(CommandType.CANCEL_JOB)["examples"][0]
    )
