"""docs/protocol.md says what is so: its examples, and the types it lists."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cpe.cli.main import cpe
from cpe.protocol import CommandType, EventType, decode_command, decode_event, encode_event
from cpe.protocol.schema import load_schema, validator

TEXT = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")
EXAMPLES: list[dict[str, Any]] = [
    json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["type"])
def test_each_example_is_a_message(example: dict[str, Any]) -> None:
    if example["type"] in set(CommandType):
        validator(CommandType(example["type"])).validate(example)
        decode_command(json.dumps(example))
    else:
        validator(EventType(example["type"])).validate(example)
        assert json.loads(encode_event(decode_event(json.dumps(example)))) == example


@pytest.mark.parametrize("message", [*CommandType, *EventType], ids=str)
def test_each_message_is_told_of_and_has_a_schema(message: CommandType | EventType) -> None:
    family = "ACTIVITY_STARTED, PREPARING, PROGRESS, FINISHING"
    assert message.value in TEXT.replace(family, "")
    schema = load_schema(message)
    assert schema["title"] == message.value
    validator(message).check_schema(schema)


COMMANDS = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_prints_what_goes_into_its_file(command: str) -> None:
    typed, _, file = command.partition(" > ")
    ran = CliRunner().invoke(cpe, shlex.split(typed)[1:])
    assert ran.exit_code == 0
    assert ran.stdout.startswith("asyncapi: 3.0" if file.endswith("yaml") else "{")


def test_both_documents_can_be_printed() -> None:
    assert {command.split()[2] for command in COMMANDS} == {"schema", "asyncapi"}
