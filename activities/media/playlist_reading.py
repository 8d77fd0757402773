"""Reads playlists back, as a player would, to see that they say what was made."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from urllib.parse import unquote

_NAMESPACE = {"mpd": "urn:mpeg:dash:schema:mpd:2011"}
_ATTRIBUTE = re.compile(r'([A-Z-]+)=("[^"]*"|[^",]*)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A segment that a playlist names: its file, its seconds, the bytes of it and how it is encrypted, if so.

    `offset` and `size` are None for the whole file. `key` and `start` are the key's URI and the start value.
    """

    file: str
    seconds: Fraction
    offset: int | None = None
    size: int | None = None
    key: str | None = None
    start: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The segments of a stream: the file that initializes it, its segments, and the longest it may have."""

    initialization: str
    entries: Sequence[Entry]
    target: int | None = None


def read_main(text: str) -> list[str]:
    """Return the files of all playlists that the main playlist of HLS names."""
    files = []
    for line in text.splitlines():
        if line.startswith(("#EXT-X-MEDIA:", "#EXT-X-I-FRAME-STREAM-INF:")):
            files.append(unquote(_attributes(line)["URI"]))
        elif line and not line.startswith("#"):
            files.append(unquote(line))
    return files


def read_media(text: str) -> Listing:
    """Read a playlist of segments.

    Raises:
        ValueError: It is none, or does not end.
    """
    lines = text.splitlines()
    if not lines or lines[0] != "#EXTM3U" or lines[-1] != "#EXT-X-ENDLIST":
        raise ValueError("is no playlist that ends")
    entries: list[Entry] = []
    initialization, target, seconds = "", 0, Fraction(0)
    size: int | None = None
    offset: int | None = None
    key: str | None = None
    start: bytes | None = None
    for line in lines:
        name, _, value = line.partition(":")
        match name:
            case "#EXT-X-TARGETDURATION":
                target = int(value)
            case "#EXT-X-MAP":
                initialization = unquote(_attributes(line)["URI"])
            case "#EXT-X-KEY":
                attributes = _attributes(line)
                key, start = attributes["URI"], bytes.fromhex(attributes["IV"].removeprefix("0x"))
            case "#EXTINF":
                seconds = Fraction(value.rstrip(","))
            case "#EXT-X-BYTERANGE":
                size, offset = map(int, value.split("@"))
            case _ if line and not line.startswith("#"):
                entries.append(
                    Entry(file=unquote(line), seconds=seconds, offset=offset, size=size, key=key, start=start)
                )
    return Listing(initialization=initialization, entries=entries, target=target)


def read_manifest(text: str) -> dict[str, Listing]:
    """Read a manifest of DASH; return the listing of each representation, by its id.

    Raises:
        ValueError: It is none.
    """
    try:
        root = ET.fromstring(text)  # noqa: S314 - our own, written a moment ago
    except ET.ParseError as error:
        raise ValueError(f"is no XML: {error}") from error
    return {
        representation.attrib["id"]: _listing(representation)
        for representation in root.iterfind(".//mpd:Representation", _NAMESPACE)
    }


def _listing(representation: ET.Element) -> Listing:
    template = representation.find("mpd:SegmentTemplate", _NAMESPACE)
    whole = representation.find("mpd:BaseURL", _NAMESPACE)
    if whole is not None:
        return Listing(
            initialization="", entries=[Entry(file=unquote(whole.text or ""), seconds=Fraction(0))]
        )
    if template is None:
        raise ValueError("has a representation without segments")
    timescale, number = int(template.attrib["timescale"]), int(template.attrib["startNumber"])
    entries: list[Entry] = []
    for run in template.iterfind("mpd:SegmentTimeline/mpd:S", _NAMESPACE):
        for _ in range(int(run.attrib.get("r", "0")) + 1):
            file = template.attrib["media"].replace("$Number%05d$", f"{number:05d}")
            entries.append(Entry(file=unquote(file), seconds=Fraction(int(run.attrib["d"]), timescale)))
            number += 1
    return Listing(initialization=unquote(template.attrib["initialization"]), entries=entries)


def _attributes(line: str) -> dict[str, str]:
    return {name: value.strip('"') for name, value in _ATTRIBUTE.findall(line.partition(":")[2])}
