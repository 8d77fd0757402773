"""Fetches the pictures that are laid over videos, and makes sure that FFmpeg can read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from activities.media.locations import Location
from activities.media.outputs import Output, watermarks_of
from activities.pictures.pictures import PictureError, flatten
from activities.transfer.fetch import fetch_object
from cpe.activity import ActivityContext
from cpe.errors import InvalidInput

MAX_WATERMARK_BYTES = 64 * 1024 * 1024

_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")


def fetch_watermarks(context: ActivityContext, outputs: Sequence[Output]) -> dict[Location, str]:
    """Fetch each watermark once; return the file of each."""
    watermarks: dict[Location, str] = {}
    for mark in (mark for output in outputs for mark in watermarks_of(output)):
        if mark.location not in watermarks:
            name = f"watermark-{len(watermarks)}"
            fetch_object(context, mark.location, context.scratch / name, limit=MAX_WATERMARK_BYTES)
            watermarks[mark.location] = name
    return watermarks


def flatten_watermarks(directory: Path, watermarks: Mapping[Location, str]) -> None:
    """Turn the watermarks in a directory into PAM, the one picture format that FFmpeg is given.

    Raises:
        InvalidInput: One is no picture, ``WATERMARK_INVALID``.
    """
    for location, name in watermarks.items():
        try:
            flatten(directory / name, _FORMATS)
        except PictureError as error:
            raise InvalidInput(
                f"The watermark {location} is no PNG, JPEG, GIF, BMP or WebP picture that can be read: "
                f"{error}.",
                code="WATERMARK_INVALID",
            ) from error
