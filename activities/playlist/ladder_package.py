"""What is published of a ladder: its streams, the playlists of HLS and DASH around them, its key."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from activities.media.dash import manifest
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
    text_playlist,
)
from activities.media.locations import OnExists
from activities.media.playlist_output import Format, PlaylistOutput
from activities.media.split import version_of_sound, versions_of_sound
from activities.media.text_track import WHOLE, TextTrack
from activities.playlist.packager import StreamFiles
from activities.playlist.segment_cipher import SegmentCipher, code
from activities.transfer.publish import Product
from cpe.activity import JsonValue

_HLS_TYPE, _DASH_TYPE = "application/vnd.apple.mpegurl", "application/dash+xml"
_SEGMENT_TYPE, _KEY_TYPE = "video/iso.segment", "application/octet-stream"
_TEXT_TYPE = "text/vtt; charset=utf-8"
_INIT_TYPES = {"video": "video/mp4", "audio": "audio/mp4"}

# A player that finds a playlist finds all that it names.
_SEGMENTS, _STREAMS, _MAIN = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderPackage:
    """A ladder's files, and the playlists around them.

    Attributes:
        output: What they are made for.
        streams: The files of each stream.
        folder: The scratch folder of all of them.
        cipher: How they are encrypted, the segments of texts too; None when they are not.
        texts: The captions.
    """

    output: PlaylistOutput
    streams: Sequence[StreamFiles]
    folder: Path
    cipher: SegmentCipher | None
    texts: Sequence[TextTrack] = ()

    @property
    def prefix(self) -> str:
        """The folder of the streams, as the main playlists call it."""
        return quote(PurePosixPath(self.output.folder).name)

    def main(self, wanted: Format) -> Path:
        """Return the file of the main playlist of a format."""
        return self.folder / f"main.{wanted}"

    def text(self, wanted: Format) -> str | None:
        """Return the main playlist of a format; None when that is not made."""
        path = self.main(wanted)
        return path.read_text(encoding="utf-8") if wanted in self.output.formats else None

    def variants(self) -> list[Variant]:
        """Return the renditions, each with its sound."""
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
        """Write all texts and playlists."""
        output, streams = self.output, [files.stream for files in self.streams]
        for track in self.texts:
            (self.folder / track.name).mkdir()
        if Format.DASH in output.formats:
            for track in self.texts:
                (self.folder / track.name / WHOLE).write_text(track.whole(), encoding="utf-8")
            text = manifest(
                streams, folder=self.prefix, segment_seconds=output.segment_seconds, texts=self.texts
            )
            self.main(Format.DASH).write_text(text, encoding="utf-8")
        if Format.HLS not in output.formats:
            return
        target = target_seconds(streams)
        for files in self.streams:
            cipher = self._named_cipher(files.stream.name, files.starts)
            text = media_playlist(files.stream, target=target, cipher=cipher)
            (files.folder / PLAYLIST).write_text(text, encoding="utf-8")
            if output.iframes and files.stream.track.kind == "video":
                text = iframe_playlist(files.stream, target=target)
                (files.folder / IFRAMES).write_text(text, encoding="utf-8")
        for track in self.texts:
            cipher = self._named_cipher(track.name, self._write_segments(track))
            text = text_playlist(track, target=target, cipher=cipher)
            (self.folder / track.name / PLAYLIST).write_text(text, encoding="utf-8")
        text = main_playlist(self.variants(), folder=self.prefix, iframes=output.iframes, texts=self.texts)
        self.main(Format.HLS).write_text(text, encoding="utf-8")

    def _write_segments(self, track: TextTrack) -> list[bytes]:
        """Write the segments of a text; return the start value of each, if they are encrypted."""
        starts = []
        for name, _, text in track.segments():
            coder = None
            if self.cipher is not None:
                starts.append(self.cipher.new_start())
                coder = self.cipher.encryptor(starts[-1])
            with (self.folder / track.name / name).open("wb") as file:
                code(coder, [text.encode()], file)
        return starts

    def _named_cipher(self, stream: str, starts: Sequence[bytes]) -> Cipher | None:
        """Tell what the playlist of a stream or a text says of its encryption, if it is encrypted."""
        return Cipher(url=self._key_url(stream), starts=starts) if self.cipher is not None else None

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
        for track in self.texts:
            for path in sorted((self.folder / track.name).iterdir()):
                key = f"{output.folder}/{track.name}/{path.name}"
                if path.name == PLAYLIST:
                    yield self._part(path, key, _HLS_TYPE, _STREAMS)
                else:
                    yield self._part(path, key, _TEXT_TYPE, _SEGMENTS)
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

    def _key_url(self, stream: str) -> str:
        wish = self.output.encryption
        if wish is None:
            return ""
        here = f"{self.output.folder}/{stream}"
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
            **({"captions": [track.language for track in self.texts]} if self.texts else {}),
        }
