"""The `activities` of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from cpe.plan.model import ActivityType, Timeouts
from cpe.plan.outputs import OutputExpression, OutputsSpec
from cpe.plan.reader import Reader, items, mapping
from cpe.plan.swf_names import MAX_VERSION
from cpe.source import Path


def read_activities(reader: Reader, root: Mapping[str, Any]) -> dict[str, ActivityType]:
    """Read all activities, by name."""
    activities: dict[str, ActivityType] = {}
    for index, raw in enumerate(items(root, "activities")):
        path: Path = ("activities", index)
        name = reader.name((*path, "name"))
        if name in activities:
            reader.find((*path, "name"), "DUPLICATE_ACTIVITY", f"there are two activities {name!r}")
        activities[name] = _activity(reader, path, name, raw)
    return activities


def read_timeouts(reader: Reader, path: Path, raw: Mapping[str, Any], defaults: Timeouts) -> Timeouts:
    """Read the four timeouts of an activity, with `defaults` for those that are not written.

    Only written ones can contradict each other: the defaults are longer than anything a plan may set.
    """
    timeouts = replace(
        defaults,
        **{key: reader.timeout((*path, key), value) for key, value in asdict(defaults).items() if key in raw},
    )
    seconds = {key: int(text) for key, text in asdict(timeouts).items() if key in raw and text.isdigit()}
    for shorter, longer in (
        ("schedule_to_start_timeout", "schedule_to_close_timeout"),
        ("start_to_close_timeout", "schedule_to_close_timeout"),
        ("heartbeat_timeout", "start_to_close_timeout"),
    ):
        if shorter in seconds and longer in seconds and seconds[shorter] > seconds[longer]:
            message = f"{shorter} {seconds[shorter]} is longer than {longer} {seconds[longer]}"
            reader.find((*path, shorter), "TIMEOUTS_CONTRADICT", message)
    return timeouts


def _activity(reader: Reader, path: Path, name: str, raw: Mapping[str, Any]) -> ActivityType:
    version = reader.name((*path, "version"), most=MAX_VERSION)
    return ActivityType(
        name=name,
        version=version,
        task_list=reader.name((*path, "task_list")) if "task_list" in raw else f"{name}-{version}",
        input_spec=reader.input_spec((*path, "input_spec"), raw.get("input_spec")),
        outputs_spec=_outputs_spec(reader, (*path, "outputs_spec"), raw.get("outputs_spec")),
        timeouts=read_timeouts(reader, path, raw, Timeouts()),
    )


def _outputs_spec(reader: Reader, path: Path, raw: object) -> OutputsSpec:
    expressions: dict[str, OutputExpression] = {}
    for name, text in mapping(raw).items():
        if isinstance(text, str):
            expression = reader.compiled((*path, name), "INVALID_YAQL", partial(OutputExpression, text))
            if expression is not None:
                expressions[name] = expression
    return OutputsSpec(expressions)
