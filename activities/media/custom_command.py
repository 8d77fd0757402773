"""Commands that a job writes itself (``custom_cmd``): FFmpeg's, of options that open nothing, by allow-list.

The words are split as a shell splits them, and no shell ever sees them. Every option must be known, with what
it takes, so that no word can be taken for another one's value. One input, one output, and both are ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from activities.media.command_words import INPUT, OUTPUT, refused, split_command
from activities.media.custom_options import (
    DROPPED_FLAGS,
    DROPPED_VALUES,
    FILTER_OPTIONS,
    INPUT_OPTIONS,
    OUTPUT_OPTIONS,
    READING_FLAGS,
    WRITING_FLAGS,
    Check,
)
from activities.media.fields import shown
from activities.media.graph_rules import check_graph

WATERMARK = "${watermark_options}"

_OPTION = re.compile(r"-([a-z][a-z0-9_-]*)((?::[A-Za-z0-9_#.]{1,30}){0,3})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomCommand:
    """A command of a job's own, taken apart.

    Attributes:
        reading: The options before the input.
        writing: The options after it, before the output.
        watermark_at: After how many words of `writing` the watermark's options come; None for nowhere.
    """

    reading: tuple[str, ...]
    writing: tuple[str, ...]
    watermark_at: int | None


def parse_command(text: str, where: str, *, muxer: str) -> CustomCommand:
    """Take a command apart and check every word of it.

    Args:
        text: ``ffmpeg … -i ${input_file} … ${output_file}``.
        where: Where it stands in the input.
        muxer: FFmpeg's name of the output's format.

    Raises:
        InvalidInput: ``CUSTOM_CMD_REFUSED``.

    Example:
        >>> parse_command("ffmpeg -i ${input_file} -vf 'scale=64:-2' -an ${output_file}", "cmd", muxer="mp4")
        CustomCommand(reading=(), writing=('-vf', 'scale=64:-2', '-an'), watermark_at=None)
    """
    words = split_command(text, where)
    if words[:1] != ["ffmpeg"]:
        raise refused(f"{where}: only ffmpeg may be run, not {shown(words[0] if words else '')}")
    if words[-1] != OUTPUT or words.count(OUTPUT) != 1:
        raise refused(f"{where} must end in {OUTPUT}, and have it once")
    places = [index for index, word in enumerate(words) if word == "-i"]
    if len(places) != 1 or words[places[0] + 1] != INPUT or words.count(INPUT) != 1:
        raise refused(f"{where} must read one input, -i {INPUT}")
    reading, writing = words[1 : places[0]], words[places[0] + 2 : -1]
    marks = [index for index, word in enumerate(writing) if word == WATERMARK]
    if WATERMARK in reading or len(marks) > 1:
        raise refused(f"{where}: {WATERMARK} stands once, and after the input")
    before = writing[: marks[0]] if marks else writing
    after = writing[marks[0] + 1 :] if marks else []
    checked = tuple(_checked(before, OUTPUT_OPTIONS, where, muxer))
    rest = tuple(_checked(after, OUTPUT_OPTIONS, where, muxer))
    return CustomCommand(
        reading=tuple(_checked(reading, INPUT_OPTIONS, where, muxer)),
        writing=checked + rest,
        watermark_at=len(checked) if marks else None,
    )


def _checked(words: list[str], options: Mapping[str, Check], where: str, muxer: str) -> Iterator[str]:
    """Yield the words that go on; those that the activity sets itself are left out."""
    rest = iter(words)
    for word in rest:
        match = _OPTION.fullmatch(word)
        name = match[1] if match else ""
        if word in DROPPED_FLAGS:
            continue
        if word in (READING_FLAGS if options is INPUT_OPTIONS else WRITING_FLAGS):
            yield word
            continue
        known = DROPPED_VALUES.get(name) or options.get(name)
        graph = name in FILTER_OPTIONS and options is OUTPUT_OPTIONS
        if known is None and not graph:
            raise refused(f"{where}: the option {shown(word)} is not allowed here")
        value = next(rest, None)
        if value is None:
            raise refused(f"{where}: {word} has no value")
        if graph:
            check_graph(value, where)
        elif known is not None and not known(value):
            raise refused(f"{where}: {word} cannot be {shown(value)}")
        if name == "f" and value != muxer:
            raise refused(f"{where}: -f {value} is not what the output's extension says, {muxer}")
        if name not in DROPPED_VALUES and name != "f":
            yield from (word, value)
