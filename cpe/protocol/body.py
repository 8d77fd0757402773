"""The text of a message: strict JSON in, plain ASCII JSON out.

Python's `json` takes more than JSON (``NaN``, keys that stand twice) and gives more than text (lone
surrogates, which no UTF-8 file, terminal or database takes). What passes here can be stored, printed and
sent on.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

from cpe.errors import ProtocolError

MAX_BODY_BYTES = 1_048_576
"""The largest message that SQS takes (service quota "message size", 1 MiB)."""

MAX_DEPTH = 64
"""How deep objects and lists may be nested. Real messages stay below ten."""

# Keys come from outside; an error's message stays readable whatever they are.
_MAX_PLACE = 200
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class NumberText(float):
    """A number with a fraction that remembers how it was written, since ``1.10`` may be a version.

    Example:
        >>> NumberText("1.10").text
        '1.10'
    """

    __slots__ = ("text",)

    def __new__(cls, text: str) -> NumberText:
        number = super().__new__(cls, text)
        if math.isinf(number):
            raise ProtocolError(f"the number {text[:40]} is too large", code="INVALID_JSON")
        return number

    def __init__(self, text: str) -> None:
        self.text = text


def parse_body(body: str, *, most: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """Read the JSON object that a message's body must be; of at most so many bytes.

    Raises:
        ProtocolError: ``TOO_LARGE``, ``INVALID_JSON`` (no JSON, or no object), ``TOO_DEEP``, or
            ``INVALID_FIELD`` for text with NUL or lone surrogates.
    """
    _check_size(body, most)
    try:
        value = json.loads(
            body, parse_float=NumberText, parse_constant=_refuse_constant, object_pairs_hook=_refuse_twins
        )
    except json.JSONDecodeError as error:
        raise ProtocolError(
            f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}", code="INVALID_JSON"
        ) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        # json gives whole numbers to int(), which refuses thousands of digits (sys.set_int_max_str_digits).
        raise ProtocolError("not JSON: a whole number has too many digits", code="INVALID_JSON") from None
    if not isinstance(value, dict):
        raise ProtocolError('the message must be a JSON object, such as {"type": …}', code="INVALID_JSON")
    _check_texts(value)
    return value


def render_body(message: Mapping[str, Any], *, most: int = MAX_BODY_BYTES) -> str:
    """Write a message as :func:`parse_body` reads it.

    Raises:
        ProtocolError: ``INVALID_FIELD`` for what JSON has no form for, ``TOO_LARGE``, ``TOO_DEEP``.
    """
    _check_texts(message)
    try:
        body = json.dumps(message, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ProtocolError(f"the message is not JSON: {error}", code="INVALID_FIELD") from error
    _check_size(body, most)
    return body


def mend(value: Any) -> Any:
    """Copy a JSON value, with what JSON has no form for replaced: U+FFFD in texts, null for numbers.

    Facts must reach the client even when the name of a broken file is part of them.

    Raises:
        ProtocolError: ``TOO_DEEP``; ``INVALID_FIELD`` for a value of another type, such as bytes.
    """
    return _mend(value, 1)


def _mend(value: Any, depth: int) -> Any:
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case str():
            return _mend_text(value)
        case Mapping():
            if depth > MAX_DEPTH:
                raise _too_deep()
            return {_mend_key(key): _mend(item, depth + 1) for key, item in value.items()}
        case Sequence() if not isinstance(value, bytes | bytearray | memoryview):
            if depth > MAX_DEPTH:
                raise _too_deep()
            return [_mend(item, depth + 1) for item in value]
    raise ProtocolError(f"a {type(value).__name__} has no form in JSON", code="INVALID_FIELD")


def _mend_key(key: object) -> str:
    if not isinstance(key, str):
        raise ProtocolError(f"the key {key!r} must be text", code="INVALID_FIELD")
    return _mend_text(key)


def _mend_text(text: str) -> str:
    if _is_clean(text):
        return text
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", _REPLACEMENT)


def _is_clean(text: str) -> bool:
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_texts(root: Mapping[str, Any]) -> None:
    for place, text in _texts(root):
        if not _is_clean(text):
            shown = ascii(place)[1:-1][:_MAX_PLACE]
            raise ProtocolError(
                f"{shown} holds NUL or half a surrogate pair, which is no text", code="INVALID_FIELD"
            )


def _texts(root: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield every text of a tree, keys too, with the place where it stands.

    Works without recursion, so that depth is a finding and not a fault.
    """
    pending: list[tuple[str, Any, int]] = [("", root, 1)]
    while pending:
        path, value, depth = pending.pop()
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, Mapping):
            if depth > MAX_DEPTH:
                raise _too_deep()
            for key, item in value.items():
                if not isinstance(key, str):
                    raise ProtocolError(f"the key {key!r} must be text", code="INVALID_FIELD")
                place = f"{path}.{key}" if path else key
                yield f"a key of {path or 'the message'}", key
                pending.append((place, item, depth + 1))
        elif isinstance(value, list | tuple):
            if depth > MAX_DEPTH:
                raise _too_deep()
            pending.extend((f"{path}[{index}]", item, depth + 1) for index, item in enumerate(value))


def _check_size(body: str, most: int) -> None:
    # A character may take four bytes: the count of characters alone settles the clear cases cheaply.
    if len(body) * 4 <= most:
        return
    if len(body) > most or len(body.encode(errors="surrogatepass")) > most:
        raise ProtocolError(f"the message exceeds {most} bytes", code="TOO_LARGE")


def _too_deep() -> ProtocolError:
    return ProtocolError(f"the message is nested deeper than {MAX_DEPTH} levels", code="TOO_DEEP")


def _refuse_constant(name: str) -> NoReturn:
    raise ProtocolError(f"not JSON: {name} is no number", code="INVALID_JSON")


def _refuse_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        twin = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ProtocolError(f"the key {twin!r} stands twice in one object", code="INVALID_JSON")
    return values
