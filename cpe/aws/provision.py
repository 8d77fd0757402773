"""What a stack needs before its daemons start: queues and buckets. All of it may exist already."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from cpe.aws.faults import told
from cpe.aws.registry import SwfRegistry
from cpe.protocol.references import PayloadPlace

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import LifecycleRuleOutputTypeDef
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.literals import QueueAttributeNameType
    from types_boto3_swf import SWFClient

    from cpe.aws.session import AwsSession

    _Attributes = dict[QueueAttributeNameType, str]

MAX_RECEIVES = 10
"""How often a command is delivered before it goes to the dead-letter queue."""

RETENTION_SECONDS = 14 * 24 * 3600
"""How long queues keep messages: the most that SQS allows."""

_OURS_ALREADY = "BucketAlreadyOwnedByYou"
_NO_LIFECYCLE = "NoSuchLifecycleConfiguration"


PAYLOADS = PayloadPlace(bucket="cpe-payloads")
"""Where a stack that is told of no other place keeps large payloads."""

PAYLOAD_DAYS = 400
"""After how many days S3 deletes a payload: an execution is open for a year at most (SWF's quota), and its
history is kept for 30 days more in a domain that CPE registered."""

BUCKETS = ("cpe-input", "cpe-output")
"""The buckets of a stack that is told of no others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientQueues:
    """URLs of a client's two queues."""

    input: str
    output: str


def provision_stack(
    session: AwsSession,
    *,
    domain: str,
    client: str,
    buckets: Iterable[str] = BUCKETS,
    payloads: PayloadPlace = PAYLOADS,
) -> ClientQueues:
    """Create the domain, a client's queues and the buckets; what exists already stays.

    Args:
        session: Where to.
        domain: SWF domain.
        client: The client's name.
        buckets: For inputs and outputs.
        payloads: Where large payloads shall lie.

    Raises:
        AwsError: AWS refused one of them.
    """
    SwfRegistry(session.swf()).register_domain(domain)
    s3 = session.s3()
    for bucket in buckets:
        create_bucket(s3, bucket)
    create_payload_bucket(s3, payloads)
    return create_client_queues(session.sqs(), client)


def create_client_queues(sqs: SQSClient, client: str) -> ClientQueues:
    """Create ``cpe-<client>-input`` with its dead-letter queue ``…-input-dead``, and ``cpe-<client>-output``.

    Raises:
        AwsError: SQS refused, or has such a queue with other attributes.
    """
    name = f"cpe-{client}"
    with told(f"queues of client {client!r}"):
        retention: _Attributes = {"MessageRetentionPeriod": str(RETENTION_SECONDS)}
        dead = sqs.create_queue(QueueName=f"{name}-input-dead", Attributes=retention)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": MAX_RECEIVES})
        return ClientQueues(
            input=sqs.create_queue(
                QueueName=f"{name}-input", Attributes={**retention, "RedrivePolicy": redrive}
            )["QueueUrl"],
            output=sqs.create_queue(QueueName=f"{name}-output", Attributes=retention)["QueueUrl"],
        )


def create_bucket(s3: S3Client, name: str) -> None:
    """Create a bucket in the client's region.

    Raises:
        AwsError: S3 refused, or the bucket is somebody else's.
    """
    region = s3.meta.region_name
    with told(f"bucket {name!r}"):
        try:
            if region == "us-east-1":  # the one region that must not be named (CreateBucket, API reference)
                s3.create_bucket(Bucket=name)
            else:
                s3.create_bucket(
                    Bucket=name,
                    CreateBucketConfiguration={"LocationConstraint": region},  # type: ignore[typeddict-item]  # any region
                )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != _OURS_ALREADY:
                raise


def create_payload_bucket(s3: S3Client, place: PayloadPlace, *, days: int = PAYLOAD_DAYS) -> None:
    """Create the bucket of large payloads, and let S3 delete them after so many days.

    Rules that the bucket has are kept; one that expires the same prefix goes before ours.

    Raises:
        AwsError: S3 refused.
    """
    create_bucket(s3, place.bucket)
    with told(f"lifecycle of bucket {place.bucket!r}"):
        rules = _lifecycle_rules(s3, place.bucket)
        if any("Expiration" in rule and _prefix(rule) == place.prefix for rule in rules):
            return
        s3.put_bucket_lifecycle_configuration(
            Bucket=place.bucket,
            LifecycleConfiguration={
                "Rules": [
                    *rules,
                    {"Filter": {"Prefix": place.prefix}, "Status": "Enabled", "Expiration": {"Days": days}},
                ]
            },
        )


def _lifecycle_rules(s3: S3Client, bucket: str) -> list[LifecycleRuleOutputTypeDef]:
    try:
        return s3.get_bucket_lifecycle_configuration(Bucket=bucket).get("Rules", [])
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != _NO_LIFECYCLE:
            raise
        return []


def _prefix(rule: LifecycleRuleOutputTypeDef) -> str | None:
    return rule.get("Filter", {}).get("Prefix", rule.get("Prefix"))


def registered_types(swf: SWFClient, domain: str) -> set[tuple[str, str]]:
    """Tell names and versions of all workflow and activity types that may be used in a domain.

    Raises:
        AwsError: SWF refused.
    """
    types: set[tuple[str, str]] = set()
    with told(f"types of SWF domain {domain!r}"):
        workflows = swf.get_paginator("list_workflow_types")
        for workflow_page in workflows.paginate(domain=domain, registrationStatus="REGISTERED"):
            for workflow in workflow_page["typeInfos"]:
                types.add((workflow["workflowType"]["name"], workflow["workflowType"]["version"]))
        activities = swf.get_paginator("list_activity_types")
        for activity_page in activities.paginate(domain=domain, registrationStatus="REGISTERED"):
            for activity in activity_page["typeInfos"]:
                types.add((activity["activityType"]["name"], activity["activityType"]["version"]))
    return types
