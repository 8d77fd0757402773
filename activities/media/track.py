"""What the initialization segment of a track says: kind, clock and size, and the codec as players name it."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from activities.media.boxes import Box, BoxError, boxes, find, need

_FULL = 4
_VISUAL_ENTRY = 78
_AUDIO_ENTRY = 28
_ES, _DECODER, _SPECIFIC = 3, 4, 5
_ESCAPE = 31


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """The one track of a fragmented file.

    Attributes:
        kind: ``video`` or ``audio``.
        timescale: Ticks per second.
        codec: Its codec by RFC 6381, such as ``avc1.64001F``.
        size: Width and height in pixels; None for audio.
        sample_rate: Hz; 0 for video.
        channels: How many; 0 for video.
        before: Ticks of its clock that come before its time 0: frames are decoded in another order than they
            are shown in, and coders of sound need a part to start with.
        edit: Where the initialization segment says how many (32 bits); None where it says nothing.
    """

    kind: str
    timescale: int
    codec: str
    size: tuple[int, int] | None = None
    sample_rate: int = 0
    channels: int = 0
    before: int = 0
    edit: int | None = None


def read_track(data: bytes) -> Track:
    """Read an initialization segment: ``ftyp`` and ``moov``, with one track.

    Raises:
        BoxError: It is none, or its codec is not known.
    """
    track = need(data, "moov", "trak")
    media = need(data, "mdia", within=track)
    handler = need(data, "hdlr", within=media)
    clock = need(data, "mdhd", within=media)
    (timescale,) = struct.unpack_from(">I", data, clock.body + _FULL + (16 if data[clock.body] else 8))
    kind = {b"vide": "video", b"soun": "audio"}.get(data[handler.body + 8 : handler.body + 12], "")
    descriptions = need(data, "minf", "stbl", "stsd", within=media)
    entry = next(boxes(data, descriptions.body + _FULL + 4, descriptions.end), None)
    if not kind or entry is None:
        raise BoxError("has a track that is neither video nor audio")
    edit = _edit(data, track)
    before = struct.unpack_from(">I", data, edit)[0] if edit is not None else 0
    if kind == "video":
        width, height = struct.unpack_from(">HH", data, entry.body + 24)
        codec = _video_codec(data, entry)
        return Track(
            kind=kind, timescale=timescale, codec=codec, size=(width, height), before=before, edit=edit
        )
    channels, _, _, rate = struct.unpack_from(">HHII", data, entry.body + 16)
    return Track(
        kind=kind,
        timescale=timescale,
        codec=_audio_codec(data, entry),
        sample_rate=rate >> 16,
        channels=channels,
        before=before,
        edit=edit,
    )


def _edit(data: bytes, track: Box) -> int | None:
    edits = find(data, "edts", "elst", within=track)
    if edits is None:
        return None
    (count,) = struct.unpack_from(">I", data, edits.body + _FULL)
    if data[edits.body] or count != 1:
        raise BoxError("has more than one edit")
    return edits.body + _FULL + 4 + 4


def _video_codec(data: bytes, entry: Box) -> str:
    content = list(boxes(data, entry.body + _VISUAL_ENTRY, entry.end))
    configuration = {box.type: data[box.body : box.end] for box in content}
    match configuration:
        case {"avcC": avc}:
            return f"avc1.{avc[1:4].hex().upper()}"
        case {"hvcC": hevc}:
            return _hevc(entry.type, hevc)
        case {"vpcC": vp9}:
            profile, level, depth = vp9[_FULL], vp9[_FULL + 1], vp9[_FULL + 2] >> 4
            return f"vp09.{profile:02d}.{level:02d}.{depth:02d}"
        case {"av1C": av1}:
            depth = (12 if av1[2] & 0x20 else 10) if av1[2] & 0x40 else 8
            tier = "H" if av1[2] & 0x80 else "M"
            return f"av01.{av1[1] >> 5}.{av1[1] & 31:02d}{tier}.{depth:02d}"
        case _:
            raise BoxError(f"has video {entry.type}, whose codec has no name for players")


def _hevc(entry: str, configuration: bytes) -> str:
    """Name HEVC as ISO/IEC 14496-15, E.3, does: profile, compatibility, tier and level, constraints."""
    space = ("", "A", "B", "C")[configuration[1] >> 6]
    tier = "H" if configuration[1] & 0x20 else "L"
    compatible = int(f"{int.from_bytes(configuration[2:6], 'big'):032b}"[::-1], 2)
    constraints = configuration[6:12].rstrip(b"\0")
    parts = [
        entry,
        f"{space}{configuration[1] & 31}",
        f"{compatible:X}",
        f"{tier}{configuration[12]}",
        *(f"{byte:X}" for byte in constraints),
    ]
    return ".".join(parts)


def _audio_codec(data: bytes, entry: Box) -> str:
    if entry.type == "mp4a":
        start = entry.body + _AUDIO_ENTRY
        box = next((box for box in boxes(data, start, entry.end) if box.type == "esds"), None)
        if box is None:
            raise BoxError("has AAC without its description")
        return f"mp4a.40.{_object_type(data[box.body + _FULL : box.end])}"
    names = {"Opus": "opus", "ac-3": "ac-3"}
    if entry.type not in names:
        raise BoxError(f"has audio {entry.type}, whose codec has no name for players")
    return names[entry.type]


def _object_type(descriptors: bytes) -> int:
    """Return the kind of AAC: 2 is AAC-LC (ISO/IEC 14496-3, 1.6.2)."""
    place = 0
    while place < len(descriptors):
        tag = descriptors[place]
        place += 1
        while descriptors[place] & 0x80:
            place += 1
        place += 1
        if tag == _ES:
            place += 3
        elif tag == _DECODER:
            place += 13
        elif tag == _SPECIFIC:
            kind = descriptors[place] >> 3
            if kind == _ESCAPE:
                kind = 32 + ((descriptors[place] & 7) << 3 | descriptors[place + 1] >> 5)
            return kind
        else:
            break
    raise BoxError("has AAC that does not tell its kind")
