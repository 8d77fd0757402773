"""PNG pictures, read and written without FFmpeg.

Small builds of FFmpeg have no zlib and so no PNG, which is what most watermarks are. A watermark is small;
what is read here is turned into PAM, an uncompressed format with transparency that every FFmpeg reads.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

SIGNATURE = b"\x89PNG\r\n\x1a\n"

MAX_PIXELS = 4_000_000
"""Pure Python takes about a second per million pixels."""

_HEADER = struct.Struct(">IIBBBBB")
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_GRAY, _COLOUR, _PALETTE, _GRAY_ALPHA = 0, 2, 3, 4
_BYTE, _WORD = 8, 16


class PngError(ValueError):
    """Bytes that are no PNG picture, or one of a kind that is not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture of `width` by `height` pixels; `rgba` holds four bytes for each, from the top left."""

    width: int
    height: int
    rgba: bytes

    def to_pam(self) -> bytes:
        """Write it as PAM. FFmpeg knows the format by its first line only when a comment follows."""
        header = (
            f"P7\n# RGBA\nWIDTH {self.width}\nHEIGHT {self.height}\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\n"
        )
        return f"{header}ENDHDR\n".encode("ascii") + self.rgba

    def to_png(self) -> bytes:
        """Write it as PNG."""
        header = _HEADER.pack(self.width, self.height, _BYTE, 6, 0, 0, 0)
        stride = self.width * 4
        lines = b"".join(
            b"\x00" + self.rgba[start : start + stride] for start in range(0, len(self.rgba), stride)
        )
        parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
        return SIGNATURE + b"".join(_chunk(kind, body) for kind, body in parts)


def read_png(content: bytes) -> Picture:
    """Read a PNG picture of any colour type that is not interlaced.

    Raises:
        PngError: It is none, damaged, interlaced, or larger than :data:`MAX_PIXELS`.
    """
    chunks: dict[bytes, bytes] = {}
    for kind, body in _chunks(content):
        chunks[kind] = chunks.get(kind, b"") + body if kind == b"IDAT" else body
    try:
        width, height, depth, colour, _, _, interlaced = _HEADER.unpack(chunks[b"IHDR"])
        packed = chunks[b"IDAT"]
    except (KeyError, struct.error) as error:
        raise PngError("the PNG is damaged") from error
    if not 0 < width * height <= MAX_PIXELS:
        raise PngError(f"the PNG has {width}x{height} pixels; {MAX_PIXELS} in all are read")
    if interlaced or colour not in _CHANNELS or depth not in (1, 2, 4, _BYTE, _WORD):
        raise PngError("the PNG is of a kind that is not read, such as an interlaced one")
    bits = depth * _CHANNELS[colour]
    stride = (width * bits + 7) // 8
    lines = _unfilter(_inflate(packed, (stride + 1) * height), stride, max(bits // 8, 1))
    if len(lines) != height:
        raise PngError("the PNG is cut off")
    to_rgba = _converter(colour, depth, chunks.get(b"PLTE", b""), chunks.get(b"tRNS", b""))
    count = width * _CHANNELS[colour]
    rgba = b"".join(to_rgba(_samples(line, count, depth)) for line in lines)
    return Picture(width=width, height=height, rgba=rgba)


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not content.startswith(SIGNATURE):
        raise PngError("it is no PNG")
    position = len(SIGNATURE)
    while position + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, position)
        yield kind, content[position + 8 : position + 8 + length]
        position += length + 12


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))


def _inflate(packed: bytes, expected: int) -> bytes:
    """Inflate to no more bytes than the header promises."""
    try:
        return zlib.decompressobj().decompress(packed, expected)
    except zlib.error as error:
        raise PngError("the PNG is damaged") from error


def _unfilter(data: bytes, stride: int, step: int) -> list[bytes]:
    """Undo the prediction of each line from its left and upper neighbours."""
    lines: list[bytes] = []
    above = bytes(stride)
    for start in range(0, len(data) - stride, stride + 1):
        line = bytearray(data[start + 1 : start + 1 + stride])
        match data[start]:
            case 0:
                pass
            case 1:
                for at in range(step, stride):
                    line[at] = (line[at] + line[at - step]) & 255
            case 2:
                line = bytearray((value + up) & 255 for value, up in zip(line, above, strict=True))
            case 3:
                for at in range(stride):
                    left = line[at - step] if at >= step else 0
                    line[at] = (line[at] + (left + above[at]) // 2) & 255
            case 4:
                _undo_paeth(line, above, step)
            case _:
                raise PngError("the PNG is damaged")
        above = bytes(line)
        lines.append(above)
    return lines


def _undo_paeth(line: bytearray, above: bytes, step: int) -> None:
    for at, value in enumerate(line):
        left, corner = (line[at - step], above[at - step]) if at >= step else (0, 0)
        up = above[at]
        to_left, to_up, to_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
        upper = up if to_up <= to_corner else corner
        nearest = left if to_left <= min(to_up, to_corner) else upper
        line[at] = (value + nearest) & 255


def _samples(line: bytes, count: int, depth: int) -> bytes:
    """Return one byte per sample; of 16 bits the upper eight."""
    if depth == _BYTE:
        return line
    if depth == _WORD:
        return line[::2]
    mask = (1 << depth) - 1
    shifts = range(_BYTE - depth, -1, -depth)
    return bytes((byte >> shift) & mask for byte in line for shift in shifts)[:count]


def _converter(colour: int, depth: int, palette: bytes, transparency: bytes) -> Callable[[bytes], bytes]:
    """Return the function that turns a line's samples into RGBA."""
    if colour == _PALETTE:
        known = len(palette) // 3
        alphas = transparency.ljust(known, b"\xff")
        colours = [palette[3 * at : 3 * at + 3] + alphas[at : at + 1] for at in range(known)]
        colours += [b"\x00\x00\x00\xff"] * (256 - known)
        return lambda line: b"".join(colours[at] for at in line)
    if colour == _COLOUR:
        return lambda line: _interleave(line[::3], line[1::3], line[2::3], b"\xff" * (len(line) // 3))
    if colour == _GRAY_ALPHA:
        return lambda line: _interleave(line[::2], line[::2], line[::2], line[1::2])
    if colour == _GRAY:
        scale = 1 if depth >= _BYTE else 255 // ((1 << depth) - 1)
        table = bytes(min(value * scale, 255) for value in range(256))
        return lambda line: _interleave(*(line.translate(table),) * 3, b"\xff" * len(line))
    return lambda line: line


def _interleave(red: bytes, green: bytes, blue: bytes, alpha: bytes) -> bytes:
    pixels = bytearray(4 * len(red))
    pixels[::4], pixels[1::4], pixels[2::4], pixels[3::4] = red, green, blue, alpha
    return bytes(pixels)
