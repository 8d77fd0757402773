"""The AsyncAPI document: sound by AsyncAPI's own schema, the same protocol, and the copy in docs/ up to date."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from jsonschema import Draft7Validator, Draft202012Validator

from cpe.cli.main import cpe
from cpe.protocol import Command, CommandType, Event, EventType, encode_command, encode_event
from cpe.protocol.asyncapi import ANSWERS, asyncapi
from cpe.protocol.schema import load_schema
from tests.unit.test_protocol_properties import commands, events

REPOSITORY = Path(__file__).parents[2]
MESSAGES = (*CommandType, *EventType)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return asyncapi()


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """All objects of a tree."""
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from objects(inner)


def resolve(document: dict[str, Any], reference: str) -> Any:
    found: Any = document
    assert reference.startswith("#/")
    for name in reference[2:].split("/"):
        found = found[name]
    return resolve(document, found["$ref"]) if "$ref" in found else found


@cache
def payload(kind: CommandType | EventType) -> Draft7Validator:
    """What a tool makes of a message's payload: draft 07, where nothing counts beside a `$ref`."""
    tree = asyncapi()
    return Draft7Validator(
        {**tree["components"]["messages"][kind.value]["payload"], "components": tree["components"]}
    )


def test_it_is_an_asyncapi_document(document: dict[str, Any]) -> None:
    schema = json.loads((REPOSITORY / "tests" / "asyncapi" / f"{document['asyncapi']}.json").read_text())
    assert [error.message for error in Draft7Validator(schema).iter_errors(document)] == []
    document["channels"]["commands"]["colour"] = "red"
    assert not Draft7Validator(schema).is_valid(document)
    del document["channels"]["commands"]["colour"]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = [one["$ref"] for one in objects(document) if "$ref" in one]
    assert len(references) > 100
    for reference in references:
        assert resolve(document, reference)
    # What a reference stands beside does not count.
    assert all(one.keys() == {"$ref"} for one in objects(document) if "$ref" in one)


def test_each_message_is_on_its_channel(document: dict[str, Any]) -> None:
    channels = document["channels"]
    assert list(channels["commands"]["messages"]) == list(CommandType)
    assert list(channels["events"]["messages"]) == list(EventType)
    assert list(document["components"]["messages"]) == list(MESSAGES)
    for message in document["components"]["messages"].values():
        assert message["summary"]
        assert message["examples"]


def test_each_command_is_received_and_answered_as_the_guide_says(document: dict[str, Any]) -> None:
    guide = (REPOSITORY / "docs" / "protocol.md").read_text("utf-8")
    for kind, answer in ANSWERS.items():
        told = re.search(rf"^\| {kind} \|.*\| (\w+)[^|]*\|$", guide, re.MULTILINE)
        assert told is not None
        assert told[1] == answer
        assert answer in load_schema(kind)["description"]
        operation = document["operations"][kind]
        assert operation["action"] == "receive"
        assert [resolve(document, one["$ref"])["name"] for one in operation["messages"]] == [kind]
        replies = [resolve(document, one["$ref"])["name"] for one in operation["reply"]["messages"]]
        assert replies == [answer, "COMMAND_REJECTED"]
    assert set(ANSWERS) == set(CommandType)


def test_each_event_is_sent_by_an_operation(document: dict[str, Any]) -> None:
    sent = {
        resolve(document, one["$ref"])["name"]
        for operation in document["operations"].values()
        for one in [*operation["messages"], *operation.get("reply", {}).get("messages", [])]
    }
    assert sent == set(MESSAGES)


def test_what_asks_and_what_answers_belong_together_by_request_id(document: dict[str, Any]) -> None:
    messages = document["components"]["messages"]
    correlated = {name for name, message in messages.items() if "correlationId" in message}
    answers = {kind for kind in EventType if kind.is_answer}
    assert correlated == {*CommandType, *answers, "WORKFLOW_SCHEDULED", "COMMAND_REJECTED"}


@pytest.mark.parametrize("kind", MESSAGES, ids=str)
def test_each_example_fits_its_payload(document: dict[str, Any], kind: CommandType | EventType) -> None:
    for example in document["components"]["messages"][kind]["examples"]:
        payload(kind).validate(example["payload"])
        assert not payload(kind).is_valid(example["payload"] | {"type": "MAKE_TEA"})
        assert not payload(kind).is_valid(example["payload"] | {"time": "soon"})


@given(commands())
def test_every_command_fits_its_payload(command: Command) -> None:
    payload(command.type).validate(json.loads(encode_command(command)))


@given(events())
def test_every_event_fits_its_payload(event: Event) -> None:
    payload(event.type).validate(json.loads(encode_event(event)))


@pytest.mark.parametrize("kind", EventType, ids=str)
def test_every_short_event_fits_its_payload(kind: EventType) -> None:
    example = {**load_schema(kind)["examples"][0], "$ref": "s3://bucket/key", "size": 1, "sha256": "0" * 64}
    payload(kind).validate(example)
    assert not payload(kind).is_valid({**example, "size": -1})
    assert not payload(kind).is_valid({**example, "$ref": "key"})


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cpe, ["protocol", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_copy_in_the_docs_is_what_the_command_prints(document: dict[str, Any]) -> None:
    printed = run("asyncapi")
    copy = REPOSITORY / "docs" / "asyncapi.yaml"
    assert copy.read_text("utf-8") == printed, f"renew it with: cpe protocol asyncapi > {copy}"
    assert yaml.safe_load(printed) == document
    assert not re.search(r"[:-] [&*]\w", printed)


def test_it_is_printed_as_json_too(document: dict[str, Any]) -> None:
    assert json.loads(run("asyncapi", "--format", "json")) == document


def test_schemas_are_printed() -> None:
    one = json.loads(run("schema", "start_job"))
    assert one["title"] == "START_JOB"
    Draft202012Validator.check_schema(one)
    assert len(json.loads(run("schema"))["anyOf"]) == len(MESSAGES)


def test_an_unknown_type_is_told_with_those_that_there_are() -> None:
    result = CliRunner().invoke(cpe, ["protocol", "schema", "MAKE_TEA"])
    assert result.exit_code == 2
    assert "there is no message MAKE_TEA; there are START_JOB, " in result.output
