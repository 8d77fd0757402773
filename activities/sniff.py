"""Tells what a file is by its first bytes."""

from __future__ import annotations

import puremagic

from cpe.errors import InvalidInput

HEAD_BYTES = 65_536
"""Bytes that are read of an object before it is downloaded."""


def sniff(head: bytes) -> str | None:
    """Return the likely MIME type of a file that starts with `head`; None when nothing is known.

    Raises:
        InvalidInput: It is certainly no media file, ``INPUT_NOT_MEDIA``.
    """
    if not head:
        raise InvalidInput("The input is empty.", code="INPUT_EMPTY")
    if _is_text(head):
        raise InvalidInput(
            "The input is a text, whatever its name says; it must be a media file.", code="INPUT_NOT_MEDIA"
        )
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
