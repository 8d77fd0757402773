"""Makes a ladder to play over HTTP: its videos and sounds, and what HLS and DASH players need around them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from activities.making import Making
from activities.media.codecs import AudioEncoder
from activities.media.dash import manifest
from activities.media.fragment_command import Kind, TrackCopy
from activities.media.hls import (
    IFRAMES,
    INIT,
    PLAYLIST,
    Cipher,
    Variant,
    iframe_playlist,
    main_playlist,
    media_playlist,
    target_seconds,
)
from activities.media.locations import Location, OnExists
from activities.media.playlist_output import Format, PlaylistOutput
from activities.media.segment_command import Rendition, segment_arguments, sound_arguments
from activities.media.segments import Stretch
from activities.media.split import version_of_sound, versions_of_sound
from activities.packager import Packager, StreamFiles
from activities.publish import Product
from activities.report import ProgressReport
from activities.segment_cipher import SegmentCipher
from activities.source import Source
from activities.tools import decoders
from activities.verify import expected_duration, invalid_output
from activities.verify_playlist import verify_alignment, verify_listings, verify_segments
from cpe.activity import JsonValue

_HLS_TYPE, _DASH_TYPE = "application/vnd.apple.mpegurl", "application/dash+xml"
_SEGMENT_TYPE, _KEY_TYPE = "video/iso.segment", "application/octet-stream"
_INIT_TYPES = {"video": "video/mp4", "audio": "audio/mp4"}
_NO_LANGUAGE = "und"
_AV1_DECODERS = frozenset({"libdav1d", "libaom-av1"})

_WHOLE = Stretch(begin=Fraction(0), cut=False, until=None, frames=None)
_SLACK_SECONDS = 1.0
_SLACK_SHARE = 0.02

# A player that finds a playlist finds all that it names.
_SEGMENTS, _STREAMS, _MAIN = 0, 1, 2


def make_playlist(
    making: Making,
    source: Source,
    output: PlaylistOutput,
    name: str,
    *,
    audio: Mapping[str, AudioEncoder],
    watermarks: Mapping[Location, str],
) -> list[Product]:
    """Make a ladder by itself, in files called after `name`, from one decoding, and verify it.

    Raises:
        ActivityError: It could not be made, or is not what it should be.
    """
    seconds = expected_duration(source.info)
    report = ProgressReport(making.context, output.target.location.key, seconds)
    videos = [f"{name}-video-{index}" for index in range(len(output.renditions))]
    arguments = segment_arguments(
        [
            Rendition(output=video, stretch=_WHOLE, file=file)
            for video, file in zip(output.renditions, videos, strict=True)
        ],
        source.info,
        source.video,
        file=source.file,
        seek=Fraction(0),
        watermarks=watermarks,
        threads=None,
    )
    with making.stopwatch.measure("encode"):
        making.workshop.encode(arguments, duration=seconds, report=report.update)
        sounds = _make_sounds(making, source, output, name, audio=audio)
    report.finish()
    return package_ladder(making, source, output, name, videos, sounds=sounds)


def _make_sounds(
    making: Making, source: Source, output: PlaylistOutput, name: str, *, audio: Mapping[str, AudioEncoder]
) -> list[str]:
    """Make each version of the sound once; return the file of each."""
    if source.info.audio is None:
        return []
    versions = versions_of_sound(output.renditions)
    sounds = [f"{name}-audio-{index}" for index in range(len(versions))]
    arguments = sound_arguments(
        [replace(version, encoder=audio[version.encoder.name]) for version in versions],
        source.info,
        source.info.audio,
        file=source.file,
        files=sounds,
    )
    making.workshop.encode(arguments, duration=None, report=lambda _: making.context.check())
    return sounds


def package_ladder(
    making: Making,
    source: Source,
    output: PlaylistOutput,
    name: str,
    videos: Sequence[str],
    *,
    sounds: Sequence[str] | None = None,
) -> list[Product]:
    """Make segments and playlists of a finished ladder, and verify them.

    Args:
        making: The task.
        source: Its input.
        output: What to make.
        name: What new files are called after.
        videos: The file of each rendition: MP4 with key frames on the grid. It is removed.
        sounds: The file of each version of the sound; None when each video has its own.

    Raises:
        ActivityError: They are not what they should be, ``OUTPUT_INVALID``.
    """
    workshop = making.workshop
    cipher = SegmentCipher() if output.encryption is not None else None
    folder = workshop.directory / f"{name}-streams"
    packager = Packager(workshop=workshop, folder=folder, seconds=output.segment_seconds, cipher=cipher)
    with making.stopwatch.measure("package"):
        streams = packager.pack(_copies(source, output, name, videos, sounds))
        for file in (*videos, *(sounds or ())):
            (workshop.directory / file).unlink()
        package = _Package(output=output, streams=streams, folder=folder, cipher=cipher)
        package.write()
        _verify(making, source, package)
    return list(package.products())


def _copies(
    source: Source, output: PlaylistOutput, name: str, videos: Sequence[str], sounds: Sequence[str] | None
) -> list[tuple[str, TrackCopy]]:
    """Tell which tracks of which files become the streams, by their names."""
    copies = [
        (
            f"video-{number}",
            TrackCopy(
                source=file, target=f"{name}-copy-video-{number}", codec=video.video.codec, kind=Kind.VIDEO
            ),
        )
        for number, (file, video) in enumerate(zip(videos, output.renditions, strict=True), start=1)
    ]
    audio = source.info.audio
    if audio is None:
        return copies
    versions = versions_of_sound(output.renditions)
    if sounds is None:
        wanted = [version_of_sound(video) for video in output.renditions]
        sounds = [videos[wanted.index(version)] for version in versions]
    for number, (version, file) in enumerate(zip(versions, sounds, strict=True), start=1):
        copy = TrackCopy(
            source=file,
            target=f"{name}-copy-audio-{number}",
            codec=version.encoder.codec,
            kind=Kind.AUDIO,
            language=audio.language if audio.language != _NO_LANGUAGE else None,
        )
        copies.append((f"audio-{number}", copy))
    return copies


@dataclass(frozen=True, slots=True, kw_only=True)
class _Package:
    """A ladder's files, and the playlists around them."""

    output: PlaylistOutput
    streams: Sequence[StreamFiles]
    folder: Path
    cipher: SegmentCipher | None

    @property
    def prefix(self) -> str:
        """The folder of the streams, as the main playlists call it."""
        return quote(PurePosixPath(self.output.folder).name)

    def main(self, wanted: Format) -> Path:
        return self.folder / f"main.{wanted}"

    def text(self, wanted: Format) -> str | None:
        """Return the main playlist of a format; None when that is not made."""
        path = self.main(wanted)
        return path.read_text(encoding="utf-8") if wanted in self.output.formats else None

    def variants(self) -> list[Variant]:
        named = {files.stream.name: files.stream for files in self.streams}
        versions = versions_of_sound(self.output.renditions)
        return [
            Variant(
                video=named[f"video-{number}"],
                audio=named.get(f"audio-{versions.index(version_of_sound(video)) + 1}"),
            )
            for number, video in enumerate(self.output.renditions, start=1)
        ]

    def write(self) -> None:
        """Write all playlists."""
        output, streams = self.output, [files.stream for files in self.streams]
        if Format.DASH in output.formats:
            text = manifest(streams, folder=self.prefix, segment_seconds=output.segment_seconds)
            self.main(Format.DASH).write_text(text, encoding="utf-8")
        if Format.HLS not in output.formats:
            return
        target = target_seconds(streams)
        for files in self.streams:
            cipher = Cipher(url=self._key_url(files), starts=files.starts) if self.cipher else None
            text = media_playlist(files.stream, target=target, cipher=cipher)
            (files.folder / PLAYLIST).write_text(text, encoding="utf-8")
            if output.iframes and files.stream.track.kind == "video":
                text = iframe_playlist(files.stream, target=target)
                (files.folder / IFRAMES).write_text(text, encoding="utf-8")
        text = main_playlist(self.variants(), folder=self.prefix, iframes=output.iframes)
        self.main(Format.HLS).write_text(text, encoding="utf-8")

    def products(self) -> Iterator[Product]:
        """Yield what is published; the main playlists are described, with what they stand for."""
        output = self.output
        if output.encryption is not None and self.cipher is not None:
            path = self.folder / "key"
            path.write_bytes(self.cipher.key)
            place = output.encryption.key
            yield replace(self._part(path, place.key, _KEY_TYPE, _SEGMENTS), bucket=place.bucket)
        for files in self.streams:
            key = f"{output.folder}/{files.stream.name}"
            for path in files.segments:
                yield self._part(path, f"{key}/{path.name}", _SEGMENT_TYPE, _SEGMENTS)
            yield self._part(
                files.initialization, f"{key}/{INIT}", _INIT_TYPES[files.stream.track.kind], _STREAMS
            )
            for name in (PLAYLIST, IFRAMES):
                if (files.folder / name).is_file():
                    yield self._part(files.folder / name, f"{key}/{name}", _HLS_TYPE, _STREAMS)
        own = output.target.location.key
        for wanted, content_type in ((Format.DASH, _DASH_TYPE), (Format.HLS, _HLS_TYPE)):
            if wanted in output.formats:
                key = output.main_key(wanted)
                part = self._part(self.main(wanted), key, content_type, _MAIN)
                yield replace(
                    part,
                    target=output.target if key == own else part.target,
                    facts=self._facts(),
                    described=True,
                )

    def _part(self, path: Path, key: str, content_type: str, stage: int) -> Product:
        # What a job says of its content type, and of what is there already, it says of the main playlist. The
        # rest without that is what an earlier try left.
        target = self.output.target
        options = replace(target.options, content_type=None, if_absent=False)
        return Product(
            path=path,
            target=replace(target, options=options, on_exists=OnExists.OVERWRITE),
            key=key,
            content_type=content_type,
            facts={},
            stage=stage,
            described=False,
        )

    def _key_url(self, files: StreamFiles) -> str:
        wish = self.output.encryption
        if wish is None:
            return ""
        here = f"{self.output.folder}/{files.stream.name}"
        return wish.url or quote(posixpath.relpath(f"/{wish.key.key}", f"/{here}"))

    def _facts(self) -> dict[str, JsonValue]:
        renditions: list[JsonValue] = []
        for variant in self.variants():
            width, height = variant.video.track.size or (0, 0)
            renditions.append(
                {
                    "width": width,
                    "height": height,
                    "codecs": variant.codecs,
                    "bandwidth": variant.peak,
                    "average_bandwidth": variant.average,
                }
            )
        streams = [files.stream for files in self.streams]
        return {
            "duration": float(max(stream.start + stream.duration for stream in streams)),
            "streams": len(streams),
            "segments": sum(len(stream.segments) for stream in streams),
            "segments_size": sum(stream.size for stream in streams),
            "renditions": renditions,
        }


def _verify(making: Making, source: Source, package: _Package) -> None:
    streams, output = package.streams, package.output
    for number, video in enumerate(output.renditions):
        track = streams[number].stream.track
        if track.size != video.size_for(source.video):
            raise invalid_output(f"has video of {track.size} instead of {video.size_for(source.video)}")
    wanted = expected_duration(source.info)
    found = float(max(files.stream.start + files.stream.duration for files in streams))
    if wanted is not None and abs(found - wanted) > max(_SLACK_SECONDS, wanted * _SLACK_SHARE):
        raise invalid_output(f"lasts {found:.2f} s instead of {wanted:.2f} s")
    verify_alignment(streams)
    verify_listings(
        streams,
        main=package.text(Format.HLS),
        manifest=package.text(Format.DASH),
        folder=PurePosixPath(output.folder).name,
    )
    # FFmpeg's own decoder of AV1 needs a graphics card.
    blind = "av01" if _AV1_DECODERS.isdisjoint(decoders(making.workshop.tools)) else "none"
    verify_segments(making.workshop, streams, package.cipher, lambda codec: not codec.startswith(blind))
