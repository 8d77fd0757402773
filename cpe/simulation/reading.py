"""Reading scripts: YAML or JSON text in, a checked :class:`Script` or all findings out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from operator import attrgetter
from pathlib import Path
from typing import Any

import jsonschema

from cpe.errors import ConfigError
from cpe.plan import Finding, Plan, PlanRefused, RunActivity, RunWorkflow
from cpe.plan.for_each import step_of
from cpe.plan.yaml_text import read_source
from cpe.simulation.behaviour import Behaviour, Cancel, Fail, Succeed, TimeOut, TimeoutKind
from cpe.simulation.script import Behaviours, Moment, Script, Signal
from cpe.source import Path as Place
from cpe.source import Source, Suggestions

_TYPE_NAMES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
}
_KINDS = ("result", "text", "fail", "timeout", "cancel")


class ScriptRefused(ConfigError):
    """A script with findings; the message has a line for each, in the order of their places."""

    default_code = "SCRIPT_INVALID"

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(sorted(findings, key=attrgetter("line", "column", "code", "message")))
        super().__init__("\n".join(str(finding) for finding in self.findings))


@cache
def script_schema() -> dict[str, Any]:
    """The JSON Schema of scripts, for editors and for :func:`parse_script`."""
    text = resources.files("cpe.simulation").joinpath("script.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def load_script(path: Path, plans: Iterable[Plan]) -> Script:
    """Read and check a script file.

    Args:
        path: YAML or JSON.
        plans: What it is for: a script may name only what these have.

    Raises:
        ScriptRefused: With every finding, a line each.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        finding = Finding(str(path), 1, 1, "FILE_UNREADABLE", f"cannot read the script: {reason}")
        raise ScriptRefused([finding]) from None
    return parse_script(text, str(path), plans)


def parse_script(text: str, file: str, plans: Iterable[Plan]) -> Script:
    """Check a script's text; as :func:`load_script`."""
    try:
        source = read_source(text, file)
    except PlanRefused as refused:
        raise ScriptRefused(refused.findings) from None
    findings = [*source.findings, *_shape(source)]
    if not findings:  # what follows takes the shape for granted
        findings += _outcome_kinds(source)
        findings += _strangers(source, list(plans))
    if findings:
        raise ScriptRefused(findings)
    return _script(source.value)


# Checks


def _shape(source: Source) -> Iterator[Finding]:
    did_you_mean = Suggestions().did_you_mean
    for error in jsonschema.Draft202012Validator(script_schema()).iter_errors(source.value):
        path = tuple(error.absolute_path)
        name = next((str(part) for part in reversed(path) if isinstance(part, str)), "the script")
        match error.validator:
            case "additionalProperties" if isinstance(error.schema.get("properties"), dict):
                known = error.schema["properties"]
                for key in sorted(error.instance.keys() - known.keys()):
                    message = f"unknown key {key!r}{did_you_mean(key, known)}"
                    yield source.finding((*path, key), "UNKNOWN_KEY", message, key=True)
            case "required":
                yield source.finding(path, "MISSING_KEY", "the key 'name' is missing")
            case "enum":
                word = str(error.instance)
                message = f"{word!r} is no time-out of SWF{did_you_mean(word, error.validator_value)}"
                yield source.finding(path, "UNKNOWN_TIMEOUT", message)
            case _:
                yield source.finding(path, "WRONG_TYPE", f"{name} must {_expectation(error)}")


def _expectation(error: jsonschema.ValidationError) -> str:
    match error.validator:
        case "type":
            expected = str(error.validator_value)
            return f"be {_TYPE_NAMES.get(expected, expected)}"
        case "minItems" | "minLength":
            return "not be empty"
        case "maxLength":
            return f"have at most {error.validator_value} characters"
        case "minimum":
            return f"be at least {error.validator_value}"
        case "maximum":
            return f"be at most {error.validator_value}"
    return f"be {json.dumps(error.validator_value)}"  # const


def _outcomes(source: Source) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    groups: list[tuple[Place, Any]] = [
        (("steps", name), given) for name, given in source.value.get("steps", {}).items()
    ]
    if "default" in source.value:
        groups.append((("default",), source.value["default"]))
    for path, given in groups:
        if isinstance(given, list):
            yield from (((*path, index), one) for index, one in enumerate(given))
        else:
            yield path, given


def _outcome_kinds(source: Source) -> Iterator[Finding]:
    for path, outcome in _outcomes(source):
        kinds = [kind for kind in _KINDS if kind in outcome]
        if len(kinds) != 1:
            found = " and ".join(kinds) or "none of them"
            message = f"an outcome has one of {', '.join(_KINDS)}; this has {found}"
            yield source.finding(path, "OUTCOME_KIND", message)
        elif "details" in outcome and kinds != ["fail"]:
            yield source.finding((*path, "details"), "OUTCOME_KIND", "details go with 'fail'", key=True)
        elif "after" in outcome and outcome.get("timeout") not in (None, TimeoutKind.HEARTBEAT):
            message = f"'after' does not go with {outcome['timeout']}: no worker ends then"
            yield source.finding((*path, "after"), "OUTCOME_KIND", message, key=True)


def _strangers(source: Source, plans: list[Plan]) -> Iterator[Finding]:
    """Find names that stand for nothing: a mistyped one would change nothing, and nobody would notice."""
    did_you_mean = Suggestions().did_you_mean
    running: dict[str, RunActivity | RunWorkflow] = {
        step.name: step.work
        for plan in plans
        for step in plan.steps
        if isinstance(step.work, RunActivity | RunWorkflow)
    }
    each = {name for name, work in running.items() if work.for_each}
    types = {work.activity.name if isinstance(work, RunActivity) else work.name for work in running.values()}
    for name in source.value.get("steps", {}):
        if name not in running.keys() | types and step_of(name) not in each:
            message = f"no step or activity {name!r} runs{did_you_mean(name, running.keys() | types)}"
            yield source.finding(("steps", name), "UNKNOWN_STEP", message, key=True)
    count = len(source.value.get("signals", ()))
    places: list[Place] = [*(("signals", index, "step") for index in range(count)), ("cancel", "step")]
    for path in places:
        step = source.texts.get(path)
        if step is not None and step not in running:
            yield source.finding(path, "UNKNOWN_STEP", f"no step {step!r} runs{did_you_mean(step, running)}")


# Values


def _script(value: Mapping[str, Any]) -> Script:
    cancel = value.get("cancel")
    return Script(
        behaviours={name: _behaviours(given) for name, given in value.get("steps", {}).items()},
        default=_behaviours(value.get("default", {"result": {}})),
        signals=tuple(
            Signal(name=one["name"], at=_moment(one), text=_text(one)) for one in value.get("signals", ())
        ),
        cancel=None if cancel is None else _moment(cancel),
        workers=value.get("workers"),
        input=value.get("input"),
    )


def _moment(value: Mapping[str, Any]) -> Moment:
    return Moment(seconds=value.get("at", 0), step=value.get("step"))


def _text(signal: Mapping[str, Any]) -> str | None:
    return json.dumps(signal["input"], ensure_ascii=False) if "input" in signal else None


def _behaviours(given: Any) -> Behaviours:
    return tuple(_behaviour(one) for one in (given if isinstance(given, list) else [given]))


def _behaviour(outcome: Mapping[str, Any]) -> Behaviour:
    after = outcome.get("after", 0)
    if "fail" in outcome:
        return Fail(code=outcome["fail"], details=outcome.get("details", ""), after=after)
    if "timeout" in outcome:
        return TimeOut(kind=TimeoutKind(outcome["timeout"]), after=after)
    if "cancel" in outcome:
        return Cancel(after=after)
    if "text" in outcome:
        return Succeed(text=outcome["text"], after=after)
    return Succeed.with_value(outcome["result"], after=after)
