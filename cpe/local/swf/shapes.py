"""Checks of values against the shapes of a service model.

Two kinds of mistakes, as the service tells them apart: a value of the wrong JSON type cannot be read at all
(``SerializationException``); a value that can be read but breaks a constraint is listed with all others
(``ValidationException``), each named by its path: ``decisions.1.member.startTimerDecisionAttributes``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Protocol

from cpe.local.swf.faults import SwfFault

#: Where a value stands: the parent's path and its own name; None at the top. Joined only to complain.
Path = tuple[Any, str] | None


class Shape(Protocol):
    """Checks one value."""

    #: Whether an empty text stands for no value at all.
    blank_is_absent: bool

    def check(self, value: Any, path: Path, problems: list[str]) -> None:
        """Add what is wrong with the value to the problems.

        Raises:
            SwfFault: ``SerializationException`` for a value of the wrong JSON type.
        """


class Text:
    """A string: its length, its pattern or the values it may have."""

    def __init__(
        self,
        *,
        shortest: int = 0,
        longest: int | None = None,
        values: frozenset[str] | None = None,
        pattern: re.Pattern[str] | None = None,
        blank_is_absent: bool = False,
    ) -> None:
        self.blank_is_absent = blank_is_absent
        self._shortest = shortest
        self._longest = math.inf if longest is None else longest
        self._values = values
        self._pattern = pattern

    def check(self, value: Any, path: Path, problems: list[str]) -> None:
        if type(value) is not str:
            raise unreadable(value, path, "a String")
        if not value.isascii():
            _check_unicode(value, path)
        if self._values is not None:
            if value not in self._values:
                problems.append(
                    _broken(value, path, f"satisfy enum value set: [{', '.join(sorted(self._values))}]")
                )
        elif len(value) > self._longest:
            problems.append(_broken(value, path, f"have length less than or equal to {self._longest}"))
        elif len(value) < self._shortest:
            problems.append(_broken(value, path, f"have length greater than or equal to {self._shortest}"))
        elif self._pattern is not None and self._pattern.fullmatch(value) is None:
            problems.append(
                _broken(value, path, f"satisfy regular expression pattern: {self._pattern.pattern}")
            )


class NumberText:
    """A whole number in a range, written as a string."""

    blank_is_absent = False

    def __init__(self, *, least: int, most: int) -> None:
        self._least = least
        self._most = most

    def check(self, value: Any, path: Path, problems: list[str]) -> None:
        if type(value) is not str:
            raise unreadable(value, path, "a String")
        # A longer text is out of any range here; reading a number of megabytes takes its time.
        if re.fullmatch("[+-]?[0-9]{1,20}", value) is None or not self._least <= int(value) <= self._most:
            constraint = f"be a whole number from {self._least} to {self._most}"
            problems.append(_broken(value, path, constraint))


class Number:
    """A whole number in a range."""

    blank_is_absent = False

    def __init__(self, *, least: float = -math.inf, most: float = math.inf) -> None:
        self._least = least
        self._most = most

    def check(self, value: Any, path: Path, problems: list[str]) -> None:
        if type(value) is not int:
            raise unreadable(value, path, "an Integer")
        if value > self._most:
            problems.append(_broken(value, path, f"have value less than or equal to {self._most}"))
        elif value < self._least:
            problems.append(_broken(value, path, f"have value greater than or equal to {self._least}"))


class Truth:
    """True or false."""

    blank_is_absent = False

    def check(self, value: Any, path: Path, problems: list[str]) -> None:
        del problems
        if type(value) is not bool:
            raise unreadable(value, path, "a Boolean")


class Timestamp:
    """Epoch seconds, whole or not."""

    blank_is_absent = False

    def check(self, value: Any, path: Path, problems: list[str]) -> None:
        del problems
        if type(value) is not int and type(value) is not float:
            raise unreadable(value, path, "a Timestamp")


class Sequence:
    """A list, all of whose members have one shape."""

    blank_is_absent = False

    def __init__(self, member: Shape, *, shortest: int = 0, longest: int | None = None) -> None:
        self._member = member
        self._shortest = shortest
        self._longest = math.inf if longest is None else longest

    def check(self, value: Any, path: Path, problems: list[str]) -> None:
        if type(value) is not list:
            raise unreadable(value, path, "a List")
        if len(value) > self._longest:
            problems.append(_broken(value, path, f"have length less than or equal to {self._longest}"))
        elif len(value) < self._shortest:
            problems.append(_broken(value, path, f"have length greater than or equal to {self._shortest}"))
        for number, item in enumerate(value, start=1):
            here = ((path, str(number)), "member")
            if item is None:
                problems.append(_missing(here))
            else:
                self._member.check(item, here, problems)


class Structure:
    """A JSON object with named members.

    What is null, unknown, or an empty text where that means nothing, is taken out of the value: the service
    does as if it were not there.
    """

    blank_is_absent = False

    def __init__(self, members: Mapping[str, Shape], required: frozenset[str]) -> None:
        self.members = dict(members)
        self.required = required

    def check(self, value: Any, path: Path, problems: list[str]) -> None:
        if type(value) is not dict:
            raise unreadable(value, path, "a Structure")
        absent = []
        members = self.members
        for name, item in value.items():
            shape = members.get(name)
            if shape is None or item is None or (item == "" and shape.blank_is_absent):
                absent.append(name)
            else:
                shape.check(item, (path, name), problems)
        for name in absent:
            del value[name]
        if not self.required <= value.keys():
            problems.extend(_missing((path, name)) for name in sorted(self.required - value.keys()))


class Choice(Structure):
    """A structure whose member `selector` names the one other member that counts.

    Args:
        members: As for a structure.
        selector: The member that names; it is required.
        chosen: For each of its values, the member that then has to be there; values whose member may be left
            out are not in it.
    """

    def __init__(self, members: Mapping[str, Shape], selector: str, chosen: Mapping[str, str]) -> None:
        super().__init__(members, frozenset({selector}))
        self._selector = selector
        self._chosen = dict(chosen)

    def check(self, value: Any, path: Path, problems: list[str]) -> None:
        super().check(value, path, problems)
        needed = self._chosen.get(value.get(self._selector))
        if needed is not None and needed not in value:
            problems.append(_missing((path, needed)))


def unreadable(value: Any, path: Path, wanted: str) -> SwfFault:
    """Say that a value is of the wrong JSON type.

    Example:
        >>> unreadable(5, (None, "domain"), "a String").message
        'int at domain can not be converted to a String'
    """
    place = f" at {_join(path)}" if path else ""
    return SwfFault(
        "SerializationException", f"{type(value).__name__}{place} can not be converted to {wanted}"
    )


def _check_unicode(value: str, path: Path) -> None:
    # JSON can write half a surrogate pair, which no text encoding can: it could not be stored.
    try:
        value.encode()
    except UnicodeEncodeError:
        raise unreadable(value, path, "a String of whole characters") from None


def _broken(value: Any, path: Path, constraint: str) -> str:
    # The service repeats the value; a text of megabytes helps nobody.
    shown = str(value)
    shown = shown if len(shown) <= 300 else f"{shown[:300]}…"  # noqa: PLR2004 - any bound will do
    return f"Value '{shown}' at '{_join(path)}' failed to satisfy constraint: Member must {constraint}"


def _missing(path: Path) -> str:
    return f"Value null at '{_join(path)}' failed to satisfy constraint: Member must not be null"


def _join(path: Path) -> str:
    names: list[str] = []
    while path is not None:
        path, name = path
        names.append(name)
    return ".".join(reversed(names))
