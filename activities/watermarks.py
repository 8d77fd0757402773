"""Fetches the pictures that are laid over videos, and makes sure that FFmpeg can read them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from activities.fetch import fetch_object
from activities.media.command import PICTURE_LIMITS
from activities.media.ffmpeg import FFmpegError
from activities.media.locations import Location
from activities.media.outputs import Output, VideoOutput
from activities.media.png import SIGNATURE, PngError, read_png
from activities.media.probe import parse_probe
from activities.source import MAX_PIXELS
from activities.tools import decoders
from activities.workshop import Workshop
from cpe.activity import ActivityContext
from cpe.errors import InvalidInput

MAX_WATERMARK_BYTES = 64 * 1024 * 1024


def fetch_watermarks(context: ActivityContext, outputs: Sequence[Output]) -> dict[Location, str]:
    """Fetch each watermark once; return the file of each."""
    watermarks: dict[Location, str] = {}
    for output in outputs:
        mark = output.watermark if isinstance(output, VideoOutput) else None
        if mark is not None and mark.location not in watermarks:
            name = f"watermark-{len(watermarks)}"
            fetch_object(context, mark.location, context.scratch / name, limit=MAX_WATERMARK_BYTES)
            watermarks[mark.location] = name
    return watermarks


def check_watermark(workshop: Workshop, location: Location, name: str) -> None:
    """Check that a watermark is a picture; a PNG becomes PAM where FFmpeg was built without PNG.

    Raises:
        InvalidInput: It is none, ``WATERMARK_INVALID``.
    """
    path = workshop.directory / name
    try:
        if "png" not in decoders(workshop.tools) and _is_png(path):
            path.write_bytes(read_png(path.read_bytes()).to_pam())
        video = parse_probe(workshop.probe(name, limits=PICTURE_LIMITS)).video
    except (FFmpegError, PngError) as error:
        raise _invalid(location, str(error)) from error
    if video is None or not workshop.decodes(name, video.index, [0.0], limits=PICTURE_LIMITS):
        raise _invalid(location, "it cannot be decoded")
    if video.width * video.height > MAX_PIXELS:
        raise _invalid(location, f"it has {video.width}x{video.height} pixels")


def _is_png(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(SIGNATURE)) == SIGNATURE


def _invalid(location: Location, why: str) -> InvalidInput:
    return InvalidInput(
        f"The watermark {location} is no PNG, JPEG, GIF, BMP or WebP picture that can be read: {why}.",
        code="WATERMARK_INVALID",
    )
