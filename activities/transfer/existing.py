"""What becomes of outputs whose keys are taken: the key ``on_exists`` of a job."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from activities.media.locations import Location, OnExists, Target
from cpe.activity import ActivityContext
from cpe.errors import ActivityError


def is_left(context: ActivityContext, target: Target, key: str) -> bool:
    """Tell whether an output is to be left as it is, since there is an object under its key already.

    Raises:
        ActivityError: The job says to fail then, ``OUTPUT_EXISTS``.
    """
    if target.on_exists is OnExists.OVERWRITE:
        return False
    try:
        context.storage.head(target.location.bucket, key)
    except ActivityError as error:
        if error.code != "OBJECT_NOT_FOUND":
            raise
        return False
    return leave(target, key)


def leave(target: Target, key: str) -> bool:
    """Return True for an output that is skipped where its key is taken.

    Raises:
        ActivityError: The job says to fail then, ``OUTPUT_EXISTS``.
    """
    if target.on_exists is OnExists.SKIP:
        return True
    raise ActivityError(
        f"There is an object s3://{target.location.bucket}/{key} already, and on_exists says to fail then.",
        code="OUTPUT_EXISTS",
    )


def skipped(bucket: str, key: str) -> dict[str, Any]:
    """Return what a result says of an output that was left as it was."""
    return {"bucket": bucket, "key": key, "skipped": True}


def with_skipped(
    described: Sequence[Mapping[str, Any]], left: Collection[Location]
) -> list[Mapping[str, Any]]:
    """Return what a result says of all outputs, once it is known which objects were left as they were."""
    return [
        skipped(entry["bucket"], entry["key"])
        if Location(bucket=entry["bucket"], key=entry["key"]) in left
        else entry
        for entry in described
    ]
