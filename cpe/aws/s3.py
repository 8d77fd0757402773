"""Objects in S3, as activities see them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from boto3.s3.transfer import TransferConfig, create_transfer_manager
from s3transfer.exceptions import RetriesExceededError

from cpe.activity import Cancellation, ObjectInfo, UploadOptions
from cpe.aws.conditional import put_conditionally
from cpe.aws.faults import told
from cpe.errors import ActivityError, AwsError, ConfigError

if TYPE_CHECKING:
    from s3transfer.futures import TransferFuture
    from s3transfer.manager import TransferManager
    from types_boto3_s3 import S3Client

_MIB = 1024 * 1024
_TRANSFERS = TransferConfig(
    multipart_threshold=16 * _MIB,
    multipart_chunksize=16 * _MIB,
    # Each thread's memory is kept by the allocator: with eight, a worker has 30 MiB more.
    max_concurrency=4,
    # What the disk has not yet taken waits in memory, in pieces of 256 KiB.
    max_io_queue=32,
)
"""16 MiB parts: S3 takes 10,000 of them, s3transfer makes them larger for files above 156 GiB."""

_OWN_NAMES = {"INVALID_RANGE": "INVALID_RANGE", "PRECONDITION_FAILED": "OBJECT_EXISTS"}


class S3Storage:
    """:class:`~cpe.activity.Storage` on S3: multipart and parallel, whole objects or none.

    Args:
        client: Made by :class:`~cpe.aws.session.AwsSession`.
        manager: The pool that transfers, shared by all tasks of a process; see :func:`transfer_manager`.
        cancellation: Stops a transfer that is under way; the multipart upload is aborted then.
    """

    def __init__(
        self, client: S3Client, manager: TransferManager, cancellation: Cancellation | None = None
    ) -> None:
        self._client = client
        self._manager = manager
        self._cancellation = cancellation or Cancellation()

    def head(self, bucket: str, key: str) -> ObjectInfo:
        """Tell what an object is."""
        key = _clean(key)
        with self._reading(bucket, key):
            answer = self._client.head_object(Bucket=bucket, Key=key)
        return ObjectInfo(
            size=answer["ContentLength"],
            content_type=answer.get("ContentType"),
            metadata={name.lower(): text for name, text in answer.get("Metadata", {}).items()},
            etag=answer.get("ETag"),
        )

    def read(self, bucket: str, key: str, *, start: int = 0, length: int) -> bytes:
        """Read at most `length` bytes from offset `start`; fewer at the object's end."""
        if length <= 0:
            return b""
        key = _clean(key)
        try:
            with self._reading(bucket, key):
                answer = self._client.get_object(
                    Bucket=bucket, Key=key, Range=f"bytes={start}-{start + length - 1}"
                )
                return answer["Body"].read()
        except ActivityError as error:
            if error.code == "INVALID_RANGE":  # it starts at or after the end
                return b""
            raise

    def download(self, bucket: str, key: str, path: Path) -> None:
        """Write the whole object to `path`, or raise and leave nothing there."""
        key = _clean(key)
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name[:64]}.", delete=False) as part:
            partial = Path(part.name)
        try:
            with self._reading(bucket, key):
                self._finish(self._manager.download(bucket, key, str(partial)))
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    def upload(self, path: Path, bucket: str, key: str, options: UploadOptions) -> None:
        """Store the file whole under `bucket`/`key`, or raise and leave the key as it was."""
        key = _clean(key)
        arguments = _arguments(options)
        with self._calling(bucket, key):
            if options.if_absent or options.replaces is not None:
                put_conditionally(
                    self._client,
                    path,
                    (bucket, key),
                    replaces=options.replaces,
                    arguments=arguments,
                    cancellation=self._cancellation,
                )
            else:
                self._finish(self._manager.upload(os.fspath(path), bucket, key, extra_args=arguments))

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object; nothing happens when there is none."""
        key = _clean(key)
        with self._calling(bucket, key):
            self._client.delete_object(Bucket=bucket, Key=key)

    def check_bucket(self, bucket: str) -> None:
        """Raise unless the bucket exists and may be used."""
        with self._calling(bucket, None):
            self._client.head_bucket(Bucket=bucket)

    def _finish(self, transfer: TransferFuture) -> None:
        """Wait for a transfer; stop it as soon as the activity shall stop."""
        with self._cancellation.calling(transfer.cancel):
            try:
                transfer.result()
            except CancelledError:
                self._cancellation.check()
                raise

    @contextmanager
    def _reading(self, bucket: str, key: str) -> Iterator[None]:
        """Like `_calling`; a 404 without a body does not say whether the key or the bucket is missing."""
        try:
            with self._calling(bucket, key):
                yield
        except ActivityError as error:
            if error.code == "OBJECT_NOT_FOUND":
                self.check_bucket(bucket)
            raise

    @contextmanager
    def _calling(self, bucket: str, key: str | None) -> Iterator[None]:
        place = f"s3://{bucket}" if key is None else f"s3://{bucket}/{key}"
        self._cancellation.check()
        try:
            with told(place):
                yield
        except (AwsError, ConfigError) as error:
            raise _storage_error(error, bucket, key) from error
        except RetriesExceededError as error:
            raise ActivityError(f"{place}: {error}", code="STORAGE_UNAVAILABLE", retryable=True) from error


def transfer_manager(client: S3Client) -> TransferManager:
    """Make the pool that transfers: on AWS's common runtime (CRT) where that is installed, else threads."""
    return create_transfer_manager(client, _TRANSFERS)


def _clean(key: str) -> str:
    return key.removeprefix("/")


def _arguments(options: UploadOptions) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    if options.content_type:
        arguments["ContentType"] = options.content_type
    if options.reduced_redundancy:
        arguments["StorageClass"] = "REDUCED_REDUNDANCY"
    if options.storage_class:
        arguments["StorageClass"] = options.storage_class
    if options.kms_key_id:
        arguments |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": options.kms_key_id}
    elif options.encrypt:
        arguments["ServerSideEncryption"] = "AES256"
    if options.tags:
        arguments["Tagging"] = urlencode(options.tags)
    if options.metadata:
        arguments["Metadata"] = dict(options.metadata)
    return arguments


def _storage_error(error: AwsError | ConfigError, bucket: str, key: str | None) -> ActivityError:
    # Credentials that are refused are this worker's, and say nothing of the job.
    if error.retryable or isinstance(error, ConfigError):
        return ActivityError(str(error), code="STORAGE_UNAVAILABLE", retryable=True)
    if error.code == "ACCESS_DENIED":
        return ActivityError(str(error), code="ACCESS_DENIED")
    if error.code in _OWN_NAMES:
        return ActivityError(str(error), code=_OWN_NAMES[error.code])
    if error.code == "NOT_FOUND" and key is not None:
        return ActivityError(f"there is no object s3://{bucket}/{key}", code="OBJECT_NOT_FOUND")
    if error.code in ("NOT_FOUND", "BUCKET_NOT_FOUND"):
        return ActivityError(f"there is no bucket {bucket!r}", code="BUCKET_NOT_FOUND")
    return ActivityError(str(error), code="STORAGE_REFUSED")
