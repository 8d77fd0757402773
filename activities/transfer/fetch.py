"""Brings a job's assets into the scratch directory."""

from __future__ import annotations

from pathlib import Path

from activities.media.job import InputAsset
from activities.media.locations import Location
from activities.sandbox.quota import check_room, telling_a_full_disk
from activities.task.settings import MediaSettings
from activities.transfer.web import WebLimits, download
from cpe.activity import ActivityContext
from cpe.errors import InvalidInput


def fetch(context: ActivityContext, asset: InputAsset, path: Path, settings: MediaSettings) -> None:
    """Write the input asset to `path`, whole.

    Raises:
        InvalidInput: It is empty (``INPUT_EMPTY``), too large (``INPUT_TOO_LARGE``), or its address may not
            be used.
        ActivityError: It is not there or cannot be had; see :class:`~cpe.activity.Storage` and
            :mod:`activities.transfer.web`. Or there is no room for it (``DISK_FULL``, ``DISK_QUOTA``).
    """
    if isinstance(asset.source, Location):
        quota = settings.max_scratch_bytes
        fetch_object(context, asset.source, path, limit=settings.max_input_bytes, quota=quota)
    else:
        _fetch_address(context, asset.source, path, settings)


def _fetch_address(context: ActivityContext, url: str, path: Path, settings: MediaSettings) -> None:
    limits = WebLimits(
        max_bytes=settings.max_input_bytes,
        max_scratch_bytes=settings.max_scratch_bytes,
        max_seconds=settings.fetch_seconds,
        allow_private=settings.allow_private_networks,
    )
    with telling_a_full_disk():
        download(url, path, limits=limits, cancellation=context.cancellation)
    _check_size(path.stat().st_size, "The input", settings.max_input_bytes)


def fetch_object(
    context: ActivityContext, location: Location, path: Path, *, limit: int, quota: int | None = None
) -> None:
    """Write an object to `path` unless it is empty, has more than `limit` bytes, or does not fit.

    `quota` is how many bytes the scratch directory may hold; None for as many as the disk takes.
    """
    context.check()
    size = context.storage.head(location.bucket, location.key).size
    _check_size(size, str(location), limit)
    check_room(context.scratch, size, quota)
    with telling_a_full_disk():
        context.storage.download(location.bucket, location.key, path)
    context.check()


def _check_size(size: int, what: str, limit: int) -> None:
    if size == 0:
        raise InvalidInput(f"{what} is empty.", code="INPUT_EMPTY")
    if size > limit:
        raise InvalidInput(f"{what} has {size} bytes; {limit} are allowed.", code="INPUT_TOO_LARGE")
