"""Faults as people write them: a YAML or JSON file, or short text.

::

    seed: 7
    rules:
      - {service: swf, operation: RespondDecisionTaskCompleted, kind: lost, probability: 0.1}
      - {service: s3, kind: latency, ms: 200, limit: 3}

says the same as the text ``seed=7 swf.RespondDecisionTaskCompleted.lost=0.1 s3.*.latency=1,ms=200,limit=3``.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import yaml

from cpe.errors import ConfigError
from cpe.local.faults.operations import OPERATIONS
from cpe.local.faults.rules import ANY, TIMEOUT_MS, FaultKind, FaultPlan, FaultRule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_PLAN_KEYS = ("seed", "rules")
#: What `FaultInjector.counts` adds to a rule; a plan that was asked for can be sent back.
_COUNTS = ("calls", "hits")
_RULE_KEYS = ("service", "operation", "kind", "probability", "limit", "ms")
_TEXT_PARTS = 3
#: What text begins with, and neither YAML nor JSON of ours does.
_TEXT = re.compile(rb"\s*(seed=|[\w*]+\.)")


def read_faults(path: Path) -> FaultPlan:
    """Read a file.

    Raises:
        ConfigError: ``FAULTS_INVALID``; the message names the place.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _error(f"{path}: cannot be read: {error.strerror or error}") from error
    return decode_faults(content, place=str(path))


def parse_faults(text: str, *, place: str = "faults") -> FaultPlan:
    """Read text: ``service.operation.kind=probability``, with ``,limit=`` and ``,ms=``; ``seed=``.

    Items are set apart by blanks.

    Example:
        >>> parse_faults("swf.RespondDecisionTaskCompleted.lost=0.1").rules[0].kind
        <FaultKind.LOST: 'lost'>

    Raises:
        ConfigError: ``FAULTS_INVALID``; the message names the place.
    """
    plan: dict[str, Any] = {"rules": []}
    places: list[str] = []
    for item in text.split():
        here = f"{place}: {item!r}"
        name, _, value = item.partition("=")
        if name == "seed":
            plan["seed"] = _number(value, here)
            continue
        parts = name.split(".")
        if len(parts) != _TEXT_PARTS or not value:
            _refuse(here, "is not service.operation.kind=probability, such as swf.*.throttle=0.1")
        probability, *options = value.split(",")
        rule: dict[str, Any] = dict(zip(("service", "operation", "kind"), parts, strict=True))
        rule["probability"] = _number(probability, here)
        for option in options:
            key, _, number = option.partition("=")
            if key not in {"limit", "ms"}:
                _refuse(here, f"knows limit= and ms= after the probability, not {option!r}")
            rule[key] = _number(number, here)
        plan["rules"].append(rule)
        places.append(here)
    return _plan(plan, place, places)


def decode_faults(content: bytes, *, place: str) -> FaultPlan:
    """Read YAML, JSON or text.

    Raises:
        ConfigError: ``FAULTS_INVALID``; the message names the place.
    """
    if _TEXT.match(content):
        return parse_faults(content.decode("utf-8", "replace"), place=place)
    written = _decode(content, place)
    if written is None:
        return FaultPlan()
    if not isinstance(written, dict):
        _refuse(place, "must hold an object with 'rules'")
    rules = written.get("rules", [])
    if not isinstance(rules, list):
        _refuse(f"{place}: rules", "must be a list")
    return _plan(written, place, [f"{place}: rules[{index}]" for index in range(len(rules))])


def _decode(content: bytes, place: str) -> Any:
    # YAML has all of JSON but tabs.
    with contextlib.suppress(ValueError, RecursionError):
        return json.loads(content)
    try:
        return yaml.safe_load(content)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{place}:{mark.line + 1}:{mark.column + 1}" if mark else place
        raise _error(f"{where}: {error.problem or error}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _error(f"{place}: is neither YAML nor JSON: {error}") from error


def gather_faults(sources: Iterable[str], *, place: str) -> FaultPlan:
    """Read files and texts, one after the other; the last seed that is not 0 counts.

    Args:
        sources: Names of files, and texts as `parse_faults` takes them.
        place: Where they come from, for messages.

    Raises:
        ConfigError: ``FAULTS_INVALID``; the message names the place.
    """
    seed = 0
    rules: list[FaultRule] = []
    for source in sources:
        is_text = "=" in source and not Path(source).exists()
        plan = parse_faults(source, place=place) if is_text else read_faults(Path(source))
        seed = plan.seed or seed
        rules.extend(plan.rules)
    return FaultPlan(seed=seed, rules=tuple(rules))


def _plan(written: Mapping[str, Any], place: str, places: list[str]) -> FaultPlan:
    _check_keys(written, _PLAN_KEYS, place)
    seed = written.get("seed", 0)
    if not _is_whole(seed):
        _refuse(f"{place}: seed", "must be a whole number")
    rules = (_rule(rule, here) for rule, here in zip(written.get("rules", []), places, strict=True))
    return FaultPlan(seed=seed, rules=tuple(rules))


def _rule(written: Any, place: str) -> FaultRule:
    if not isinstance(written, dict):
        _refuse(place, "must be an object with 'service' and 'kind'")
    _check_keys(written, (*_RULE_KEYS, *_COUNTS), place)
    for key in ("service", "kind"):
        if key not in written:
            _refuse(place, f"lacks {key!r}")
    service = _one_of(written["service"], (*OPERATIONS, ANY), f"{place}: service")
    kind = FaultKind(_one_of(written["kind"], tuple(FaultKind), f"{place}: kind"))
    if kind is FaultKind.CORRUPT and service not in {"s3", ANY}:
        _refuse(f"{place}: kind", "can be corrupt in s3 only, where GetObject answers with a body")
    operation = _one_of(written.get("operation", ANY), _operations(service, kind), f"{place}: operation")
    probability = written.get("probability", 1.0)
    if not _is_number(probability) or not 0 <= probability <= 1:
        _refuse(f"{place}: probability", "must be a number from 0 to 1")
    limit = written.get("limit")
    if limit is not None and (not _is_whole(limit) or limit < 1):
        _refuse(f"{place}: limit", "must be a whole number from 1 on")
    return FaultRule(
        service=service,
        operation=operation,
        kind=kind,
        probability=float(probability),
        limit=limit,
        ms=_milliseconds(written, kind, place),
    )


def _operations(service: str, kind: FaultKind) -> tuple[str, ...]:
    if kind is FaultKind.CORRUPT:
        return (ANY, "GetObject")
    if service == ANY:
        return (ANY, *sorted(frozenset().union(*OPERATIONS.values())))
    return (ANY, *sorted(OPERATIONS[service]))


def _milliseconds(written: Mapping[str, Any], kind: FaultKind, place: str) -> int:
    if not kind.takes_ms:
        if "ms" in written:
            _refuse(f"{place}: ms", f"means nothing to {kind}; it is for latency and timeout")
        return 0
    ms = written.get("ms", TIMEOUT_MS if kind is FaultKind.TIMEOUT else None)
    if ms is None:
        _refuse(place, "lacks 'ms', the milliseconds that latency adds")
    if not _is_whole(ms) or ms < 0:
        _refuse(f"{place}: ms", "must be a whole number of milliseconds")
    return int(ms)


def _check_keys(written: Mapping[str, Any], known: tuple[str, ...], place: str) -> None:
    for key in written:
        if key not in known:
            _refuse(place, f"has no key {key!r}; {_choices(str(key), known)}")


def _one_of(value: Any, choices: tuple[str, ...], place: str) -> str:
    if value not in choices:
        _refuse(place, f"cannot be {value!r}; {_choices(str(value), choices)}")
    return str(value)


def _choices(value: str, known: tuple[str, ...]) -> str:
    """Name the nearest choices, or all if there are few."""
    few = 10
    near = list(known) if len(known) <= few else difflib.get_close_matches(value, known, n=3, cutoff=0.4)
    return f"use {' or '.join(near)}" if near else "see the service's API reference, or use *"


def _number(text: str, place: str) -> float | int:
    try:
        number = float(text)
    except ValueError:
        _refuse(place, f"has {text!r} where a number must be")
    return int(number) if number.is_integer() else number


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _refuse(place: str, finding: str) -> NoReturn:
    raise _error(f"{place} {finding}")


def _error(message: str) -> ConfigError:
    return ConfigError(message, code="FAULTS_INVALID")
