"""Queues and buckets of a stack, on the local AWS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from click.testing import CliRunner

from cpe.aws.provision import (
    MAX_RECEIVES,
    PAYLOAD_DAYS,
    PAYLOADS,
    create_bucket,
    create_client_queues,
    create_payload_bucket,
    registered_types,
)
from cpe.cli.provision import provision
from cpe.client import PayloadPlace, load_client_config
from cpe.config import load_settings
from cpe.errors import AwsError, ConfigError

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
    return [(rule["Filter"]["Prefix"], rule["Expiration"]["Days"]) for rule in rules]


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
    assert told.stderr == "large payloads lie in s3://my-payloads/cpe/ for 400 days\n"
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


def test_a_queue_with_other_attributes_is_left_alone(local_aws: LocalAws) -> None:
    sqs = boto3.client("sqs")
    redrive = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:other", "maxReceiveCount": 1}
    sqs.create_queue(QueueName="other")
    sqs.create_queue(QueueName="cpe-ClientA-input", Attributes={"RedrivePolicy": json.dumps(redrive)})
    with pytest.raises(AwsError, match="queues of client 'ClientA'"):
        create_client_queues(sqs, "ClientA")


def test_registered_types_of_both_kinds_are_told(local_aws: LocalAws) -> None:
    swf = boto3.client("swf")
    swf.register_domain(name="d", workflowExecutionRetentionPeriodInDays="1")
    assert registered_types(swf, "d") == set()
    swf.register_workflow_type(domain="d", name="Job", version="1")
    swf.register_activity_type(domain="d", name="Work", version="2")
    assert registered_types(swf, "d") == {("Job", "1"), ("Work", "2")}
