"""What is sent to the queues of a local AWS, written down; and that the tests read it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from cpe.aws.session import USER_AGENT, AwsSession
from cpe.errors import ConfigError
from cpe.local.server import LocalAws
from tests.local.test_local_up import cpe

REPOSITORY = Path(__file__).parents[2]


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_each_message_is_recorded_as_it_was_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = tmp_path / "messages.jsonl"
    record.write_text("{}\n")
    with LocalAws(record=record) as aws:
        for name, value in aws.environment().items():
            monkeypatch.setenv(name, value)
        sqs, sns = boto3.client("sqs"), boto3.client("sns")
        url = sqs.create_queue(QueueName="recorded")["QueueUrl"]
        topic = sns.create_topic(Name="news")["TopicArn"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
        sent = sqs.send_message(QueueUrl=url, MessageBody="ä\n1")
        sqs.send_message_batch(
            QueueUrl=url, Entries=[{"Id": text, "MessageBody": text} for text in ("2", "3")]
        )
        sns.publish(TopicArn=topic, Message="4")
        AwsSession().sqs().send_message(QueueUrl=url, MessageBody="5")
    before, *recorded = lines(record)
    assert before == {}
    assert [line["body"] for line in recorded] == ["ä\n1", "2", "3", "4", "5"]
    assert {line["queue"] for line in recorded} == {"recorded"}
    assert recorded[0]["messageId"] == sent["MessageId"]
    assert [USER_AGENT in line["sender"] for line in recorded] == [False] * 4 + [True]
    assert [line["time"] for line in recorded] == sorted(line["time"] for line in recorded)
    assert record.stat().st_mode & 0o777 == 0o644


def test_a_new_record_is_its_owners_alone(tmp_path: Path) -> None:
    with LocalAws(record=tmp_path / "new"):
        assert (tmp_path / "new").stat().st_mode & 0o077 == 0


def test_a_record_that_cannot_be_written_is_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--record") as refused:
        LocalAws(record=tmp_path / "none" / "messages").start()
    assert refused.value.code == "RECORD_UNWRITABLE"


@pytest.mark.parametrize("by", ["option", "variable"])
def test_cpe_local_records(tmp_path: Path, by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    record = tmp_path / "messages"
    if by == "variable":
        monkeypatch.setenv("CPE_LOCAL_RECORD", str(record))
    options = ["--record", str(record)] if by == "option" else []
    with cpe("local", "--port", "0", "--json", *options, cwd=tmp_path) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        sqs = boto3.client("sqs", endpoint_url=told["endpoint"])
        sqs.send_message(QueueUrl=sqs.create_queue(QueueName="q")["QueueUrl"], MessageBody="hello")
        assert [line["body"] for line in lines(record)] == ["hello"]
        process.terminate()
        process.wait(timeout=100)


_TESTS = """
import boto3

from cpe.aws.session import AwsSession
from cpe.aws.sqs import Queue
from tests.acceptance.local_processes import command

EVENT = '''{"time": 1.5, "type": "JOB_SIGNALED", "eventId": "answer:1", "jobId": "j1", "version": "2.0",
 "data": {"workflow": {"workflowId": "ClientA.j1", "runId": "r"}, "signal": "go"%s}}'''

def send(body):
    sqs = AwsSession().sqs()
    Queue(sqs, sqs.create_queue(QueueName="out")["QueueUrl"]).send(body)

def test_a_valid_event(local_aws):
    send(EVENT % "")

def test_an_unknown_key(local_aws):
    send(EVENT % ', "color": "red"')

def test_by_hand(local_aws):
    queue = boto3.client("sqs").create_queue(QueueName="in")["QueueUrl"]
    boto3.client("sqs").send_message(QueueUrl=queue, MessageBody='{"type": "MAKE_TEA"}')

def test_in_a_process(monkeypatch):
    with command("local", "--port", "0", "--json") as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint())
        send('{"type": "MAKE_COFFEE"}')

def test_as_cpe_writes_it(local_aws):
    queue = boto3.client("sqs").create_queue(QueueName="out")["QueueUrl"]
    body = '{"time": 1.5, "type": "WORKFLOW_CONTINUED", "eventId": "r:closed", "jobId": "j1", "version": "2.0", '
    body += '"data": {"workflow": {"workflowId": "ClientA.j1", "runId": "r"}}}'
    boto3.client("sqs").send_message(QueueUrl=queue, MessageBody=body)
"""


def test_a_test_during_which_cpe_sends_what_no_schema_allows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("from tests.conftest import *\n")
    (tmp_path / "test_it.py").write_text(_TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", str(tmp_path)]
    ran = subprocess.run(
        command,
        cwd=tmp_path,
        env={"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    refused = re.findall(r"^ERROR test_it\.py::(\w+)", ran.stdout, re.MULTILINE)
    assert refused == ["test_an_unknown_key", "test_in_a_process", "test_as_cpe_writes_it"]
    assert "to out: $.data: Unevaluated properties are not allowed ('color' was unexpected)" in ran.stdout
    assert "to out: no message of the protocol" in ran.stdout
    assert "to out: $.data: 'newRunId' is a required property" in ran.stdout
    assert "5 passed, 3 errors" in ran.stdout
