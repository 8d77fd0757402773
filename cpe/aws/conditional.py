"""Uploads that store an object only where there is none, or over one certain other: S3's conditional writes.

The transfer manager of boto3 does not know the conditions. They stand on the one request that makes the
object visible, so two writers at once are told apart by S3 itself.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cpe.activity import Cancellation

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef

_MIB = 1024 * 1024
_PART = 16 * _MIB
_MOST_PARTS = 10_000
_AT_ONCE = 8


def put_conditionally(
    client: S3Client,
    path: Path,
    place: tuple[str, str],
    *,
    replaces: str | None,
    arguments: dict[str, Any],
    cancellation: Cancellation,
) -> None:
    """Store a file under a key that nothing has, or over one certain object.

    Args:
        client: S3.
        path: The file.
        place: Bucket and key.
        replaces: The ETag of the object that it replaces; None to store it where there is none.
        arguments: How it is stored, as PutObject and CreateMultipartUpload take it.
        cancellation: Stops before the next part; nothing is stored then.

    Raises:
        ClientError: ``PreconditionFailed`` when there is an object already, or another one; ``NoSuchKey``
            when the one to replace is gone; what else S3 says.
    """
    bucket, key = place
    condition: dict[str, Any] = {"IfNoneMatch": "*"} if replaces is None else {"IfMatch": replaces}
    size = path.stat().st_size
    if size <= _PART:
        with path.open("rb") as file:
            client.put_object(Bucket=bucket, Key=key, Body=file, **condition, **arguments)
        return
    upload = client.create_multipart_upload(Bucket=bucket, Key=key, **arguments)["UploadId"]
    length = max(_PART, -(-size // _MOST_PARTS))

    def send(number: int) -> CompletedPartTypeDef:
        cancellation.check()
        with path.open("rb") as file:
            content = os.pread(file.fileno(), length, (number - 1) * length)
        tag = client.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=content)
        return {"ETag": tag["ETag"], "PartNumber": number}

    try:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            parts = list(pool.map(send, range(1, -(-size // length) + 1)))
        cancellation.check()
        client.complete_multipart_upload(
            Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts}, **condition
        )
    except BaseException:
        client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)
        raise
