"""Makes outputs of a document: an asset of type DOC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from activities.documents.office import find_office
from activities.media.containers import extension_of
from activities.media.document_formats import DOCUMENT_TYPES, PDF
from activities.media.document_output import PagesOutput, PdfOutput
from activities.media.job import InputAsset
from activities.sandbox.bounded import Bench
from activities.task.making import Making
from activities.task.report import ProgressReport
from activities.transfer.fetch import fetch
from activities.transfer.publish import Product
from cpe.activity import JsonValue

PAGES_SECONDS = 1800.0
"""Longest that the pages of one job may take."""

_INPUT = "input"
_WORK = "activities.documents.page_work"


def make_of_document(
    making: Making, asset: InputAsset, outputs: Sequence[PdfOutput | PagesOutput]
) -> list[Product]:
    """Fetch a document and make all outputs of it; LibreOffice makes a PDF of what is none, first.

    Raises:
        InvalidInput: The asset is no document that can be read, or an output cannot be made of it.
        ActivityError: There is no LibreOffice (``OFFICE_UNAVAILABLE``), or something failed.
    """
    context = making.context
    bench = document_bench(making)
    with making.stopwatch.measure("fetch"):
        fetch(context, asset, context.scratch / _INPUT, making.settings)
    with making.stopwatch.measure("probe"):
        said = bench.run(_WORK, {"file": _INPUT})
    pdf = _INPUT
    if said["extension"] != PDF:
        pdf, said = _converted(making, bench, said["extension"])
    wanted = {index: output for index, output in enumerate(outputs) if isinstance(output, PagesOutput)}
    wishes = [_wish(output, f"output-{index}") for index, output in wanted.items()]
    with making.stopwatch.measure("encode"):
        made = bench.run(_WORK, {"file": pdf, "outputs": wishes})["made"] if wishes else []
    pages = dict(zip(wanted, made, strict=True))
    products = []
    for index, output in enumerate(outputs):
        if isinstance(output, PagesOutput):
            products += _pictures(making, output, f"output-{index}", pages[index])
        else:
            products.append(_document(making, output, pdf, said))
        ProgressReport(context, output.target.location.key, None).finish()
    return products


def document_bench(making: Making) -> Bench:
    """Return the place where documents of a task are read."""
    context = making.context
    return Bench(
        directory=context.scratch,
        cancellation=context.cancellation,
        seconds=PAGES_SECONDS,
        scratch=making.settings.max_scratch_bytes,
    )


def describe_document(bench: Bench, file: str) -> dict[str, Any]:
    """Look at a document and return what it is, in the layout that FFprobe has for media.

    A PDF's width and height are those of its first page, in points of 1/72 inch.

    Raises:
        InvalidInput: It cannot be read, is damaged, cut off or protected.
    """
    said = bench.run(_WORK, {"file": file})
    facts = {key: said[key] for key in ("pages", "width", "height") if said.get(key) is not None}
    return {
        "format": {"format_name": said["extension"], "size": str((bench.directory / file).stat().st_size)},
        "streams": [{"index": 0, "codec_type": "document", "codec_name": said["extension"], **facts}],
        "mime": said["mime"],
        **facts,
    }


def _converted(making: Making, bench: Bench, extension: str) -> tuple[str, dict[str, Any]]:
    """Have the input turned into a PDF; return its file, and what it is."""
    context = making.context
    office = find_office(making.settings.soffice)
    source = context.scratch / f"document.{extension}"
    (context.scratch / _INPUT).rename(source)
    with making.stopwatch.measure("encode"):
        pdf = office.to_pdf(
            context.scratch,
            source.name,
            cancellation=context.cancellation,
            scratch=making.settings.max_scratch_bytes,
        )
    with making.stopwatch.measure("verify"):
        return pdf, bench.run(_WORK, {"file": pdf})


def _wish(output: PagesOutput, file: str) -> dict[str, JsonValue]:
    return {
        "name": str(output.target.location),
        "file": file,
        "extension": extension_of(output.target.location.key),
        "size": asdict(output.size) if output.size else None,
        "dpi": output.dpi,
        "first": output.first,
        "last": output.last,
        "quality": output.quality,
    }


def _document(making: Making, output: PdfOutput, pdf: str, said: dict[str, Any]) -> Product:
    return Product(
        path=making.context.scratch / pdf,
        target=output.target,
        key=output.target.location.key,
        content_type=DOCUMENT_TYPES[PDF],
        facts={"pages": said["pages"], "codecs": {"document": PDF}},
    )


def _pictures(
    making: Making, output: PagesOutput, name: str, pages: Sequence[dict[str, Any]]
) -> list[Product]:
    return [
        Product(
            path=making.context.scratch / f"{name}-{page['page']:06d}",
            target=output.target,
            key=output.numbered_key(page["page"]),
            content_type=output.format.content_type,
            facts={
                "page": page["page"],
                "width": page["width"],
                "height": page["height"],
                "codecs": {"image": output.format.name.lower()},
            },
        )
        for page in pages
    ]
