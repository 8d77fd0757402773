"""Histories that were recorded on the local SWF decide the same again; a changed plan shows where not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cpe.cli.main import cpe
from cpe.decider import replay
from cpe.plan import load_plan, parse_plan
from tests.unit.histories import RUN_ID, HistoryBuilder

HISTORIES = Path(__file__).parents[1] / "histories"
RECORDED = sorted(HISTORIES.glob("*.json"))


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
def test_a_recorded_history_decides_the_same_again(file: Path) -> None:
    document: dict[str, Any] = json.loads(file.read_text("utf-8"))
    plan = load_plan(HISTORIES / document["plan"])
    differences = replay(plan, document["events"], run_id=document["runId"])
    assert not differences, "\n".join(map(str, differences))


def test_there_are_recorded_histories() -> None:
    assert len(RECORDED) >= 8


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
