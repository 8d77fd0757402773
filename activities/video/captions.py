"""Fetches captions, takes those of a source out of it, and writes them as FFmpeg or a viewer takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from activities.ffmpeg.workshop import Workshop
from activities.media.captions import CaptionMode, Captions, StreamChoice
from activities.media.cues import (
    MAX_BYTES,
    Cue,
    CueError,
    decode,
    parse_cues,
    part_of,
    write_srt,
    write_webvtt,
)
from activities.media.excerpt import Excerpt
from activities.media.locations import Location
from activities.media.playlist_output import PlaylistOutput
from activities.media.probe import CaptionStream
from activities.media.video_command import CaptionFile, caption_arguments
from activities.media.video_output import VideoOutput
from activities.source.source import Source
from activities.transfer.fetch import fetch_object
from activities.transfer.publish import Product
from activities.verify.verify import expected_duration
from cpe.activity import ActivityContext
from cpe.errors import InvalidInput

Cues = Mapping[Captions, tuple[Cue, ...]]


def fetch_captions(context: ActivityContext, outputs: Sequence[object]) -> dict[Captions, tuple[Cue, ...]]:
    """Fetch and read the caption files of a job's videos and playlists.

    Raises:
        InvalidInput: One is no captions, ``CAPTIONS_INVALID``.
    """
    cues: dict[Captions, tuple[Cue, ...]] = {}
    titled = (output for output in outputs if isinstance(output, VideoOutput | PlaylistOutput))
    for captions in (one for output in titled for one in output.captions):
        if captions in cues or not isinstance(captions.source, Location):
            continue
        path = context.scratch / f"captions-{len(cues)}"
        fetch_object(context, captions.source, path, limit=MAX_BYTES)
        try:
            cues[captions] = parse_cues(decode(path.read_bytes(), captions.encoding))
        except CueError as error:
            raise InvalidInput(
                f"The captions {captions.source} cannot be used: {error}.", code="CAPTIONS_INVALID"
            ) from error
        finally:
            path.unlink()
    return cues


@dataclass(frozen=True, slots=True, kw_only=True)
class Subtitles:
    """Captions that were read: their language, None when nobody tells, and their cues."""

    language: str | None
    cues: tuple[Cue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionReader:
    """Reads captions, wherever they come from.

    Attributes:
        workshop: FFmpeg, in the task's scratch directory.
        source: The task's input.
        cues: What was fetched.
    """

    workshop: Workshop
    source: Source
    cues: Cues

    def of(self, output: VideoOutput | PlaylistOutput) -> list[Subtitles]:
        """Read all captions of an output.

        Raises:
            InvalidInput: There are none, ``CAPTIONS_INVALID`` or ``CAPTIONS_NOT_FOUND``.
        """
        return [
            Subtitles(language=self._language(captions), cues=self._read(captions, output.excerpt))
            for captions in output.captions
        ]

    def _language(self, captions: Captions) -> str | None:
        """Return the language of captions: what the job says, else that of the source's stream."""
        if captions.language is None and isinstance(captions.source, StreamChoice):
            return self._stream(captions.source).language
        return captions.language

    def _read(self, captions: Captions, excerpt: Excerpt | None) -> tuple[Cue, ...]:
        """Return the cues of the source, or of a part of it."""
        if isinstance(captions.source, StreamChoice):
            cues = self._taken_out(captions.source)
        else:
            cues = self.cues[captions]
        info = self.source.info
        seconds = expected_duration(excerpt.of(info) if excerpt is not None else info)
        start = excerpt.start if excerpt is not None else Fraction(0)
        found = part_of(cues, start, None if seconds is None else Fraction(round(seconds * 1000), 1000))
        if not found:
            raise InvalidInput(
                "The captions have none in the time of the video. Leave them out.", code="CAPTIONS_INVALID"
            )
        return found

    def _stream(self, choice: StreamChoice) -> CaptionStream:
        """Return the source's captions that are meant.

        Raises:
            InvalidInput: There are none, ``CAPTIONS_NOT_FOUND``.
        """
        streams = self.source.info.captions
        for stream in streams:
            if choice.language in (None, stream.language):
                return stream
        if choice.language is None:
            raise InvalidInput("The input has no captions in text.", code="CAPTIONS_NOT_FOUND")
        known = ", ".join(stream.language or "unnamed" for stream in streams) or "none"
        raise InvalidInput(
            f"The input has no text captions of language {choice.language}; it has {known}.",
            code="CAPTIONS_NOT_FOUND",
        )

    def _taken_out(self, choice: StreamChoice) -> tuple[Cue, ...]:
        """Take the captions of a stream out of the source."""
        stream = self._stream(choice)
        name = f"captions-of-{stream.index}"
        path = self.workshop.directory / name
        if not path.exists():
            self.workshop.follow(
                caption_arguments(stream.index, source=self.source.file, output=name), lambda _: None
            )
        try:
            return parse_cues(decode(path.read_bytes(), "utf-8"))
        except CueError as error:
            raise InvalidInput(
                f"The captions of the input cannot be used: {error}.", code="CAPTIONS_INVALID"
            ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionWriter:
    """Writes the captions of one video.

    Attributes:
        workshop: FFmpeg, in the task's scratch directory.
        output: The video.
        texts: Its captions, as they were read.
    """

    workshop: Workshop
    output: VideoOutput
    texts: Sequence[Subtitles]

    def tracks(self, name: str) -> list[CaptionFile]:
        """Write those that go into the video, as SRT; `name` is that of the video's file."""
        return [
            CaptionFile(file=self._write(text, f"{name}-captions-{number}"), language=text.language)
            for number, (_, text) in enumerate(self._of(CaptionMode.EMBED))
        ]

    def burnt(self, name: str) -> str | None:
        """Write those that are drawn on the picture; return the file."""
        for _, text in self._of(CaptionMode.BURN):
            return self._write(text, f"{name}-burnt")
        return None

    def sidecars(self, name: str) -> list[Product]:
        """Write those that lie beside the video."""
        target = self.output.target
        products = []
        for number, (captions, text) in enumerate(self._of(CaptionMode.SIDECAR)):
            key = captions.key_beside(target.location.key)
            place = Location(bucket=target.location.bucket, key=key)
            path = self.workshop.directory / f"{name}-sidecar-{number}"
            write = write_webvtt if captions.format == "vtt" else write_srt
            path.write_text(write(text.cues), encoding="utf-8", newline="\n")
            products.append(
                Product(
                    path=path,
                    target=replace(
                        target, location=place, options=replace(target.options, content_type=None)
                    ),
                    key=key,
                    content_type=captions.content_type,
                    facts={"language": text.language},
                )
            )
        return products

    def _of(self, mode: CaptionMode) -> list[tuple[Captions, Subtitles]]:
        both = zip(self.output.captions, self.texts, strict=True)
        return [(captions, text) for captions, text in both if captions.mode is mode]

    def _write(self, text: Subtitles, name: str) -> str:
        path = self.workshop.directory / name
        path.write_text(write_srt(text.cues), encoding="utf-8", newline="\n")
        return name
