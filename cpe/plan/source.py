"""A plan's YAML text as plain values, with the place of each.

PyYAML's nodes know where they stand; its values do not. So the nodes are converted here, and the place and
the written text of each value are kept by its path: ``("steps", 0, "name")``.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml

from cpe.plan.findings import Finding, PlanRefused

Path: TypeAlias = "tuple[str | int, ...]"

MAX_BYTES = 1024 * 1024
"""Larger files are refused: no plan needs them, and YAML takes about a second a megabyte."""

_MAX_VALUES = 200_000
"""Values after aliases are followed; a few lines of aliases to aliases would make billions."""

_MAX_DEPTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The text's value and places.

    Attributes:
        file: The name to use in findings.
        value: The document as dicts, lists and scalars; of duplicate keys the last value.
        findings: What is wrong with the text itself: duplicate keys, keys that are no text.
        places, key_places: Where each value and each key begins.
        texts: Scalars as they are written: ``1.0`` where the value is a float.
        blocks: The scalars written as blocks (``|`` or ``>``), whose text begins on the next line.
    """

    file: str
    value: Any
    findings: tuple[Finding, ...]
    places: Mapping[Path, yaml.Mark]
    key_places: Mapping[Path, yaml.Mark]
    texts: Mapping[Path, str]
    blocks: Set[Path]

    def finding(self, path: Path, code: str, message: str, *, key: bool = False, line: int = 0) -> Finding:
        """Make a finding at a value, at its key, or at a line (from 1) within a block of text.

        A path that does not exist stands for its nearest parent that does.
        """
        marks = self.key_places if key else self.places
        while path and path not in marks:
            path = path[:-1]
        mark = marks.get(path) or self.places[()]
        if line and path in self.blocks:
            return Finding(self.file, mark.line + 1 + line, 1, code, message)
        return _at(self.file, mark, code, message)


def read_source(text: str, file: str) -> Source:
    """Parse YAML.

    Raises:
        PlanRefused: FILE_TOO_LARGE, NOT_YAML, ALIAS_BOMB or NESTED_TOO_DEEPLY.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise PlanRefused([Finding(file, 1, 1, "FILE_TOO_LARGE", f"a plan has at most {MAX_BYTES:,} bytes")])
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        reason = " ".join(part for part in (error.context, error.problem) if part)
        raise PlanRefused([Finding(file, *where, "NOT_YAML", reason)]) from None
    except (yaml.YAMLError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise PlanRefused([Finding(file, 1, 1, "NOT_YAML", reason)]) from None
    if node is None:
        raise PlanRefused([Finding(file, 1, 1, "NOT_YAML", "the file is empty")])
    return _Converter(file).convert_document(node)


class _Converter:
    def __init__(self, file: str) -> None:
        self._file = file
        self._count = 0
        self._findings: list[Finding] = []
        self._places: dict[Path, yaml.Mark] = {}
        self._key_places: dict[Path, yaml.Mark] = {}
        self._texts: dict[Path, str] = {}
        self._blocks: set[Path] = set()
        self._constructor = yaml.constructor.SafeConstructor()

    def convert_document(self, node: yaml.Node) -> Source:
        value = self._convert(node, ())
        return Source(
            file=self._file,
            value=value,
            findings=tuple(self._findings),
            places=self._places,
            key_places=self._key_places,
            texts=self._texts,
            blocks=self._blocks,
        )

    def _convert(self, node: yaml.Node, path: Path) -> Any:
        self._count += 1
        if self._count > _MAX_VALUES:
            raise PlanRefused(
                [_at(self._file, node.start_mark, "ALIAS_BOMB", "aliases make this plan too large")]
            )
        if len(path) > _MAX_DEPTH:
            message = f"more than {_MAX_DEPTH} levels deep"
            raise PlanRefused([_at(self._file, node.start_mark, "NESTED_TOO_DEEPLY", message)])
        self._places[path] = node.start_mark
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._convert(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._find(key_node, "WRONG_TYPE", "a key must be text")
                continue
            key = str(key_node.value)
            if key in values:
                self._find(key_node, "DUPLICATE_KEY", f"{key!r} stands here twice")
            self._key_places[(*path, key)] = key_node.start_mark
            values[key] = self._convert(value_node, (*path, key))
        return values

    def _scalar(self, node: yaml.Node, path: Path) -> Any:
        self._texts[path] = node.value
        if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            self._blocks.add(path)
        try:
            value = self._constructor.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            self._find(node, "WRONG_TYPE", str(error).splitlines()[0])
            return node.value
        # Dates, binaries and whatever else YAML knows are text here: a plan's values are JSON.
        return value if value is None or isinstance(value, str | bool | int | float) else node.value

    def _find(self, node: yaml.Node, code: str, message: str) -> None:
        self._findings.append(_at(self._file, node.start_mark, code, message))


_LOADER = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)  # the C parser is ten times faster, where it was built


def _at(file: str, mark: yaml.Mark, code: str, message: str) -> Finding:
    return Finding(file, mark.line + 1, mark.column + 1, code, message)
