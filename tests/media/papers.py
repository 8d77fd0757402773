"""Documents for tests: PDFs, and the smallest office files that office programs read."""

from __future__ import annotations

import io
import zipfile

from PIL import Image

_OPEN_XML = "http://schemas.openxmlformats.org"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_CONTENT_TYPES = (
    f'<Types xmlns="{_OPEN_XML}/package/2006/content-types"><Default Extension="rels" ContentType='
    '"application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType='
    f'"application/xml"/><Override PartName="/word/document.xml" ContentType="{_WORD}"/></Types>'
)
_RELATIONS = (
    f'<Relationships xmlns="{_OPEN_XML}/package/2006/relationships"><Relationship Id="r1" Target="word/document.xml"'
    f' Type="{_OPEN_XML}/officeDocument/2006/relationships/officeDocument"/></Relationships>'
)
_BODY = (
    f'<w:document xmlns:w="{_OPEN_XML}/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>{{}}</w:t></w:r></w:p>'
    "</w:body></w:document>"
)


def pdf(*colours: str, size: tuple[int, int] = (100, 50)) -> bytes:
    """Make a PDF with a page in each colour; `size` in points."""
    pages = [Image.new("RGB", size, colour) for colour in colours]
    file = io.BytesIO()
    pages[0].save(file, "PDF", save_all=True, append_images=pages[1:])
    return file.getvalue()


def docx(text: str = "Hello") -> bytes:
    """Make a Word document with one line."""
    return _zipped(
        {
            "[Content_Types].xml": _CONTENT_TYPES,
            "_rels/.rels": _RELATIONS,
            "word/document.xml": _BODY.format(text),
        }
    )


def odt() -> bytes:
    """Make what looks like an OpenDocument text."""
    return _zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<x/>"})


def archive() -> bytes:
    """Make an archive that is no document."""
    return _zipped({"a.txt": "a", "b.txt": "b"})


def ole(stream: str) -> bytes:
    """Make the beginnings of an old Office file."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + stream.encode("utf-16-le") + bytes(600)


def _zipped(parts: dict[str, str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return file.getvalue()
