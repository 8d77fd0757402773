"""A video that is made by a command of the job's own (``custom_cmd``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from activities.media.command import (
    MEDIA_LIMITS,
    NO_TAGS,
    PICTURE_LIMITS,
    PROGRESS,
    RUN,
    watermarked,
    written,
)
from activities.media.containers import Container, container_of
from activities.media.custom_command import CustomCommand, parse_command
from activities.media.custom_options import FLAGS
from activities.media.fields import Fields
from activities.media.filters import Input, arguments
from activities.media.locations import COMMON_KEYS, Target, parse_target
from activities.media.probe import MediaInfo
from activities.media.video_output import Watermark, parse_watermark
from cpe.errors import InvalidInput

CUSTOM_KEYS = COMMON_KEYS | {"custom_cmd", "watermark"}
"""The keys of such an output; the command says the rest."""

_INDEX = ("-movflags", "+faststart")


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomOutput:
    """A video that a command makes: where it goes, its format, the command, and what may be laid over it."""

    target: Target
    container: Container
    command: CustomCommand
    watermark: Watermark | None


def parse_custom(fields: Fields, *, enabled: bool) -> CustomOutput:
    """Read a VIDEO output that has a command of its own.

    Args:
        fields: The output.
        enabled: Whether the worker takes such commands.

    Raises:
        InvalidInput: It takes none (``CUSTOM_CMD_DISABLED``), the command is not harmless
            (``CUSTOM_CMD_REFUSED``), or another key is wrong.
    """
    where = fields.path("custom_cmd")
    if not enabled:
        raise InvalidInput(
            f"{where}: commands of one's own are not enabled here. Use a preset and its overrides, or have "
            "the setting custom_cmd switched on.",
            code="CUSTOM_CMD_DISABLED",
        )
    if fields.text("type").upper() != "VIDEO":
        raise InvalidInput(f"{where}: only outputs of type VIDEO and IMAGE have commands of their own.")
    fields.refuse_others(CUSTOM_KEYS)
    target = parse_target(fields)
    container = container_of(target.location.key, fields.path("file"))
    command = parse_command(fields.text("custom_cmd"), where, muxer=container.muxer)
    watermark = parse_watermark(fields.child("watermark"))
    if watermark is not None and command.watermark_at is None:
        raise InvalidInput(f"{where} has no ${{watermark_options}}, so nothing would come of the watermark.")
    return CustomOutput(target=target, container=container, command=command, watermark=watermark)


def custom_arguments(
    output: CustomOutput, source: MediaInfo, *, file: str, made: str, watermark: str | None
) -> tuple[str, ...]:
    """Compose the command that makes the video.

    Args:
        output: What to make.
        source: The input's streams.
        file: The file to read.
        made: The file to write.
        watermark: The file of the PAM picture that may be laid over it.
    """
    command, mark, at = output.command, output.watermark, output.command.watermark_at
    index, options = _INDEX if output.container.fast_start else (), command.writing
    if mark is None or watermark is None or at is None or source.video is None:
        read = (*command.reading, *written(MEDIA_LIMITS), "-i", file)
    else:
        picture = Input(file, {**_pairs(command.reading), **MEDIA_LIMITS}).stream(source.video.index)
        *inputs, _, graph, _, name = arguments(
            watermarked(picture, Input(watermark, PICTURE_LIMITS).stream(0), mark)
        )
        read = tuple(inputs)
        laid = ("-filter_complex", graph, "-map", name, "-map", "0:a?")
        options = (*options[:at], *laid, *options[at:])
    return (
        *(*RUN, *PROGRESS, *read, *NO_TAGS, *options),
        *(() if "-movflags" in options else index),
        *("-f", output.container.muxer, made),
    )


def _pairs(reading: Sequence[str]) -> dict[str, str | None]:
    """Return the options before the input by their names."""
    pairs: dict[str, str | None] = {}
    words = iter(reading)
    for word in words:
        pairs[word.removeprefix("-")] = None if word in FLAGS else next(words)
    return pairs
