"""What a file is by its first bytes, and what it cannot be."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from activities.media.job import AssetType
from activities.source.sniff import sniff
from cpe.errors import InvalidInput
from tests.media.papers import docx, ole, pdf

VIDEO, AUDIO, IMAGE, DOC = AssetType.VIDEO, AssetType.AUDIO, AssetType.IMAGE, AssetType.DOC


def _picture(name: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (9, 9)).save(file, name)
    return file.getvalue()


_HEADS = {
    "jpeg": (_picture("JPEG"), {IMAGE}),
    "png": (_picture("PNG"), {IMAGE}),
    "gif": (_picture("GIF"), {IMAGE}),
    "webp": (_picture("WEBP"), {IMAGE}),
    "tiff": (_picture("TIFF"), {IMAGE}),
    "heic": (b"\0\0\0\x18ftypheic\0\0\0\0\xff", {IMAGE}),
    "pdf": (pdf("red"), {DOC}),
    "docx": (docx(), {DOC}),
    "doc": (ole("WordDocument"), {DOC}),
    "rtf": (b"{\\rtf1 a text, and yet none}", {DOC}),
    "mp4": (b"\0\0\0\x18ftypisom\0\0\0\0\xff", {VIDEO, AUDIO}),
    "mkv": (b"\x1aE\xdf\xa3\xff\xff", {VIDEO, AUDIO}),
    "avi": (b"RIFF\xff\xff\xff\xffAVI LIST", {VIDEO, AUDIO}),
    "wav": (b"RIFF\xff\xff\xff\xffWAVEfmt ", {VIDEO, AUDIO}),
    "ogg": (b"OggS\0\xff\xff", {VIDEO, AUDIO}),
    "unknown": (b"\x47\xff\xfe\x00" * 99, {VIDEO, AUDIO, IMAGE, DOC}),
}


@pytest.mark.parametrize("name", _HEADS)
@pytest.mark.parametrize("kind", [VIDEO, AUDIO, IMAGE, DOC])
def test_types(name: str, kind: AssetType) -> None:
    head, kinds = _HEADS[name]
    if kind in kinds:
        sniff(head, kind)
    else:
        with pytest.raises(InvalidInput, match=f"{kind} by input_asset.type") as caught:
            sniff(head, kind)
        assert caught.value.code == "INPUT_TYPE_MISMATCH"


def test_mime_types() -> None:
    assert sniff(_picture("PNG"), IMAGE) == "image/png"
    assert sniff(pdf("red"), DOC) == "application/pdf"


@pytest.mark.parametrize("kind", [VIDEO, AUDIO, IMAGE, DOC])
@pytest.mark.parametrize(
    "head",
    [b"#EXTM3U\nfile:///etc/passwd", b"<svg/>", b"<!DOCTYPE html>", b"%!PS-Adobe-3.0", "\ufeffä".encode()],
)
def test_texts_are_nothing(kind: AssetType, head: bytes) -> None:
    with pytest.raises(InvalidInput, match="is a text") as caught:
        sniff(head, kind)
    assert caught.value.code == "INPUT_NOT_MEDIA"


def test_nothing() -> None:
    with pytest.raises(InvalidInput) as caught:
        sniff(b"", VIDEO)
    assert caught.value.code == "INPUT_EMPTY"
