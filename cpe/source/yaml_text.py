"""Reading YAML: a text becomes a :class:`~cpe.source.Source`, or is refused at once.

YAML's parser tells events, each with its place. They are turned into values one by one, so that a text that
would make too many of them, or nest them too deeply, is refused as soon as it does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml

from cpe.source.findings import Finding, Unreadable
from cpe.source.source import Path, Source

MAX_BYTES = 1024 * 1024
"""Larger files are refused: no plan and no configuration needs them."""

MAX_VALUES = 50_000
"""Values after aliases are followed; a few lines of aliases to aliases would make billions."""

_MAX_DEPTH = 100

_Event: TypeAlias = Any
"""One of YAML's events; the types of PyYAML know no tags, anchors and places of them."""


def read_yaml(text: str, file: str, *, noun: str) -> Source:
    """Parse YAML.

    Args:
        text: YAML; where it says nothing the source `is_empty`.
        file: The name to use in findings.
        noun: What the file holds, for messages: ``"plan"``.

    Raises:
        Unreadable: FILE_TOO_LARGE, NOT_YAML, ALIAS_BOMB or NESTED_TOO_DEEPLY.
    """
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError:
        raise Unreadable(Finding(file, 1, 1, "NOT_YAML", "it is no Unicode text")) from None
    if size > MAX_BYTES:
        raise Unreadable(Finding(file, 1, 1, "FILE_TOO_LARGE", f"a {noun} has at most {MAX_BYTES:,} bytes"))
    try:
        return _Converter(file, text, noun).convert_document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        reason = " ".join(part for part in (error.context, error.problem) if part)
        if error.context and error.context_mark and error.context_mark.line + 1 < where[0]:
            reason += f"; it begins in line {error.context_mark.line + 1}"
        raise Unreadable(Finding(file, *where, "NOT_YAML", reason)) from None
    except yaml.YAMLError as error:
        reason = str(error).splitlines()[0]
        raise Unreadable(Finding(file, 1, 1, "NOT_YAML", reason)) from None


@dataclass(frozen=True, slots=True)
class _Events:
    """The parser's events, or those of an anchor once more.

    Attributes:
        upcoming: The events.
        log: What the parser told so far, from which anchors take theirs; None where they are told once more.
    """

    upcoming: Iterator[_Event]
    log: list[_Event] | None = None

    def take(self) -> _Event:
        event = next(self.upcoming)
        if self.log is not None:
            self.log.append(event)
        return event


class _Converter:
    def __init__(self, file: str, text: str, noun: str) -> None:
        self._file = file
        self._text = text
        self._noun = noun
        self._count = 0
        self._anchors: dict[str, list[_Event]] = {}
        self._meant: dict[_Event, list[_Event]] = {}
        self._findings: list[Finding] = []
        self._places: dict[Path, yaml.Mark] = {}
        self._key_places: dict[Path, yaml.Mark] = {}
        self._ends: dict[Path, int] = {}
        self._texts: dict[Path, str] = {}
        self._blocks: set[Path] = set()
        self._plain: dict[str, Any] = {}
        self._loader = yaml.SafeLoader("")

    def convert_document(self) -> Source:
        events = _Events(yaml.parse(self._text, Loader=_LOADER), [])
        events.take()
        if isinstance(events.take(), yaml.StreamEndEvent):
            return self._source(None)
        value = self._convert(events, events.take(), ())
        events.take()
        if not isinstance(second := events.take(), yaml.StreamEndEvent):
            raise self._refusal(
                second, "NOT_YAML", f"a second document begins here; a file holds one {self._noun}"
            )
        return self._source(value)

    def _source(self, value: Any) -> Source:
        return Source(
            file=self._file,
            text=self._text,
            value=value,
            findings=tuple(self._findings),
            places=self._places,
            key_places=self._key_places,
            ends=self._ends,
            texts=self._texts,
            blocks=self._blocks,
        )

    def _convert(self, events: _Events, event: _Event, path: Path) -> Any:
        self._count += 1
        if self._count > MAX_VALUES:
            if self._meant:
                raise self._refusal(event, "ALIAS_BOMB", f"aliases make this {self._noun} too large")
            raise self._refusal(event, "FILE_TOO_LARGE", f"a {self._noun} has at most {MAX_VALUES:,} values")
        if len(path) > _MAX_DEPTH:
            raise self._refusal(event, "NESTED_TOO_DEEPLY", f"more than {_MAX_DEPTH} levels deep")
        if isinstance(event, yaml.AliasEvent):
            again = _Events(iter(self._anchored(event)))
            return self._convert(again, again.take(), path)
        began = len(events.log or ())
        self._places[path] = event.start_mark
        value = self._value(events, event, path)
        if event.anchor and events.log is not None:
            self._anchors[event.anchor] = events.log[began - 1 :]
        return value

    def _anchored(self, event: _Event) -> list[_Event]:
        """The events that an alias stands for: those of its anchor when it came first."""
        if event not in self._meant:
            if event.anchor not in self._anchors:
                raise self._refusal(
                    event, "NOT_YAML", f"there is no anchor {event.anchor!r} before this alias"
                )
            self._meant[event] = self._anchors[event.anchor]
        return self._meant[event]

    def _value(self, events: _Events, event: _Event, path: Path) -> Any:
        if event.tag not in _TAGS:
            tag = event.tag.replace(_CORE, "!!")
            self._find(event, "WRONG_TYPE", f"the tag {tag} means nothing in a {self._noun}")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(events, path)
        if isinstance(event, yaml.SequenceStartEvent):
            values: list[Any] = []
            while not isinstance(item := events.take(), yaml.SequenceEndEvent):
                values.append(self._convert(events, item, (*path, len(values))))
            return values
        return self._scalar(event, path)

    def _mapping(self, events: _Events, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        merged: list[tuple[Path, dict[str, Any]]] = []
        while not isinstance(event := events.take(), yaml.MappingEndEvent):
            if _is_merge(event):
                merged += self._mergeable(events, event, (*path, _MERGE))
                continue
            key = self._key(events, event, path)
            if key is None:
                self._find(event, "WRONG_TYPE", "a key must be text")
                self._convert(events, events.take(), (*path, ""))
                continue
            if key in values:
                self._find(event, "DUPLICATE_KEY", f"{key!r} stands here twice")
            self._key_places[(*path, key)] = event.start_mark
            values[key] = self._convert(events, events.take(), (*path, key))
        for source, others in merged:
            for key in others.keys() - values.keys():
                values[key] = others[key]
                self._copy_places(others[key], (*source, key), (*path, key))
        return values

    def _mergeable(self, events: _Events, event: _Event, path: Path) -> list[tuple[Path, dict[str, Any]]]:
        """The mappings of ``<<: *one`` or ``<<: [*one, *other]``, each with its path."""
        value = self._convert(events, events.take(), path)
        found = [(path, value)]
        if isinstance(value, list):
            found = [((*path, index), one) for index, one in enumerate(value)]
        if not all(isinstance(one, dict) for _, one in found):
            self._find(event, "WRONG_TYPE", f"{_MERGE} takes a mapping or a list of mappings")
            return []
        return found

    def _copy_places(self, value: object, source: Path, path: Path) -> None:
        tables: tuple[dict[Path, Any], ...] = (self._places, self._key_places, self._ends, self._texts)
        for table in tables:
            if source in table:
                table[path] = table[source]
        if source in self._blocks:
            self._blocks.add(path)
        if isinstance(value, dict | list):
            for key in value if isinstance(value, dict) else range(len(value)):
                self._copy_places(value[key], (*source, key), (*path, key))

    def _key(self, events: _Events, event: _Event, path: Path) -> str | None:
        """A key as it is written; None if it is no scalar."""
        if isinstance(event, yaml.ScalarEvent) and not event.anchor:
            return str(event.value)
        self._convert(events, event, (*path, ""))
        return self._texts.pop((*path, ""), None)

    def _scalar(self, event: _Event, path: Path) -> Any:
        text: str = event.value
        self._texts[path] = text
        self._ends[path] = event.end_mark.index
        if event.style == "|":
            self._blocks.add(path)
        if event.tag in (None, "!"):
            if event.style or event.tag:
                return text
            if text not in self._plain:
                resolve: Callable[..., str] = self._loader.resolve
                tag = resolve(yaml.ScalarNode, text, event.implicit)
                self._plain[text] = self._constructed(event, tag)
            return self._plain[text]
        return self._constructed(event, event.tag)

    def _constructed(self, event: _Event, tag: str) -> Any:
        text: str = event.value
        # Dates, binaries and whatever else YAML knows are text here: all values are JSON's.
        if tag not in _NOT_TEXT or len(text) > _MAX_NUMBER:
            return text
        try:
            value = self._loader.construct_object(yaml.ScalarNode(tag, text))
        except (ValueError, KeyError):  # an explicit tag, of a text that is none such
            self._find(event, "WRONG_TYPE", f"{text!r} is no {tag.rpartition(':')[2]}")
            return text
        return text if isinstance(value, float) and not math.isfinite(value) else value

    def _find(self, event: _Event, code: str, message: str) -> None:
        self._findings.append(self._finding(event, code, message))

    def _finding(self, event: _Event, code: str, message: str) -> Finding:
        mark = event.start_mark
        return Finding(self._file, mark.line + 1, mark.column + 1, code, message)

    def _refusal(self, event: _Event, code: str, message: str) -> Unreadable:
        return Unreadable(self._finding(event, code, message))


def _is_merge(event: _Event) -> bool:
    return isinstance(event, yaml.ScalarEvent) and event.value == _MERGE and event.implicit[0]


_MERGE = "<<"
"""The key whose mapping stands for its own keys: those that do not stand beside it."""

_CORE = "tag:yaml.org,2002:"
_NOT_TEXT = frozenset({_CORE + name for name in ("null", "bool", "int", "float")})
_TAGS = _NOT_TEXT | {_CORE + name for name in ("str", "seq", "map", "timestamp", "binary")} | {None, "!"}
"""The tags that a file may write out; nobody does."""

_MAX_NUMBER = 100
"""Characters of a number or a truth value; what is longer is text."""

_LOADER = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)  # the C parser is ten times faster, where it was built
