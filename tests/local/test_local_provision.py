"""Queues and buckets of a stack, on the local AWS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import boto3
import pytest

from cpe.aws.provision import MAX_RECEIVES, create_bucket, create_client_queues, registered_types
from cpe.errors import AwsError

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
