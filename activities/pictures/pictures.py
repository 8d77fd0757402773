"""Pictures, read and written with Pillow, so that it does not matter which formats FFmpeg was built with."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

MAX_PIXELS = 7680 * 4320
"""Pixels of the largest picture that is decoded, an 8K one: 133 MB of memory, twice for a moment."""

# What Pillow raises on damaged bytes. Bombs are pictures far above our own limit; up to 179 million pixels
# Pillow only warns of them, which is an error where warnings are.
_DAMAGE = (
    *(OSError, SyntaxError, ValueError, EOFError, struct.error),
    *(Image.DecompressionBombWarning, Image.DecompressionBombError),
)
_TO_8_BITS = 1 / 256

_BAND = 256
"""Lines that are written at a time, so that a large picture is not in memory once more."""


class PictureError(ValueError):
    """A file that is no picture, or is damaged, too large, or of a format that is not asked for."""


def measure(path: Path, name: str) -> tuple[int, int]:
    """Return the width and height, in pixels, of a picture in the format with Pillow's `name`.

    Only the header is looked at.

    Raises:
        PictureError: It is no such picture.
    """
    with _opened(path, (name,)) as image:
        return image.size


def convert(path: Path, name: str) -> None:
    """Turn a PPM picture of our own into the format with Pillow's `name`, in its place.

    Raises:
        PictureError: It is none.
    """
    with _opened(path, ("PPM",)) as image:
        image.load()
    image.save(path, format=name)


def flatten(path: Path, formats: tuple[str, ...]) -> None:
    """Turn a picture into PAM, in its place: uncompressed, with transparency, known to every FFmpeg.

    It is turned upright; of a moving picture the first frame is taken.

    Args:
        path: The picture.
        formats: Pillow's names of the formats it may have.

    Raises:
        PictureError: It is no such picture, or has more than :data:`MAX_PIXELS`.
    """
    with _opened(path, formats) as image:
        if image.width * image.height > MAX_PIXELS:
            raise PictureError(f"it has {image.width}x{image.height} pixels; {MAX_PIXELS} in all are read")
        ImageOps.exif_transpose(image, in_place=True)
        rgba = _eight_bits(image).convert("RGBA")
    # FFmpeg knows the format by its first line only when a comment follows.
    header = (
        f"P7\n# RGBA\nWIDTH {rgba.width}\nHEIGHT {rgba.height}\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\n"
    )
    with path.open("wb") as file:
        file.write(f"{header}ENDHDR\n".encode("ascii"))
        for top in range(0, rgba.height, _BAND):
            band = (0, top, rgba.width, min(top + _BAND, rgba.height))
            file.write(rgba.crop(band).tobytes())


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scale 16 bits of gray, which Pillow itself would cut off at 255."""
    if not image.mode.startswith("I"):
        return image
    return image.point(lambda value: value * _TO_8_BITS).convert("L")


@contextmanager
def _opened(path: Path, formats: tuple[str, ...]) -> Iterator[Image.Image]:
    with path.open("rb") as file:
        try:
            with Image.open(file, formats=formats) as image:
                yield image
        except PictureError:
            raise
        except UnidentifiedImageError as error:  # its own words name the file on this machine
            raise PictureError("its first bytes are those of no such format") from error
        except _DAMAGE as error:
            raise PictureError(str(error)) from error
