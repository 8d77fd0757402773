"""The ImageMagicks of this machine for tests, and pictures on which the effect of an option can be seen."""

from __future__ import annotations

import io
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from activities.media.command_words import INPUT, OUTPUT
from activities.media.convert_command import parse_convert
from activities.media.image_formats import PICTURE_FORMATS
from activities.pictures.commanded import magick_arguments
from activities.pictures.magick import Magick, find_magick
from cpe.activity import Cancellation
from cpe.errors import ActivityError

RED, LIME, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)

_NAMES = ("magick", "magick-im7.q16", "convert-im6.q16", "convert")
_ROOM = 2 * 1024**3


def magick_of(version: int) -> Magick | None:
    """Find an ImageMagick of a version; None when there is none."""
    for name in _NAMES:
        path = shutil.which(name)
        try:
            found = find_magick(path) if path else None
        except ActivityError:
            continue
        if found is not None and found.version[0] == version:
            return found
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a command made."""

    content: bytes
    image: Image.Image

    def at(self, x: int, y: int) -> tuple[int, ...]:
        """Return the colour of a pixel."""
        found = self.image.convert("RGB").getpixel((x % self.image.width, y % self.image.height))
        assert isinstance(found, tuple)
        return found

    @property
    def gray(self) -> Image.Image:
        return self.image.convert("L")


@dataclass(frozen=True, slots=True, kw_only=True)
class Darkroom:
    """Runs commands on pictures in a folder, without a job around."""

    magick: Magick
    folder: Path

    def make(self, words: str, *, content: bytes, extension: str = "png", before: str = "") -> Made:
        """Run a command on a picture's content."""
        command = parse_convert(f"convert {before} {INPUT} {words} {OUTPUT}", "cmd")
        source = self.folder / "input"
        source.write_bytes(content)
        directory = self.folder / "output"
        directory.mkdir(exist_ok=True)
        for left in directory.iterdir():
            left.unlink()
        with Image.open(io.BytesIO(content)) as image:
            form = PICTURE_FORMATS["jpg" if image.format == "MPO" else str(image.format).lower()]
        self.magick.run(
            magick_arguments(command, "input", form, PICTURE_FORMATS[extension]),
            directory,
            source=source,
            cancellation=Cancellation(),
            cores=1,
            room=_ROOM,
        )
        made = (directory / "made").read_bytes()
        return Made(content=made, image=Image.open(io.BytesIO(made)))


def written(image: Image.Image, name: str, **options: object) -> bytes:
    """Return a picture as a file of a format."""
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def quadrants() -> Image.Image:
    """80x60 pixels: red, lime, blue and white."""
    image = Image.new("RGB", (80, 60), RED)
    for place, colour in (((40, 0, 80, 30), LIME), ((0, 30, 40, 60), BLUE), ((40, 30, 80, 60), WHITE)):
        image.paste(colour, place)
    return image


def _ramp() -> Image.Image:
    """Gray from 50 to 200, 151 pixels wide."""
    image = Image.new("L", (151, 20))
    image.putdata([50 + x for _ in range(20) for x in range(151)])
    return image.convert("RGB")


def _step() -> Image.Image:
    image = Image.new("L", (40, 40), 100)
    image.paste(150, (20, 0, 40, 40))
    return image


def _half_clear() -> Image.Image:
    image = Image.new("RGBA", (40, 30), (*BLUE, 255))
    image.paste((*RED, 0), (0, 0, 20, 30))
    return image


def _framed() -> Image.Image:
    image = Image.new("RGB", (40, 40), WHITE)
    image.paste(RED, (5, 5, 15, 15))
    return image


def _skewed() -> Image.Image:
    image = Image.new("L", (200, 200), 255)
    draw = ImageDraw.Draw(image)
    for y in range(20, 180, 20):
        draw.rectangle((20, y, 180, y + 6), fill=0)
    return image.rotate(5, fillcolor=255)


def _photo() -> bytes:
    """A JPEG that lies on its side, with a place and a comment."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "SECRET-PHONE"
    return written(quadrants(), "JPEG", exif=exif, comment=b"SECRET-COMMENT", quality=95)


def _moving() -> bytes:
    """A GIF whose later frames hold only what changes."""
    frames = []
    for number in range(3):
        frame = Image.new("RGB", (40, 30), WHITE)
        frame.paste(RED, (number * 10, 5, number * 10 + 8, 13))
        frames.append(frame)
    return written(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100, loop=0)


def _noise() -> Image.Image:
    image = Image.effect_noise((60, 60), 60)
    image.putdata([(n * 7919 >> 3) % 256 if n % 13 == 0 else 120 for n in range(3600)])
    return image


def _deep() -> Image.Image:
    return (
        Image.linear_gradient("L")
        .resize((64, 64))
        .convert("I")
        .point(lambda value: value * 250)
        .convert("I;16")
    )


def sources() -> Mapping[str, bytes]:
    """Pictures by the names that tests give them."""
    return {
        "quadrants": written(quadrants(), "PNG"),
        "ramp": written(_ramp(), "PNG"),
        "step": written(_step(), "PNG"),
        "half clear": written(_half_clear(), "PNG"),
        "framed": written(_framed(), "PNG"),
        "skewed": written(_skewed(), "PNG"),
        "photo": _photo(),
        "moving": _moving(),
        "noise": written(_noise(), "PNG"),
        "deep": written(_deep(), "PNG"),
        "large": written(quadrants().resize((640, 480)), "JPEG"),
    }
