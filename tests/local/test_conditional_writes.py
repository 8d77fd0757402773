"""Objects that are written where there are none: one writer is the first, whichever way the answer is made."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from cpe.local.server import LocalAws

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

#: An empty object is stored without moto's way from a request to its models; one with metadata is moto's.
SHORT: dict[str, Any] = {}
LONG: dict[str, Any] = {"Metadata": {"written": "by moto"}}
WAYS = pytest.mark.parametrize("way", [SHORT, LONG, {"Body": b"x"}], ids=["short", "long", "body"])
KEY = "claims/ä b+c%2F~"


@pytest.fixture
def s3(local_aws: LocalAws) -> S3Client:
    return boto3.client("s3", config=Config(max_pool_connections=8, retries={"total_max_attempts": 1}))


def create(s3: S3Client, way: dict[str, Any], key: str = KEY, bucket: str = "claims") -> str:
    """Write an object where there is none; tell how it went."""
    try:
        s3.put_object(Bucket=bucket, Key=key, IfNoneMatch="*", **way)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "created"


@WAYS
def test_one_of_many_writers_is_the_first(s3: S3Client, way: dict[str, Any]) -> None:
    s3.create_bucket(Bucket="claims")
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # lets threads meet where they seldom do
    try:
        with ThreadPoolExecutor(8) as pool:
            for number in range(20):
                told = list(pool.map(lambda key: create(s3, way, key), [f"key-{number}"] * 8))
                assert sorted(told) == ["PreconditionFailed"] * 7 + ["created"]
    finally:
        sys.setswitchinterval(usual)


@WAYS
def test_a_key_is_what_it_was_written_as(s3: S3Client, way: dict[str, Any]) -> None:
    s3.create_bucket(Bucket="claims")
    assert [create(s3, way), create(s3, SHORT), create(s3, LONG)] == ["created", *["PreconditionFailed"] * 2]
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="claims")["Contents"]] == [KEY]
    s3.delete_object(Bucket="claims", Key=KEY)
    assert create(s3, way) == "created"


def test_both_ways_answer_alike(s3: S3Client) -> None:
    s3.create_bucket(Bucket="claims")
    answers: list[dict[str, Any]] = []
    for key, way in (("short", SHORT), ("long", LONG)):
        put: Any = s3.put_object(Bucket="claims", Key=key, IfNoneMatch="*", **way)
        head: Any = s3.head_object(Bucket="claims", Key=key, ChecksumMode="ENABLED")
        named = ("ETag", "ChecksumCRC32", "ContentLength", "ContentType", "VersionId")
        answers.append({name: (put.get(name), head.get(name)) for name in named})
        with pytest.raises(ClientError) as caught:
            s3.put_object(Bucket="claims", Key=key, IfNoneMatch="*", **way)
        error = dict(caught.value.response["Error"])
        answers[-1] |= {name: error.get(name) for name in ("Code", "Message", "Condition")}
        answers[-1]["status"] = caught.value.response["ResponseMetadata"]["HTTPStatusCode"]
    assert answers[0] == answers[1]
    assert answers[0]["ETag"][0] == answers[0]["ETag"][1]


@WAYS
def test_a_bucket_that_is_not_there_is_told(s3: S3Client, way: dict[str, Any]) -> None:
    assert create(s3, way, bucket="absent") == "NoSuchBucket"


@WAYS
def test_a_buckets_policy_is_heeded(s3: S3Client, way: dict[str, Any]) -> None:
    s3.create_bucket(Bucket="claims")
    s3.put_bucket_policy(
        Bucket="claims",
        Policy='{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", '
        '"Action": "s3:PutObject", "Resource": "arn:aws:s3:::claims/*"}]}',
    )
    assert create(s3, way) == "403"


@WAYS
def test_versions_are_kept(s3: S3Client, way: dict[str, Any]) -> None:
    s3.create_bucket(Bucket="claims")
    s3.put_bucket_versioning(Bucket="claims", VersioningConfiguration={"Status": "Enabled"})
    assert create(s3, way) == "created"
    (version,) = s3.list_object_versions(Bucket="claims")["Versions"]
    assert version["VersionId"] != "null"
