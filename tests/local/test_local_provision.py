"""Queues and buckets of a stack, on the local AWS."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner

from cpe.aws.client_queues import MAX_RECEIVES, create_client_queues
from cpe.aws.inventory import Inventory, State
from cpe.aws.provision import PAYLOAD_DAYS, PAYLOADS, create_bucket, create_payload_bucket, registered_types
from cpe.cli.provision import provision
from cpe.client import PayloadPlace, load_client_config
from cpe.config import load_settings
from cpe.errors import ConfigError

if TYPE_CHECKING:
    from cpe.local.server import LocalAws


def test_everything_may_exist_already(local_aws: LocalAws) -> None:
    s3, sqs = boto3.client("s3"), boto3.client("sqs")
    for _ in range(2):
        create_bucket(s3, "cpe-input")
        queues = create_client_queues(sqs, "ClientA")
    assert queues.input == f"{local_aws.endpoint}/123456789012/cpe-ClientA-input"
    assert queues.output == f"{local_aws.endpoint}/123456789012/cpe-ClientA-output"
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["cpe-input"]


def test_buckets_stand_in_the_clients_region(local_aws: LocalAws) -> None:
    s3 = boto3.client("s3", region_name="eu-west-3")
    for _ in range(2):
        create_bucket(s3, "cpe-output")
    assert s3.get_bucket_location(Bucket="cpe-output")["LocationConstraint"] == "eu-west-3"


def expirations(bucket: str) -> list[tuple[str, int]]:
    rules = boto3.client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    return [(rule["Filter"]["Prefix"], rule["Expiration"]["Days"]) for rule in rules if "Expiration" in rule]


def test_uploads_that_broke_off_are_cleared_away_in_new_buckets(local_aws: LocalAws) -> None:
    s3 = boto3.client("s3")
    create_payload_bucket(s3, PAYLOADS)
    create_bucket(s3, "cpe-output")
    for bucket in ("cpe-payloads", "cpe-output"):
        rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        assert {"DaysAfterInitiation": 2} in [rule.get("AbortIncompleteMultipartUpload") for rule in rules]
    s3.create_bucket(Bucket="foreign")
    create_bucket(s3, "foreign")
    with pytest.raises(ClientError, match="NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket="foreign")


def test_payloads_expire(local_aws: LocalAws) -> None:
    s3 = boto3.client("s3")
    for _ in range(2):
        create_payload_bucket(s3, PAYLOADS)
    assert expirations("cpe-payloads") == [("payloads/", PAYLOAD_DAYS)]


def test_rules_that_a_bucket_has_are_kept(local_aws: LocalAws) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="shared")
    place = PayloadPlace(bucket="shared", prefix="cpe/")
    create_payload_bucket(s3, PayloadPlace(bucket="shared", prefix="other/"), days=7)
    create_payload_bucket(s3, place)
    assert expirations("shared") == [("other/", 7), ("cpe/", PAYLOAD_DAYS)]
    # Nor is the operator's own rule for our prefix changed.
    create_payload_bucket(s3, place, days=800)
    assert expirations("shared") == [("other/", 7), ("cpe/", PAYLOAD_DAYS)]


def test_provisioning_writes_where_large_payloads_lie(local_aws: LocalAws, tmp_path: Path) -> None:
    arguments = ["--payloads", "s3://my-payloads/cpe", "--dir", str(tmp_path)]
    told = CliRunner().invoke(provision, arguments, catch_exceptions=False)
    assert told.exit_code == 0
    assert "lifecycle s3://my-payloads/cpe/: created; payloads are deleted after 400 days\n" in told.stderr
    assert "queue cpe-ClientA-input: created; dead letters go to cpe-ClientA-input-dead" in told.stderr
    place = PayloadPlace(bucket="my-payloads", prefix="cpe/")
    assert load_settings(tmp_path / "config.json", environ={}).payloads == place
    assert load_client_config(tmp_path / "client.json").payloads == place
    assert expirations("my-payloads") == [("cpe/", PAYLOAD_DAYS)]


def test_a_place_that_is_none_is_refused_before_anything_is_made(local_aws: LocalAws, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--payloads is 'my-payloads'"):
        CliRunner().invoke(
            provision, ["--payloads", "my-payloads", "--dir", str(tmp_path)], catch_exceptions=False
        )
    assert boto3.client("s3").list_buckets()["Buckets"] == []


def test_a_command_that_nobody_can_read_ends_in_the_dead_letter_queue(local_aws: LocalAws) -> None:
    sqs = boto3.client("sqs")
    queues = create_client_queues(sqs, "ClientA")
    sqs.send_message(QueueUrl=queues.input, MessageBody="poison")
    for _ in range(MAX_RECEIVES):
        assert sqs.receive_message(QueueUrl=queues.input, VisibilityTimeout=0)["Messages"]
    assert "Messages" not in sqs.receive_message(QueueUrl=queues.input)
    dead = sqs.receive_message(QueueUrl=f"{queues.input}-dead")["Messages"]
    assert [message["Body"] for message in dead] == ["poison"]


def attributes_of(name: str) -> dict[str, str]:
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return {str(name): value for name, value in answer.items()}


def dead_letters_of(name: str) -> tuple[str, int]:
    policy = json.loads(attributes_of(name)["RedrivePolicy"])
    return policy["deadLetterTargetArn"].rpartition(":")[2], policy["maxReceiveCount"]


def test_a_queue_that_is_there_keeps_its_own_attributes(local_aws: LocalAws) -> None:
    sqs = boto3.client("sqs")
    arn = "arn:aws:sqs:us-east-1:123456789012:other"
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    sqs.create_queue(QueueName="other")
    sqs.create_queue(QueueName="cpe-ClientA-input", Attributes={"RedrivePolicy": redrive})
    sqs.create_queue(QueueName="cpe-ClientA-output", Attributes={"VisibilityTimeout": "7"})
    inventory = Inventory()
    create_client_queues(sqs, "ClientA", inventory=inventory)
    assert dead_letters_of("cpe-ClientA-input") == ("other", 1)
    assert dead_letters_of("cpe-ClientA-output") == ("cpe-ClientA-output-dead", MAX_RECEIVES)
    assert attributes_of("cpe-ClientA-output")["VisibilityTimeout"] == "7"
    assert [(item.name, item.state, item.note) for item in inventory.items] == [
        ("cpe-ClientA-input", State.EXISTS, f"keeps its own redrive policy: to {arn} after 1 receives"),
        ("cpe-ClientA-output-dead", State.CREATED, ""),
        (
            "cpe-ClientA-output",
            State.CHANGED,
            "gets a redrive policy: to cpe-ClientA-output-dead after 10 receives",
        ),
    ]


def test_a_fifo_queue_has_a_fifo_queue_for_its_dead_letters(local_aws: LocalAws) -> None:
    sqs = boto3.client("sqs")
    for _ in range(2):
        queues = create_client_queues(sqs, "ClientA", fifo=("output",))
    assert (queues.input[-5:], queues.output[-12:]) == ("input", "-output.fifo")
    assert dead_letters_of("cpe-ClientA-output.fifo") == ("cpe-ClientA-output-dead.fifo", MAX_RECEIVES)
    for name in ("cpe-ClientA-output.fifo", "cpe-ClientA-output-dead.fifo"):
        attributes = attributes_of(name)
        assert attributes["DeduplicationScope"] == "messageGroup"
        assert attributes["FifoThroughputLimit"] == "perMessageGroupId"
        assert attributes["ContentBasedDeduplication"] == "false"


def test_a_dry_run_tells_and_makes_nothing(local_aws: LocalAws, tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        told = CliRunner().invoke(
            provision, ["--fifo", "input", "--dir", str(tmp_path), *arguments], catch_exceptions=False
        )
        assert told.exit_code == 0
        return told.stdout

    told = run("--dry-run")
    assert told.splitlines() == [
        "domain SADomain: would be created",
        "bucket cpe-input: would be created",
        "bucket cpe-output: would be created",
        "bucket cpe-payloads: would be created",
        "lifecycle s3://cpe-payloads/payloads/: would be created; payloads are deleted after 400 days",
        "queue cpe-ClientA-input-dead.fifo: would be created",
        "queue cpe-ClientA-input.fifo: would be created; "
        "dead letters go to cpe-ClientA-input-dead.fifo after 10 receives",
        "queue cpe-ClientA-output-dead: would be created",
        "queue cpe-ClientA-output: would be created; "
        "dead letters go to cpe-ClientA-output-dead after 10 receives",
    ]
    assert boto3.client("sqs").list_queues().get("QueueUrls", []) == []
    assert boto3.client("s3").list_buckets()["Buckets"] == []
    assert list(tmp_path.iterdir()) == []

    assert "CPE_CONFIG" in run()
    again = run("--dry-run").splitlines()
    assert len(again) == 9
    assert all(line.endswith(": exists") for line in again)


def test_registered_types_of_both_kinds_are_told(local_aws: LocalAws) -> None:
    swf = boto3.client("swf")
    swf.register_domain(name="d", workflowExecutionRetentionPeriodInDays="1")
    assert registered_types(swf, "d") == set()
    swf.register_workflow_type(domain="d", name="Job", version="1")
    swf.register_activity_type(domain="d", name="Work", version="2")
    assert registered_types(swf, "d") == {("Job", "1"), ("Work", "2")}


def test_the_commands_of_the_guide(local_aws: LocalAws, tmp_path: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "operations.md").read_text("utf-8")
    section = guide.partition("\n## Queues\n")[2].partition("\n## ")[0]
    commands = re.findall(r"^cpe provision (.*)$", section, re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        told = CliRunner().invoke(provision, [*command.split(), "--dir", str(tmp_path)])
        assert told.exit_code == 0, told.output
    names = {url.rpartition("/")[2] for url in boto3.client("sqs").list_queues()["QueueUrls"]}
    assert {"cpe-ClientA-output-dead", "cpe-ClientB-output-dead.fifo"} <= names
    assert len(names) == 8
