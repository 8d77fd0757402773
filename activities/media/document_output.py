"""What is made of a document: ``output_asset`` objects of types DOC and IMAGE as typed values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from activities.media.containers import extension_of
from activities.media.document_formats import PDF
from activities.media.fields import Fields, shown
from activities.media.image_formats import PictureFormat, picture_format_of
from activities.media.image_output import parse_quality
from activities.media.locations import COMMON_KEYS, Target, parse_target
from activities.media.notation import Size, parse_size
from cpe.errors import InvalidInput

PDF_KEYS = COMMON_KEYS
PAGES_KEYS = COMMON_KEYS | {"size", "dpi", "pages", "quality"}

MAX_PAGES = 1000
"""Pages that one output may make pictures of."""

_DPI = 150.0
_DPI_RANGE = (10.0, 1200.0)
_POINTS = 72
_PAGES = re.compile(r"(\d{1,6})(?:(-)(\d{1,6})?)?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfOutput:
    """A PDF to make."""

    target: Target


@dataclass(frozen=True, slots=True, kw_only=True)
class PagesOutput:
    """Pictures of a document's pages. The target's key names the series that is numbered.

    Attributes:
        target: Where they go.
        format: Their file format.
        size: The box in pixels that each fits into; None to go by `dpi`.
        dpi: Pixels per inch of paper.
        first: The first page, from 1.
        last: The last page; None for the document's.
        quality: 1 to 100; None for the format's usual one.
    """

    target: Target
    format: PictureFormat
    size: Size | None
    dpi: float
    first: int
    last: int | None
    quality: int | None

    def numbered_key(self, number: int | str) -> str:
        """Return the key of a page's picture: ``a/p.jpg`` → ``a/p000001.jpg``; a text is taken as it is."""
        path = PurePosixPath(self.target.location.key)
        digits = number if isinstance(number, str) else f"{number:06d}"
        return str(path.with_name(f"{path.stem}{digits}{path.suffix}"))


def scale_of(page: tuple[float, float], size: Size | None, dpi: float) -> float:
    """Return how many pixels a point of a page becomes; width and height of the page in points of 1/72 inch.

    Example:
        >>> scale_of((595, 842), Size(width=None, height=421), 150)
        0.5
    """
    if size is None:
        return dpi / _POINTS
    wishes = zip((size.width, size.height), page, strict=True)
    return min(wish / side for wish, side in wishes if wish is not None)


def parse_document(fields: Fields) -> PdfOutput | PagesOutput:
    """Read an output of a document.

    Raises:
        InvalidInput: Something about it is wrong.
    """
    return _parse_pdf(fields) if fields.text("type").upper() == "DOC" else _parse_pages(fields)


def _parse_pdf(fields: Fields) -> PdfOutput:
    fields.refuse_others(PDF_KEYS)
    target = parse_target(fields)
    if extension_of(target.location.key) != PDF:
        raise InvalidInput(
            f"{fields.path('file')} must end in pdf, the format documents are made in; "
            f"not {shown(target.location.key)}.",
            code="OUTPUT_FORMAT_UNSUPPORTED",
        )
    return PdfOutput(target=target)


def _parse_pages(fields: Fields) -> PagesOutput:
    fields.refuse_others(PAGES_KEYS)
    target = parse_target(fields)
    if "size" in fields and "dpi" in fields:
        raise InvalidInput(f"{fields.where}: size and dpi contradict each other. Give one of them.")
    low, high = _DPI_RANGE
    first, last = _parse_range(fields)
    return PagesOutput(
        target=target,
        format=picture_format_of(target.location.key, fields.path("file")),
        size=parse_size(fields.scalar("size"), fields.path("size")) if "size" in fields else None,
        dpi=fields.number("dpi", _DPI, low=low, high=high),
        first=first,
        last=last,
        quality=parse_quality(fields),
    )


def _parse_range(fields: Fields) -> tuple[int, int | None]:
    """Read ``pages``: ``3``, ``2-5`` or ``2-``."""
    if "pages" not in fields:
        return 1, None
    match = _PAGES.fullmatch(fields.scalar("pages"))
    first = int(match[1]) if match else 0
    last: int | None = first
    if match and match[2]:
        last = int(match[3]) if match[3] else None
    if not first or (last is not None and last < first):
        raise InvalidInput(
            f"{fields.path('pages')} must be pages such as 3, 2-5 or 2-, not {shown(fields.raw('pages'))}."
        )
    return first, last
