"""Objects in buckets, as activities see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectInfo:
    """An object in storage.

    Attributes:
        size: Its bytes.
        content_type: Its MIME type, as stored.
        metadata: Its user-defined metadata; names are in lower case.
        etag: What tells this version of it from any other; see :attr:`UploadOptions.replaces`.
    """

    size: int
    content_type: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    etag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadOptions:
    """How an object is stored.

    Attributes:
        content_type: Its MIME type.
        reduced_redundancy: A job's `s3_rrs`.
        encrypt: A job's `s3_encrypt`: encryption with S3's own key, unless `kms_key_id` is given.
        metadata: User-defined metadata.
        kms_key_id: The key of AWS KMS that it is encrypted with: an id, an alias or an ARN.
        storage_class: S3's name of its storage class; None for the usual one.
        tags: Its tags.
        if_absent: Store it only under a key that nothing has.
        replaces: Store it only over the object with this ETag; goes before `if_absent`.
    """

    content_type: str | None = None
    reduced_redundancy: bool = False
    encrypt: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)
    kms_key_id: str | None = None
    storage_class: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    if_absent: bool = False
    replaces: str | None = None


class Storage(Protocol):
    """Objects in buckets, as activities see them. S3 in production, a folder in tests.

    Every method raises :class:`~cpe.errors.ActivityError` with one of the codes ``BUCKET_NOT_FOUND``,
    ``OBJECT_NOT_FOUND``, ``ACCESS_DENIED`` (final) or ``STORAGE_UNAVAILABLE`` (retryable).
    A leading ``/`` of a key is not part of the key.
    """

    def head(self, bucket: str, key: str) -> ObjectInfo:
        """Tell what an object is."""
        ...

    def read(self, bucket: str, key: str, *, start: int = 0, length: int) -> bytes:
        """Read at most `length` bytes from offset `start`; fewer at the object's end."""
        ...

    def download(self, bucket: str, key: str, path: Path) -> None:
        """Write the whole object to `path`, or raise and leave nothing there."""
        ...

    def upload(self, path: Path, bucket: str, key: str, options: UploadOptions) -> None:
        """Store the file whole under `bucket`/`key`, or raise and leave the key as it was.

        Raises:
            ActivityError: Also ``OBJECT_EXISTS``, when it is to be stored only where there is none, or over
                another one; ``OBJECT_NOT_FOUND``, when the one that it should replace is gone.
        """
        ...

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object; nothing happens when there is none."""
        ...

    def check_bucket(self, bucket: str) -> None:
        """Raise unless the bucket exists and may be used."""
        ...
