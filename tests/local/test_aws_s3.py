"""S3Storage against a local S3."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import boto3
import pytest
import urllib3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from cpe.activity import Cancellation, UploadOptions
from cpe.aws.s3 import S3Storage, transfer_manager
from cpe.aws.session import AwsSession
from cpe.errors import ActivityError, LeaseLost
from cpe.local.server import LocalAws

BIG = 20 * 1024 * 1024


@pytest.fixture
def storage(local_aws: LocalAws) -> S3Storage:
    client = AwsSession().s3()
    client.create_bucket(Bucket="media")
    return S3Storage(client, transfer_manager(client))


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(ActivityError) as caught:
        call()
    return caught.value.code


@pytest.mark.parametrize("size", [0, 1000, BIG])
def test_objects_go_up_and_come_down_whole(storage: S3Storage, tmp_path: Path, size: int) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(Random(1).randbytes(size))
    storage.upload(source, "media", "/out/a.mp4", UploadOptions(content_type="video/mp4"))
    info = storage.head("media", "out/a.mp4")
    assert (info.size, info.content_type) == (size, "video/mp4")
    storage.download("media", "/out/a.mp4", target)
    assert target.read_bytes() == source.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"source", "target"}


def test_options_are_stored(storage: S3Storage, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x")
    options = UploadOptions(reduced_redundancy=True, encrypt=True, metadata={"job": "j1"})
    storage.upload(source, "media", "key", options)
    head = boto3.client("s3").head_object(Bucket="media", Key="key")
    assert head["StorageClass"] == "REDUCED_REDUNDANCY"
    assert head["ServerSideEncryption"] == "AES256"
    assert head["Metadata"] == {"job": "j1"}


def test_a_read_ends_where_the_object_ends(storage: S3Storage, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"0123456789")
    storage.upload(source, "media", "key", UploadOptions())
    assert storage.read("media", "key", length=4) == b"0123"
    assert storage.read("media", "key", start=8, length=100) == b"89"
    assert storage.read("media", "key", start=10, length=1) == b""
    assert storage.read("media", "key", length=0) == b""


def test_what_is_missing_is_named(storage: S3Storage, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"x")
    assert code_of(lambda: storage.head("media", "absent")) == "OBJECT_NOT_FOUND"
    assert code_of(lambda: storage.read("media", "absent", length=1)) == "OBJECT_NOT_FOUND"
    assert code_of(lambda: storage.download("media", "absent", target)) == "OBJECT_NOT_FOUND"
    assert code_of(lambda: storage.head("absent", "key")) == "BUCKET_NOT_FOUND"
    assert code_of(lambda: storage.download("absent", "key", target)) == "BUCKET_NOT_FOUND"
    assert code_of(lambda: storage.upload(source, "absent", "key", UploadOptions())) == "BUCKET_NOT_FOUND"
    assert code_of(lambda: storage.check_bucket("absent")) == "BUCKET_NOT_FOUND"
    storage.check_bucket("media")
    assert {path.name for path in tmp_path.iterdir()} == {"source"}


def test_an_object_can_be_removed_and_none_is_no_fault(storage: S3Storage, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x")
    storage.upload(source, "media", "a/key", UploadOptions())
    for _ in range(2):
        storage.delete("media", "/a/key")
    assert code_of(lambda: storage.head("media", "a/key")) == "OBJECT_NOT_FOUND"
    assert code_of(lambda: storage.delete("absent", "key")) == "BUCKET_NOT_FOUND"


def test_nothing_is_stored_once_the_lease_is_lost(storage: S3Storage, tmp_path: Path) -> None:
    client, cancellation = AwsSession().s3(), Cancellation()
    source = tmp_path / "source"
    source.write_bytes(bytes(BIG))
    cancelled = S3Storage(client, transfer_manager(client), cancellation)
    cancellation.request(LeaseLost("gone"))
    with pytest.raises(LeaseLost):
        cancelled.upload(source, "media", "key", UploadOptions())
    assert code_of(lambda: storage.head("media", "key")) == "OBJECT_NOT_FOUND"


def test_a_transfer_stops_when_the_lease_is_lost(storage: S3Storage, tmp_path: Path) -> None:
    client, cancellation = AwsSession().s3(), Cancellation()
    source = tmp_path / "source"
    source.write_bytes(bytes(BIG))
    # The first part that is asked for takes the lease away.
    client.meta.events.register(
        "before-call.s3.UploadPart", lambda **_: cancellation.request(LeaseLost("gone"))
    )
    cancelled = S3Storage(client, transfer_manager(client), cancellation)
    with pytest.raises(LeaseLost):
        cancelled.upload(source, "media", "key", UploadOptions())
    assert code_of(lambda: storage.head("media", "key")) == "OBJECT_NOT_FOUND"
    assert "Uploads" not in boto3.client("s3").list_multipart_uploads(Bucket="media")


def test_an_unreachable_storage_may_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("cpe.aws.session._ATTEMPTS", 1)
    client = AwsSession().s3()
    with pytest.raises(ActivityError) as caught:
        S3Storage(client, transfer_manager(client)).head("media", "key")
    assert (caught.value.code, caught.value.retryable) == ("STORAGE_UNAVAILABLE", True)


def test_a_worker_whose_credentials_ran_out_does_not_fail_the_job_for_good(local_aws: LocalAws) -> None:
    client = AwsSession().s3()
    answer = b"<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>"

    def refuse(request: Any, **_: Any) -> Any:
        raw = urllib3.HTTPResponse(BytesIO(answer), status=400, preload_content=False)
        return AWSResponse(request.url, 400, HTTPHeaders(), raw)

    client.meta.events.register("before-send.s3", refuse)
    storage = S3Storage(client, transfer_manager(client))
    with pytest.raises(ActivityError, match="renew them") as caught:
        storage.delete("media", "key")
    assert (caught.value.code, caught.value.retryable) == ("STORAGE_UNAVAILABLE", True)


def test_encryption_class_and_tags_are_stored(storage: S3Storage, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x")
    options = UploadOptions(
        encrypt=True, kms_key_id="alias/films", storage_class="STANDARD_IA", tags={"job": "a b/ü", "x": ""}
    )
    storage.upload(source, "media", "key", options)
    client = boto3.client("s3")
    head = client.head_object(Bucket="media", Key="key")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", "alias/films")
    assert head["StorageClass"] == "STANDARD_IA"
    tags = client.get_object_tagging(Bucket="media", Key="key")["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"job": "a b/ü", "x": ""}


@pytest.mark.parametrize("size", [10, BIG])
def test_an_object_is_stored_only_where_there_is_none(storage: S3Storage, tmp_path: Path, size: int) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(Random(1).randbytes(size))
    options = UploadOptions(
        content_type="video/mp4", if_absent=True, tags={"a": "b"}, storage_class="ONEZONE_IA"
    )
    storage.upload(source, "media", "/key", options)
    storage.download("media", "key", target)
    assert target.read_bytes() == source.read_bytes()
    head = boto3.client("s3").head_object(Bucket="media", Key="key")
    assert (head["ContentType"], head["StorageClass"]) == ("video/mp4", "ONEZONE_IA")
    source.write_bytes(b"other")
    assert code_of(lambda: storage.upload(source, "media", "key", options)) == "OBJECT_EXISTS"
    assert storage.head("media", "key").size == size


def test_s3_itself_tells_two_writers_apart(storage: S3Storage, tmp_path: Path) -> None:
    """The condition stands on the request that makes an object visible, also of one in many parts."""
    client, seen = AwsSession().s3(), []
    for operation in ("PutObject", "CompleteMultipartUpload"):
        client.meta.events.register(
            f"before-call.s3.{operation}",
            lambda model, params, **_: seen.append((model.name, params["headers"].get("If-None-Match"))),
        )
    source = tmp_path / "source"
    for name, size in (("small", 10), ("large", BIG)):
        source.write_bytes(bytes(size))
        new = S3Storage(client, transfer_manager(client))
        new.upload(source, "media", name, UploadOptions(if_absent=True))
    assert seen == [("PutObject", "*"), ("CompleteMultipartUpload", "*")]


def test_what_was_begun_in_parts_is_given_up(storage: S3Storage, tmp_path: Path) -> None:
    client, cancellation = AwsSession().s3(), Cancellation()
    source = tmp_path / "source"
    source.write_bytes(bytes(BIG))
    client.meta.events.register(
        "before-call.s3.UploadPart", lambda **_: cancellation.request(LeaseLost("gone"))
    )
    cancelled = S3Storage(client, transfer_manager(client), cancellation)
    with pytest.raises(LeaseLost):
        cancelled.upload(source, "media", "key", UploadOptions(if_absent=True))
    assert "Uploads" not in boto3.client("s3").list_multipart_uploads(Bucket="media")
    assert code_of(lambda: storage.head("media", "key")) == "OBJECT_NOT_FOUND"
