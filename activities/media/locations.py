"""Where assets lie: objects in buckets and web addresses, as a job names them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

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
_KMS_KEY = re.compile(
    r"[0-9a-fA-F-]{36}|mrk-[0-9a-f]{32}|alias/[\w/-]{1,250}"
    r"|arn:aws[\w-]*:kms:[a-z0-9-]{1,30}:\d{12}:(key|alias)/[\w/-]{1,250}",
    re.ASCII,
)
_STORAGE_CLASSES = frozenset(
    {
        "STANDARD",
        "REDUCED_REDUNDANCY",
        "STANDARD_IA",
        "ONEZONE_IA",
        "INTELLIGENT_TIERING",
        "GLACIER_IR",
        "GLACIER",
        "DEEP_ARCHIVE",
    }
)
# S3's limits for tags of an object.
_MAX_TAGS, _TAG_NAME, _TAG_VALUE = 10, 128, 256
_TAG = re.compile(r"[\w .:/=+@-]*")
_METADATA_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,100}")


COMMON_KEYS = frozenset(
    {
        "type",
        "bucket",
        "file",
        "path",
        "s3_rrs",
        "s3_encrypt",
        "kms_key_id",
        "storage_class",
        "content_type",
        "metadata",
        "tags",
        "on_exists",
    }
)
"""The keys that all outputs have in common."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """An object in a bucket; the key has no leading ``/``."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


class OnExists(StrEnum):
    """What becomes of an output whose key something has already."""

    OVERWRITE = "overwrite"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where an output goes and how it is stored; a content type of None follows from the format."""

    location: Location
    options: UploadOptions
    on_exists: OnExists = OnExists.OVERWRITE


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
    on_exists = fields.text("on_exists", OnExists.OVERWRITE).lower()
    if on_exists not in set(OnExists):
        raise InvalidInput(
            f"{fields.path('on_exists')} must be one of {', '.join(OnExists)}, "
            f"not {shown(fields.raw('on_exists'))}."
        )
    return Target(
        location=parse_location(fields),
        options=UploadOptions(
            content_type=content_type,
            reduced_redundancy=fields.flag("s3_rrs", default=False),
            encrypt=fields.flag("s3_encrypt", default=False),
            metadata=_metadata(fields),
            kms_key_id=_kms_key_id(fields),
            storage_class=_storage_class(fields),
            tags=_tags(fields),
            if_absent=on_exists != OnExists.OVERWRITE,
        ),
        on_exists=OnExists(on_exists),
    )


def _kms_key_id(fields: Fields) -> str | None:
    key = fields.text("kms_key_id", None)
    if key is None:
        return None
    if not _KMS_KEY.fullmatch(key):
        raise InvalidInput(
            f"{fields.path('kms_key_id')} must be the id, the alias or the ARN of a key of AWS KMS, "
            f"not {shown(key)}."
        )
    if fields.flag("s3_encrypt", default=None) is False:
        raise InvalidInput(f"{fields.where}: s3_encrypt false and kms_key_id contradict each other.")
    return key


def _storage_class(fields: Fields) -> str | None:
    name = fields.text("storage_class", None)
    if name is None:
        return None
    if name not in _STORAGE_CLASSES:
        raise InvalidInput(
            f"{fields.path('storage_class')} must be one of {', '.join(sorted(_STORAGE_CLASSES))}, "
            f"not {shown(name)}."
        )
    if fields.flag("s3_rrs", default=False) and name != "REDUCED_REDUNDANCY":
        raise InvalidInput(
            f"{fields.where}: s3_rrs and storage_class contradict each other. Give one of them."
        )
    return name


def _tags(fields: Fields) -> Mapping[str, str]:
    tags = fields.raw("tags") or {}
    valid = isinstance(tags, Mapping) and all(
        isinstance(name, str)
        and isinstance(value, str)
        and 0 < len(name) <= _TAG_NAME
        and len(value) <= _TAG_VALUE
        and _TAG.fullmatch(name)
        and _TAG.fullmatch(value)
        and not name.lower().startswith("aws:")
        for name, value in tags.items()
    )
    if not valid or len(tags) > _MAX_TAGS:
        raise InvalidInput(
            f"{fields.path('tags')} must be an object of at most {_MAX_TAGS} texts: names up to {_TAG_NAME} "
            f"and values up to {_TAG_VALUE} letters, digits, spaces and _ . : / = + - @."
        )
    return dict(tags)


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
