"""Elastic Transcoder's playlists as PLAYLIST outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cpe.migration.document import Document
from cpe.migration.et_output import SEGMENTS, Made
from cpe.migration.et_pipeline import Pipeline

_FORMATS = {
    "hlsv3": frozenset({"hls"}),
    "hlsv4": frozenset({"hls"}),
    "mpeg-dash": frozenset({"dash"}),
    "smooth": frozenset({"dash", "hls"}),
}
_USUAL_SECONDS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """One playlist of a job."""

    document: Document
    name: str
    formats: frozenset[str]
    ladder: tuple[Made, ...]
    encryption: Mapping[str, Any]


def make_playlists(
    documents: Iterable[Document], made: Sequence[Made], *, prefix: str, pipeline: Pipeline
) -> tuple[list[Mapping[str, Any]], frozenset[str]]:
    """Make the playlists of a job; those with the same ladder become one, for all their players.

    Args:
        documents: The playlists.
        made: The job's outputs.
        prefix: What all keys begin with.
        pipeline: Where they go.

    Returns:
        The outputs, and the keys of the job's outputs that are in them.
    """
    wishes = [wish for wish in (_read(document, made) for document in documents) if wish is not None]
    merged: dict[tuple[tuple[str, ...], bool], _Wish] = {}
    for wish in wishes:
        place = tuple(one.key for one in wish.ladder), bool(wish.encryption)
        first = merged.setdefault(place, wish)
        if first is not wish:
            wish.document.notes.changed(
                "PLAYLISTS_JOINED",
                wish.document.where,
                f"{wish.name} has the renditions of {first.name}: one set of segments, under that name, for "
                "both",
            )
            merged[place] = _Wish(
                document=first.document,
                name=first.name,
                formats=first.formats | wish.formats,
                ladder=first.ladder,
                encryption=first.encryption,
            )
    used = frozenset(one.key for wish in wishes for one in wish.ladder)
    return [_output(wish, prefix, pipeline) for wish in merged.values()], used


def _read(document: Document, made: Sequence[Made]) -> _Wish | None:
    document.ignore("Status", "StatusDetail")
    notes, name = document.notes, document.needed("Name")
    kind = document.text("Format").lower()
    formats = _FORMATS.get(kind)
    if formats is None:
        notes.refused("PLAYLIST_FORMAT", document.place("Format"), f"{kind} is not known; take HLS or DASH")
        return None
    if kind == "smooth":
        notes.lost(
            "SMOOTH", document.place("Format"), "Smooth Streaming is not made; it becomes DASH and HLS"
        )
    by_key = {one.key: one for one in made}
    keys = document.raw("OutputKeys") or []
    for key in keys:
        if key not in by_key:
            notes.lost(
                "OUTPUT_MISSING", document.place("OutputKeys"), f"{key} cannot be made, and is left out"
            )
    ladder = tuple(by_key[key] for key in keys if key in by_key)
    videos = tuple(one for one in ladder if one.kind == "VIDEO")
    if not videos:
        notes.refused(
            "PLAYLIST_EMPTY", document.where, "a playlist has a video at least; make the sound by itself"
        )
        return None
    if len(videos) < len(ladder):
        notes.changed(
            "SOUND_ONCE",
            document.where,
            "renditions of the sound alone: it is made once, as the videos have it",
        )
    if any(one.part != videos[0].part for one in videos):
        notes.lost(
            "TIME_SPAN",
            document.where,
            f"renditions of a playlist show one part of the input: all show that of {videos[0].key}",
        )
    encryption = _encryption(document)
    if encryption and "dash" in formats:
        notes.lost("DRM", document.where, "DASH is not encrypted here; it becomes HLS with AES-128")
        formats = frozenset({"hls"})
    notes.changed("SEGMENTS", document.where, SEGMENTS)
    document.finish()
    return _Wish(document=document, name=name, formats=formats, ladder=ladder, encryption=encryption)


def _encryption(document: Document) -> Mapping[str, Any]:
    protection, play_ready = document.child("HlsContentProtection"), document.child("PlayReadyDrm")
    if play_ready is not None:
        document.notes.lost(
            "DRM", document.place("PlayReadyDrm"), "PlayReady is not made; package with a service that has it"
        )
    if protection is None:
        return {}
    if "Key" in protection:
        document.notes.changed("KEY", protection.place("Key"), "a new key is made for each playlist")
    if protection.text("KeyStoragePolicy", "WithVariantPlaylists") == "NoStore":
        document.notes.changed(
            "KEY",
            protection.place("KeyStoragePolicy"),
            "the key is stored beside the playlist; keep it from readers",
        )
    url = protection.text("LicenseAcquisitionUrl")
    protection.ignore("Method", "Key", "KeyMd5", "InitializationVector")
    protection.finish()
    return {"method": "AES-128", **({"key_url": url} if url else {})}


def _output(wish: _Wish, prefix: str, pipeline: Pipeline) -> Mapping[str, Any]:
    videos = [one for one in wish.ladder if one.kind == "VIDEO"]
    seconds = next((one.segment_seconds for one in videos if one.segment_seconds is not None), _USUAL_SECONDS)
    name = wish.name.removesuffix(".m3u8").removesuffix(".mpd")
    extension = "m3u8" if "hls" in wish.formats else "mpd"
    stored = {key: value for key, value in videos[0].place.items() if key not in ("bucket", "file")}
    captions: list[Mapping[str, Any]] = []
    for video in videos:
        captions += [track for track in video.captions.of_playlist() if track not in captions]
    return {
        "type": "PLAYLIST",
        "bucket": pipeline.output_bucket,
        "file": f"/{prefix}{name}.{extension}".replace("//", "/"),
        **stored,
        **videos[0].part,
        "renditions": [one.rendition for one in videos],
        "formats": sorted(wish.formats, reverse=True),
        "segment_seconds": seconds,
        **({"captions": captions} if captions else {}),
        **({"encryption": wish.encryption} if wish.encryption else {}),
    }
