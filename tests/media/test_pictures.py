"""Pictures of strangers, made by Pillow and then spoilt."""

from __future__ import annotations

import io
import random
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from activities.pictures.pictures import MAX_PIXELS, PictureError, convert, flatten, measure

_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(width: int, height: int, depth: int, colour: int, lines: bytes, *extra: bytes) -> bytes:
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"".join((_SIGNATURE, header, *extra, _chunk(b"IDAT", zlib.compress(lines)), _chunk(b"IEND", b"")))


def _written(image: Image.Image, name: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def _flattened(path: Path, content: bytes) -> tuple[int, int, bytes]:
    """Read the PAM as its format says, not as the code under test writes it."""
    path.write_bytes(content)
    flatten(path, _FORMATS)
    header, pixels = path.read_bytes().split(b"ENDHDR\n", 1)
    magic, *lines = header.decode("ascii").splitlines()
    facts = dict(line.split() for line in lines if not line.startswith("#"))
    assert (magic, facts["DEPTH"], facts["MAXVAL"], facts["TUPLTYPE"]) == ("P7", "4", "255", "RGB_ALPHA")
    width, height = int(facts["WIDTH"]), int(facts["HEIGHT"])
    assert len(pixels) == 4 * width * height
    return width, height, pixels


@pytest.mark.parametrize(
    ("content", "rgba"),
    [
        (_png(2, 1, 8, 0, b"\0\x00\x80"), b"\0\0\0\xff\x80\x80\x80\xff"),
        (_png(2, 1, 16, 0, b"\0\x12\x34\xff\xff"), b"\x12\x12\x12\xff\xff\xff\xff\xff"),
        (_png(2, 1, 8, 4, b"\0\x10\x20\x30\x40"), b"\x10\x10\x10\x20\x30\x30\x30\x40"),
        (_png(1, 1, 16, 6, b"\0\x10\x10\x20\x20\x30\x30\x40\x40"), b"\x10\x20\x30\x40"),
        (_png(4, 1, 1, 0, b"\0\xa0"), b"\xff\xff\xff\xff\0\0\0\xff" * 2),
        (
            _png(2, 1, 2, 3, b"\0\x10", _chunk(b"PLTE", b"\1\2\3\4\5\6"), _chunk(b"tRNS", b"\x7f")),
            b"\1\2\3\x7f\4\5\6\xff",
        ),
    ],
    ids=["gray", "16 bit gray", "gray+alpha", "16 bit", "1 bit", "palette"],
)
def test_every_kind_of_png_keeps_its_colours(tmp_path: Path, content: bytes, rgba: bytes) -> None:
    assert _flattened(tmp_path / "x", content)[2] == rgba


@pytest.mark.parametrize("name", _FORMATS)
def test_every_format_is_read(tmp_path: Path, name: str) -> None:
    width, height, pixels = _flattened(
        tmp_path / "x", _written(Image.new("RGB", (3, 2), (255, 255, 255)), name)
    )
    assert (width, height, set(pixels)) == (3, 2, {255})


def test_a_picture_of_many_lines(tmp_path: Path) -> None:
    rgba = random.Random(1).randbytes(4 * 2 * 600)
    content = _written(Image.frombytes("RGBA", (2, 600), rgba), "PNG")
    assert _flattened(tmp_path / "x", content) == (2, 600, rgba)


def test_a_turned_photo_comes_out_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    content = _written(Image.new("RGB", (8, 4)), "JPEG", exif=exif)
    assert _flattened(tmp_path / "x", content)[:2] == (4, 8)


def test_the_first_frame_of_a_moving_picture(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (2, 2), colour) for colour in ("white", "black")]
    content = _written(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert set(_flattened(tmp_path / "x", content)[2]) == {255}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"P6\n1 1\n255\nabc",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n",
        _SIGNATURE,
        _png(2, 1, 8, 6, b"\7" + b"\0" * 8),
        _png(9, 9, 8, 6, random.Random(1).randbytes(36).join([b"\0"] * 10))[:-30],
        _png(7681, 4320, 8, 6, b""),
        _png(10_000, 10_000, 8, 6, b""),
        _png(60_000, 60_000, 8, 6, b""),
        _png(1, 1, 8, 5, b"\0\0"),
        _SIGNATURE
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 6, 0, 0, 0))
        + _chunk(b"IDAT", b"no zlib"),
        _SIGNATURE + _chunk(b"IHDR", b"short") + _chunk(b"IDAT", b""),
    ],
)
def test_what_is_not_read(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(PictureError) as caught:
        flatten(path, _FORMATS)
    assert path.read_bytes() == content
    assert str(tmp_path) not in str(caught.value)


def test_a_picture_too_large_is_refused_by_its_header(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(_png(7681, 4320, 8, 6, b""))
    with pytest.raises(PictureError, match=f"7681x4320 pixels; {MAX_PIXELS} in all"):
        flatten(path, _FORMATS)


@pytest.mark.parametrize("name", _FORMATS)
def test_damage_is_always_told_as_such(tmp_path: Path, name: str) -> None:
    chance = random.Random(name)
    path = tmp_path / "x"
    whole = _written(Image.frombytes("RGB", (20, 15), chance.randbytes(900)), name)
    for _ in range(200):
        content = bytearray(whole)
        for _ in range(chance.choice((1, 2, 8))):
            content[chance.randrange(min(len(content), chance.choice((64, 4096))))] = chance.choice(
                (0, 127, 255)
            )
        path.write_bytes(content[: chance.choice((len(content), chance.randrange(len(content))))])
        try:
            flatten(path, _FORMATS)
        except PictureError:
            continue


def test_a_plain_picture_becomes_a_png(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"P6\n2 1\n255\nabcdef")
    convert(path, "PNG")
    assert measure(path, "PNG") == (2, 1)
    with Image.open(path) as image:
        assert (image.format, image.mode, image.tobytes()) == ("PNG", "RGB", b"abcdef")
    with pytest.raises(PictureError):
        measure(path, "JPEG")
    with pytest.raises(PictureError):
        convert(path, "PNG")
