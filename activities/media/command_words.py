"""A command of a job's own, split into words as a shell splits it; no shell ever sees it."""

from __future__ import annotations

import shlex

from cpe.errors import InvalidInput

CUSTOM_CMD_REFUSED = "CUSTOM_CMD_REFUSED"

INPUT, OUTPUT = "${input_file}", "${output_file}"

_MAX_TEXT = 8_000
_MAX_WORDS = 400


def split_command(text: str, where: str) -> list[str]:
    """Split a command into words.

    Raises:
        InvalidInput: ``CUSTOM_CMD_REFUSED``: it is no line of printable characters, too long, or has a quote
            that does not end.

    Example:
        >>> split_command("convert ${input_file} -resize '50%' ${output_file}", "cmd")
        ['convert', '${input_file}', '-resize', '50%', '${output_file}']
    """
    if len(text) > _MAX_TEXT or not text.isprintable():
        raise refused(f"{where} must be one line of at most {_MAX_TEXT} printable characters")
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise refused(f"{where} cannot be split into words: {error}") from error
    if len(words) > _MAX_WORDS:
        raise refused(f"{where} has {len(words)} words; {_MAX_WORDS} are allowed")
    return words


def refused(what: str) -> InvalidInput:
    """Return the error of a command of which a word is not allowed."""
    return InvalidInput(f"{what}.", code=CUSTOM_CMD_REFUSED)
