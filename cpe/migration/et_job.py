"""Elastic Transcoder's jobs as ours: the data of a START_JOB."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from cpe.migration.document import Document
from cpe.migration.et_captions import read_caption_files
from cpe.migration.et_output import Made, Maker
from cpe.migration.et_pipeline import Pipeline
from cpe.migration.et_playlist import make_playlists
from cpe.migration.et_preset import Settings
from cpe.migration.system_presets import SystemPreset

WORKFLOW = {"name": "TranscodeOutputs", "version": "1.0"}
"""The shipped plan that makes many outputs of one source."""

_SOUNDS = frozenset(
    {".mp3", ".wav", ".flac", ".m4a", ".aac", ".ogg", ".oga", ".opus", ".wma", ".aif", ".aiff", ".ac3"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPreset:
    """A preset that jobs may name.

    Attributes:
        settings: What it says; None if nothing can be made by it.
        name: What outputs call it; None for a sound, which has no preset with us.
        overrides: Keys of outputs in which ours differs.
        system: Which of the service's own it is; None for one of its user's.
    """

    settings: Settings | None
    name: str | None
    overrides: Mapping[str, Any]
    system: SystemPreset | None = None

    @property
    def is_shipped(self) -> bool:
        """Whether ours comes with CPE."""
        return self.system is not None and self.system.shipped is not None


def read_job(
    document: Document, *, find: Callable[[str], KnownPreset | None], pipeline: Pipeline
) -> Mapping[str, Any] | None:
    """Read a job, as ``create-job`` takes it or ``read-job`` gives it, without its wrapping.

    Args:
        document: The job.
        find: Finds a preset by its id.
        pipeline: Where its objects lie.

    Returns:
        The data of a START_JOB; None if there is nothing to make, and a note says why.
    """
    document.ignore("Id", "Arn", "Status", "Timing", "PipelineId")
    notes = document.notes
    inputs = list(document.children("Inputs"))
    first = document.child("Input")
    sources = [*([first] if first is not None else []), *inputs]
    if len(sources) != 1:
        notes.refused(
            "INPUTS",
            document.place("Inputs"),
            f"a job has one input here, and this one has {len(sources)}; join the files before, or start a "
            "job for each",
        )
        return None
    captions = sources[0].child("InputCaptions")
    caption_files = () if captions is None else read_caption_files(captions, pipeline)
    if captions is not None:
        captions.finish()
    asset, excerpt = _source(sources[0], pipeline)
    if asset is None:
        return None
    prefix = document.text("OutputKeyPrefix")
    single = document.child("Output")
    wanted = [*([single] if single is not None else []), *document.children("Outputs")]
    maker = Maker(prefix=prefix, pipeline=pipeline, excerpt=excerpt, captions=caption_files, find=find)
    made = [one for one in map(maker.make, wanted) if one is not None]
    playlists, used = make_playlists(document.children("Playlists"), made, prefix=prefix, pipeline=pipeline)
    outputs = [*_own_outputs(made, used), *playlists]
    document_data = document.raw("UserMetadata")
    document.finish()
    if not outputs:
        notes.refused("NOTHING_TO_MAKE", document.where, "no output of this job can be made")
        return None
    return {
        "workflow": dict(WORKFLOW),
        "input_asset": asset,
        "output_assets": outputs,
        **({"user_metadata": document_data} if document_data else {}),
    }


def _own_outputs(made: list[Made], used: frozenset[str]) -> list[Mapping[str, Any]]:
    """The outputs that are files of their own, with their thumbnails."""
    outputs: list[Mapping[str, Any]] = []
    for one in made:
        if one.key not in used:
            outputs += one.alone()
        outputs += one.thumbnails
    return outputs


def _source(document: Document, pipeline: Pipeline) -> tuple[Mapping[str, Any] | None, Mapping[str, Any]]:
    """Read the input: our asset, and the part of it that is taken."""
    notes = document.notes
    key = document.needed("Key")
    given = [
        name
        for name in ("FrameRate", "Resolution", "AspectRatio", "Interlaced", "Container")
        if document.text(name, "auto").lower() != "auto"
    ]
    if given:
        notes.changed(
            "INPUT_PROBED",
            document.place(given[0]),
            f"{', '.join(given)} of the input: the file itself tells",
        )
    document.ignore("DetectedProperties")
    excerpt = time_span(document)
    if "Encryption" in document:
        notes.refused(
            "INPUT_ENCRYPTED",
            document.place("Encryption"),
            "an input that was encrypted outside of S3 cannot be read; store it decrypted, with SSE-KMS say",
        )
        return None, {}
    document.finish()
    kind = "AUDIO" if PurePosixPath(key).suffix.lower() in _SOUNDS else "VIDEO"
    if kind == "AUDIO":
        notes.changed("INPUT_TYPE", document.place("Key"), "the input is taken for a sound, by its extension")
    return {"type": kind, "bucket": pipeline.input_bucket, "file": f"/{key.lstrip('/')}"}, excerpt


def time_span(document: Document) -> Mapping[str, Any]:
    """Read a ``TimeSpan``: the keys ``start`` and ``duration`` of outputs."""
    span = document.child("TimeSpan")
    if span is None:
        return {}
    keys = {"start": span.text("StartTime"), "duration": span.text("Duration")}
    span.finish()
    return {key: value for key, value in keys.items() if value}
