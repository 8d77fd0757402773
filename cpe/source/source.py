"""A text of YAML or JSON as plain values, with the place of each.

The place and the written text of each value are kept by its path: ``("steps", 0, "name")``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml

from cpe.source.findings import Finding

Path: TypeAlias = "tuple[str | int, ...]"

_INDENTATION = re.compile(" *")
_BEGINNING = yaml.Mark("", 0, 0, 0, None, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The text's value and places.

    Attributes:
        file: The name to use in findings.
        text: The text itself.
        value: The document as dicts, lists and scalars; of duplicate keys the last value.
        findings: What is wrong with the text itself: duplicate keys, keys that are no text.
        places, key_places: Where each value and each key begins.
        ends: The index in `text` at which each scalar ends.
        texts: Scalars as they are written: ``1.0`` where the value is a float.
        blocks: The scalars written as literal blocks (``|``), whose text begins on the next line.
    """

    file: str
    text: str
    value: Any
    findings: tuple[Finding, ...]
    places: Mapping[Path, yaml.Mark]
    key_places: Mapping[Path, yaml.Mark]
    ends: Mapping[Path, int]
    texts: Mapping[Path, str]
    blocks: Set[Path]

    @property
    def is_empty(self) -> bool:
        """Whether the text says nothing at all."""
        return () not in self.places

    def place(self, path: Path, *, key: bool = False) -> yaml.Mark:
        """Tell where a value or its key begins; of a path that does not exist, its nearest parent's."""
        marks = self.key_places if key else self.places
        while path and path not in marks:
            path = path[:-1]
        return marks.get(path) or self.places.get((), _BEGINNING)

    def finding(
        self,
        path: Path,
        code: str,
        message: str,
        *,
        key: bool = False,
        line: int = 0,
        at: int | None = None,
    ) -> Finding:
        """Make a finding at a value, at its key, or within its text.

        A path that does not exist stands for its nearest parent that does.

        Args:
            line: A line of the value's text, from 1, where it is a block.
            at: An index in the text, one of :meth:`words`.
        """
        if at is not None:
            return self._within(at, code, message)
        mark = self.place(path, key=key)
        if line and path in self.blocks:
            return self._on_line(mark, line, code, message)
        return Finding(self.file, mark.line + 1, mark.column + 1, code, message)

    def words(self, path: Path, within: re.Pattern[str], word: re.Pattern[str]) -> dict[str, int]:
        """Find where words stand first in a scalar as it is written.

        Args:
            within: Finds the parts of the scalar to look into.
            word: Finds the words in them; its first group is the word.

        Returns:
            The index in `text` of each.
        """
        found: dict[str, int] = {}
        for part in within.finditer(self.text, self.places[path].index, self.ends[path]):
            for one in word.finditer(self.text, *part.span()):
                found.setdefault(one[1], one.start(1))
        return found

    def _within(self, index: int, code: str, message: str) -> Finding:
        begin = self.text.rfind("\n", 0, index) + 1
        return Finding(self.file, self.text.count("\n", 0, index) + 1, index - begin + 1, code, message)

    def _on_line(self, mark: yaml.Mark, line: int, code: str, message: str) -> Finding:
        begin = mark.index
        for _ in range(line):
            begin = self.text.find("\n", begin) + 1
        indented = _INDENTATION.match(self.text, begin)
        column = indented.end() - begin + 1 if indented else 1
        return Finding(self.file, mark.line + 1 + line, column, code, message)
