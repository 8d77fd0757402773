"""Reading a foreign JSON object so that nothing in it goes unnoticed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cpe.errors import ConfigError
from cpe.migration.notes import Notes

_EMPTY: tuple[object, ...] = (None, "", [], {})


class Document:
    """A JSON object, which remembers what was asked of it.

    Args:
        value: The object.
        where: Its place, for notes.
        notes: Where :meth:`finish` tells of what nobody asked for.

    Raises:
        ConfigError: `value` is no object.
    """

    def __init__(self, value: object, where: str, notes: Notes) -> None:
        if not isinstance(value, Mapping):
            raise ConfigError(f"{where} must be an object", code="IMPORT_INVALID")
        self._value: Mapping[str, Any] = value
        self._asked: set[str] = set()
        self.where = where
        self.notes = notes

    def __contains__(self, key: str) -> bool:
        return self._value.get(key) not in _EMPTY

    def place(self, key: str) -> str:
        """Tell the place of a key."""
        return f"{self.where}.{key}" if not self.where.endswith(":") else f"{self.where} {key}"

    def raw(self, key: str) -> Any:
        """What stands under a key; None where nothing does."""
        self._asked.add(key)
        return self._value.get(key)

    def text(self, key: str, default: str = "") -> str:
        """The text or number under a key, as text; `default` where nothing stands there."""
        value = self.raw(key)
        if value in _EMPTY:
            return default
        if isinstance(value, bool):
            return str(value).lower()
        if not isinstance(value, str | int | float):
            raise ConfigError(f"{self.place(key)} must be text", code="IMPORT_INVALID")
        return str(value)

    def needed(self, key: str) -> str:
        """The text under a key.

        Raises:
            ConfigError: There is none.
        """
        text = self.text(key)
        if not text:
            raise ConfigError(f"{self.place(key)} is missing", code="IMPORT_INVALID")
        return text

    def child(self, key: str) -> Document | None:
        """The object under a key; None where nothing stands there."""
        value = self.raw(key)
        return None if value in _EMPTY else Document(value, self.place(key), self.notes)

    def children(self, key: str) -> Iterator[Document]:
        """The objects of the list under a key."""
        value = self.raw(key)
        if value in _EMPTY:
            return
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise ConfigError(f"{self.place(key)} must be a list", code="IMPORT_INVALID")
        for index, item in enumerate(value):
            yield Document(item, f"{self.place(key)}[{index}]", self.notes)

    def ignore(self, *keys: str) -> None:
        """Pass over what says nothing about the work: results, and what the service gave out itself."""
        self._asked.update(keys)

    def finish(self) -> None:
        """Tell of each key that nobody asked for."""
        for key in sorted(self._value.keys() - self._asked):
            if self._value[key] not in _EMPTY:
                self.notes.lost("KEY_UNKNOWN", self.place(key), "it is not known here, and was left out")
