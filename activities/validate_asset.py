"""ValidateAsset: tells what an input is, or why it is no use.

The first bytes are looked at before anything is downloaded. Of a large film only its beginning, its end and
its index are fetched. What passes was read at its end and decoded at its start; pictures are decoded whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from activities.documents.documents import PAGES_SECONDS, describe_document
from activities.ffmpeg.shortcomings import missing_confinement, missing_demuxers
from activities.ffmpeg.tools import encoders, find_tools
from activities.ffmpeg.workshop import Workshop
from activities.media.job import AssetType, InputAsset, parse_job
from activities.media.locations import Location
from activities.pictures.images import PICTURE_SECONDS, describe_picture
from activities.sandbox.bounded import Bench
from activities.sandbox.ffmpeg import FFmpegError
from activities.sandbox.quota import telling_a_full_disk
from activities.source.sniff import HEAD_BYTES, sniff
from activities.source.source import Source, check_decodable, check_whole, inspect
from activities.task.settings import MediaSettings, read_settings
from activities.transfer.fetch import fetch
from activities.transfer.glance import GLANCE_FROM, TAIL, glance, tells_the_end
from cpe.activity import Activity, ActivityContext, JsonValue
from cpe.errors import CpeError, InvalidInput

_INPUT = "input"

_STREAM_NOISE = frozenset({"disposition", "extradata_size", "side_data_list"})
_KEPT_TAGS = frozenset({"language", "title", "rotate", "creation_time", "encoder", "major_brand"})
# Formats that do not show in their first bytes.
_DEMUXER_TYPES = {"mpegts": "video/mp2t", "mpeg": "video/mpeg", "mp3": "audio/mpeg", "aac": "audio/aac"}
_MAX_TAG = 200
_MAX_STREAMS = 32


class ValidateAsset(Activity):
    """Probes an input; see docs/activities.md."""

    def check_worker(self, settings: Mapping[str, Any]) -> None:
        """Raise ConfigError unless FFmpeg is here and works."""
        known = read_settings(settings)
        encoders(find_tools(known.ffmpeg, known.ffprobe))

    def shortcomings(self, settings: Mapping[str, Any]) -> Iterable[CpeError]:
        """Tell which formats cannot be read, and what the sandbox lacks."""
        known = read_settings(settings)
        return [*missing_confinement(), *missing_demuxers(find_tools(known.ffmpeg, known.ffprobe))]

    def run(self, context: ActivityContext) -> JsonValue:
        settings = read_settings(context.settings)
        job = parse_job(context.input)
        workshop = Workshop(
            tools=find_tools(settings.ffmpeg, settings.ffprobe),
            directory=context.scratch,
            cancellation=context.cancellation,
            encode_seconds=settings.encode_seconds,
            limits=settings.limits,
        )
        look = _Look(context=context, settings=settings, workshop=workshop, asset=job.asset)
        context.preparing()
        metadata = look.describe() | {"type": job.asset.type.value}
        result: dict[str, Any] = {
            "input_asset": job.document,
            "input_metadata": metadata,
            "metadata": metadata,
            "output_assets": [document for _, document in job.outputs],
        }
        return result


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """A look at one asset."""

    context: ActivityContext
    settings: MediaSettings
    workshop: Workshop
    asset: InputAsset

    def describe(self) -> dict[str, Any]:
        """Fetch as much of the asset as it takes, and return its metadata."""
        mime = self._sniff_object()
        match self.asset.type:
            case AssetType.IMAGE:
                self._fetch()
                return describe_picture(self._bench(PICTURE_SECONDS), _INPUT)
            case AssetType.DOC:
                self._fetch()
                return describe_document(self._bench(PAGES_SECONDS), _INPUT)
            case _:
                return self._describe_film(mime)

    def _sniff_object(self) -> str | None:
        """Look at the first bytes of an object; a web address is looked at once it is here."""
        if not isinstance(self.asset.source, Location):
            return None
        place = self.asset.source
        return sniff(self.context.storage.read(place.bucket, place.key, length=HEAD_BYTES), self.asset.type)

    def _fetch(self) -> str | None:
        """Fetch the asset whole and return its likely MIME type."""
        path = self.context.scratch / _INPUT
        fetch(self.context, self.asset, path, self.settings)
        with path.open("rb") as file:
            return sniff(file.read(HEAD_BYTES), self.asset.type)

    def _bench(self, seconds: float) -> Bench:
        context = self.context
        return Bench(
            directory=context.scratch,
            cancellation=context.cancellation,
            seconds=seconds,
            scratch=self.settings.max_scratch_bytes,
        )

    def _describe_film(self, mime: str | None) -> dict[str, Any]:
        """Look at parts of a large object; where these do not tell, and of the others, at all of it."""
        size = self._glance()
        if size:
            try:
                return self._probe(mime, size)
            except (InvalidInput, FFmpegError):
                self.context.log.info("glance.failed")
        mime = self._fetch() or mime
        return self._probe(mime)

    def _glance(self) -> int:
        """Fetch the telling parts of a large object and return its size; 0 where that is not done."""
        place = self.asset.source
        if not isinstance(place, Location):
            return 0
        size = self.context.storage.head(place.bucket, place.key).size
        if not GLANCE_FROM <= size <= self.settings.max_input_bytes:
            return 0
        with telling_a_full_disk():
            fetched = glance(self.context, place, self.context.scratch / _INPUT, size)
        self.context.log.info("glance.fetched", size=size, fetched=fetched)
        return size

    def _probe(self, mime: str | None, glanced: int = 0) -> dict[str, Any]:
        """Look at the file; `glanced` is its size where only parts of it are there."""
        kind = self.asset.type
        source = inspect(self.workshop, _INPUT, kind)
        if glanced and not tells_the_end(source.info, glanced):
            raise InvalidInput("The end that was fetched is too short to tell.")
        check_whole(self.workshop, source, tail=TAIL / glanced if glanced else 1.0)
        check_decodable(self.workshop, source, kind)
        return describe_source(source, mime=mime)


def describe_source(source: Source, *, mime: str | None) -> dict[str, Any]:
    """Return FFprobe's format and streams without what would only fill SWF's 32,768 characters.

    Left out are dispositions and side data (a stream's `rotation` stands in their place), the local file
    name, and all but a few tags.
    """
    streams = [_describe_stream(raw) for raw in list(source.document.get("streams") or [])[:_MAX_STREAMS]]
    video = source.info.video
    for stream in streams:
        if video is not None and stream.get("index") == video.index and video.rotation:
            stream["rotation"] = video.rotation
    container = dict(source.document.get("format") or {})
    container.pop("filename", None)
    return {
        "format": _with_short_tags(container),
        "streams": streams,
        "mime": mime or _DEMUXER_TYPES.get(source.info.demuxer, "application/octet-stream"),
    }


def _describe_stream(raw: Mapping[str, Any]) -> dict[str, Any]:
    return _with_short_tags({key: value for key, value in raw.items() if key not in _STREAM_NOISE})


def _with_short_tags(part: dict[str, Any]) -> dict[str, Any]:
    tags = part.pop("tags", None) or {}
    kept = {key: str(value)[:_MAX_TAG] for key, value in tags.items() if key in _KEPT_TAGS}
    return {**part, "tags": kept} if kept else part
