"""Reading JSON: a text becomes a :class:`~cpe.source.Source`, or is refused at once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from cpe.source.findings import Finding, Unreadable
from cpe.source.source import Path, Source
from cpe.source.yaml_text import MAX_BYTES

_MAX_DEPTH = 100
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_NEWLINE = re.compile("\n")


def read_json(text: str, file: str, *, noun: str) -> Source:
    """Parse JSON.

    Args:
        text: JSON; where it says nothing the source `is_empty`.
        file: The name to use in findings.
        noun: What the file holds, for messages: ``"configuration"``.

    Raises:
        Unreadable: FILE_TOO_LARGE, NOT_JSON or NESTED_TOO_DEEPLY.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise Unreadable(Finding(file, 1, 1, "FILE_TOO_LARGE", f"a {noun} has at most {MAX_BYTES:,} bytes"))
    places = _Places(text, file)
    try:
        value = json.loads(text, parse_constant=_refuse_constant) if text.strip() else None
        if text.strip():
            places.read()
    except json.JSONDecodeError as error:
        hint = " (JSON takes no comma before a closing bracket)" if _trailing_comma(text, error.pos) else ""
        message = f"{error.msg}{hint}"
        raise Unreadable(Finding(file, error.lineno, error.colno, "NOT_JSON", message)) from None
    except _NoNumber as error:
        raise Unreadable(Finding(file, 1, 1, "NOT_JSON", f"{error} is no value of JSON")) from None
    except RecursionError:
        raise Unreadable(_too_deep(Finding(file, 1, 1, "", ""))) from None
    return places.source(value)


class _NoNumber(ValueError):
    """NaN or an infinity, which Python's reader would take."""


def _refuse_constant(name: str) -> Any:
    raise _NoNumber(name)


def _too_deep(at: Finding) -> Finding:
    return Finding(at.file, at.line, at.column, "NESTED_TOO_DEEPLY", f"more than {_MAX_DEPTH} levels deep")


def _trailing_comma(text: str, position: int) -> bool:
    # Python 3.13 points at the comma, older ones at the bracket after it.
    before, after = text[: position + 1].rstrip(), text[position:].lstrip(", \t\r\n")
    return after[:1] in ("]", "}") and before.rstrip("]} \t\r\n").endswith(",")


class _Places:
    """Finds where everything stands in a text that is known to be JSON."""

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file
        self._lines = [0, *(found.end() for found in _NEWLINE.finditer(text))]
        self._line = 0
        self._tokens: Iterator[re.Match[str]] = _TOKEN.finditer(text)
        self._findings: list[Finding] = []
        self._places: dict[Path, yaml.Mark] = {}
        self._key_places: dict[Path, yaml.Mark] = {}
        self._ends: dict[Path, int] = {}
        self._texts: dict[Path, str] = {}

    def read(self) -> None:
        self._read_value(next(self._tokens), ())

    def source(self, value: Any) -> Source:
        return Source(
            file=self._file,
            text=self._text,
            value=value,
            findings=tuple(self._findings),
            places=self._places,
            key_places=self._key_places,
            ends=self._ends,
            texts=self._texts,
            blocks=frozenset(),
        )

    def _read_value(self, token: re.Match[str], path: Path) -> None:
        mark = self._places[path] = self._mark(token)
        if len(path) > _MAX_DEPTH:
            raise Unreadable(_too_deep(Finding(self._file, mark.line + 1, mark.column + 1, "", "")))
        if token[0] == "{":
            self._read_object(path)
        elif token[0] == "[":
            self._read_list(path)
        else:
            self._texts[path] = json.loads(token[0]) if token[0].startswith('"') else token[0]
            self._ends[path] = token.end()

    def _read_object(self, path: Path) -> None:
        seen: set[str] = set()
        while (token := next(self._tokens))[0] != "}":
            if token[0] == ",":
                continue
            key, mark = json.loads(token[0]), self._mark(token)
            if key in seen:
                message = f"{key!r} stands here twice"
                self._findings.append(
                    Finding(self._file, mark.line + 1, mark.column + 1, "DUPLICATE_KEY", message)
                )
            seen.add(key)
            self._key_places[(*path, key)] = mark
            next(self._tokens)  # the colon
            self._read_value(next(self._tokens), (*path, key))

    def _read_list(self, path: Path) -> None:
        index = 0
        while (token := next(self._tokens))[0] != "]":
            if token[0] != ",":
                self._read_value(token, (*path, index))
                index += 1

    def _mark(self, token: re.Match[str]) -> yaml.Mark:
        index = token.start()
        while self._line + 1 < len(self._lines) and self._lines[self._line + 1] <= index:
            self._line += 1
        return yaml.Mark(self._file, index, self._line, index - self._lines[self._line], None, 0)
