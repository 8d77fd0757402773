"""`cpe dlq`: dead letters are looked at and sent back, and none is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cpe.local.server import LocalAws
from tests.local.command_line import CommandLine
from tests.local.stage import Stage

SECRET = "hunter2"


@pytest.fixture
def line(local_aws: LocalAws, tmp_path: Path) -> CommandLine:
    stage = Stage(tmp_path)
    dead = stage.queue("dead")
    arn = stage.sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    stage.sqs.set_queue_attributes(
        QueueUrl=stage.client.input_queue,
        Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})},
    )
    return CommandLine(stage, tmp_path)


def bury(stage: Stage, *bodies: Any) -> None:
    """Send messages, and receive them in vain until they are dead letters."""
    for body in bodies:
        stage.send(body)
    for _ in range(2):
        while stage.sqs.receive_message(
            QueueUrl=stage.client.input_queue, MaxNumberOfMessages=10, VisibilityTimeout=0
        ).get("Messages"):
            pass


def test_dead_letters_are_listed_shown_and_sent_back(line: CommandLine) -> None:
    stage = line.stage
    bury(stage, stage.start_job("j1", password=SECRET), f'{{"api_key": "{SECRET}", "broken')
    (queue,) = line.json("dlq", "list")["queues"]
    assert (queue["client"], queue["queue"], queue["url"]) == ("ClientA", "input", stage.client.input_queue)
    assert queue["count"] == 2
    by_type = {letter["type"]: letter for letter in queue["messages"]}
    assert (by_type["START_JOB"]["jobId"], by_type["START_JOB"]["reason"]) == ("j1", None)
    assert by_type[None]["reason"] == "INVALID_JSON"
    assert all("body" not in letter for letter in queue["messages"])
    table = line.text("dlq", "list")
    assert table.endswith("ClientA input: 2\n")
    assert "INVALID_JSON: not JSON" in table

    for letter in queue["messages"]:
        shown = line.json("dlq", "show", letter["messageId"])
        assert shown["message"]["messageId"] == letter["messageId"]
        text = line.text("dlq", "show", letter["messageId"])
        for told in (json.dumps(shown), text):
            assert SECRET not in told
            assert "***" in told
    start = line.json("dlq", "show", by_type["START_JOB"]["messageId"])
    assert json.loads(start["message"]["body"])["data"]["workflow"]["name"] == "Works"

    one = by_type["START_JOB"]["messageId"]
    told = line.json("dlq", "redrive", one)
    assert told == {"redriven": [{"client": "ClientA", "queue": "input", "count": 1}]}
    assert (stage.waiting_commands(), line.json("dlq", "list")["queues"][0]["count"]) == (1, 1)
    assert line.text("dlq", "redrive", "--all", "--client", "ClientA") == "ClientA input: 1 sent back\n"
    assert (stage.waiting_commands(), line.text("dlq", "list")) == (2, "ClientA input: 0\n")


def test_a_letter_with_half_a_character_is_shown(line: CommandLine) -> None:
    bury(line.stage, '{"type": "START_JOB", "jobId": "\\ud800"}')
    (letter,) = line.json("dlq", "list")["queues"][0]["messages"]
    assert letter["reason"] == "INVALID_FIELD"
    shown = line.json("dlq", "show", letter["messageId"])
    assert json.loads(shown["message"]["body"])["jobId"] == "\ud800"
    assert "ud800" in line.text("dlq", "show", letter["messageId"])


def test_what_goes_wrong(line: CommandLine) -> None:
    assert line.error("dlq", "show", "nope").code == "UNKNOWN_MESSAGE"
    assert line.error("dlq", "redrive", "nope").code == "UNKNOWN_MESSAGE"
    assert line.error("dlq", "list", "--client", "B").code == "CLIENT_NOT_CONFIGURED"
    assert line.run("dlq", "redrive").exit_code == 2
    assert line.run("dlq", "redrive", "x", "--all").exit_code == 2
    line.stage.sqs.set_queue_attributes(
        QueueUrl=line.stage.client.input_queue, Attributes={"RedrivePolicy": ""}
    )
    assert line.error("dlq", "list").code == "NO_DEAD_LETTERS"
    line.config.write_text("{}")
    assert line.error("dlq", "list").code == "NO_CLIENTS"
