"""Elastic Transcoder's outputs as ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from cpe.migration.document import Document
from cpe.migration.et_captions import CaptionWish, read_captions
from cpe.migration.et_pipeline import Pipeline
from cpe.migration.et_watermark import watermark_keys

if TYPE_CHECKING:
    from cpe.migration.et_job import KnownPreset

SEGMENTS = "segments are fragmented MP4, in a folder called like the main playlist"

_STREAMED = frozenset({"ts", "fmp4"})
"""Containers of segments: files of these are parts of playlists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An output, read.

    Attributes:
        key: Its key in the job, without the prefix: what playlists name it by.
        document: Where notes on it go.
        kind: ``VIDEO`` or ``AUDIO``.
        place: Bucket and key, and how it is stored.
        rendition: What it is, without where it goes.
        part: The part of the source that it shows: `start`, `duration`; empty for all of it.
        extension: What its key ends in with us, as an object of its own.
        segment_seconds: How long its segments are; None if it is one file.
        thumbnails: Its thumbnails, outputs of their own with us.
        has_sound: Whether it has a sound.
        captions: Its captions.
    """

    key: str
    document: Document
    kind: str
    place: Mapping[str, Any]
    rendition: Mapping[str, Any]
    extension: str
    captions: CaptionWish
    part: Mapping[str, Any] = field(default_factory=dict)
    segment_seconds: int | None = None
    thumbnails: tuple[Mapping[str, Any], ...] = field(default=())
    has_sound: bool = True

    def alone(self) -> Iterator[Mapping[str, Any]]:
        """The output as an object of its own."""
        notes = self.document.notes
        if self.kind == "VIDEO" and not self.has_sound:
            notes.changed(
                "SOUND", self.document.where, "the preset has no sound; a video here has the source's, as AAC"
            )
        if self.kind == "VIDEO" and self.segment_seconds is not None:
            notes.changed("SEGMENTS", self.document.where, SEGMENTS)
            tracks = list(self.captions.of_playlist())
            yield {
                "type": "PLAYLIST",
                **self.place,
                "file": self._file("m3u8"),
                **self.part,
                "renditions": [self.rendition],
                "formats": ["hls"],
                "segment_seconds": self.segment_seconds,
                **({"captions": tracks} if tracks else {}),
            }
            return
        file = self._file(self.extension)
        if file != self.place["file"]:
            notes.changed(
                "EXTENSION", self.document.place("Key"), f"the extension names the format: .{self.extension}"
            )
        captions = self.captions.of_file(self.extension) if self.kind == "VIDEO" else {}
        yield {"type": self.kind, **self.place, "file": file, **self.rendition, **self.part, **captions}

    def _file(self, extension: str) -> str:
        file: str = self.place["file"]
        if PurePosixPath(file).suffix.lower() == f".{extension}":
            return file
        return f"{file.removesuffix('.ts')}.{extension}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Makes the outputs of one job.

    Attributes:
        prefix: What all keys begin with.
        pipeline: Where they go.
        excerpt: The part of the source that the job takes.
        captions: The files of captions that the job's input names.
        find: Finds a preset by its id.
    """

    prefix: str
    pipeline: Pipeline
    excerpt: Mapping[str, Any]
    captions: Sequence[Mapping[str, Any]]
    find: Callable[[str], KnownPreset | None]

    def make(self, document: Document) -> Made | None:
        """Read one output; None if it cannot be made, and a note says why."""
        document.ignore("Id", "Status", "StatusDetail", "Duration", "DurationMillis", "Width", "Height")
        document.ignore("FrameRate", "FileSize", "AppliedColorSpaceConversion")
        notes, key, preset_id = document.notes, document.needed("Key"), document.needed("PresetId")
        known = self.find(preset_id)
        if known is None:
            notes.refused(
                "PRESET_UNKNOWN",
                document.place("PresetId"),
                f"{preset_id} is no system preset; give its JSON (read-preset, list-presets) among the files",
            )
            return None
        settings = known.settings
        if settings is None:
            notes.refused(
                "PRESET_UNUSABLE",
                document.place("PresetId"),
                f"nothing can be made by {preset_id}; see its note",
            )
            return None
        if known.system is not None and known.system.assumed:
            notes.changed(
                "SOUND_ASSUMED",
                document.place("PresetId"),
                f"the sound of the system preset {known.system.name} is not known here; correct "
                "audio_bitrate where it matters",
            )
        is_video = settings.preset is not None
        keys = known.overrides if known.is_shipped else settings.keys
        part = {**self.excerpt, **self._clip(document)}
        if is_video:
            rendition: dict[str, Any] = {"preset": known.name, **keys}
            rendition.update(self._rotation(document))
            rendition.update(self._watermark(document, known))
        else:
            rendition = dict(keys)
            document.ignore("Rotate")
        if part and document.text("ThumbnailPattern"):
            notes.lost("TIME_SPAN", document.where, "thumbnails are made of the whole input")
        self._lost(document)
        made = Made(
            key=key,
            document=document,
            kind="VIDEO" if is_video else "AUDIO",
            place=self._place(document, key),
            rendition=rendition,
            extension=settings.extension,
            captions=self._captions(document, is_video=is_video),
            part=part,
            segment_seconds=self._segment_seconds(document, settings.container),
            thumbnails=tuple(self._thumbnails(document, known)),
            has_sound=settings.has_sound,
        )
        document.finish()
        return made

    def _place(self, document: Document, key: str) -> Mapping[str, Any]:
        return {
            "bucket": self.pipeline.output_bucket,
            "file": f"/{self.prefix}{key}".replace("//", "/"),
            **self.pipeline.stored,
            **self._encryption(document, "Encryption"),
        }

    def _encryption(self, document: Document, name: str) -> Mapping[str, Any]:
        encryption = document.child(name)
        if encryption is None:
            return {}
        mode = encryption.text("Mode", "s3").lower()
        encryption.ignore("Key", "KeyMd5", "InitializationVector")
        encryption.finish()
        if mode in ("s3", "s3-aws-kms"):
            key = self.pipeline.kms_key_id if mode == "s3-aws-kms" else None
            return {"s3_encrypt": True, **({"kms_key_id": key} if key else {})}
        document.notes.lost(
            "ENCRYPTION",
            document.place(name),
            f"{mode}: files are not encrypted by keys of a client; let S3 do it, with s3_encrypt and "
            "kms_key_id",
        )
        return {}

    def _clip(self, document: Document) -> Mapping[str, Any]:
        from cpe.migration.et_job import time_span

        clips = list(document.children("Composition"))
        if len(clips) > 1:
            document.notes.lost("COMPOSITION", document.place("Composition"), "one clip is taken, the first")
        spans = [time_span(clip) for clip in clips]
        for clip in clips:
            clip.finish()
        return spans[0] if spans else {}

    def _rotation(self, document: Document) -> Mapping[str, Any]:
        rotate = document.text("Rotate", "auto").lower()
        return {} if rotate == "auto" else {"rotate": int(rotate)}

    def _watermark(self, document: Document, known: KnownPreset) -> Mapping[str, Any]:
        watermarks, settings = list(document.children("Watermarks")), known.settings
        if not watermarks or settings is None or settings.size is None:
            return {}
        if len(watermarks) > 1:
            document.notes.lost(
                "WATERMARKS",
                document.place("Watermarks[1]"),
                "a video has one watermark; lay them on one picture",
            )
        first = watermarks[0]
        place = settings.watermarks.get(first.text("PresetWatermarkId"))
        if place is None:
            document.notes.lost(
                "WATERMARK_UNKNOWN",
                first.where,
                "the preset does not say where it goes; give watermark by hand",
            )
            return {}
        keys = watermark_keys(place, first, settings.size, self.pipeline.input_bucket)
        first.ignore("Encryption")
        first.finish()
        return {"watermark": keys}

    def _segment_seconds(self, document: Document, container: str) -> int | None:
        wanted = document.text("SegmentDuration")
        if not wanted or container not in _STREAMED:
            return None
        seconds = min(max(round(float(wanted) / 2) * 2, 2), 60)
        if seconds != float(wanted):
            document.notes.changed(
                "SEGMENT_DURATION",
                document.place("SegmentDuration"),
                f"{wanted} s become {seconds} s: an even number",
            )
        return seconds

    def _thumbnails(self, document: Document, known: KnownPreset) -> Iterator[Mapping[str, Any]]:
        pattern = document.text("ThumbnailPattern")
        encryption = self._encryption(document, "ThumbnailEncryption")
        if not pattern or known.settings is None:
            return
        thumbnails = known.settings.thumbnails
        if thumbnails is None:
            document.notes.lost(
                "THUMBNAILS",
                document.place("ThumbnailPattern"),
                "the preset does not say how; add a THUMB output",
            )
            return
        name = pattern.replace("{resolution}", thumbnails.keys["size"].replace(":", "x"))
        if not name.endswith("{count}"):
            document.notes.changed(
                "THUMBNAIL_NAMES",
                document.place("ThumbnailPattern"),
                "the number stands before the extension",
            )
        document.notes.changed(
            "THUMBNAIL_COUNT",
            document.place("ThumbnailPattern"),
            "numbers have six digits: 000001 for 00001"
            + ("; how often and how large is assumed" if known.system is not None else ""),
        )
        yield {
            "type": "THUMB",
            "bucket": self.pipeline.thumbnail_bucket,
            "file": f"/{self.prefix}{name.replace('{count}', '')}.{thumbnails.extension}",
            **self.pipeline.thumbnails_stored,
            **encryption,
            **thumbnails.keys,
        }

    def _captions(self, document: Document, *, is_video: bool) -> CaptionWish:
        wish = read_captions(document, self.captions, self.pipeline)
        if wish.forms and not is_video:
            document.notes.lost("CAPTIONS", document.place("Captions"), "a sound has no captions")
        return wish

    def _lost(self, document: Document) -> None:
        if "AlbumArt" in document:
            document.notes.lost("ALBUMART", document.place("AlbumArt"), "cover art is not carried over")
        document.ignore("AlbumArt")
