"""Outputs that a job says not to overwrite, on a local S3: an attempt takes what one before it stored for its own."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import boto3
import pytest
import urllib3

from activities.media.locations import Location, OnExists, Target
from activities.transfer.publish import Product, publish
from cpe.activity import ActivityContext, UploadOptions
from cpe.aws.s3 import S3Storage, transfer_manager
from cpe.aws.session import AwsSession
from cpe.errors import ActivityError
from cpe.local.server import LocalAws
from cpe.testing import ActivityEnvironment

SMALL, IN_PARTS = 1000, 20 * 1024 * 1024
SIZES = pytest.mark.parametrize("size", [SMALL, IN_PARTS], ids=["small", "in parts"])


@dataclass(frozen=True, slots=True)
class Bench:
    """A task whose storage is S3, and files for it to publish."""

    context: ActivityContext
    folder: Path

    @classmethod
    def make(cls, folder: Path) -> Bench:
        client = AwsSession().s3()
        client.create_bucket(Bucket="made")
        context = ActivityEnvironment(folder / "environment").context({})
        return cls(replace(context, storage=S3Storage(client, transfer_manager(client))), folder)

    def of_task(self, **changes: Any) -> Bench:
        """The same for another task."""
        return replace(self, context=replace(self.context, task=replace(self.context.task, **changes)))

    def publish(
        self, size: int, on_exists: OnExists = OnExists.FAIL, *, seed: int = 1, key: str = "x.mp4"
    ) -> set[Location]:
        """Publish a file; its bytes follow from the seed."""
        path = self.folder / "file"
        path.write_bytes(Random(seed).randbytes(size))
        target = Target(
            location=Location(bucket="made", key=key),
            options=UploadOptions(metadata={"Title": "mine"}, if_absent=on_exists is not OnExists.OVERWRITE),
            on_exists=on_exists,
        )
        product = Product(path=path, target=target, key=key, content_type="video/mp4", facts={})
        return publish(self.context, [product])

    def stored(self, key: str = "x.mp4") -> bytes:
        content: bytes = boto3.client("s3").get_object(Bucket="made", Key=key)["Body"].read()
        return content


@pytest.fixture
def bench(local_aws: LocalAws, tmp_path: Path) -> Bench:
    return Bench.make(tmp_path)


@SIZES
@pytest.mark.parametrize("on_exists", [OnExists.FAIL, OnExists.SKIP])
def test_an_attempt_replaces_what_the_one_before_stored(bench: Bench, size: int, on_exists: OnExists) -> None:
    assert bench.publish(size, on_exists) == set()
    again = bench.of_task(run_id="the next run")
    assert again.publish(size, on_exists, seed=2) == set()
    assert bench.stored() == Random(2).randbytes(size)
    head = boto3.client("s3").head_object(Bucket="made", Key="x.mp4")
    assert head["Metadata"].pop("cpe-task")
    assert (head["Metadata"], head["ContentType"]) == ({"title": "mine"}, "video/mp4")
    assert "Uploads" not in boto3.client("s3").list_multipart_uploads(Bucket="made")


@SIZES
def test_another_task_finds_its_key_taken(bench: Bench, size: int) -> None:
    bench.publish(size)
    other = bench.of_task(activity_id="Other")
    assert other.publish(size, OnExists.SKIP, seed=2) == {Location(bucket="made", key="x.mp4")}
    with pytest.raises(ActivityError) as caught:
        other.publish(size, seed=2)
    assert caught.value.code == "OUTPUT_EXISTS"
    assert bench.stored() == Random(1).randbytes(size)


@pytest.mark.parametrize(
    ("size", "operation"),
    [(SMALL, "PutObject"), (IN_PARTS, "CompleteMultipartUpload")],
    ids=["small", "in parts"],
)
@pytest.mark.parametrize("on_exists", [OnExists.FAIL, OnExists.SKIP])
def test_an_answer_that_is_lost_makes_nobody_else_of_the_writer(
    bench: Bench, size: int, operation: str, on_exists: OnExists
) -> None:
    faults = f"{os.environ['AWS_ENDPOINT_URL']}/cpe-local/faults"
    urllib3.request("PUT", faults, body=f"s3.{operation}.lost=1,limit=1")
    try:
        assert bench.publish(size, on_exists) == set()
        rules = urllib3.request("GET", faults).json()["rules"]
    finally:
        urllib3.request("DELETE", faults)
    assert [rule["hits"] for rule in rules] == [1]
    assert bench.stored() == Random(1).randbytes(size)


def test_what_s3_is_asked(bench: Bench) -> None:
    """One look at each key, and a condition on what makes the object visible."""
    client, seen = AwsSession().s3(), []
    for operation in ("HeadObject", "PutObject", "CompleteMultipartUpload", "CopyObject"):
        client.meta.events.register(
            f"before-call.s3.{operation}",
            lambda model, params, **_: seen.append(
                (model.name, params["headers"].get("If-None-Match") or params["headers"].get("If-Match"))
            ),
        )
    watched = replace(
        bench, context=replace(bench.context, storage=S3Storage(client, transfer_manager(client)))
    )
    tags = []
    for size, key in ((SMALL, "small"), (IN_PARTS, "large")):
        watched.publish(size, key=key)
        tags.append(boto3.client("s3").head_object(Bucket="made", Key=key)["ETag"])
        watched.publish(size, key=key, seed=2)
    put, complete = "PutObject", "CompleteMultipartUpload"
    assert seen == [
        *(("HeadObject", None), (put, "*"), ("HeadObject", None), (put, tags[0])),
        *(("HeadObject", None), (complete, "*"), ("HeadObject", None), (complete, tags[1])),
    ]


@SIZES
def test_an_object_is_stored_only_over_the_one_it_replaces(bench: Bench, size: int) -> None:
    storage, path = bench.context.storage, bench.folder / "file"
    path.write_bytes(Random(1).randbytes(size))
    storage.upload(path, "made", "key", UploadOptions())
    tag = storage.head("made", "key").etag
    path.write_bytes(b"other")
    storage.upload(path, "made", "key", UploadOptions())
    with pytest.raises(ActivityError) as caught:
        storage.upload(path, "made", "key", UploadOptions(replaces=tag))
    assert caught.value.code == "OBJECT_EXISTS"
    storage.delete("made", "key")
    with pytest.raises(ActivityError) as caught:
        storage.upload(path, "made", "key", UploadOptions(replaces=tag))
    assert caught.value.code == "OBJECT_NOT_FOUND"
