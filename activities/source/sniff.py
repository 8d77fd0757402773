"""Tells what a file is by its first bytes."""

from __future__ import annotations

import puremagic

from activities.media.document_formats import OLE_MAGIC, PDF_MAGIC, RTF_MAGIC, ZIP_MAGIC
from activities.media.job import AssetType
from cpe.errors import InvalidInput

HEAD_BYTES = 65_536
"""Bytes that are read of an object before it is downloaded."""

_PICTURE = frozenset({AssetType.IMAGE})
_DOCUMENT = frozenset({AssetType.DOC})
# Which of the two a container holds shows in its streams only.
_FILM = frozenset({AssetType.VIDEO, AssetType.AUDIO})

_STARTS = (
    *((start, _PICTURE) for start in (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"II*\0", b"MM\0*")),
    *((start, _DOCUMENT) for start in (PDF_MAGIC, ZIP_MAGIC, OLE_MAGIC, RTF_MAGIC)),
    *((start, _FILM) for start in (b"\x1aE\xdf\xa3", b"FLV\x01", b"OggS", b"fLaC", b"ID3", b"0&\xb2u")),
)
_RIFF = {b"WEBP": _PICTURE, b"AVI ": _FILM, b"WAVE": _FILM}
_PICTURE_BRANDS = frozenset({b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis"})


def sniff(head: bytes, kind: AssetType) -> str | None:
    """Return the likely MIME type of a file that starts with `head`; None when nothing is known.

    Args:
        head: The first bytes.
        kind: What the file is said to be.

    Raises:
        InvalidInput: It is empty (``INPUT_EMPTY``), a text (``INPUT_NOT_MEDIA``), or certainly of another
            type (``INPUT_TYPE_MISMATCH``).
    """
    if not head:
        raise InvalidInput("The input is empty.", code="INPUT_EMPTY")
    kinds = _kinds(head)
    if kinds is None and _is_text(head):
        raise InvalidInput(
            "The input is a text, whatever its name says; it must be a media file or a document.",
            code="INPUT_NOT_MEDIA",
        )
    mime = _mime(head)
    if kinds is not None and kind not in kinds:
        found = f" ({mime})" if mime else ""
        raise InvalidInput(
            f"The input is {' or '.join(sorted(kinds))} by its content{found}, and {kind} by "
            "input_asset.type. Give the type that it has.",
            code="INPUT_TYPE_MISMATCH",
        )
    return mime


def _kinds(head: bytes) -> frozenset[AssetType] | None:
    """Return the types that a file can be of; None when its first bytes are no sure sign."""
    for start, kinds in _STARTS:
        if head.startswith(start):
            return kinds
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _PICTURE if head[8:12] in _PICTURE_BRANDS else _FILM
    return None


def _mime(head: bytes) -> str | None:
    try:
        matches = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return None
    types = [str(match.mime_type) for match in matches if match.mime_type]
    media = [mime for mime in types if mime.startswith(("video/", "audio/", "image/"))]
    return next(iter([*media, *types]), None)


def _is_text(head: bytes) -> bool:
    """Tell whether the bytes are UTF-8 text: playlists, subtitles, error pages, scripts."""
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character may be cut at the end of what was read.
        if error.start < len(head) - 3:
            return False
        text = head[: error.start].decode("utf-8")
    return all(character.isprintable() or character in "\r\n\t\f\v\ufeff" for character in text)
