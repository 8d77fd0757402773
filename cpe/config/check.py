"""What is wrong with a configuration's values: shape, names, and what stands twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cpe.config.shape import Misfit, find_misfits
from cpe.source import Path, Suggestions

_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something wrong with the value at a path, or with its key when `key`."""

    path: Path
    code: str
    message: str
    key: bool = False


def find_problems(tree: Any) -> Iterator[Problem]:
    """Find all that is wrong.

    Yields:
        Problems with the codes UNKNOWN_KEY, MISSING_KEY, WRONG_TYPE, INVALID_VALUE; where there are none,
        DUPLICATE_NAME, DUPLICATE_QUEUE and DUPLICATE_ACTIVITY.
    """
    suggestions = Suggestions()
    found = [one for misfit in find_misfits(tree) for one in _problems(misfit, suggestions)]
    yield from found or _twins(tree)


def dotted(path: Iterable[str | int]) -> str:
    """Write a path as people do.

    Example:
        >>> dotted(("clients", 0, "name"))
        'clients[0].name'
    """
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "the configuration"


def _problems(misfit: Misfit, suggestions: Suggestions) -> Iterator[Problem]:
    path, schema, value = misfit.path, misfit.schema, misfit.value
    if misfit.keyword == "additionalProperties":
        known = schema["properties"]
        for key in sorted(value.keys() - known.keys()):
            hint = suggestions.did_you_mean(key, known)
            message = f"{dotted(path)} has no key {key!r}{hint}"
            yield Problem(path=(*path, key), code="UNKNOWN_KEY", message=message, key=True)
    elif misfit.keyword == "required":
        for key in sorted(set(schema["required"]) - value.keys()):
            yield Problem(path=path, code="MISSING_KEY", message=f"{dotted(path)} lacks the key {key!r}")
    elif misfit.keyword == "type":
        yield Problem(path=path, code="WRONG_TYPE", message=f"{dotted(path)} {_wrong_type(schema, value)}")
    else:
        reason = schema.get("errorMessage", "is not valid")
        yield Problem(path=path, code="INVALID_VALUE", message=f"{dotted(path)} {reason}")


def _wrong_type(schema: Mapping[str, Any], instance: Any) -> str:
    expected = schema["type"]
    names = [expected] if isinstance(expected, str) else expected
    hint = "; put it in quotes" if "string" in names and isinstance(instance, int | float) else ""
    return f"must be {' or '.join(_TYPES[name] for name in names)}, not {_kind(instance)}{hint}"


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return "a number"
    return "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else "text"


def _twins(tree: Mapping[str, Any] | None) -> Iterator[Problem]:
    clients = (tree or {}).get("clients", [])
    names = [(("clients", index, "name"), client["name"]) for index, client in enumerate(clients)]
    yield from _repeated(names, "DUPLICATE_NAME", "a client is known by its name")
    queues = [
        (("clients", index, "queues", "input"), client["queues"]["input"])
        for index, client in enumerate(clients)
    ]
    yield from _repeated(queues, "DUPLICATE_QUEUE", "a client is known by its queue")
    activities = [
        (("activities", index), (entry["name"], entry["version"]))
        for index, entry in enumerate((tree or {}).get("activities", []))
    ]
    yield from _repeated(activities, "DUPLICATE_ACTIVITY", "name and version are an activity's own")


def _repeated(values: Iterable[tuple[Path, Any]], code: str, reason: str) -> Iterator[Problem]:
    first: dict[Any, Path] = {}
    for path, value in values:
        earlier = first.setdefault(value, path)
        if earlier != path:
            yield Problem(
                path=path, code=code, message=f"{dotted(path)} is the same as {dotted(earlier)}; {reason}"
            )
