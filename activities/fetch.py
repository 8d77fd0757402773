"""Brings a job's assets into the scratch directory."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from activities.media.job import InputAsset
from activities.media.locations import Location
from activities.settings import MediaSettings
from activities.web import WebLimits, download
from cpe.activity import ActivityContext
from cpe.errors import ActivityError, InvalidInput


def fetch(context: ActivityContext, asset: InputAsset, path: Path, settings: MediaSettings) -> None:
    """Write the input asset to `path`, whole.

    Raises:
        InvalidInput: It is empty (``INPUT_EMPTY``), too large (``INPUT_TOO_LARGE``), or its address may not
            be used.
        ActivityError: It is not there or cannot be had; see :class:`~cpe.activity.Storage` and
            :mod:`activities.web`.
    """
    if isinstance(asset.source, Location):
        fetch_object(context, asset.source, path, limit=settings.max_input_bytes)
    else:
        _fetch_address(context, asset.source, path, settings)


def _fetch_address(context: ActivityContext, url: str, path: Path, settings: MediaSettings) -> None:
    limits = WebLimits(
        max_bytes=settings.max_input_bytes,
        max_seconds=settings.fetch_seconds,
        allow_private=settings.allow_private_networks,
    )
    with _telling_a_full_disk():
        download(url, path, limits=limits, cancellation=context.cancellation)
    _check_size(path.stat().st_size, "The input", settings.max_input_bytes)


def fetch_object(context: ActivityContext, location: Location, path: Path, *, limit: int) -> None:
    """Write an object to `path` unless it is empty or has more than `limit` bytes."""
    context.check()
    _check_size(context.storage.head(location.bucket, location.key).size, str(location), limit)
    with _telling_a_full_disk():
        context.storage.download(location.bucket, location.key, path)
    context.check()


@contextmanager
def _telling_a_full_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise ActivityError(
            "The worker's disk is full: free or enlarge its scratch directory.",
            code="DISK_FULL",
            retryable=True,
        ) from error


def _check_size(size: int, what: str, limit: int) -> None:
    if size == 0:
        raise InvalidInput(f"{what} is empty.", code="INPUT_EMPTY")
    if size > limit:
        raise InvalidInput(f"{what} has {size} bytes; {limit} are allowed.", code="INPUT_TOO_LARGE")
