"""ValidateAsset: tells what an input is, or why it is no use.

The first bytes are looked at before anything is downloaded. What passes was read to its end and decoded at
its start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from activities.bounded import Bench
from activities.documents import PAGES_SECONDS, describe_document
from activities.fetch import fetch
from activities.images import PICTURE_SECONDS, describe_picture
from activities.media.job import AssetType, InputAsset, parse_job
from activities.media.locations import Location
from activities.settings import read_settings
from activities.shortcomings import missing_demuxers
from activities.sniff import HEAD_BYTES, sniff
from activities.source import Source, check_decodable, check_whole, inspect
from activities.tools import encoders, find_tools
from activities.workshop import Workshop
from cpe.activity import Activity, ActivityContext, JsonValue
from cpe.errors import CpeError

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
        """Tell which formats cannot be read."""
        known = read_settings(settings)
        return missing_demuxers(find_tools(known.ffmpeg, known.ffprobe))

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
        context.preparing()
        mime = _sniff_object(context, job.asset) if job.asset.type is not AssetType.DOC else "application"
        path = context.scratch / _INPUT
        fetch(context, job.asset, path, settings)
        if mime is None:
            with path.open("rb") as file:
                mime = sniff(file.read(HEAD_BYTES))
        kind = job.asset.type
        if kind is AssetType.IMAGE:
            bench = Bench(
                directory=context.scratch, cancellation=context.cancellation, seconds=PICTURE_SECONDS
            )
            metadata = describe_picture(bench, _INPUT) | {"type": kind.value}
        elif kind is AssetType.DOC:
            bench = Bench(directory=context.scratch, cancellation=context.cancellation, seconds=PAGES_SECONDS)
            metadata = describe_document(bench, _INPUT) | {"type": kind.value}
        else:
            metadata = _describe_film(workshop, mime, kind)
        result: dict[str, Any] = {
            "input_asset": job.document,
            "input_metadata": metadata,
            "metadata": metadata,
            "output_assets": [document for _, document in job.outputs],
        }
        return result


def _describe_film(workshop: Workshop, mime: str | None, kind: AssetType) -> dict[str, Any]:
    source = inspect(workshop, _INPUT, kind)
    check_whole(workshop, source)
    check_decodable(workshop, source, kind)
    return describe_source(source, mime=mime, kind=kind.value)


def _sniff_object(context: ActivityContext, asset: InputAsset) -> str | None:
    """Look at the first bytes of an object; a web address is looked at once it is here."""
    if not isinstance(asset.source, Location):
        return None
    return sniff(context.storage.read(asset.source.bucket, asset.source.key, length=HEAD_BYTES))


def describe_source(source: Source, *, mime: str | None, kind: str) -> dict[str, Any]:
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
        "type": kind,
    }


def _describe_stream(raw: Mapping[str, Any]) -> dict[str, Any]:
    return _with_short_tags({key: value for key, value in raw.items() if key not in _STREAM_NOISE})


def _with_short_tags(part: dict[str, Any]) -> dict[str, Any]:
    tags = part.pop("tags", None) or {}
    kept = {key: str(value)[:_MAX_TAG] for key, value in tags.items() if key in _KEPT_TAGS}
    return {**part, "tags": kept} if kept else part
