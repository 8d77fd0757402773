"""ValidateAsset on pictures and documents; films have test_validate_asset.py."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from activities.transcode_asset import TranscodeAsset
from activities.validate_asset import ValidateAsset
from cpe.errors import InvalidInput
from cpe.testing import ActivityEnvironment
from tests.media.papers import archive, docx, ole, pdf


def _picture(name: str, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.effect_noise((40, 30), 90).convert("P" if name == "GIF" else "RGB").save(file, name, **options)
    return file.getvalue()


def _validate(
    environment: ActivityEnvironment, kind: str, content: bytes, name: str = "in"
) -> dict[str, Any]:
    environment.storage.put("media-in", name, content)
    job = {"input_asset": {"type": kind, "bucket": "media-in", "file": name}}
    result: dict[str, Any] = environment.run(ValidateAsset(), job)
    assert result["metadata"] == result["input_metadata"]
    metadata: dict[str, Any] = result["metadata"]
    assert metadata["type"] == kind
    return metadata


@pytest.mark.parametrize(
    ("name", "mime"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("WEBP", "image/webp"),
        ("GIF", "image/gif"),
        ("TIFF", "image/tiff"),
        ("BMP", "image/bmp"),
    ],
)
def test_pictures(environment: ActivityEnvironment, name: str, mime: str) -> None:
    content = _picture(name)
    metadata = _validate(environment, "IMAGE", content)
    assert (metadata["mime"], metadata["width"], metadata["height"]) == (mime, 40, 30)
    assert metadata["format"] == {"format_name": name.lower(), "size": str(len(content))}
    (stream,) = metadata["streams"]
    assert (stream["codec_type"], stream["codec_name"], stream["frames"]) == ("image", name.lower(), 1)


def test_a_turned_photo_is_described_as_it_is_shown(environment: ActivityEnvironment) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    metadata = _validate(environment, "IMAGE", _picture("JPEG", exif=exif))
    assert (metadata["width"], metadata["height"]) == (30, 40)


def test_documents(environment: ActivityEnvironment) -> None:
    metadata = _validate(environment, "DOC", pdf("red", "blue"))
    assert (metadata["mime"], metadata["pages"]) == ("application/pdf", 2)
    assert (metadata["width"], metadata["height"]) == (100, 50)
    assert metadata["streams"][0]["codec_name"] == "pdf"
    for content, extension in ((docx(), "docx"), (ole("Workbook"), "xls"), (b"{\\rtf1 x}", "rtf")):
        metadata = _validate(environment, "DOC", content)
        assert metadata["format"]["format_name"] == extension
        assert "pages" not in metadata


def test_what_it_says_can_go_into_transcode_asset(environment: ActivityEnvironment) -> None:
    metadata = _validate(environment, "IMAGE", _picture("PNG"))
    job = {
        "input_asset": {"type": "IMAGE", "bucket": "media-in", "file": "in"},
        "input_asset_metadata": metadata,
        "output_asset": {"type": "IMAGE", "bucket": "media-out", "file": "a.jpg"},
    }
    environment.run(TranscodeAsset(), job)
    assert environment.storage.keys("media-out") == ["a.jpg"]


@pytest.mark.parametrize(
    ("kind", "content", "code"),
    [
        ("IMAGE", b"", "INPUT_EMPTY"),
        ("IMAGE", _picture("JPEG")[:-300], "INPUT_TRUNCATED"),
        ("IMAGE", _picture("PNG")[:-300], "INPUT_TRUNCATED"),
        ("IMAGE", b"<html>", "INPUT_NOT_MEDIA"),
        ("IMAGE", b"<svg/>", "INPUT_NOT_MEDIA"),
        ("IMAGE", b"#EXTM3U\n", "INPUT_NOT_MEDIA"),
        ("IMAGE", pdf("red"), "INPUT_TYPE_MISMATCH"),
        ("IMAGE", b"\0\0\0\x18ftypisom\0\0\0\0\xff", "INPUT_TYPE_MISMATCH"),
        ("IMAGE", b"\x00\x01\x02" * 99, "INPUT_NOT_MEDIA"),
        ("DOC", b"", "INPUT_EMPTY"),
        ("DOC", pdf("red")[:-30], "INPUT_TRUNCATED"),
        ("DOC", docx()[:-30], "INPUT_TRUNCATED"),
        ("DOC", b"a,b\n1,2\n", "INPUT_NOT_MEDIA"),
        ("DOC", archive(), "INPUT_NOT_MEDIA"),
        ("DOC", _picture("PNG"), "INPUT_TYPE_MISMATCH"),
        ("VIDEO", _picture("JPEG"), "INPUT_TYPE_MISMATCH"),
        ("AUDIO", docx(), "INPUT_TYPE_MISMATCH"),
    ],
)
def test_what_is_no_such_asset(
    environment: ActivityEnvironment, kind: str, content: bytes, code: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        _validate(environment, kind, content, name="film.jpg")
    assert caught.value.code == code
    assert str(environment.scratch) not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "content"), [("IMAGE", pdf("red")), ("VIDEO", b"plain text"), ("DOC", b"\xff\xd8\xff")]
)
def test_what_shows_in_the_first_bytes_is_not_fetched(
    environment: ActivityEnvironment, monkeypatch: pytest.MonkeyPatch, kind: str, content: bytes
) -> None:
    monkeypatch.delattr(type(environment.storage), "download")
    with pytest.raises(InvalidInput):
        _validate(environment, kind, content)
