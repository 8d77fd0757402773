"""Forty files, and some more, that no worker should be hurt by: hostile, broken, or merely odd.

Those that name other files or addresses name a file with a secret, and a server on this machine that notes
every connection.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from tests.media.clips import ClipMaker

SECRET = "canary-5f1c2e9a"
"""What the planted file holds; nothing that comes out of a worker may hold it."""

SOUND = "sound"
"""In place of a code, for a file that is odd and yet may be transcoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostile:
    """A file, and what becomes of it.

    Attributes:
        name: What it is.
        content: Its bytes.
        codes: The codes with which it may be refused, of which the first is the usual one.
        type: As which type of asset it is given.
    """

    name: str
    content: bytes
    codes: tuple[str, ...] = ("INPUT_NOT_MEDIA",)
    type: str = "VIDEO"


def hostile_files(clips: ClipMaker, *, secret: Path, address: str) -> Iterator[Hostile]:
    """Make all files; `secret` is the path of the planted file, `address` that of the listening server."""
    yield from _disguised(clips, secret, address)
    yield from _truncated(clips)
    yield from _odd_films(clips)
    yield from _changed_films(clips, secret, address)
    yield from _no_films(secret, address)
    yield from _pictures(secret, address)


def _disguised(clips: ClipMaker, secret: Path, address: str) -> Iterator[Hostile]:
    """Lists of other files, which FFmpeg tells by their content and not by their name."""
    segment = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{}\n#EXT-X-ENDLIST\n"
    lists = {
        "HLS of a local file": segment.format(f"file://{secret}"),
        "HLS of an address": segment.format(address),
        "HLS that concatenates": segment.format(f"concat:{secret}|{address}"),
        "HLS with a key elsewhere": segment.format("x.ts").replace(
            "#EXTINF", f'#EXT-X-KEY:METHOD=AES-128,URI="{address}"\n#EXTINF', 1
        ),
        "HLS of a part of a file": segment.format(f"subfile,,start,0,end,99,,:{secret}"),
        "HLS that enciphers": segment.format(f"crypto+{address}"),
        "HLS with a map elsewhere": segment.format("x.m4s").replace(
            "#EXTINF", f'#EXT-X-MAP:URI="{address}"\n#EXTINF', 1
        ),
        "ffconcat": f"ffconcat version 1.0\nfile '{secret}'\nfile '{address}'\n",
        "ffconcat with options": f"ffconcat version 1.0\nfile x\noption protocol_whitelist file,tcp,http\nfile {address}\n",
        "DASH": (
            '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"'
            ' mediaPresentationDuration="PT9S"><Period><AdaptationSet mimeType="video/mp4"><Representation'
            f' id="1" bandwidth="9"><BaseURL>{address}</BaseURL></Representation></AdaptationSet></Period></MPD>'
        ),
        "SDP": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9999 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
        "XSPF": f"<?xml version='1.0'?><playlist><trackList><track><location>{address}</location></track></trackList></playlist>",
        "IMF": f"<?xml version='1.0'?><AssetMap><Asset><Path>{secret}</Path></Asset></AssetMap>",
        "a pattern of picture files": f"{secret.parent}/%*",
        "AviSynth": f'AVISource("{secret}")\n',
        "RTSP": f"RTSPtext\n{address.replace('http', 'rtsp')}\n",
    }
    for name, text in lists.items():
        yield Hostile(name=f"{name} as .mp4", content=text.encode())
    # A byte that no text has, so that it is FFmpeg that must refuse it.
    yield Hostile(
        name="HLS with binary behind it", content=lists["HLS of an address"].encode() + b"\0\xff\xfe"
    )
    stream = clips.mp4("stream.ts", seconds=0.4).read_bytes()
    yield Hostile(
        name="HLS behind a transport stream",
        content=stream[: 188 * 4] + lists["HLS of a local file"].encode(),
        codes=("INPUT_NOT_MEDIA", "INPUT_NO_VIDEO", "INPUT_TRUNCATED", "INPUT_UNDECODABLE", "OUTPUT_INVALID"),
    )


def _truncated(clips: ClipMaker) -> Iterator[Hostile]:
    whole = clips.mp4("whole.mp4", seconds=4).read_bytes()
    lost = ("INPUT_TRUNCATED", "INPUT_NOT_MEDIA", "INPUT_NO_VIDEO")
    for share in (0.0005, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9):
        content = whole[: int(len(whole) * share)]
        yield Hostile(name=f"an MP4 cut at {share:.2%}", content=content, codes=lost)
    late = clips.mp4("late.mp4", "-movflags", "0", seconds=2).read_bytes()
    yield Hostile(name="an MP4 whose index is lost", content=late[: len(late) * 3 // 4], codes=lost)
    matroska = clips.mp4("whole.mkv", seconds=4).read_bytes()
    yield Hostile(name="a Matroska cut in half", content=matroska[: len(matroska) // 2], codes=lost)
    yield Hostile(name="a Matroska cut in its head", content=matroska[:100], codes=lost)


def _odd_films(clips: ClipMaker) -> Iterator[Hostile]:
    x264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
    slow = clips.run(
        "slow.mp4", *("-f", "lavfi", "-i", "color=size=32x32:rate=1:duration=36000"), *x264, "-g", "9999"
    )
    yield Hostile(
        name="1 frame a second for 10 h", content=slow.read_bytes(), codes=(SOUND, "FFMPEG_TIMEOUT")
    )
    negative = clips.mp4(
        "negative.mkv", "-output_ts_offset", "-1.5", "-avoid_negative_ts", "disabled", seconds=2
    )
    yield Hostile(name="negative times", content=negative.read_bytes(), codes=(SOUND, "OUTPUT_INVALID"))
    endless = clips.mp4("endless.mkv", "-live", "1", seconds=1)
    yield Hostile(name="no duration", content=endless.read_bytes(), codes=(SOUND,))
    many = [option for _ in range(100) for option in ("-map", "0:v")]
    streams = clips.mp4("many.mkv", *many, seconds=0.2, size="32x32")
    yield Hostile(name="100 streams", content=streams.read_bytes(), codes=(SOUND,))
    tags = [option for n in range(10) for option in ("-metadata", f"t{n}={'x' * 100_000}")]
    chatty = clips.mp4("chatty.mkv", *tags, seconds=0.4)
    yield Hostile(name="a megabyte of tags", content=chatty.read_bytes(), codes=(SOUND,))
    jumps = clips.mp4(
        "jumps.mkv", "-bsf:v", "setts=pts=PTS+gte(N\\,20)*90000000:dts=DTS+gte(N\\,20)*90000000", seconds=2
    )
    yield Hostile(
        name="a day between two frames",
        content=jumps.read_bytes(),
        codes=(SOUND, "FFMPEG_TIMEOUT", "OUTPUT_INVALID", "OUTPUT_TOO_SHORT", "DISK_QUOTA"),
    )
    wide = clips.run("wide.mkv", "-f", "lavfi", "-i", "color=size=16000x64:rate=1:duration=1", "-c:v", "ffv1")
    yield Hostile(name="16,000 pixels wide", content=wide.read_bytes(), codes=(SOUND,))


def _changed_films(clips: ClipMaker, secret: Path, address: str) -> Iterator[Hostile]:
    """Good films of which some bytes were changed."""
    film = clips.mp4("film.mp4", seconds=1).read_bytes()
    lost = (
        *(
            SOUND,
            "INPUT_UNDECODABLE",
            "INPUT_TRUNCATED",
            "INPUT_NOT_MEDIA",
            "INPUT_NO_VIDEO",
            "INPUT_TOO_LARGE",
        ),
        *("INPUT_TOO_COMPLEX", "OUTPUT_INVALID", "OUTPUT_TOO_SHORT", "FFMPEG_FAILED", "FFMPEG_TIMEOUT"),
    )
    for name, kind, where in (
        ("a data reference to a file", b"url ", f"file://{secret}"),
        ("a data reference to an address", b"url ", address),
        ("a data reference by alias", b"alis", str(secret)),
    ):
        content = _with_reference(film, kind, where)
        yield Hostile(name=name, content=content, codes=lost)
    attached = clips.mp4(
        "attached.mkv", "-attach", str(secret), "-metadata:s:t", "mimetype=application/x-sh",
        "-metadata:s:t", f"filename=../../{secret.name}.out", seconds=0.4,
    )  # fmt: skip
    yield Hostile(name="a Matroska with attachments", content=attached.read_bytes(), codes=(SOUND,))
    # The sizes of H.264 are in its own stream; this codec takes the container's.
    claims = clips.run(
        "claims.mov", "-f", "lavfi", "-i", "testsrc2=size=64x64:duration=1", "-c:v", "qtrle"
    ).read_bytes()
    for name, width, height in (("20,000 x 20,000", 20_000, 20_000), ("65,535 x 65,535", 65_535, 65_535)):
        yield Hostile(
            name=f"a film that claims {name}",
            content=_claiming(claims, width, height),
            codes=("INPUT_TOO_LARGE", "INPUT_NO_VIDEO"),
        )
    boxes = bytearray(film)
    place = boxes.index(b"stsz") + 8
    struct.pack_into(">II", boxes, place, 0, 0xFFFFFFF0)
    yield Hostile(name="four billion samples", content=bytes(boxes), codes=lost)
    boxes = bytearray(film)
    struct.pack_into(">I", boxes, boxes.index(b"elst") + 8, 0xFFFFFFFF)
    yield Hostile(name="an edit list without end", content=bytes(boxes), codes=lost)
    boxes = bytearray(film)
    struct.pack_into(">II", boxes, boxes.index(b"elst") + 12, 0x7FFFFFFF, 0x80000000)
    yield Hostile(name="an edit list into the past", content=bytes(boxes), codes=(*lost, "DISK_QUOTA"))
    yield Hostile(name="boxes in boxes", content=film[:32] + _nested(5000), codes=lost)
    noise = bytearray(film)
    start = noise.index(b"mdat") + 4
    noise[start:] = bytes((n * 7919 >> 3) & 255 for n in range(len(noise) - start))
    yield Hostile(name="noise in place of pictures", content=bytes(noise), codes=lost[1:])


def _no_films(secret: Path, address: str) -> Iterator[Hostile]:
    other = ("INPUT_TYPE_MISMATCH", "INPUT_NOT_MEDIA")
    yield Hostile(name="no bytes", content=b"", codes=("INPUT_EMPTY",))
    yield Hostile(name="zeros", content=bytes(1_000_000))
    yield Hostile(name="a program", content=b"\x7fELF" + bytes(range(256)) * 20)
    yield Hostile(name="an archive", content=b"PK\x03\x04" + bytes(range(256)) * 20, codes=other)
    picture = io.BytesIO()
    Image.new("RGB", (64, 64)).save(picture, "PNG")
    yield Hostile(name="a PNG as .mp4", content=picture.getvalue(), codes=other)
    song = b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + bytes(5000)
    yield Hostile(
        name="a tag of 256 MB",
        content=song,
        codes=("INPUT_NOT_MEDIA", "INPUT_NO_AUDIO", "INPUT_TRUNCATED"),
        type="AUDIO",
    )
    yield Hostile(name="CUE", content=f'FILE "{secret}" WAVE\n  TRACK 01 AUDIO\n'.encode(), type="AUDIO")
    yield Hostile(name="PLS", content=f"[playlist]\nFile1={address}\n".encode(), type="AUDIO")


def _pictures(secret: Path, address: str) -> Iterator[Hostile]:
    refused = (
        "INPUT_NOT_MEDIA",
        "INPUT_UNDECODABLE",
        "INPUT_TRUNCATED",
        "INPUT_TOO_LARGE",
        "INPUT_TOO_COMPLEX",
    )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink">'
        f'<image x:href="file://{secret}"/><image x:href="{address}"/></svg>'
    )
    entity = f'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file://{secret}">]><svg>&x;</svg>'
    magick = (
        f"push graphic-context\nviewbox 0 0 9 9\nimage over 0,0 9,9 'url({address})'\npop graphic-context\n"
    )
    postscript = f"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n({secret}) (r) file\n"
    for name, drawing in (("SVG", svg), ("SVG with an entity", entity), ("MVG", magick), ("EPS", postscript)):
        yield Hostile(name=f"{name} as .jpg", content=drawing.encode(), codes=refused, type="IMAGE")
    rows = zlib.compress(bytes((20_000 + 1) * 20_000), 9)
    yield Hostile(name="a PNG of 20,000 x 20,000", content=_png(20_000, rows), codes=refused, type="IMAGE")
    yield Hostile(
        name="a PNG that claims to be small", content=_png(16, rows), codes=(SOUND, *refused), type="IMAGE"
    )
    yield Hostile(
        name="a PNG of 2 billion pixels' width", content=_png(0x7FFFFFFF, b""), codes=refused, type="IMAGE"
    )
    text = b"zTXt" + b"k\0\0" + zlib.compress(bytes(200_000_000), 9)
    bomb = _png(16, zlib.compress(bytes(17 * 16)), (text,))
    yield Hostile(name="a PNG with a bomb of text", content=bomb, codes=(SOUND, *refused), type="IMAGE")
    jpeg = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(jpeg, "JPEG")
    yield Hostile(
        name="half a JPEG", content=jpeg.getvalue()[: len(jpeg.getvalue()) // 2], codes=refused, type="IMAGE"
    )


def _with_reference(film: bytes, kind: bytes, where: str) -> bytes:
    """Have an MP4 whose index is in front take its samples from elsewhere."""
    content = bytearray(film)
    place = content.index(b"dref")
    old = content.index(b"url ", place)
    entry = struct.pack(">I4sI", 12 + len(where) + 1, kind, 0) + where.encode() + b"\0"
    added = len(entry) - 12
    content[old - 4 : old + 8] = entry
    for name in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        box = content.rindex(name, 0, old) - 4
        struct.pack_into(">I", content, box, struct.unpack_from(">I", content, box)[0] + added)
    return bytes(content)


def _claiming(film: bytes, width: int, height: int) -> bytes:
    """Have the sample description of a film in QuickTime's animation codec claim a size."""
    content = bytearray(film)
    struct.pack_into(">HH", content, content.index(b"rle ", content.index(b"stsd")) + 4 + 24, width, height)
    return bytes(content)


def _nested(depth: int) -> bytes:
    content = b""
    for _ in range(depth):
        content = struct.pack(">I4s", len(content) + 8, b"moov") + content
    return content


def _png(side: int, rows: bytes, more: tuple[bytes, ...] = ()) -> bytes:
    """Write a square gray PNG; `more` are chunks of other kinds."""
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    chunks = (b"IHDR" + head, *more, b"IDAT" + rows, b"IEND")
    written = (
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)
