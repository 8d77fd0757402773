"""Plans of one activity, and what an outcome decides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cpe.decider import Outcome
from cpe.plan import Plan, load_plan, parse_plan

ORIGINAL = load_plan(Path(__file__).parents[2] / "plans" / "transcode.yml")
JOB = {"client": {"name": "ClientA"}, "input_asset": {"file": "in"}, "output_asset": {"file": "out"}}


def make_plan(steps: str, outputs: str = "{ value: '$.value' }") -> Plan:
    return parse_plan(
        "name: P\nversion: 1\nactivities: [{ name: Act, version: 1, outputs_spec: "
        + outputs
        + " }]\nsteps:\n"
        + steps
    )


def scheduled(outcome: Outcome) -> dict[str, Any]:
    """Inputs of the activities that an outcome schedules, by activity id."""
    found = {}
    for decision in outcome.decisions:
        if decision["decisionType"] == "ScheduleActivityTask":
            attributes = decision["scheduleActivityTaskDecisionAttributes"]
            found[attributes["activityId"]] = json.loads(attributes.get("input", "null"))
    return found


def kinds(outcome: Outcome) -> list[str]:
    return [decision["decisionType"] for decision in outcome.decisions]


def types(events: Any) -> list[str]:
    return [event.type.value for event in events]
