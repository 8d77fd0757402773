"""The formats of documents that are read, and how their first bytes tell them."""

from __future__ import annotations

from collections.abc import Mapping

PDF = "pdf"

_OPEN_XML = "application/vnd.openxmlformats-officedocument"
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument"

DOCUMENT_TYPES: Mapping[str, str] = {
    PDF: "application/pdf",
    "docx": f"{_OPEN_XML}.wordprocessingml.document",
    "xlsx": f"{_OPEN_XML}.spreadsheetml.sheet",
    "pptx": f"{_OPEN_XML}.presentationml.presentation",
    "odt": f"{_OPEN_DOCUMENT}.text",
    "ods": f"{_OPEN_DOCUMENT}.spreadsheet",
    "odp": f"{_OPEN_DOCUMENT}.presentation",
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "rtf": "application/rtf",
}
"""MIME types by the usual extension."""

OPEN_XML_FOLDERS: Mapping[str, str] = {"word/": "docx", "xl/": "xlsx", "ppt/": "pptx"}
"""The folder in which the main part of an Office Open XML file lies."""

OLE_STREAMS: Mapping[str, str] = {
    "WordDocument": "doc",
    "Workbook": "xls",
    "Book": "xls",
    "PowerPoint Document": "ppt",
}
"""The stream of an old Office file that tells what it is."""

PDF_MAGIC = b"%PDF-"
ZIP_MAGIC = b"PK\x03\x04"
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
RTF_MAGIC = b"{\\rtf"
