"""One object of a message, read field by field; every complaint names the field's place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cpe.errors import ProtocolError
from cpe.protocol.body import NumberText

_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,15})?", re.ASCII)
# Later than any clock, earlier than what `datetime` refuses; catches milliseconds taken for seconds.
_YEAR_10000 = 253_402_300_800


class Fields:
    """The fields of one JSON object.

    Every method raises :class:`~cpe.errors.ProtocolError` with ``MISSING_FIELD`` when the field is not there,
    null or empty, and ``INVALID_FIELD`` when it is of the wrong kind.

    Example:
        >>> Fields({"workflow": {"name": "Transcode"}}).object("workflow").text("name")
        'Transcode'
    """

    __slots__ = ("_path", "_values")

    def __init__(self, values: Mapping[str, Any], path: str = "") -> None:
        self._values = values
        self._path = path

    @property
    def values(self) -> Mapping[str, Any]:
        return self._values

    def place(self, name: str) -> str:
        """Name a field the way the messages of errors do, such as ``data.workflow.name``."""
        return f"{self._path}.{name}" if self._path else name

    def has(self, name: str) -> bool:
        return self._values.get(name) is not None

    def required(self, name: str) -> Any:
        value = self._values.get(name)
        if value is None:
            raise ProtocolError(f"{self.place(name)} is missing", code="MISSING_FIELD")
        if isinstance(value, str | Mapping | list) and not value:
            raise ProtocolError(f"{self.place(name)} is empty", code="MISSING_FIELD")
        return value

    def text(self, name: str) -> str:
        value = self.required(name)
        if not isinstance(value, str):
            raise self.invalid(name, "must be text")
        return value

    def number_or_text(self, name: str) -> str:
        """Text, or the text of a number: ``1.0`` and ``"1.0"`` are the same version."""
        value = self.required(name)
        if isinstance(value, NumberText):
            return value.text
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        return self.text(name)

    def seconds_since_epoch(self, name: str) -> float:
        """A time, as a number or as its text."""
        value = self.required(name)
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.invalid(name, "must be a number of seconds")
        if not 0 <= value < _YEAR_10000:
            raise self.invalid(name, "must be in seconds since 1970")
        return float(value)

    def whole_number(self, name: str, *, least: int, most: int) -> int:
        value = self.required(name)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.invalid(name, f"must be a whole number from {least} to {most}")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts, none of them empty."""
        value = self.required(name)
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise self.invalid(name, "must be text, or a list of texts")
        return tuple(value)

    def object(self, name: str) -> Fields:
        value = self.required(name)
        if not isinstance(value, Mapping):
            raise self.invalid(name, "must be an object")
        return Fields(value, self.place(name))

    def invalid(self, name: str, finding: str) -> ProtocolError:
        return ProtocolError(f"{self.place(name)} {finding}", code="INVALID_FIELD")
