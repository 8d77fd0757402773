"""Commands that a job writes itself for pictures (``custom_cmd``): ImageMagick's, by allow-list.

Every option must be known, with what it takes, so that no word can be taken for another one's value or for a
file. One input, one output, and both are ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from activities.media.command_words import INPUT, OUTPUT, refused, split_command
from activities.media.convert_options import DEFINE, DEFINITIONS, FLAGS, OPERATORS, READING, SETTINGS
from activities.media.convert_values import Shape
from activities.media.fields import did_you_mean, shown
from cpe.errors import InvalidInput

_PROGRAMS = ("convert", "magick")
_FIRST_FRAME = f"{INPUT}[0]"
_AFTER: Mapping[str, Shape] = {**OPERATORS, **SETTINGS}
_EVERYWHERE: Mapping[str, Shape] = {**READING, **_AFTER}
_KNOWN = frozenset({*FLAGS, *_EVERYWHERE, DEFINE})

_OTHERWISE: Mapping[str, str] = {
    **dict.fromkeys(
        ("-draw", "-annotate", "-label", "-caption", "-font", "-pointsize"), "text and drawings are not made"
    ),
    **dict.fromkeys(
        ("-profile", "-mask", "-texture", "-tile", "-remap", "-composite", "-clut"),
        "another picture or file is not read",
    ),
    **dict.fromkeys(("-write", "+write"), f"only {OUTPUT} is written; give each picture an output"),
    **dict.fromkeys(("-set", "-fx", "-format", "-print"), "nothing is computed or printed"),
    "-size": f"the input has its size; {DEFINE} jpeg:size=WIDTHxHEIGHT before it reads a JPEG smaller",
    **dict.fromkeys(("(", ")"), "parentheses are for commands of several pictures, and there is one here"),
}
"""Why options that people know are not allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertCommand:
    """A command of a job's own, taken apart.

    Attributes:
        settings: What holds from before the input on.
        actions: What is done to the picture, and the settings between.
        first_frame: Whether only the first picture of the input is wanted.
    """

    settings: tuple[str, ...]
    actions: tuple[str, ...]
    first_frame: bool = False


def parse_convert(text: str, where: str) -> ConvertCommand:
    """Take a command apart and check every word of it.

    What is done to the picture may stand before the input, as version 6 of ImageMagick has it; it goes
    behind it, where version 7 wants it.

    Args:
        text: ``convert … ${input_file} … ${output_file}``; ``magick`` and ``magick convert`` mean the same.
        where: Where it stands in the input.

    Raises:
        InvalidInput: ``CUSTOM_CMD_REFUSED``; the message names the word and what is allowed instead.

    Example:
        >>> parse_convert("convert -resize 50% ${input_file} -strip ${output_file}", "cmd")
        ConvertCommand(settings=(), actions=('-resize', '50%', '-strip'), first_frame=False)
    """
    words = _without_program(split_command(text, where), where)
    if words[-1:] != [OUTPUT] or words.count(OUTPUT) != 1:
        raise refused(
            f"{where} must end in {OUTPUT}, and have it once, without a format before it: the extension of "
            "the output's key is its format"
        )
    inputs = [index for index, word in enumerate(words) if word in (INPUT, _FIRST_FRAME)]
    if len(inputs) != 1:
        raise refused(
            f"{where} must read one input, {INPUT} or {_FIRST_FRAME}, as a word of its own; its format shows "
            "in its content"
        )
    before, after = words[: inputs[0]], words[inputs[0] + 1 : -1]
    settings: list[str] = []
    actions: list[str] = []
    for option in _options(before, _EVERYWHERE, where):
        (actions if option[0] in FLAGS or option[0] in OPERATORS else settings).extend(option)
    for option in _options(after, _AFTER, where):
        actions.extend(option)
    return ConvertCommand(
        settings=tuple(settings), actions=tuple(actions), first_frame=words[inputs[0]] == _FIRST_FRAME
    )


def _without_program(words: list[str], where: str) -> list[str]:
    program = words[0] if words else ""
    if program == "ffmpeg":
        raise refused(
            f"{where}: ffmpeg makes videos; commands for pictures are ImageMagick's. Write convert {INPUT} … "
            f"{OUTPUT}"
        )
    if program not in _PROGRAMS:
        raise refused(f"{where}: only convert, magick and magick convert may be run, not {shown(program)}")
    return words[2:] if words[:2] == ["magick", "convert"] else words[1:]


def _options(words: list[str], known: Mapping[str, Shape], where: str) -> Iterator[tuple[str, ...]]:
    """Yield each option with its value."""
    rest = iter(words)
    for word in rest:
        if word in FLAGS:
            yield (word,)
        elif word == DEFINE:
            yield word, _checked_definition(_value(word, rest, where), where)
        elif word in known:
            value = _value(word, rest, where)
            if not known[word].fits(value):
                raise refused(f"{where}: {word} must be {known[word].says}, not {shown(value)}")
            yield word, value
        else:
            raise _unknown(word, where)


def _value(option: str, rest: Iterator[str], where: str) -> str:
    value = next(rest, None)
    if value is None:
        raise refused(f"{where}: {option} has no value")
    return value


def _checked_definition(text: str, where: str) -> str:
    key, _, value = text.partition("=")
    shape = DEFINITIONS.get(key)
    if shape is None:
        raise refused(
            f"{where}: {DEFINE} {shown(key)} is not allowed.{did_you_mean(key, DEFINITIONS)} Allowed are "
            f"{', '.join(sorted(DEFINITIONS))}"
        )
    if not shape.fits(value):
        raise refused(f"{where}: {DEFINE} {key} must be {shape.says}, not {shown(value)}")
    return text


def _unknown(word: str, where: str) -> InvalidInput:
    if word in READING:
        return refused(f"{where}: {word} only means something before {INPUT}")
    why = f": {_OTHERWISE[word]}." if word in _OTHERWISE else f".{did_you_mean(word, _KNOWN)}"
    return refused(f"{where}: {shown(word)} is not allowed{why} Allowed are {', '.join(sorted(_KNOWN))}")
