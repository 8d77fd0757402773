"""Elastic Transcoder's captions as ours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from cpe.languages import three_letters
from cpe.migration.document import Document
from cpe.migration.et_pipeline import Pipeline
from cpe.migration.notes import Notes

_FILES = frozenset({".srt", ".vtt", ".webvtt"})
_SIDECARS = {"srt": "srt", "webvtt": "vtt"}
_EMBEDDED = "mov-text"
_EMBEDDING = frozenset({"mp4", "m4v", "mov", "mkv", "webm"})
_OWN_INPUT = (
    "captions within the input are not carried over: a job of ours that names some fails without them. Add "
    '{"stream": "auto"} to captions where all inputs have them'
)
_NO_OFFSET = re.compile(r"[+-]?[0:.]*")
_LETTERS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """One of the forms in which an output wants its captions."""

    name: str
    pattern: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionWish:
    """The captions of an output.

    Attributes:
        files: The files that they are read from, as our ``captions`` name them.
        forms: What they are made to; without any there are none.
        notes: Where to tell what is not as it was.
    """

    files: tuple[Mapping[str, Any], ...]
    forms: tuple[_Form, ...]
    notes: Notes

    def of_file(self, extension: str) -> Mapping[str, Any]:
        """The key ``captions`` of a video that is one file; empty without any."""
        made = [{**file, **form} for form in self._forms(extension) for file in self.files]
        return {"captions": made} if made else {}

    def of_playlist(self) -> Sequence[Mapping[str, Any]]:
        """The tracks of a playlist."""
        if not self.files:
            return ()
        for form in self.forms:
            if form.name != "webvtt":
                self.notes.changed(
                    "CAPTION_FORMAT", form.where, f"{form.name}: captions of a playlist are tracks of WebVTT"
                )
        return self.files if self.forms else ()

    def _forms(self, extension: str) -> Iterator[Mapping[str, str]]:
        for form in self.forms if self.files else ():
            if form.name in _SIDECARS:
                if form.pattern:
                    self.notes.changed(
                        "CAPTION_NAMES",
                        form.where,
                        f"{form.pattern}: a sidecar is called like its video, such as film.eng.vtt",
                    )
                yield {"format": _SIDECARS[form.name]}
            elif form.name == _EMBEDDED and extension in _EMBEDDING:
                yield {"mode": "embed"}
            else:
                self.notes.lost(
                    "CAPTION_FORMAT",
                    form.where,
                    f"{form.name} is not written here; take srt or webvtt, or mov-text in an MP4",
                )


def read_caption_files(document: Document, pipeline: Pipeline) -> tuple[Mapping[str, Any], ...]:
    """Read ``CaptionSources`` and ``MergePolicy``, of a job's input or, as it once was, of an output."""
    notes = document.notes
    if document.text("MergePolicy").lower().startswith("merge"):
        notes.lost("CAPTIONS_EMBEDDED", document.place("MergePolicy"), _OWN_INPUT)
    found: dict[str | None, Mapping[str, Any]] = {}
    for source in document.children("CaptionSources"):
        file = _file(source, pipeline)
        if file is None:
            continue
        language = file.get("language")
        if language in found:
            notes.lost(
                "CAPTION_SOURCE",
                source.where,
                f"there are captions in {language or 'no language'} already; each language has one file",
            )
        found.setdefault(language, file)
    return tuple(found.values())


def read_captions(
    output: Document, inherited: Sequence[Mapping[str, Any]], pipeline: Pipeline
) -> CaptionWish:
    """Read ``Captions`` of an output.

    Args:
        output: The output.
        inherited: The files that the job's input names; those of the output itself come before them.
        pipeline: Where the files lie.
    """
    captions, notes = output.child("Captions"), output.notes
    if captions is None:
        return CaptionWish(files=(), forms=(), notes=notes)
    own = read_caption_files(captions, pipeline)
    known = {file.get("language") for file in own}
    files = (*own, *(file for file in inherited if file.get("language") not in known))
    forms = tuple({form.name: form for form in map(_form, captions.children("CaptionFormats"))}.values())
    if forms and not files:
        notes.lost("CAPTIONS_EMBEDDED", captions.where, _OWN_INPUT)
    captions.finish()
    return CaptionWish(files=files, forms=forms, notes=notes)


def _form(document: Document) -> _Form:
    if "Encryption" in document:
        document.notes.changed(
            "ENCRYPTION", document.place("Encryption"), "captions are stored as their video is"
        )
    document.ignore("Encryption")
    form = _Form(name=document.text("Format").lower(), pattern=document.text("Pattern"), where=document.where)
    document.finish()
    return form


def _file(document: Document, pipeline: Pipeline) -> Mapping[str, Any] | None:
    """Read one of the sources; None if it cannot be read here, and a note says why."""
    notes, key = document.notes, document.needed("Key")
    language = _language(document)
    if not _NO_OFFSET.fullmatch(document.text("TimeOffset")):
        notes.lost(
            "CAPTION_OFFSET",
            document.place("TimeOffset"),
            f"captions are not shifted by {document.text('TimeOffset')}; shift the times in the file",
        )
    if "Label" in document:
        notes.changed("CAPTION_LABEL", document.place("Label"), "viewers choose captions by their language")
    document.ignore("Label")
    encrypted = "Encryption" in document
    document.ignore("Encryption")
    document.finish()
    if encrypted:
        notes.lost(
            "CAPTION_SOURCE",
            document.place("Encryption"),
            "a file that was encrypted outside of S3 cannot be read; store it decrypted, with SSE-KMS say",
        )
        return None
    extension = PurePosixPath(key).suffix.lower()
    if extension not in _FILES:
        notes.lost(
            "CAPTION_SOURCE",
            document.place("Key"),
            f"{extension or 'no extension'}: captions are read from SRT and WebVTT; convert it",
        )
        return None
    return {
        "bucket": pipeline.input_bucket,
        "file": f"/{key.lstrip('/')}",
        **({"language": language} if language else {}),
    }


def _language(document: Document) -> str | None:
    """Read a language, a code of two or three letters; a region behind it goes."""
    given = document.text("Language").lower()
    code = re.split("[-_]", given)[0]
    letters = len(code) == _LETTERS and code.isascii() and code.isalpha()
    language = code if letters else three_letters(code)
    if given not in ("", code) or (given and language is None):
        document.notes.changed(
            "CAPTION_LANGUAGE",
            document.place("Language"),
            f"{given} becomes {language or 'no language'}: it is a code of ISO 639-2 here",
        )
    return language
