"""Both shapes as plans, for CPE's decider."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from benchmarks.rivals.work import CHAIN, FAN, SHAPES, VERSION, activity_of


def plan_of(shape: str) -> str:
    """Write the plan of a shape. JSON is YAML."""
    steps = _chain() if shape == SHAPES[0] else _fan_out()
    name = activity_of(shape)
    work = {"name": name, "version": VERSION, "task_list": name, "outputs_spec": {"all": "$"}}
    plan = {
        "name": shape,
        "version": VERSION,
        "activities": [work],
        "steps": [{"activity": name, "input": "{{__input__}}", **step} for step in steps],
    }
    return json.dumps(plan)


def _chain() -> Iterator[dict[str, Any]]:
    yield {"name": "Step0"}
    for number in range(1, CHAIN):
        yield {"name": f"Step{number}", "requires": [f"Step{number - 1}"]}


def _fan_out() -> Iterator[dict[str, Any]]:
    parts = [f"Part{number}" for number in range(FAN)]
    yield {"name": "First"}
    for part in parts:
        yield {"name": part, "requires": ["First"]}
    yield {"name": "Last", "requires": parts}
