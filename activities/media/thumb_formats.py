"""The formats that thumbnails may have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from activities.media.containers import extension_of
from activities.media.fields import shown
from cpe.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFormat:
    """A format of thumbnails.

    Attributes:
        name: Pillow's name of it.
        codec: FFprobe's name of it.
        encoder: What FFmpeg writes. Where that is PPM, Pillow makes the format of it: small builds of FFmpeg
            have no PNG.
        pixel_format: FFmpeg's name of the pixels it writes.
        content_type: The MIME type that the object gets.
        quality: The encoder's options.
    """

    name: str
    codec: str
    encoder: str
    pixel_format: str
    content_type: str
    quality: tuple[str, ...] = ()

    @property
    def converted(self) -> bool:
        """Whether Pillow makes it of what FFmpeg writes."""
        return self.encoder == "ppm"


_JPEG = ImageFormat(
    name="JPEG",
    codec="mjpeg",
    encoder="mjpeg",
    pixel_format="yuvj420p",
    content_type="image/jpeg",
    quality=("-q:v", "3"),
)
IMAGE_FORMATS: Mapping[str, ImageFormat] = {
    "jpg": _JPEG,
    "jpeg": _JPEG,
    "png": ImageFormat(
        name="PNG", codec="png", encoder="ppm", pixel_format="rgb24", content_type="image/png"
    ),
    "webp": ImageFormat(
        name="WEBP", codec="webp", encoder="ppm", pixel_format="rgb24", content_type="image/webp"
    ),
}


def image_format_of(key: str, where: str) -> ImageFormat:
    """Tell the image format by the extension of an object's key."""
    extension = extension_of(key)
    if extension not in IMAGE_FORMATS:
        raise InvalidInput(
            f"{where} must end in an image format ({', '.join(IMAGE_FORMATS)}), not {shown(key)}.",
            code="OUTPUT_FORMAT_UNSUPPORTED",
        )
    return IMAGE_FORMATS[extension]
