"""What becomes of outputs whose keys are taken: the key ``on_exists`` of a job.

What a job says not to overwrite is marked when it is stored, in the object's metadata: by which task of which
job. A task that is done again, since its worker died after it had stored an output, finds its own mark. It
replaces what it has made itself, and leaves what anybody else has. The mark is the same in each attempt, in
each run of the job, and when the job is retried.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from activities.media.locations import MAX_METADATA_BYTES, Location, OnExists, Target
from cpe.activity import ActivityContext, TaskInfo, UploadOptions
from cpe.errors import ActivityError

MARK = "cpe-task"
"""The name of the mark among an object's metadata."""

_MARK_LENGTH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupant:
    """An object under an output's key: which version of it, and whether this task has stored it."""

    etag: str | None
    own: bool


def find_occupant(context: ActivityContext, target: Target, key: str) -> Occupant | None:
    """Return what there is under an output's key; None for nothing, and where it is overwritten anyway."""
    if target.on_exists is OnExists.OVERWRITE:
        return None
    try:
        found = context.storage.head(target.location.bucket, key)
    except ActivityError as error:
        if error.code != "OBJECT_NOT_FOUND":
            raise
        return None
    return Occupant(etag=found.etag, own=found.metadata.get(MARK) == mark_of(context.task))


def is_left(context: ActivityContext, target: Target, key: str) -> bool:
    """Tell whether an output is to be left as it is, since there is an object under its key already.

    One that this task has stored before is not left: its worker died before it could tell.

    Raises:
        ActivityError: The job says to fail then, ``OUTPUT_EXISTS``.
    """
    found = find_occupant(context, target, key)
    return found is not None and not found.own and leave(target, key)


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


def mark_of(task: TaskInfo) -> str:
    """Return what marks the objects of a task, whichever attempt or run of its job stores them."""
    text = json.dumps([task.workflow_id, task.activity_id])
    return hashlib.sha256(text.encode()).hexdigest()[:_MARK_LENGTH]


def marked(options: UploadOptions, task: TaskInfo) -> UploadOptions:
    """Return how an object is stored that bears the mark of a task.

    What a job itself says of the metadata stays. It goes before the mark, also where S3 takes no more of it.
    """
    own = options.metadata
    size = sum(len(name) + len(text) for name, text in own.items())
    taken = MARK in map(str.lower, own)
    if taken or size + len(MARK) + _MARK_LENGTH > MAX_METADATA_BYTES:
        return options
    return replace(options, metadata={**own, MARK: mark_of(task)})


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
