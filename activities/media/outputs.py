"""What a job wants made: the ``output_asset`` objects as typed values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from activities.media.audio_output import AudioOutput, parse_audio
from activities.media.custom_output import CustomOutput, parse_custom
from activities.media.document_output import PagesOutput, PdfOutput, parse_document
from activities.media.fields import Fields
from activities.media.image_output import ImageOutput, parse_image
from activities.media.locations import Location, Target
from activities.media.playlist_output import PlaylistOutput, parse_playlist
from activities.media.presets import PresetLibrary
from activities.media.thumb_output import ThumbOutput, parse_thumb
from activities.media.video_output import VideoOutput, Watermark, parse_video
from cpe.errors import InvalidInput

Output = VideoOutput | ThumbOutput | AudioOutput | PlaylistOutput | CustomOutput
"""What is made of a film or a sound."""

Divisible = VideoOutput | PlaylistOutput
"""What may be made in segments by many workers, and joined."""


class Targeted(Protocol):
    """An output of any kind."""

    @property
    def target(self) -> Target:
        """Where it goes."""
        ...


def parse_outputs(
    documents: Sequence[tuple[str, Mapping[str, object]]], presets: PresetLibrary, *, custom_cmd: bool = False
) -> tuple[Output, ...]:
    """Read all outputs of a job on a film or a sound.

    Args:
        documents: Where each stands in the input, and the object.
        presets: Where presets are looked up.
        custom_cmd: Whether an output may have a command of its own.

    Raises:
        InvalidInput: An output is wrong, wants what is not supported, or has the place of another one.
    """
    outputs = tuple(
        parse_custom(fields, enabled=custom_cmd) if "custom_cmd" in fields else _parse_output(fields, presets)
        for fields in (Fields(document, where) for where, document in documents)
    )
    refuse_duplicates([(where, output) for (where, _), output in zip(documents, outputs, strict=True)])
    return outputs


def parse_pictures(
    documents: Sequence[tuple[str, Mapping[str, object]]], *, custom_cmd: bool = False
) -> tuple[ImageOutput, ...]:
    """Read all outputs of a job on a picture; arguments and errors are those of :func:`parse_outputs`."""
    outputs = tuple(
        parse_image(Fields(document, where), custom_cmd=custom_cmd) for where, document in documents
    )
    refuse_duplicates([(where, output) for (where, _), output in zip(documents, outputs, strict=True)])
    return outputs


def parse_documents(
    documents: Sequence[tuple[str, Mapping[str, object]]],
) -> tuple[PdfOutput | PagesOutput, ...]:
    """Read all outputs of a job on a document; arguments and errors are those of :func:`parse_outputs`."""
    outputs = tuple(parse_document(Fields(document, where)) for where, document in documents)
    refuse_duplicates([(where, output) for (where, _), output in zip(documents, outputs, strict=True)])
    return outputs


def refuse_duplicates(outputs: Sequence[tuple[str, Targeted]]) -> None:
    """Raise InvalidInput when two outputs, each with its place in the input, would be one object."""
    seen: dict[Location, str] = {}
    for where, output in outputs:
        for location in _places(output):
            if seen.get(location) == where:
                raise InvalidInput(
                    f"{where}: two of its objects would be {location}. Give each a key of its own; captions "
                    "have theirs by language and format.",
                    code="DUPLICATE_OUTPUT",
                )
            if location in seen:
                raise InvalidInput(
                    f"{where} and {seen[location]} are the same object {location}. "
                    "Give each a key of its own.",
                    code="DUPLICATE_OUTPUT",
                )
            seen[location] = where


def videos_of(output: Output) -> tuple[VideoOutput, ...]:
    """Return the videos that have to be made for an output."""
    match output:
        case VideoOutput():
            return (output,)
        case PlaylistOutput():
            return output.renditions
        case _:
            return ()


def all_videos(outputs: Sequence[Output]) -> tuple[VideoOutput, ...]:
    """Return the videos that have to be made for outputs, in order."""
    return tuple(video for output in outputs for video in videos_of(output))


def watermarks_of(output: Output) -> tuple[Watermark, ...]:
    """Return the pictures that are laid over what is made for an output."""
    marks = [video.watermark for video in videos_of(output)]
    if isinstance(output, CustomOutput):
        marks.append(output.watermark)
    return tuple(mark for mark in marks if mark is not None)


def buckets_of(outputs: Sequence[Targeted]) -> tuple[str, ...]:
    """Return the buckets that something goes to, each once."""
    return tuple(dict.fromkeys(place.bucket for output in outputs for place in _places(output)))


def _places(output: Targeted) -> tuple[Location, ...]:
    """Return where an output's objects go, as far as their keys are known."""
    return output.places if isinstance(output, PlaylistOutput | VideoOutput) else (output.target.location,)


def _parse_output(fields: Fields, presets: PresetLibrary) -> Output:
    match fields.text("type").upper():
        case "THUMB":
            return parse_thumb(fields)
        case "AUDIO":
            return parse_audio(fields)
        case "PLAYLIST":
            return parse_playlist(fields, presets)
        case _:
            return parse_video(fields, presets)
