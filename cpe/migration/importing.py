"""Elastic Transcoder's files, all together: presets, pipelines and jobs, told apart by what is in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cpe.errors import ConfigError
from cpe.migration.document import Document
from cpe.migration.et_job import KnownPreset, read_job
from cpe.migration.et_pipeline import Pipeline, read_pipeline
from cpe.migration.et_preset import preset_name, read_preset
from cpe.migration.notes import Note, Notes
from cpe.migration.system_presets import system_presets

_OURS = frozenset({"480p-generic", *(one.shipped for one in system_presets().values() if one.shipped)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What came of it.

    Attributes:
        presets: Presets of ours, by name: those of the files, and the system presets that jobs name and that
            CPE does not ship.
        jobs: The data of START_JOBs, by the name of their file.
        notes: What is not as it was.
    """

    presets: Mapping[str, Mapping[str, Any]]
    jobs: Mapping[str, Mapping[str, Any]]
    notes: tuple[Note, ...]


def import_documents(
    documents: Sequence[tuple[str, Any]],
    *,
    input_bucket: str | None = None,
    output_bucket: str | None = None,
) -> Import:
    """Import Elastic Transcoder's JSON.

    Args:
        documents: The files, by name: presets, pipelines and jobs, as the service's API takes or gives them,
            or lists of them.
        input_bucket: Where inputs lie; goes before the pipelines.
        output_bucket: Where outputs go; goes before the pipelines.

    Raises:
        ConfigError: A file is none of these, or lacks what it must have; or nobody says where objects lie.
    """
    return _Importer(input_bucket, output_bucket).run(documents)


class _Importer:
    """One import: presets and pipelines first, then the jobs that name them."""

    def __init__(self, input_bucket: str | None, output_bucket: str | None) -> None:
        self._notes = Notes()
        self._input_bucket = input_bucket
        self._output_bucket = output_bucket
        self._presets: dict[str, Mapping[str, Any]] = {}
        self._known: dict[str, KnownPreset | None] = {}
        self._pipelines: dict[str, Pipeline] = {}

    def run(self, documents: Sequence[tuple[str, Any]]) -> Import:
        found = [one for name, value in documents for one in _unwrapped(name, value)]
        for kind, name, value in found:
            document = Document(value, f"{name}:", self._notes)
            if kind == "preset":
                self._add_preset(document)
            elif kind == "pipeline":
                self._pipelines[document.text("Id")] = read_pipeline(document)
        jobs: dict[str, Mapping[str, Any]] = {}
        for kind, name, value in found:
            if kind == "job":
                document = Document(value, f"{name}:", self._notes)
                pipeline = self._pipeline(document.text("PipelineId"), document)
                data = read_job(document, find=self._find, pipeline=pipeline)
                if data is not None:
                    jobs[_free(name.removesuffix(".json"), jobs)] = data
        return Import(presets=self._presets, jobs=jobs, notes=tuple(self._notes))

    def _add_preset(self, document: Document) -> None:
        identifier = document.text("Id")
        if identifier in system_presets():
            return  # one of the service's own, which are known here
        settings = read_preset(document)
        name = None
        if settings is not None and settings.preset is not None:
            name = self._keep(preset_name(document), settings.preset)
        elif settings is not None:
            self._notes.changed(
                "SOUND_PRESET",
                document.where,
                "a sound has no preset here: its settings stand in each output",
            )
        self._known[identifier] = KnownPreset(settings=settings, name=name, overrides={})

    def _find(self, identifier: str) -> KnownPreset | None:
        if identifier not in self._known:
            self._known[identifier] = self._system(identifier)
        return self._known[identifier]

    def _system(self, identifier: str) -> KnownPreset | None:
        system = system_presets().get(identifier)
        if system is None:
            return None
        # Where ours is shipped, nothing is told of how it came about.
        notes = Notes() if system.shipped else self._notes
        document = Document(system.document, f"system preset {system.name}:", notes)
        settings = read_preset(document)
        name = system.shipped
        overrides: Mapping[str, Any] = {}
        if settings is not None and system.shipped:
            overrides = dict(system.overrides)
        elif settings is not None and settings.preset is not None:
            name = self._keep(preset_name(document), settings.preset)
        return KnownPreset(settings=settings, name=name, overrides=overrides, system=system)

    def _keep(self, name: str, preset: Mapping[str, Any]) -> str:
        """Take a preset down under a name of its own; one that is shipped is not replaced."""
        known = self._presets.get(name)
        if name in _OURS or (known is not None and known != {**preset, "name": name}):
            return self._keep(f"{name}-et", preset)
        self._presets[name] = {**preset, "name": name}
        return name

    def _pipeline(self, identifier: str, document: Document) -> Pipeline:
        known = self._pipelines.get(identifier)
        if known is None and len(self._pipelines) == 1 and not identifier:
            (known,) = self._pipelines.values()
        source = self._input_bucket or (known.input_bucket if known else None)
        target = self._output_bucket or (known.output_bucket if known else None)
        if source is None or target is None:
            raise ConfigError(
                f"{document.where} nobody says in which buckets the objects of pipeline {identifier or '?'} "
                "lie; give what read-pipeline prints among the files, or --input-bucket and --output-bucket",
                code="BUCKETS_UNKNOWN",
            )
        return Pipeline(
            input_bucket=source,
            output_bucket=target,
            thumbnail_bucket=self._output_bucket or (known.thumbnail_bucket if known else target),
            stored=known.stored if known else {},
            thumbnails_stored=known.thumbnails_stored if known else {},
            kms_key_id=known.kms_key_id if known else None,
        )


def _unwrapped(name: str, value: Any) -> list[tuple[str, str, Any]]:
    """Tell what a file holds: kind, name for notes, and object of each thing in it."""
    if isinstance(value, Mapping):
        for kind in ("Preset", "Pipeline", "Job"):
            if isinstance(value.get(kind), Mapping):
                return [(kind.lower(), name, value[kind])]
            many = value.get(f"{kind}s")
            if isinstance(many, list):
                stem = name.removesuffix(".json")
                return [(kind.lower(), f"{stem}-{index}.json", one) for index, one in enumerate(many)]
        if "PresetId" in value or "Outputs" in value or "Output" in value:
            return [("job", name, value)]
        if "InputBucket" in value:
            return [("pipeline", name, value)]
        if "Container" in value:
            return [("preset", name, value)]
    raise ConfigError(
        f"{name} is no preset, pipeline or job of Elastic Transcoder; give what read-preset, list-presets, "
        "read-pipeline or read-job print, or what create-job takes",
        code="IMPORT_INVALID",
    )


def _free(name: str, taken: Mapping[str, Any]) -> str:
    number = 2
    free = name
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    return free
