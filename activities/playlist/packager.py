"""Writes the segments of a ladder: finished tracks, cut at the same points, and encrypted if wished."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from activities.ffmpeg.workshop import Workshop
from activities.media.boxes import BoxError, Fragment, boxes_of, read_fragments
from activities.media.fragment_command import TrackCopy, fragment_arguments
from activities.media.hls import INIT, segment_name
from activities.media.packaging import STYLE, MediaSegment, PackagedStream, last_cell, package
from activities.media.track import Track, read_track
from activities.playlist.segment_cipher import SegmentCipher, code
from activities.verify.verify import invalid_output

_CHUNK = 1024 * 1024
_CLOCK = 8
_EDIT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFiles:
    """A stream of a ladder and its files.

    Attributes:
        stream: What it is.
        folder: Its folder in the scratch directory, with the initialization segment and the segments.
        starts: The start value of each segment's encryption; empty when there is none.
    """

    stream: PackagedStream
    folder: Path
    starts: Sequence[bytes]

    @property
    def initialization(self) -> Path:
        """The file that players need before any segment."""
        return self.folder / INIT

    @property
    def segments(self) -> list[Path]:
        """The files of its segments, in order."""
        return [self.folder / segment_name(number) for number in range(len(self.stream.segments))]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fragmented:
    """A fragmented file: what comes before the fragments, and what that says; where the fragments are."""

    head: bytes
    track: Track
    fragments: Sequence[Fragment]


@dataclass(frozen=True, slots=True, kw_only=True)
class Packager:
    """Makes the files of one ladder.

    Attributes:
        workshop: FFmpeg, in the task's scratch directory.
        folder: The folder to write to, in that directory.
        seconds: Seconds of a segment.
        cipher: Encrypts the segments; None to leave them as they are.
    """

    workshop: Workshop
    folder: Path
    seconds: int
    cipher: SegmentCipher | None

    def pack(self, copies: Sequence[tuple[str, TrackCopy]]) -> list[StreamFiles]:
        """Package tracks, each under its name such as ``video-1``. Its copies are removed.

        Raises:
            ActivityError: A track cannot be packaged, ``OUTPUT_INVALID``.
        """
        arguments = fragment_arguments([copy for _, copy in copies])
        self.workshop.encode(arguments, duration=None, report=lambda _: None)
        tracks = [self._read(name, copy) for name, copy in copies]
        videos = [(track.track, track.fragments) for track in tracks if track.track.kind == "video"]
        last = last_cell(videos, self.seconds)
        made = []
        for (name, copy), track in zip(copies, tracks, strict=True):
            with _naming(name):
                made.append(self._stream(name, copy, track, last))
            (self.workshop.directory / copy.target).unlink()
        return made

    def _read(self, name: str, copy: TrackCopy) -> _Fragmented:
        with _naming(name), (self.workshop.directory / copy.target).open("rb") as file:
            head = _head(file)
            return _Fragmented(head=head, track=read_track(head), fragments=list(read_fragments(file)))

    def _stream(self, name: str, copy: TrackCopy, read: _Fragmented, last: int | None) -> StreamFiles:
        folder = self.folder / name
        folder.mkdir(parents=True)
        with (self.workshop.directory / copy.target).open("rb") as file:
            stream = package(
                name,
                read.track,
                read.fragments,
                seconds=self.seconds,
                last=last,
                encrypted=self.cipher is not None,
                language=copy.language,
            )
            (folder / INIT).write_bytes(_shifted_head(read.head, stream))
            starts = []
            for number, segment in enumerate(stream.segments):
                self.workshop.cancellation.check()
                start = self.cipher.new_start() if self.cipher is not None else b""
                self._write(folder / segment_name(number), _content(file, segment, stream.shift), start)
                starts.append(start)
        return StreamFiles(stream=stream, folder=folder, starts=starts if self.cipher is not None else ())

    def _write(self, path: Path, content: Iterator[bytes], start: bytes) -> None:
        with path.open("wb") as file:
            code(self.cipher.encryptor(start) if self.cipher is not None else None, content, file)


@contextmanager
def _naming(track: str) -> Iterator[None]:
    """Let what is wrong with a track name it."""
    try:
        yield
    except BoxError as error:
        raise invalid_output(f"has a track {track} that {error}") from error


def _head(file: BinaryIO) -> bytes:
    """Return what comes before the fragments."""
    for box in boxes_of(file):
        if box.type == "moov":
            file.seek(0)
            return file.read(box.end)
    raise BoxError("has no description")


def _shifted_head(head: bytes, stream: PackagedStream) -> bytes:
    """Tell, where the clock is put forward, how much of the beginning is not to be shown."""
    if not stream.shift:
        return head
    if stream.track.edit is None:
        raise BoxError("is decoded before its start, and cannot say so")
    changed = bytearray(head)
    before = stream.track.before + stream.shift
    changed[stream.track.edit : stream.track.edit + _EDIT] = before.to_bytes(_EDIT, "big")
    return bytes(changed)


def _content(file: BinaryIO, segment: MediaSegment, shift: int) -> Iterator[bytes]:
    yield STYLE
    for fragment in segment.fragments:
        file.seek(fragment.start)
        yield _shifted(file.read(fragment.head), fragment, shift)
        left = fragment.size - fragment.head
        while left:
            chunk = file.read(min(left, _CHUNK))
            if not chunk:
                raise BoxError("is cut off")
            left -= len(chunk)
            yield chunk


def _shifted(head: bytes, fragment: Fragment, shift: int) -> bytes:
    place = fragment.clock - fragment.start
    clock = (fragment.decoded + shift).to_bytes(_CLOCK, "big")
    return head[:place] + clock + head[place + _CLOCK :]
