"""The file formats of pictures that are made and read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from activities.media.containers import extension_of
from activities.media.fields import shown
from cpe.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFormat:
    """A file format of pictures.

    Attributes:
        name: Pillow's name of it.
        content_type: The MIME type that the object gets.
        max_side: Pixels of the longest side it can hold.
        alpha: Whether it holds transparency.
        moves: Whether an animation stays one in it.
        quality: The usual quality, 1 to 100; None where there is no such thing.
    """

    name: str
    content_type: str
    max_side: int = 65_000
    alpha: bool = True
    moves: bool = False
    quality: int | None = None


_JPEG = PictureFormat(name="JPEG", content_type="image/jpeg", alpha=False, quality=85)
_TIFF = PictureFormat(name="TIFF", content_type="image/tiff")

PICTURE_FORMATS: Mapping[str, PictureFormat] = {
    "jpg": _JPEG,
    "jpeg": _JPEG,
    "png": PictureFormat(name="PNG", content_type="image/png"),
    "webp": PictureFormat(name="WEBP", content_type="image/webp", max_side=16_383, moves=True, quality=80),
    "gif": PictureFormat(name="GIF", content_type="image/gif", moves=True),
    "tif": _TIFF,
    "tiff": _TIFF,
    "bmp": PictureFormat(name="BMP", content_type="image/bmp", alpha=False),
}
"""Formats by the extension of an object's key."""

SOURCE_FORMATS: Mapping[str, str] = {
    PICTURE_FORMATS[extension].name: extension for extension in ("jpg", "png", "webp", "gif", "tiff", "bmp")
}
"""Pillow's names of the formats that are read, with the usual extension of each."""


def picture_format_of(key: str, where: str) -> PictureFormat:
    """Tell the format by the extension of an object's key."""
    extension = extension_of(key)
    if extension not in PICTURE_FORMATS:
        raise InvalidInput(
            f"{where} must end in a format of pictures ({', '.join(PICTURE_FORMATS)}), not {shown(key)}.",
            code="OUTPUT_FORMAT_UNSUPPORTED",
        )
    return PICTURE_FORMATS[extension]
