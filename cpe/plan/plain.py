"""Templates of nothing but text and paths, which need no compiler.

Most templates are such: ``{ "to": {{Find.name}}, "at": {{ Find['home-address'] }} }``. Jinja takes about a
millisecond to compile one; here it is a regular expression. Rendering looks values up in the way of the
environment and so comes out as Jinja's, faults included.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from cpe.plan.environment import JSON_VALUES, Environment

_NAME = "[A-Za-z_][A-Za-z0-9_]*"
_KEY = rf"\.({_NAME})|\[[ ]*(?:'([^'\\]*)'|\"([^\"\\]*)\"|(0|[1-9][0-9]{{0,8}}))[ ]*\]"
_KEYS = re.compile(_KEY)
_PIECE = re.compile(
    rf"\{{\{{[ ]*(?P<name>{_NAME})(?P<keys>(?:{_KEY})*)[ ]*\}}\}}|(?P<text>(?:[^{{]|\{{(?![{{%#]))+)"
)

_CONSTANTS = {"true", "false", "none", "True", "False", "None"}
_OPERATORS = {"not", "and", "or", "in", "is", "if", "else"}
_SPECIAL = {"self", "super", "loop", "caller"}
_NO_NAMES = _CONSTANTS | _OPERATORS | _SPECIAL
"""What means something else to Jinja where a name may stand."""


@dataclass(frozen=True, slots=True)
class _Path:
    """A name and the keys after it; those in brackets are items, the others attributes."""

    name: str
    keys: tuple[tuple[bool, str | int], ...]

    def look_up(self, environment: Environment, context: Mapping[str, Any]) -> Any:
        value = context[self.name] if self.name in context else environment.undefined(name=self.name)
        for is_item, key in self.keys:
            value = environment.getitem(value, key) if is_item else environment.getattr(value, str(key))
        return value


_Piece: TypeAlias = "_Path | str"


@dataclass(frozen=True, slots=True)
class PlainTemplate:
    """A template of text and paths.

    Example:
        >>> from cpe.plan.environment import TEXT_VALUES
        >>> PlainTemplate.parse("at {{Find.place}}").render(TEXT_VALUES, {"Find": {"place": "home"}})
        'at home'
    """

    pieces: tuple[_Piece, ...]

    @classmethod
    def parse(cls, text: str) -> PlainTemplate | None:
        """Read a template; None if Jinja is needed to understand it."""
        text = text.removesuffix("\n")  # as Jinja does
        pieces: list[_Piece] = []
        end = 0
        while end < len(text):
            found = _PIECE.match(text, end)
            if found is None:
                return None
            if (name := found["name"]) is None:
                pieces.append(found["text"])
            elif name in _NO_NAMES or name in JSON_VALUES.globals:
                return None
            else:
                pieces.append(_Path(name, _keys(found["keys"])))
            end = found.end()
        return cls(tuple(pieces)) if "\r" not in text else None

    @property
    def names(self) -> frozenset[str]:
        """The names at the beginning of its paths."""
        return frozenset(piece.name for piece in self.pieces if isinstance(piece, _Path))

    def render(self, environment: Environment, context: Mapping[str, Any]) -> str:
        """Render the values in the way of an environment.

        Raises:
            Exception: Whatever Jinja raises for a value that is missing or cannot be rendered.
        """
        finalize = environment.finalize or str
        return "".join(
            piece if isinstance(piece, str) else finalize(piece.look_up(environment, context))
            for piece in self.pieces
        )


def _keys(text: str) -> tuple[tuple[bool, str | int], ...]:
    keys: list[tuple[bool, str | int]] = []
    for attribute, single, double, number in _KEYS.findall(text):
        if attribute:
            keys.append((False, attribute))
        else:
            keys.append((True, int(number) if number else single or double))
    return tuple(keys)
