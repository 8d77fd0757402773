"""Looks at documents and makes pictures of the pages of PDFs; runs in a process of its own, see bounded.py.

PDFium draws the pages. It runs no scripts and fetches nothing.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from math import ceil
from pathlib import Path
from typing import Any

import pypdfium2
from PIL import Image

from activities.media.document_formats import (
    DOCUMENT_TYPES,
    OLE_MAGIC,
    OLE_STREAMS,
    OPEN_XML_FOLDERS,
    PDF,
    PDF_MAGIC,
    RTF_MAGIC,
    ZIP_MAGIC,
)
from activities.media.document_output import MAX_PAGES, scale_of
from activities.media.image_formats import PICTURE_FORMATS
from activities.media.notation import Size
from activities.pictures.picture_work import MAX_PIXELS, options_of, verify
from activities.sandbox.refusal import Refusal

_HEAD = 1024
_TAIL = 2048
_MAX_UNPACKED = 1024**3
_MAX_ENTRIES = 20_000
_CHUNK = 1024**2
_LOOK = 0.1


def work(request: Mapping[str, Any]) -> dict[str, Any]:
    """Tell what a document is, or make the ``outputs`` of a PDF.

    Raises:
        Refusal: The document is no use, or an output cannot be made of it.
    """
    path = Path(request["file"])
    if "outputs" not in request:
        return _describe(path)
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    with _pdf(path) as pdf:
        return {"made": [_make(pdf, wish) for wish in request["outputs"]]}


def _describe(path: Path) -> dict[str, Any]:
    extension = _kind(path)
    pages: int | None = None
    sizes: dict[str, int] = {}
    if extension == PDF:
        with _pdf(path) as pdf:
            pages = len(pdf)
            _draw(pdf, 0, scale=_LOOK, name="The first page")
            # In points of 1/72 inch, as PDF has them.
            width, height = map(round, pdf[0].get_size())
            sizes = {"width": width, "height": height}
    return {"extension": extension, "mime": DOCUMENT_TYPES[extension], "pages": pages, **sizes}


def _kind(path: Path) -> str:
    """Tell a document's usual extension by its content, and look whether it is whole."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
        file.seek(max(path.stat().st_size - _TAIL, 0))
        tail = file.read()
    if PDF_MAGIC in head:
        if b"%%EOF" not in tail:
            raise _cut_off()
        return PDF
    if head.startswith(ZIP_MAGIC):
        return _zipped(path)
    if head.startswith(OLE_MAGIC):
        return _old(path)
    if head.startswith(RTF_MAGIC):
        if not tail.rstrip(b"\0\r\n\t ").endswith(b"}"):
            raise _cut_off()
        return "rtf"
    raise Refusal(
        f"The input is no document that is read here ({', '.join(DOCUMENT_TYPES)}).", "INPUT_NOT_MEDIA"
    )


def _zipped(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > _MAX_ENTRIES or sum(entry.file_size for entry in entries) > _MAX_UNPACKED:
                raise Refusal("The document unpacks to more than 1 GiB or 20,000 parts.", "INPUT_TOO_LARGE")
            kind = _zipped_kind(archive)
            _unpack(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        if "not a zip file" in str(error):
            raise _cut_off() from None
        raise _damaged(error) from None
    except (NotImplementedError, RuntimeError) as error:
        raise Refusal(
            f"The document is packed in a way that is not read here: {error}.", "INPUT_PROTECTED"
        ) from None
    if kind is None:
        raise Refusal("The input is an archive and no document that is read here.", "INPUT_NOT_MEDIA")
    return kind


def _zipped_kind(archive: zipfile.ZipFile) -> str | None:
    names = archive.namelist()
    if "mimetype" in names:
        with archive.open("mimetype") as file:
            mime = file.read(_HEAD).decode("ascii", "replace").strip()
        return next((extension for extension, known in DOCUMENT_TYPES.items() if known == mime), None)
    if "[Content_Types].xml" not in names:
        return None
    kinds = (kind for folder, kind in OPEN_XML_FOLDERS.items() if any(n.startswith(folder) for n in names))
    return next(kinds, None)


def _unpack(archive: zipfile.ZipFile) -> None:
    """Read all parts, so that their checksums are looked at, and no more than they say they have."""
    for entry in archive.infolist():
        with archive.open(entry) as part:
            while part.read(_CHUNK):
                pass


def _old(path: Path) -> str:
    content = path.read_bytes()
    for stream, kind in OLE_STREAMS.items():
        if stream.encode("utf-16-le") in content:
            return kind
    raise Refusal("The input is an old Office file of a kind that is not read here.", "INPUT_NOT_MEDIA")


@contextmanager
def _pdf(path: Path) -> Iterator[pypdfium2.PdfDocument]:
    try:
        pdf = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise Refusal("The document is protected by a password.", "INPUT_PROTECTED") from None
        raise _damaged(error) from None
    with closing(pdf):
        if len(pdf) == 0:
            raise Refusal("The document has no pages.", "INPUT_UNDECODABLE")
        pdf.init_forms()
        yield pdf


def _make(pdf: pypdfium2.PdfDocument, wish: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Make a picture of each wished page; return their facts in order."""
    name, last = wish["name"], wish["last"] or len(pdf)
    if last > len(pdf):
        raise Refusal(f"{name}: the document has {len(pdf)} pages, not {last}.", "PAGES_OUT_OF_RANGE")
    if wish["first"] > last:
        raise Refusal(f"{name}: the document has {len(pdf)} pages.", "PAGES_OUT_OF_RANGE")
    if last - wish["first"] + 1 > MAX_PAGES:
        raise Refusal(
            f"{name}: one output makes pictures of {MAX_PAGES} pages at most. Choose with the key pages.",
            "TOO_MANY_PAGES",
        )
    form = PICTURE_FORMATS[wish["extension"]]
    size = Size(**wish["size"]) if wish["size"] else None
    made = []
    for number in range(wish["first"], last + 1):
        try:
            scale = scale_of(pdf[number - 1].get_size(), size, wish["dpi"])
        except pypdfium2.PdfiumError as error:
            raise _damaged(error) from None
        picture = _draw(pdf, number - 1, scale=scale, name=f"{name}: page {number}")
        path = Path(f"{wish['file']}-{number:06d}")
        picture.save(path, form.name, **options_of(form, wish["quality"]))
        made.append({"page": number, **verify(path, form, picture.size, 1)})
    return made


def _draw(pdf: pypdfium2.PdfDocument, index: int, *, scale: float, name: str) -> Image.Image:
    """Draw a page on white, with its forms and annotations."""
    try:
        page = pdf[index]
        width, height = (ceil(side * scale) for side in page.get_size())
        if width * height > MAX_PIXELS:
            raise Refusal(
                f"{name} would have {width}x{height} pixels; {MAX_PIXELS} are the most.", "OUTPUT_TOO_LARGE"
            )
        with closing(page):
            picture: Image.Image = page.render(scale=scale).to_pil().convert("RGB")
    except pypdfium2.PdfiumError as error:
        raise _damaged(error) from None
    return picture


def _cut_off() -> Refusal:
    return Refusal("The document is cut off. Upload it again, whole.", "INPUT_TRUNCATED")


def _damaged(error: Exception) -> Refusal:
    return Refusal(f"The document cannot be read; it is damaged: {error}.", "INPUT_UNDECODABLE")
