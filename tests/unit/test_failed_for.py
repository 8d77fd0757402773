"""`failed_for`: a step that goes on where another one failed, for some reasons only."""

from __future__ import annotations

import pytest

from cpe.plan import PlanRefused, parse_plan
from cpe.plan.diagram import Diagram
from cpe.plan.model import StepStatus
from cpe.simulation import Behaviour, Cancel, Fail, Script, Status, Succeed, TimeOut, TimeoutKind, simulate

_PLAN = """
name: P
version: "1"
activities: [{{ name: Try, version: "1" }}, {{ name: Again, version: "1" }}]
steps:
  - {{ name: First, activity: Try, retry: {{ max_attempts: 2, on: [BUSY] }} }}
  - {{ name: Other, activity: Try }}
  - {{ name: Second, activity: Again, requires: {requires}, failed_for: {reasons} }}
"""
_FIRST = "[[First, failed]]"
_FINE = Succeed.with_value({})


@pytest.mark.parametrize(
    ("behaviour", "reasons", "handled"),
    [
        (Fail(code="OUTPUT_INVALID"), "[OUTPUT_INVALID]", True),
        (Fail(code="OUTPUT_INVALID"), "[BUSY, OUTPUT_INVALID]", True),
        (Fail(code="OUTPUT_INVALID"), "[]", True),
        (Fail(code="ACCESS_DENIED"), "[OUTPUT_INVALID]", False),
        (Fail(code="BUSY"), "[BUSY]", True),
        (TimeOut(kind=TimeoutKind.HEARTBEAT), "[OUTPUT_INVALID]", False),
        (TimeOut(kind=TimeoutKind.HEARTBEAT), "[TIMEOUT_HEARTBEAT]", True),
        (Cancel(), "[OUTPUT_INVALID]", False),
    ],
)
def test_a_failure_is_handled_for_its_reasons_only(behaviour: Behaviour, reasons: str, handled: bool) -> None:
    plan = parse_plan(_PLAN.format(requires=_FIRST, reasons=reasons))
    script = Script(behaviours={"First": (behaviour, behaviour), "Other": (_FINE,)})
    run = simulate(plan, {}, script)
    assert run.steps["Second"] is (StepStatus.SUCCEEDED if handled else StepStatus.SKIPPED)
    assert run.status is (Status.COMPLETED if handled else Status.FAILED)
    if not handled:
        assert run.reason.startswith("First: ")


def test_a_step_that_did_not_fail_is_not_gone_on_from() -> None:
    plan = parse_plan(_PLAN.format(requires=_FIRST, reasons="[OUTPUT_INVALID]"))
    run = simulate(plan, {}, Script(behaviours={"First": (_FINE,), "Other": (_FINE,)}))
    assert run.steps["Second"] is StepStatus.SKIPPED
    assert run.succeeded


@pytest.mark.parametrize(("code", "handled"), [("OUTPUT_INVALID", True), ("ACCESS_DENIED", False)])
def test_all_that_are_required_as_failed_must_have_failed_for_them(code: str, handled: bool) -> None:
    both = "[[First, failed], [Other, failed]]"
    plan = parse_plan(_PLAN.format(requires=both, reasons="[OUTPUT_INVALID]"))
    failures = {"First": (Fail(code="OUTPUT_INVALID"),), "Other": (Fail(code=code),)}
    assert simulate(plan, {}, Script(behaviours=failures)).succeeded is handled


def test_only_the_reasons_of_those_required_as_failed_count() -> None:
    requires = "[[First, failed], Other]"
    plan = parse_plan(_PLAN.format(requires=requires, reasons="[OUTPUT_INVALID]"))
    failures = {"First": (Fail(code="OUTPUT_INVALID"),), "Other": (Fail(code="ACCESS_DENIED"),)}
    assert simulate(plan, {}, Script(behaviours=failures)).succeeded


@pytest.mark.parametrize("requires", ["[First]", "[[First, succeeded]]", "[]"])
def test_it_belongs_to_a_failure(requires: str) -> None:
    with pytest.raises(PlanRefused, match="STEP_KIND: 'failed_for' belongs to a step that requires another"):
        parse_plan(_PLAN.format(requires=requires, reasons="[OUTPUT_INVALID]"))


def test_it_is_drawn() -> None:
    plan = parse_plan(_PLAN.format(requires=_FIRST, reasons="[B, A]"))
    assert "Again 1 after A, B" in [box.detail for box in Diagram.of(plan).boxes]
