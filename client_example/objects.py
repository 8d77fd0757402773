"""Files to buckets and back, for examples and demo."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
from boto3.exceptions import Boto3Error, S3UploadFailedError
from botocore.exceptions import BotoCoreError, ClientError

from cpe.errors import AwsError, ConfigError


class Objects:
    """Objects in S3, as boto3 reaches them.

    Every method raises :class:`~cpe.errors.AwsError` when S3 refuses, and
    :class:`~cpe.errors.ConfigError` when the file cannot be read or written.
    """

    def __init__(self) -> None:
        with _told("S3"):
            self._s3 = boto3.client("s3")

    def upload(self, file: Path, bucket: str, key: str) -> None:
        """Store a file as an object."""
        with _told(f"upload of {file} to s3://{bucket}/{key}"):
            self._s3.upload_file(str(file), bucket, key)

    def download(self, bucket: str, key: str, file: Path) -> None:
        """Store an object as a file."""
        with _told(f"download of s3://{bucket}/{key} to {file}"):
            file.parent.mkdir(parents=True, exist_ok=True)
            self._s3.download_file(bucket, key, str(file))


# HeadObject answers without a body: 404 is all that it says of a missing object or bucket.
_MISSING = {"404": "there is no such object", "NoSuchBucket": "there is no such bucket"}


@contextmanager
def _told(subject: str) -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError, Boto3Error) as error:
        # boto3 lays another text around why an upload failed.
        cause = error.__context__ if isinstance(error, S3UploadFailedError) else error
        said = cause.response.get("Error", {}).get("Code") if isinstance(cause, ClientError) else None
        why = _MISSING.get(str(said)) or " ".join(str(cause or error).split())
        raise AwsError(f"{subject}: {why}", code="STORAGE_REFUSED") from error
    except OSError as error:
        raise ConfigError(f"{subject}: {error.strerror or error}", code="FILE_UNUSABLE") from error
