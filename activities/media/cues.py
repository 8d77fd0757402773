"""Captions as cues: read from SRT or WebVTT that anybody wrote, written as we write them.

FFmpeg never sees a caption file of a job. What it is given was read here and written anew: times, and text in
which only bold, italic and underline are left of all markup.
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

MAX_BYTES = 4 * 1024 * 1024
"""Bytes of a caption file; a long film has a tenth of a megabyte."""

MAX_CUES = 20_000
_MAX_TEXT = 2_000
_MAX_LINES = 20

_TIME = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMES = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\u2028\u2029]")
_STYLE = re.compile(r"(</?[biu]>)", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z0-9:][^<>]{0,200}>")
_OVERRIDE = re.compile(r"\{\\[^{}]{0,200}\}")
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_MILLI = 1000


class CueError(ValueError):
    """A text that is no captions; the message says why, fit for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """A text and when it is shown, in seconds; lines are separated by newlines, tags are b, i and u only."""

    start: Fraction
    end: Fraction
    text: str


def decode(content: bytes, encoding: str | None) -> str:
    """Decode a caption file: by its byte order mark, as told, or else as UTF-8 or Windows-1252.

    Raises:
        CueError: It cannot be decoded.
    """
    if len(content) > MAX_BYTES:
        raise CueError(f"it has more than {MAX_BYTES} bytes")
    marked = next((name for mark, name in _BOMS if content.startswith(mark)), None)
    for name in (marked,) if marked else (encoding,) if encoding else ("utf-8", "cp1252"):
        try:
            return content.decode(name or "utf-8")
        except UnicodeDecodeError:
            continue
    raise CueError(f"it is not written in {marked or encoding or 'UTF-8 or Windows-1252'}")


def parse_cues(text: str) -> tuple[Cue, ...]:
    """Read SRT or WebVTT, whichever it is; what is damaged in it is left out.

    Raises:
        CueError: There are no cues in it, or too many.
    """
    lines = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    webvtt = lines[0].startswith("WEBVTT")
    cues: list[Cue] = []
    block: list[str] = []
    blocks = 0
    for line in [*lines, ""]:
        if line and not line.isspace():
            if len(block) < _MAX_LINES:
                block.append(line[:_MAX_TEXT])
            continue
        if not block:
            continue
        blocks += 1
        cue = _cue(block, webvtt=webvtt)
        block = []
        if cue is not None:
            cues.append(cue)
        if blocks > MAX_CUES + webvtt:  # the header is a block, too
            raise CueError(f"it has more than {MAX_CUES} captions")
    if not cues:
        raise CueError("there are no captions in it; SRT and WebVTT are read")
    return tuple(sorted(cues, key=lambda cue: (cue.start, cue.end)))


def part_of(cues: Iterable[Cue], start: Fraction, seconds: Fraction | None) -> tuple[Cue, ...]:
    """Return the cues of a part of a film, at times that count from its start.

    Without `seconds` it goes on to the end.
    """
    moved = (replace(cue, start=max(cue.start - start, Fraction(0)), end=cue.end - start) for cue in cues)
    if seconds is not None:
        moved = (replace(cue, end=min(cue.end, seconds)) for cue in moved)
    return tuple(cue for cue in moved if cue.start < cue.end)


def write_srt(cues: Sequence[Cue]) -> str:
    """Write cues as SRT."""
    return "".join(
        f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{cue.text}\n\n"
        for number, cue in enumerate(cues, start=1)
    )


def write_webvtt(cues: Sequence[Cue]) -> str:
    """Write cues as WebVTT."""
    return "WEBVTT\n\n" + "".join(
        f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{_escaped(cue.text)}\n\n" for cue in cues
    )


def _cue(block: Sequence[str], *, webvtt: bool) -> Cue | None:
    for number, line in enumerate(block[:2]):
        times = _TIMES.fullmatch(line)
        if times is not None:
            start, end = _seconds(times.groups()[:4]), _seconds(times.groups()[4:])
            text = _cleaned(block[number + 1 :], webvtt=webvtt)
            return Cue(start=start, end=end, text=text) if start < end and text else None
    return None


def _cleaned(lines: Sequence[str], *, webvtt: bool) -> str:
    """Return the text without markup but b, i and u; an arrow in it would look like a line of times."""
    kept = []
    for line in lines:
        parts = _STYLE.split(_OVERRIDE.sub("", line))
        plain = (_TAG.sub("", part) if number % 2 == 0 else part.lower() for number, part in enumerate(parts))
        text = "".join(plain)
        kept.append((html.unescape(text) if webvtt else text).replace("-->", "→").strip())
    joined = "\n".join(line for line in kept if line)[:_MAX_TEXT]
    return _CONTROL.sub("", joined)


def _escaped(text: str) -> str:
    parts = _STYLE.split(text)
    return "".join(
        html.escape(part, quote=False) if number % 2 == 0 else part for number, part in enumerate(parts)
    )


def _seconds(groups: Sequence[str | None]) -> Fraction:
    hours, minutes, seconds, fraction = groups
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return whole + Fraction(int((fraction or "0").ljust(3, "0")), _MILLI)


def _clock(seconds: Fraction, point: str) -> str:
    milli = round(seconds * _MILLI)
    minutes, rest = divmod(milli, 60 * _MILLI)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // _MILLI:02d}{point}{rest % _MILLI:03d}"
