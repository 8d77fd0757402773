"""Faults in one execution's data fail one step, once, with a code."""

from __future__ import annotations

import pytest

from tests.unit.decider_plans import ORIGINAL, kinds, make_plan, scheduled, types
from tests.unit.histories import HistoryBuilder


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("{", "RESULT_NOT_JSON"),
        ("NaN", "RESULT_NOT_JSON"),
        ("[" * 30_000, "RESULT_NOT_JSON"),
        ("{}", "OUTPUT_MISSING"),
    ],
)
def test_a_poisonous_result_fails_its_step_with_a_code(raw: str, code: str) -> None:
    plan = make_plan(
        "  - {name: S, activity: Act}\n  - {name: Rescue, activity: Act, requires: [[S, failed]]}",
    )
    history = HistoryBuilder()
    history.decide(plan)
    history.complete("S", raw=raw)
    outcome = history.decide(plan)
    assert kinds(outcome) == ["RecordMarker", "ScheduleActivityTask"]
    assert types(outcome.announcements) == ["ACTIVITY_FAILED", "ACTIVITY_SCHEDULED"]
    assert outcome.announcements[0].details["result"]["reason"] == code


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("{{S.nope}}", "TEMPLATE_MISSING_VALUE"),
        ("oops", "TEMPLATE_NOT_JSON"),
        ('"{{"x" * 40000}}"', "TEMPLATE_NOT_JSON"),
        ('{{"x" * 40000}}', "INPUT_TOO_LARGE"),
    ],
)
def test_an_input_that_cannot_be_made_fails_its_step_once(template: str, code: str) -> None:
    plan = make_plan(
        "  - {name: S, activity: Act}\n  - {name: Other, activity: Act}\n"
        f"  - {{name: N, activity: Act, requires: [S], input: '{template}'}}\n"
        "  - {name: Rescue, activity: Act, requires: [[N, failed]]}"
    )
    history = HistoryBuilder()
    history.decide(plan)
    history.complete("S", {"value": 1})
    first = history.decide(plan)
    assert kinds(first) == ["RecordMarker", "ScheduleActivityTask"]
    failed = first.announcements[0]
    assert failed.details["result"]["reason"] == code
    history.complete("Other", {"value": 1})
    second = history.decide(plan)
    assert second.decisions == ()
    assert failed.event_id in [event.event_id for event in second.facts]
    history.complete("Rescue", {"value": 1})
    history.decide(plan)
    assert history.closed == "CompleteWorkflowExecution"


def test_a_recorded_fault_stays_although_the_plan_was_mended() -> None:
    steps = "  - {name: S, activity: Act, input: '%s'}\n  - {name: R, activity: Act, requires: [[S, failed]]}"
    history = HistoryBuilder()
    history.decide(make_plan(steps % "oops"))
    outcome = history.decide(make_plan(steps % "1"))
    assert scheduled(outcome) == {}
    assert history.open_activities == ["R"]


def test_an_input_spec_of_the_activity_is_checked() -> None:
    history = HistoryBuilder({"client": {}, "input_asset": {}})
    history.decide(ORIGINAL)
    history.complete("ValidateAssetStep", {})
    outcome = history.decide(ORIGINAL)
    assert outcome.closing is not None
    assert outcome.closing.details["reason"] == "TranscodeAssetStep: TEMPLATE_MISSING_VALUE"
    assert "output_asset" in outcome.closing.details["details"]


@pytest.mark.parametrize(("raw", "code"), [("[1]", "INPUT_INVALID"), ("{", "INPUT_NOT_JSON")])
def test_a_workflow_input_that_is_refused_fails_the_workflow(raw: str, code: str) -> None:
    history = HistoryBuilder(raw_input=raw)
    outcome = history.decide(ORIGINAL)
    assert kinds(outcome) == ["FailWorkflowExecution"]
    assert outcome.closing is not None
    assert outcome.closing.details["reason"] == code
