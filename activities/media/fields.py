"""Reading one JSON object of a job, key by key.

The original took numbers and booleans as text too (``"opacity": "0.5"``, ``"s3_rrs": "true"``), so both forms
are read. Every complaint names the key's full path, such as ``output_assets[1].watermark.opacity``.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Mapping
from typing import Any, TypeVar, overload

from cpe.errors import InvalidInput

KEY_UNSUPPORTED = "KEY_UNSUPPORTED"
_SHOWN = 60
_FLAGS: Mapping[object, bool] = {"true": True, "false": False, "1": True, "0": False, 1: True, 0: False}

Default = TypeVar("Default")


def did_you_mean(word: str, known: Collection[str]) -> str:
    """Return `` Did you mean …?`` for a near miss or the beginning of a name, or an empty text."""
    near = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    near = near or [name for name in sorted(known) if name.lower().startswith(word.lower())]
    return f" Did you mean {near[0]!r}?" if near else ""


def shown(value: object) -> str:
    """Render a value from a message for an error: one line, short."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


class Fields:
    """A JSON object and where in the input it stands.

    Args:
        value: What stands there; must be an object.
        where: Its path, for messages.

    Raises:
        InvalidInput: `value` is no object.
    """

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, Mapping):
            raise InvalidInput(f"{where} must be an object, not {shown(value)}.")
        self._value: Mapping[str, Any] = value
        self.where = where

    def __contains__(self, key: str) -> bool:
        return self._value.get(key) is not None

    def path(self, key: str) -> str:
        return f"{self.where}.{key}"

    def raw(self, key: str) -> Any:
        """Return what stands under `key`, unchecked; None when nothing does."""
        return self._value.get(key)

    def child(self, key: str) -> Fields | None:
        """Return the object under `key`, or None when there is none."""
        return Fields(self._value[key], self.path(key)) if key in self else None

    def needed(self, key: str) -> Fields:
        """Return the object under `key`.

        Raises:
            InvalidInput: There is none.
        """
        return Fields(self._value.get(key), self.path(key))

    @overload
    def text(self, key: str) -> str: ...
    @overload
    def text(self, key: str, default: Default) -> str | Default: ...
    def text(self, key: str, default: object = ...) -> object:
        """Return the text under `key`, which must not be empty unless that is the default."""
        if key not in self:
            return self._default(key, default)
        value = self._value[key]
        if value == "" == default:
            return value
        if not isinstance(value, str) or not value.strip():
            raise InvalidInput(f"{self.path(key)} must be a text that is not empty, not {shown(value)}.")
        return value

    @overload
    def scalar(self, key: str) -> str: ...
    @overload
    def scalar(self, key: str, default: Default) -> str | Default: ...
    def scalar(self, key: str, default: object = ...) -> object:
        """Return a text or a number as text: ``"720k"`` and ``720000`` alike."""
        if key not in self:
            return self._default(key, default)
        value = self._value[key]
        if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
            raise InvalidInput(f"{self.path(key)} must be a text or a number, not {shown(value)}.")
        return str(value).strip()

    def number(self, key: str, default: float, *, low: float, high: float) -> float:
        """Return the number under `key`, which must lie in `low`…`high`."""
        if key not in self:
            return default
        try:
            number = float(self.scalar(key))
        except ValueError:
            number = math.nan
        if not low <= number <= high:
            raise InvalidInput(
                f"{self.path(key)} must be a number from {low:g} to {high:g}, not {shown(self._value[key])}."
            )
        return number

    def flag(self, key: str, *, default: Default) -> bool | Default:
        """Return the boolean under `key`."""
        if key not in self:
            return default
        value = self._value[key]
        plain = value.strip().lower() if isinstance(value, str) else value
        if not isinstance(plain, str | int) or plain not in _FLAGS:
            raise InvalidInput(f"{self.path(key)} must be true or false, not {shown(value)}.")
        return _FLAGS[plain]

    def refuse_others(self, known: Collection[str]) -> None:
        """Refuse every key that is not `known`: a wish that is not carried out must not pass in silence.

        Args:
            known: The keys this version reads.

        Raises:
            InvalidInput: With code ``KEY_UNSUPPORTED`` and the first such key.
        """
        for key, value in self._value.items():
            if key in known or value is None:
                continue
            raise InvalidInput(
                f"{self.where} has an unknown key {shown(key)}.{did_you_mean(str(key), known)}",
                code=KEY_UNSUPPORTED,
            )

    def _default(self, key: str, default: object) -> object:
        if default is ...:
            raise InvalidInput(f"{self.path(key)} is missing.")
        return default
