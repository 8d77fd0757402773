"""Histories that were recorded on the local SWF decide the same again; a changed plan shows where not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cpe.cli.main import cpe
from cpe.decider import Difference, replay
from cpe.plan import Plan, load_plan, parse_plan
from tests.unit.histories import RUN_ID, HistoryBuilder

HISTORIES = Path(__file__).parents[1] / "histories"
PLANS = HISTORIES.parent / "plans"
RECORDED = sorted(HISTORIES.glob("*.json"))


def replayed(file: Path, plan: Plan) -> list[Difference]:
    """Decide a recorded history again."""
    document: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return replay(
        plan,
        document["events"],
        run_id=document["runId"],
        workflow_id=document["workflowId"],
        payloads=document.get("payloads", {}),
    )


def plan_of(file: Path) -> Path:
    name: str = json.loads(file.read_text("utf-8"))["plan"]
    return HISTORIES / name


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
def test_a_recorded_history_decides_the_same_again(file: Path) -> None:
    differences = replayed(file, load_plan(plan_of(file)))
    assert not differences, "\n".join(map(str, differences))


def test_every_plan_and_every_event_that_decides_something_is_recorded() -> None:
    plans = {plan_of(file).name for file in RECORDED}
    # Another version of one that is.
    assert plans == {plan.name for plan in PLANS.glob("*.yml")} - {"again_2.yml"}
    types = {
        event["eventType"] for file in RECORDED for event in json.loads(file.read_text("utf-8"))["events"]
    }
    assert types >= {
        "ActivityTaskCanceled",
        "ActivityTaskTimedOut",
        "ChildWorkflowExecutionCanceled",
        "ChildWorkflowExecutionCompleted",
        "ChildWorkflowExecutionFailed",
        "ChildWorkflowExecutionTerminated",
        "MarkerRecorded",
        "ScheduleActivityTaskFailed",
        "TimerFired",
        "WorkflowExecutionContinuedAsNew",
        "WorkflowExecutionSignaled",
    }


CHANGES = {
    "for_each": ("max_parallel: 3", "max_parallel: 2", r"- schedule Do\[2\] \(Work v1\)"),
    "retry_success": ("interval: 1", "interval: 9", r"- start timer retry\.Try\.1 of 1 s\n  \+ .* of 9 s"),
    "retry_never": ('never: ["BROKEN"]', "never: []", r"- fail: Try: BROKEN\n  \+ start timer"),
    "wait": ("wait: 3600", "wait: 60", r"\+ start timer wait\.Pause of 60 s"),
    "signal": ('{"value": 7}', '{"value": 8}', r'\+ schedule Do \(Work v1\): {"value":8}'),
    "child": (
        'version: "1.0", timeout',
        'version: "2.0", timeout',
        r"\+ start Child as .*~Child \(Again 2\.0\)",
    ),
    "cancelled_and_cleaned": ("on_cancel: Remove, ", "", r"\+ schedule Remove \(Work v1\)"),
    "continued": ("continue_after: 50", "continue_after: 5000", r"- continue as new: "),
    "by_reference": ("{{__input__.try}}", "{{__input__}}", r"\+ schedule Try .*payload of 33\d\d\d bytes"),
    "signal_timed_out": ("timeout: 600", "timeout: 60", r"\+ start timer signal\.Ask of 60 s"),
}
"""By recording: a text of its plan, what stands there instead, and how a difference is told."""


@pytest.mark.parametrize("name", CHANGES)
def test_a_plan_that_was_changed_is_told_from_the_one_that_was_recorded(name: str) -> None:
    file = HISTORIES / f"{name}.json"
    before, after, told = CHANGES[name]
    text = plan_of(file).read_text("utf-8")
    assert before in text
    differences = "\n".join(map(str, replayed(file, parse_plan(text.replace(before, after)))))
    assert re.search(told, differences), differences


STEPS = "name: P\nversion: 1\nactivities: [{ name: Act, version: 1 }]\nsteps:\n  - { name: A, activity: Act, input: '%s' }\n"


def recorded() -> list[dict[str, Any]]:
    plan = parse_plan(STEPS % "1")
    history = HistoryBuilder()
    history.decide(plan)
    history.complete("A")
    history.decide(plan)
    return history.events


def test_a_changed_plan_shows_what_would_be_decided_now() -> None:
    (difference,) = replay(parse_plan(STEPS % "2"), recorded(), run_id=RUN_ID)
    assert str(difference) == "decision 3:\n  - schedule A (Act 1): 1\n  + schedule A (Act 1): 2"


def test_the_command_tells_what_differs(tmp_path: Path) -> None:
    (tmp_path / "same.yml").write_text(STEPS % "1")
    (tmp_path / "other.yml").write_text(STEPS % "2")
    history = tmp_path / "history.json"
    events = [{**event, "eventTimestamp": "2026-01-31T12:00:00.500000+00:00"} for event in recorded()]
    history.write_text(json.dumps({"events": events}))
    same = CliRunner().invoke(cpe, ["plan", "replay", str(tmp_path / "same.yml"), str(history)])
    assert (same.exit_code, same.output) == (0, f"{history}: the same\n")
    other = CliRunner().invoke(cpe, ["plan", "replay", str(tmp_path / "other.yml"), str(history)])
    assert other.exit_code == 1
    assert other.output.startswith(f"{history}: differs\ndecision 3:\n")


def test_what_is_no_history_is_named(tmp_path: Path) -> None:
    (tmp_path / "plan.yml").write_text(STEPS % "1")
    (tmp_path / "none.json").write_text("[]")
    done = CliRunner().invoke(
        cpe, ["plan", "replay", str(tmp_path / "plan.yml"), str(tmp_path / "none.json")]
    )
    assert "is no history" in str(done.exception)
