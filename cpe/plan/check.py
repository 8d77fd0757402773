"""The checks that make a plan of a source. All findings are collected before any is reported."""

from __future__ import annotations

from collections.abc import Mapping

from cpe.plan.check_activities import read_activities
from cpe.plan.check_steps import read_steps
from cpe.plan.findings import PlanRefused
from cpe.plan.graph import CycleError, topological_order
from cpe.plan.model import Plan, Step
from cpe.plan.reader import Reader
from cpe.plan.shape import check_shape
from cpe.plan.source import Path, Source
from cpe.plan.swf_names import MAX_EXECUTION_SECONDS, MAX_VERSION

DEFAULT_EXECUTION_TIMEOUT = "2592000"
"""30 days, as the original's plans have it."""

DEFAULT_TASK_TIMEOUT = "60"
"""A decision takes milliseconds; a decider that died with one delays its workflow by this."""


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
    name, version = reader.name(("name",)), reader.name(("version",), most=MAX_VERSION)
    result = reader.template(("result",), root.get("result"), required=set(steps), known=set(steps))
    input_spec = reader.input_spec(("input_spec",), root.get("input_spec"))
    execution_timeout = _execution_timeout(reader)
    task_timeout = reader.timeout(("default_task_start_to_close_timeout",), DEFAULT_TASK_TIMEOUT)
    order = _order(reader, steps)
    if reader.findings:
        raise PlanRefused(reader.findings)
    return Plan(
        name=name,
        version=version,
        activities=tuple(activities.values()),
        steps=tuple(steps[step] for step in order),
        input_spec=input_spec,
        result=result,
        default_execution_start_to_close_timeout=execution_timeout,
        default_task_start_to_close_timeout=task_timeout,
    )


def _execution_timeout(reader: Reader) -> str:
    path: Path = ("default_execution_start_to_close_timeout",)
    text = reader.timeout(path, DEFAULT_EXECUTION_TIMEOUT, none_allowed=False)
    if text.isdigit() and int(text) > MAX_EXECUTION_SECONDS:
        reader.find(path, "INVALID_TIMEOUT", f"{path[-1]} must be at most {MAX_EXECUTION_SECONDS}, a year")
    return text


def _order(reader: Reader, steps: Mapping[str, Step]) -> list[str]:
    requires = {
        name: {one.step for one in step.requires if one.step in steps} for name, step in steps.items()
    }
    try:
        return topological_order(requires)
    except CycleError as error:
        index = list(steps).index(error.cycle[0])
        reader.find(("steps", index, "requires"), "CYCLE", f"steps require each other: {error}")
        return []
