"""Elastic Transcoder's pipelines: where the objects of jobs lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cpe.errors import ConfigError
from cpe.migration.document import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """Buckets, and how objects in them are stored: keys of outputs."""

    input_bucket: str
    output_bucket: str
    thumbnail_bucket: str
    stored: Mapping[str, Any]
    thumbnails_stored: Mapping[str, Any]
    kms_key_id: str | None = None


def read_pipeline(document: Document) -> Pipeline:
    """Read a pipeline, as ``read-pipeline`` gives it, without its wrapping."""
    document.ignore("Id", "Arn", "Name", "Status", "Role")
    if "Notifications" in document and any((document.raw("Notifications") or {}).values()):
        document.notes.changed(
            "NOTIFICATIONS",
            document.place("Notifications"),
            "clients hear of their jobs on their output queue (docs/protocol.md), not by SNS",
        )
    document.ignore("Notifications")
    content, thumbnails = document.child("ContentConfig"), document.child("ThumbnailConfig")
    own = document.text("OutputBucket")
    output = _bucket(content) or own
    if not output:
        raise ConfigError(f"{document.where} names no output bucket", code="IMPORT_INVALID")
    pipeline = Pipeline(
        input_bucket=document.needed("InputBucket"),
        output_bucket=output,
        thumbnail_bucket=_bucket(thumbnails) or output,
        stored=_stored(content),
        thumbnails_stored=_stored(thumbnails),
        kms_key_id=document.text("AwsKmsKeyArn") or None,
    )
    document.finish()
    return pipeline


def _bucket(config: Document | None) -> str:
    return "" if config is None else config.text("Bucket")


def _stored(config: Document | None) -> Mapping[str, Any]:
    if config is None:
        return {}
    if "Permissions" in config:
        config.notes.lost(
            "PERMISSIONS", config.place("Permissions"), "objects get no ACL; use a policy of the bucket"
        )
    config.ignore("Permissions", "Bucket")
    reduced = config.text("StorageClass", "Standard") == "ReducedRedundancy"
    config.finish()
    return {"s3_rrs": True} if reduced else {}
