from __future__ import annotations

import random
import struct
import zlib
from pathlib import Path

import pytest

from activities.media.png import SIGNATURE, Picture, PngError, read_png
from activities.sample_clip import make_watermark


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(
    width: int, height: int, depth: int, colour: int, lines: bytes, *extra: bytes, interlaced: int = 0
) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    packed = zlib.compress(lines)
    # Two parts, as large pictures have.
    return b"".join(
        (SIGNATURE, _chunk(b"IHDR", header), *extra, _chunk(b"IDAT", packed[:5]), _chunk(b"IDAT", packed[5:]))
    ) + _chunk(b"IEND", b"")


def test_what_is_written_is_read_again() -> None:
    picture = Picture(width=3, height=2, rgba=bytes(range(24)))
    assert read_png(picture.to_png()) == picture
    assert picture.to_pam() == (
        b"P7\n# RGBA\nWIDTH 3\nHEIGHT 2\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n" + bytes(range(24))
    )


def test_every_kind_of_line() -> None:
    plain = [bytes(random.Random(row).randbytes(12)) for row in range(5)]
    filtered = b"".join(
        bytes([kind]) + _filter(kind, line, plain[kind - 1] if kind else bytes(12))
        for kind, line in enumerate(plain)
    )
    found = read_png(_png(4, 5, 8, 2, filtered))
    assert found.rgba == b"".join(line[at : at + 3] + b"\xff" for line in plain for at in range(0, 12, 3))


def _filter(kind: int, line: bytes, above: bytes) -> bytes:
    """The five filters of the format, written the other way round."""
    out = bytearray()
    for at, value in enumerate(line):
        left, corner = (line[at - 3], above[at - 3]) if at >= 3 else (0, 0)
        up = above[at]
        estimate = left + up - corner
        paeth = min((left, up, corner), key=lambda near: abs(estimate - near))
        out.append((value - (0, left, up, (left + up) // 2, paeth)[kind]) & 255)
    return bytes(out)


@pytest.mark.parametrize(
    ("content", "rgba"),
    [
        (_png(2, 1, 8, 0, b"\0\x00\x80"), b"\0\0\0\xff\x80\x80\x80\xff"),
        (_png(2, 1, 8, 4, b"\0\x10\x20\x30\x40"), b"\x10\x10\x10\x20\x30\x30\x30\x40"),
        (_png(1, 1, 16, 6, b"\0\x10\x99\x20\x99\x30\x99\x40\x99"), b"\x10\x20\x30\x40"),
        (_png(4, 1, 1, 0, b"\0\xa0"), b"\xff\xff\xff\xff\0\0\0\xff" * 2),
        (
            _png(3, 1, 2, 3, b"\0\x18", _chunk(b"PLTE", b"\1\2\3\4\5\6"), _chunk(b"tRNS", b"\x7f")),
            b"\1\2\3\x7f\4\5\6\xff\0\0\0\xff",
        ),
    ],
    ids=["gray", "gray+alpha", "16 bit", "1 bit", "palette"],
)
def test_kinds_of_pictures(content: bytes, rgba: bytes) -> None:
    assert read_png(content).rgba == rgba


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a",
        SIGNATURE,
        _png(2, 2, 8, 6, b"\0" * 9),
        _png(2, 1, 8, 6, b"\7" + b"\0" * 8),
        _png(2, 1, 8, 6, b"\0" * 9, interlaced=1),
        _png(60000, 60000, 8, 6, b""),
        _png(1, 1, 8, 5, b"\0\0"),
        SIGNATURE
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 6, 0, 0, 0))
        + _chunk(b"IDAT", b"no zlib"),
        SIGNATURE + _chunk(b"IHDR", b"short") + _chunk(b"IDAT", b""),
    ],
)
def test_what_is_not_read(content: bytes) -> None:
    with pytest.raises(PngError):
        read_png(content)


def test_the_sample_watermark(tmp_path: Path) -> None:
    make_watermark(tmp_path / "mark.png")
    picture = read_png((tmp_path / "mark.png").read_bytes())
    assert (picture.width, picture.height) == (160, 64)
    assert {picture.rgba[at] for at in range(3, len(picture.rgba), 4)} == {0x40, 0xFF}
