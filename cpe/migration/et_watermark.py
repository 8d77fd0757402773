"""Elastic Transcoder's watermarks as ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cpe.migration.document import Document

_LENGTH = re.compile(r"(\d+(?:\.\d+)?)(px|%)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class WatermarkPlace:
    """Where a preset puts a watermark; the document's own words."""

    id: str
    width: str
    height: str
    sizing: str
    horizontal: tuple[str, str]
    vertical: tuple[str, str]
    opacity: float
    where: str


def read_place(document: Document) -> WatermarkPlace:
    """Read one of a preset's watermarks."""
    place = WatermarkPlace(
        id=document.text("Id"),
        width=document.text("MaxWidth", "10%"),
        height=document.text("MaxHeight", "10%"),
        sizing=document.text("SizingPolicy", "ShrinkToFit"),
        horizontal=(document.text("HorizontalAlign", "Right"), document.text("HorizontalOffset", "0px")),
        vertical=(document.text("VerticalAlign", "Bottom"), document.text("VerticalOffset", "0px")),
        opacity=float(document.text("Opacity", "100")),
        where=document.where,
    )
    document.ignore("Target")
    document.finish()
    return place


def watermark_keys(
    place: WatermarkPlace, job: Document, size: tuple[int, int], bucket: str
) -> Mapping[str, Any]:
    """Make a watermark of ours.

    Args:
        place: Where the preset puts it.
        job: The job's word of it: which picture.
        size: The largest picture that the preset makes: parts of a hundred are parts of that.
        bucket: Where the picture lies.
    """
    notes = job.notes
    if "%" in "".join((place.width, place.height, place.horizontal[1], place.vertical[1])):
        notes.changed(
            "WATERMARK_PERCENT",
            place.where,
            f"percentages become pixels of {size[0]}x{size[1]}; correct them where videos are smaller",
        )
    if place.sizing == "Stretch":
        measure = f"{_pixels(place.width, size[0])}:{_pixels(place.height, size[1])}"
    else:
        # One side follows from the picture's ratio, so that it is not distorted.
        measure = f"{_pixels(place.width, size[0])}:-1"
        notes.changed(
            "WATERMARK_SIZE", place.where, "its width is MaxWidth, its height follows from its ratio"
        )
    return {
        "bucket": bucket,
        "file": f"/{job.needed('InputKey')}",
        "size": measure,
        "opacity": round(min(place.opacity, 100) / 100, 3),
        "x": _offset(place.horizontal, size[0], _pixels(place.width, size[0]), place, job),
        "y": _offset(place.vertical, size[1], _pixels(place.height, size[1]), place, job),
    }


def _offset(placed: tuple[str, str], whole: int, own: int, place: WatermarkPlace, job: Document) -> int:
    """Tell pixels from the left or top; negative from the right or bottom."""
    align, offset = placed[0].lower(), _pixels(placed[1], whole)
    if align in ("left", "top"):
        return offset
    if align == "center":
        job.notes.changed("WATERMARK_CENTER", place.where, "the middle is reckoned for the largest picture")
        return (whole - own) // 2 + offset
    # Zero would be the left: the picture's last pixel but one is as near as it gets.
    return -max(offset, 1)


def _pixels(text: str, whole: int) -> int:
    match = _LENGTH.fullmatch(text.strip())
    if match is None:
        return 1
    number = float(match[1])
    return max(round(number * whole / 100 if match[2] == "%" else number), 0)
