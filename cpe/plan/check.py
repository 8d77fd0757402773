"""The checks that make a plan of a source. All findings are collected before any is reported."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cpe.plan.check_activities import read_activities
from cpe.plan.check_steps import read_steps, step_paths
from cpe.plan.findings import PlanRefused
from cpe.plan.graph import CycleError, Dependencies, topological_order
from cpe.plan.model import AwaitSignal, Plan, Step
from cpe.plan.reader import Reader
from cpe.plan.shape import check_shape
from cpe.plan.swf_names import MAX_EXECUTION_SECONDS, MAX_NAME, MAX_VERSION
from cpe.source import Path, Source

DEFAULT_EXECUTION_TIMEOUT = "2592000"
"""30 days, as the original's plans have it."""

DEFAULT_TASK_TIMEOUT = "60"
"""A decision takes milliseconds; a decider that died with one delays its workflow by this."""

DEFAULT_CONTINUE_AFTER = 8000
"""History events. SWF advises to stay under 10,000 and ends an execution at 25,000."""

MAX_TAGS = 3
"""Of SWF's five; two are the client and the job."""

_MAX_CYCLES = 10
"""Cycles that are told of one plan."""


def check_source(source: Source) -> Plan:
    """Check a parsed plan and compile its templates, schemas and expressions.

    Raises:
        PlanRefused: With every finding.
    """
    reader = Reader(source, [*source.findings, *check_shape(source)])
    root = source.value
    if not isinstance(root, dict):
        raise PlanRefused(reader.findings)
    activities = read_activities(reader, root)
    steps = read_steps(reader, root, activities)
    paths = step_paths(reader, root)
    _check_cleanups(reader, steps, paths)
    name, version = reader.name(("name",)), reader.name(("version",), most=MAX_VERSION)
    result = reader.template(("result",), root.get("result"), required=set(steps), known=set(steps))
    input_spec = reader.input_spec(("input_spec",), root.get("input_spec"))
    execution_timeout = _execution_timeout(reader)
    task_timeout = reader.timeout(("default_task_start_to_close_timeout",), DEFAULT_TASK_TIMEOUT)
    tags = _tags(reader, root)
    order = _order(reader, steps, paths)
    if reader.findings:
        raise PlanRefused(reader.findings)
    ordered = tuple(steps[step] for step in order)
    return Plan(
        name=name,
        version=version,
        activities=tuple(activities.values()),
        steps=ordered,
        dependencies=Dependencies.of(
            {step.name: [(one.step, one.status) for one in step.requires] for step in ordered}
        ),
        input_spec=input_spec,
        result=result,
        tags=tags,
        continue_after=root.get("continue_after") or DEFAULT_CONTINUE_AFTER,
        digest=_digest(root),
        default_execution_start_to_close_timeout=execution_timeout,
        default_task_start_to_close_timeout=task_timeout,
    )


def _execution_timeout(reader: Reader) -> str:
    path: Path = ("default_execution_start_to_close_timeout",)
    text = reader.timeout(path, DEFAULT_EXECUTION_TIMEOUT, none_allowed=False)
    if text.isdigit() and int(text) > MAX_EXECUTION_SECONDS:
        reader.find(path, "INVALID_TIMEOUT", f"{path[-1]} must be at most {MAX_EXECUTION_SECONDS}, a year")
    return text


def _order(reader: Reader, steps: Mapping[str, Step], paths: Mapping[str, Path]) -> list[str]:
    requires = {
        name: {one.step for one in step.requires if one.step in steps} for name, step in steps.items()
    }
    for _ in range(_MAX_CYCLES):
        try:
            return topological_order(requires)
        except CycleError as error:
            reader.find((*paths[error.cycle[0]], "requires"), "CYCLE", f"steps require each other: {error}")
            requires |= {name: set() for name in error.cycle}
    return []


def _check_cleanups(reader: Reader, steps: Mapping[str, Step], paths: Mapping[str, Path]) -> None:
    """A step that runs only when the job is cancelled must hold up neither the others nor the job's end."""
    cleanups = {step.on_cancel for step in steps.values()}
    for step in steps.values():
        place = paths[step.name]
        if step.on_cancel is not None and step.name in cleanups:
            message = f"{step.name!r} runs when the job is cancelled; it cannot be cleaned up after itself"
            reader.find((*place, "on_cancel"), "INVALID_CLEANUP", message, key=True)
        if step.name in cleanups:
            if isinstance(step.work, AwaitSignal) and step.work.timeout is None:
                message = (
                    f"{step.name!r} runs when the job is cancelled; without a timeout the job may stay open"
                )
                reader.find((*place, "signal"), "INVALID_CLEANUP", message, key=True)
            continue
        for required in sorted(cleanups & {one.step for one in step.requires}, key=str):
            message = f"{required!r} runs only when the job is cancelled; {step.name!r} cannot require it"
            reader.find((*place, "requires"), "INVALID_CLEANUP", message)


def _tags(reader: Reader, root: Mapping[str, Any]) -> tuple[str, ...]:
    raw = root.get("tags")
    count = len(raw) if isinstance(raw, list) else 0
    if count > MAX_TAGS:
        reader.find(("tags",), "INVALID_TAGS", f"SWF takes {MAX_TAGS} tags besides the client and the job")
    tags = tuple(reader.text(("tags", index)) for index in range(count))
    for index, tag in enumerate(tags):
        if not 1 <= len(tag) <= MAX_NAME:
            reader.find(("tags", index), "INVALID_TAGS", f"a tag has 1 to {MAX_NAME} characters")
    return tags


def _digest(root: Mapping[str, Any]) -> str:
    plain = dict(root)
    for part in ("activities", "steps"):
        plain[part] = sorted(root[part], key=lambda entry: str(entry["name"]))
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
