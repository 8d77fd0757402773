"""What a stack needs before its daemons start: queues and buckets. All of it may exist already."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from cpe.aws.client_queues import ClientQueues, Side, create_client_queues
from cpe.aws.faults import told
from cpe.aws.inventory import Inventory
from cpe.aws.registry import SwfRegistry
from cpe.errors import AwsError
from cpe.protocol.references import PayloadPlace

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import LifecycleRuleOutputTypeDef, LifecycleRuleTypeDef
    from types_boto3_swf import SWFClient

    from cpe.aws.session import AwsSession

_OURS_ALREADY = "BucketAlreadyOwnedByYou"
_NO_LIFECYCLE = "NoSuchLifecycleConfiguration"
_NO_BUCKET = "NoSuchBucket"

_BROKEN_UPLOADS: LifecycleRuleTypeDef = {
    "ID": "cpe-broken-uploads",
    "Filter": {"Prefix": ""},
    "Status": "Enabled",
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
}
"""What a worker that was killed had uploaded of a large object; nobody sees it, and it costs money."""

PAYLOADS = PayloadPlace(bucket="cpe-payloads")
"""Where a stack that is told of no other place keeps large payloads."""

PAYLOAD_DAYS = 400
"""After how many days S3 deletes a payload: an execution is open for a year at most (SWF's quota), and its
history is kept for 30 days more in a domain that CPE registered."""

BUCKETS = ("cpe-input", "cpe-output")
"""The buckets of a stack that is told of no others."""


def provision_stack(
    session: AwsSession,
    *,
    domain: str,
    client: str,
    buckets: Iterable[str] = BUCKETS,
    payloads: PayloadPlace = PAYLOADS,
    fifo: tuple[Side, ...] = (),
    inventory: Inventory | None = None,
) -> ClientQueues:
    """Create the domain, a client's queues and the buckets; what exists already stays.

    Args:
        session: Where to.
        domain: SWF domain.
        client: The client's name.
        buckets: For inputs and outputs.
        payloads: Where large payloads shall lie.
        fifo: Which queues are FIFO.
        inventory: Keeps the list of it all; in a dry run nothing is made.

    Raises:
        AwsError: AWS refused one of them.
    """
    inventory = inventory or Inventory()
    registry = SwfRegistry(session.swf())
    if registry.domain_exists(domain):
        inventory.found("domain", domain)
    else:
        inventory.make("domain", domain, lambda: registry.register_domain(domain))
    s3 = session.s3()
    for bucket in buckets:
        create_bucket(s3, bucket, inventory=inventory)
    create_payload_bucket(s3, payloads, inventory=inventory)
    return create_client_queues(session.sqs(), client, fifo=fifo, inventory=inventory)


def create_bucket(s3: S3Client, name: str, *, inventory: Inventory | None = None) -> None:
    """Create a bucket in the client's region, in which S3 clears away uploads that broke off.

    Raises:
        AwsError: S3 refused, or the bucket is somebody else's.
    """
    inventory = inventory or Inventory()
    if _bucket_exists(s3, name):
        inventory.found("bucket", name)
    else:
        inventory.make("bucket", name, lambda: _create_bucket(s3, name))


def _bucket_exists(s3: S3Client, name: str) -> bool:
    try:
        with told(f"bucket {name!r}"):
            s3.head_bucket(Bucket=name)
    except AwsError as error:
        # One that is somebody else's is denied: trying to create it tells.
        if error.code in {"NOT_FOUND", "BUCKET_NOT_FOUND", "ACCESS_DENIED"}:
            return False
        raise
    return True


def _create_bucket(s3: S3Client, name: str) -> None:
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
            return
    with told(f"lifecycle of bucket {name!r}"):
        s3.put_bucket_lifecycle_configuration(
            Bucket=name, LifecycleConfiguration={"Rules": [_BROKEN_UPLOADS]}
        )


def create_payload_bucket(
    s3: S3Client, place: PayloadPlace, *, days: int = PAYLOAD_DAYS, inventory: Inventory | None = None
) -> None:
    """Create the bucket of large payloads, and let S3 delete them after so many days.

    Rules that the bucket has are kept; one that expires the same prefix goes before ours.

    Raises:
        AwsError: S3 refused.
    """
    inventory = inventory or Inventory()
    create_bucket(s3, place.bucket, inventory=inventory)
    with told(f"lifecycle of bucket {place.bucket!r}"):
        rules = _lifecycle_rules(s3, place.bucket)
        if any("Expiration" in rule and _prefix(rule) == place.prefix for rule in rules):
            inventory.found("lifecycle", place.url)
            return
        ours: LifecycleRuleTypeDef = {
            "Filter": {"Prefix": place.prefix},
            "Status": "Enabled",
            "Expiration": {"Days": days},
        }
        inventory.make(
            "lifecycle",
            place.url,
            lambda: s3.put_bucket_lifecycle_configuration(
                Bucket=place.bucket, LifecycleConfiguration={"Rules": [*rules, ours]}
            ),
            f"payloads are deleted after {days} days",
        )


def _lifecycle_rules(s3: S3Client, bucket: str) -> list[LifecycleRuleOutputTypeDef]:
    try:
        return s3.get_bucket_lifecycle_configuration(Bucket=bucket).get("Rules", [])
    except ClientError as error:
        # In a dry run the bucket may be missing too.
        if error.response.get("Error", {}).get("Code") not in {_NO_LIFECYCLE, _NO_BUCKET}:
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
