"""DOC inputs: PDFs, pictures of their pages, and what LibreOffice makes of office documents."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image

from activities.documents.office import convert_arguments
from activities.media.document_output import PagesOutput
from activities.media.image_formats import PICTURE_FORMATS
from activities.media.notation import Size
from activities.media.outputs import parse_documents
from activities.transcode_asset import TranscodeAsset
from cpe.errors import ActivityError, InvalidInput
from cpe.testing import ActivityEnvironment
from tests.media.papers import archive, docx, odt, ole, pdf


def _pages(**changes: Any) -> dict[str, Any]:
    return {"type": "IMAGE", "bucket": "media-out", "file": "p/page.png", **changes}


_PDF = {"type": "DOC", "bucket": "media-out", "file": "made.pdf"}


def _output(**changes: Any) -> PagesOutput:
    (output,) = parse_documents([("output_asset", _pages(**changes))])
    assert isinstance(output, PagesOutput)
    return output


def test_keys_of_pages() -> None:
    output = _output(file="a.jpg", size="-1x100", pages="2-5", quality=70)
    assert (output.format, output.size, output.quality) == (
        PICTURE_FORMATS["jpg"],
        Size(width=None, height=100),
        70,
    )
    assert (output.first, output.last) == (2, 5)
    plain = _output()
    assert (plain.size, plain.dpi, plain.first, plain.last) == (None, 150, 1, None)
    assert (_output(pages="3").first, _output(pages="3").last) == (3, 3)
    assert (_output(pages="3-").first, _output(pages="3-").last) == (3, None)
    assert _output(dpi="72").dpi == 72
    assert _output(file="p/a.jpg").numbered_key(7) == "p/a000007.jpg"


@pytest.mark.parametrize(
    ("document", "code", "complaint"),
    [
        (_pages(file="a.pdf"), "OUTPUT_FORMAT_UNSUPPORTED", "format of pictures"),
        (_pages(size="10x10", dpi=72), "INPUT_INVALID", "contradict"),
        (_pages(dpi=5000), "INPUT_INVALID", r"output_asset\.dpi"),
        (_pages(pages="0"), "INPUT_INVALID", r"output_asset\.pages must be pages"),
        (_pages(pages="5-2"), "INPUT_INVALID", r"output_asset\.pages"),
        (_pages(pages="2-0"), "INPUT_INVALID", r"output_asset\.pages"),
        (_pages(pages="all"), "INPUT_INVALID", r"output_asset\.pages"),
        (_pages(resize="50%"), "KEY_UNSUPPORTED", "unknown key 'resize'"),
        (_PDF | {"file": "a.docx"}, "OUTPUT_FORMAT_UNSUPPORTED", "must end in pdf"),
        (_PDF | {"dpi": 72}, "KEY_UNSUPPORTED", "unknown key 'dpi'"),
    ],
)
def test_what_is_refused(document: dict[str, Any], code: str, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint) as caught:
        parse_documents([("output_asset", document)])
    assert caught.value.code == code


def _run(environment: ActivityEnvironment, content: bytes, *outputs: dict[str, Any]) -> list[dict[str, Any]]:
    environment.storage.put("media-in", "paper", content)
    job: dict[str, Any] = {
        "input_asset": {"type": "DOC", "bucket": "media-in", "file": "paper"},
        "output_assets": list(outputs),
    }
    said: list[dict[str, Any]] = environment.run(TranscodeAsset(), job)["outputs"]
    return said


def _picture(environment: ActivityEnvironment, key: str) -> Image.Image:
    return Image.open(io.BytesIO(environment.storage.get("media-out", key)))


def test_pages_become_pictures(environment: ActivityEnvironment) -> None:
    said = _run(
        environment, pdf("red", "blue", "white"), _pages(dpi=144), _pages(file="small.jpg", size="50x50")
    )
    assert [entry["key"] for entry in said] == [
        *(f"p/page00000{number}.png" for number in (1, 2, 3)),
        *(f"small00000{number}.jpg" for number in (1, 2, 3)),
    ]
    assert [(entry["page"], entry["width"], entry["height"]) for entry in said] == [
        *((number, 200, 100) for number in (1, 2, 3)),
        *((number, 50, 25) for number in (1, 2, 3)),
    ]
    assert said[0]["codecs"] == {"image": "png"}
    for number, colour in enumerate(((255, 0, 0), (0, 0, 255), (255, 255, 255)), start=1):
        picture = _picture(environment, f"p/page00000{number}.png")
        assert (picture.format, picture.size) == ("PNG", (200, 100))
        assert picture.convert("RGB").getpixel((100, 50)) == pytest.approx(colour, abs=6)
    assert environment.storage.options["media-out", "small000001.jpg"].content_type == "image/jpeg"
    reports = [event.result for event in environment.events if event.result]
    assert [report["progress"] for report in reports] == [100.0, 100.0]


def test_some_pages(environment: ActivityEnvironment) -> None:
    said = _run(environment, pdf(*["red"] * 5), _pages(pages="2-3"), _pages(pages="5", file="last.webp"))
    assert [entry["key"] for entry in said] == ["p/page000002.png", "p/page000003.png", "last000005.webp"]


def test_a_pdf_stays_as_it_is(environment: ActivityEnvironment) -> None:
    paper = pdf("red", "blue")
    (said,) = _run(environment, paper, _PDF)
    assert environment.storage.get("media-out", "made.pdf") == paper
    assert (said["pages"], said["content_type"], said["codecs"]) == (
        2,
        "application/pdf",
        {"document": "pdf"},
    )


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "INPUT_EMPTY"),
        (b"just text\n", "INPUT_NOT_MEDIA"),
        (b"<html><img src='http://169.254.169.254/'></html>", "INPUT_NOT_MEDIA"),
        (pdf("red")[:-40], "INPUT_TRUNCATED"),
        (b"%PDF-1.7\n%%EOF\n", "INPUT_UNDECODABLE"),
        (docx()[:-30], "INPUT_TRUNCATED"),
        (archive(), "INPUT_NOT_MEDIA"),
        (b"{\\rtf1 cut off", "INPUT_TRUNCATED"),
        (ole("Something else"), "INPUT_NOT_MEDIA"),
    ],
)
def test_what_is_no_document(environment: ActivityEnvironment, content: bytes, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        _run(environment, content, _PDF)
    assert caught.value.code == code
    assert environment.storage.keys("media-out") == []


def test_a_document_whose_parts_are_damaged(environment: ActivityEnvironment) -> None:
    content = bytearray(docx("Hello" * 200))
    place = content.index(b"word/document.xml") + 40
    content[place] ^= 0xFF
    with pytest.raises(InvalidInput) as caught:
        _run(environment, bytes(content), _PDF)
    assert caught.value.code == "INPUT_UNDECODABLE"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"pages": "3"}, "PAGES_OUT_OF_RANGE"),
        ({"pages": "3-"}, "PAGES_OUT_OF_RANGE"),
        ({"dpi": 1200}, "OUTPUT_TOO_LARGE"),
    ],
)
def test_what_cannot_be_made(environment: ActivityEnvironment, change: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidInput, match="s3://media-out/") as caught:
        _run(environment, pdf("red", "blue", size=(2000, 2000)), _pages(**change))
    assert caught.value.code == code
    assert environment.storage.keys("media-out") == []


def test_too_many_pages(environment: ActivityEnvironment) -> None:
    paper = pypdfium2.PdfDocument.new()
    for _ in range(1001):
        paper.new_page(20, 20)
    file = io.BytesIO()
    paper.save(file)
    paper.close()
    with pytest.raises(InvalidInput, match="1000 pages at most") as caught:
        _run(environment, file.getvalue(), _pages())
    assert caught.value.code == "TOO_MANY_PAGES"


def test_the_command_of_libreoffice() -> None:
    assert convert_arguments("document.docx", Path("/scratch/office")) == (
        "-env:UserInstallation=file:///scratch/office",
        *("--headless", "--norestore", "--nologo", "--nodefault", "--nofirststartwizard", "--nolockcheck"),
        *("--convert-to", "pdf", "--outdir", ".", "document.docx"),
    )


_FAKE = """#!/bin/sh
profile="${{1#-env:UserInstallation=file://}}"
settings="$profile/user/registrymodifications.xcu"
grep -q DisableMacrosExecution "$settings" && grep -q BlockUntrustedRefererLinks "$settings" || exit 2
[ "$HOME" = "$PWD" ] || exit 3
env | grep -q AWS && exit 4
{action}
"""
_MAKES_A_PDF = 'cp "${0%/*}/made.pdf" document.pdf\n'
_RESTARTS = '[ -e "$profile/started" ] || { touch "$profile/started"; exit 81; }\n'


def _with_office(tmp_path: Path, action: str) -> ActivityEnvironment:
    """Return an environment whose LibreOffice is a program that does `action`."""
    fake = tmp_path / "bin" / "soffice"
    fake.parent.mkdir()
    (fake.parent / "made.pdf").write_bytes(pdf("red", "blue"))
    fake.write_text(_FAKE.format(action=action))
    fake.chmod(0o755)
    environment = ActivityEnvironment(tmp_path, settings={"soffice": str(fake)})
    environment.storage.make_bucket("media-out")
    return environment


@pytest.mark.parametrize("paper", [docx(), odt(), ole("WordDocument"), b"{\\rtf1 Hello}\n"])
def test_an_office_document_becomes_a_pdf(tmp_path: Path, tools: object, paper: bytes) -> None:
    environment = _with_office(tmp_path, _RESTARTS + _MAKES_A_PDF)
    said = _run(environment, paper, _PDF, _pages(file="a.png", size="50x-1"))
    assert [entry["key"] for entry in said] == ["made.pdf", "a000001.png", "a000002.png"]
    assert environment.storage.get("media-out", "made.pdf") == (tmp_path / "bin" / "made.pdf").read_bytes()


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ("echo cannot >&2; exit 1", "OFFICE_FAILED"),
        ("true", "INPUT_UNDECODABLE"),
        ('echo "%PDF-1.7" > document.pdf', "INPUT_TRUNCATED"),
    ],
)
def test_libreoffice_that_fails(tmp_path: Path, tools: object, action: str, code: str) -> None:
    environment = _with_office(tmp_path, action)
    with pytest.raises(ActivityError) as caught:
        _run(environment, docx(), _PDF)
    assert caught.value.code == code
    assert environment.storage.keys("media-out") == []


def test_a_worker_without_libreoffice(tmp_path: Path, tools: object) -> None:
    environment = ActivityEnvironment(tmp_path, settings={"soffice": str(tmp_path / "none")})
    environment.storage.make_bucket("media-out")
    with pytest.raises(ActivityError, match="has no LibreOffice") as caught:
        _run(environment, docx(), _PDF)
    assert caught.value.code == "OFFICE_UNAVAILABLE"


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
def test_libreoffice_itself(environment: ActivityEnvironment) -> None:
    said = _run(environment, docx("Hello from the office"), _PDF, _pages(file="a.png"))
    assert [entry["key"] for entry in said] == ["made.pdf", "a000001.png"]
    made = pypdfium2.PdfDocument(environment.storage.get("media-out", "made.pdf"))
    assert "Hello from the office" in made[0].get_textpage().get_text_range()
    made.close()
    assert _picture(environment, "a000001.png").convert("L").getextrema() != (255, 255), "something is on it"
