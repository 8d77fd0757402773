"""Where assets lie: objects in buckets and web addresses, as a job names them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from activities.media.fields import Fields, shown
from cpe.activity import UploadOptions
from cpe.errors import InvalidInput

MAX_KEY_BYTES = 1024
"""S3's limit for a key, in bytes of UTF-8."""

MAX_METADATA_BYTES = 2048
"""S3's limit for the user-defined metadata of an object, names and values together."""

# 255 characters and upper case: buckets of us-east-1 from before 2018.
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CONTENT_TYPE = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,100}(; ?[\w-]+=[\w.+-]+)*", re.ASCII)
_METADATA_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,100}")


COMMON_KEYS = frozenset(
    {"type", "bucket", "file", "path", "s3_rrs", "s3_encrypt", "content_type", "metadata"}
)
"""The keys that all outputs have in common."""

COMMON_PLANNED = frozenset({"kms_key_id", "tags", "on_exists"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """An object in a bucket; the key has no leading ``/``."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where an output goes and how it is stored; a content type of None follows from the format."""

    location: Location
    options: UploadOptions


def parse_location(fields: Fields) -> Location:
    """Read ``bucket`` with ``file``, or ``path`` and ``file``.

    Raises:
        InvalidInput: A name is missing or can be no bucket (``BUCKET_INVALID``) or key (``KEY_INVALID``).
    """
    bucket = fields.text("bucket")
    if not _BUCKET.fullmatch(bucket):
        raise InvalidInput(
            f"{fields.path('bucket')}: {shown(bucket)} can be no name of a bucket.", code="BUCKET_INVALID"
        )
    folder = fields.text("path", "").strip("/")
    name = fields.text("file").lstrip("/")
    key = f"{folder}/{name}" if folder else name
    segments = key.split("/")
    if (
        not segments[-1]
        or {".", ".."} & set(segments)
        or _CONTROL.search(key)
        or len(key.encode("utf-8", "surrogatepass")) > MAX_KEY_BYTES
        or not key.isprintable()
    ):
        raise InvalidInput(
            f"{fields.path('file')}: {shown(key)} can be no key. It must name a file in at most "
            f"{MAX_KEY_BYTES} bytes, with no control characters and no '.' or '..' as a folder.",
            code="KEY_INVALID",
        )
    return Location(bucket=bucket, key=key)


def parse_target(fields: Fields) -> Target:
    """Read the keys that all outputs have in common."""
    content_type = fields.text("content_type", None)
    if content_type is not None and not _CONTENT_TYPE.fullmatch(content_type):
        raise InvalidInput(f"{fields.path('content_type')}: {shown(content_type)} is no MIME type.")
    return Target(
        location=parse_location(fields),
        options=UploadOptions(
            content_type=content_type,
            reduced_redundancy=fields.flag("s3_rrs", default=False),
            encrypt=fields.flag("s3_encrypt", default=False),
            metadata=_metadata(fields),
        ),
    )


def _metadata(fields: Fields) -> Mapping[str, str]:
    metadata = fields.raw("metadata") or {}
    valid = isinstance(metadata, Mapping) and all(
        isinstance(name, str)
        and _METADATA_NAME.fullmatch(name)
        and isinstance(value, str)
        and value.isascii()
        and value.isprintable()
        for name, value in metadata.items()
    )
    if not valid or sum(len(name) + len(value) for name, value in metadata.items()) > MAX_METADATA_BYTES:
        raise InvalidInput(
            f"{fields.path('metadata')} must be an object of ASCII texts, at most {MAX_METADATA_BYTES} bytes "
            "in all."
        )
    return dict(metadata)
