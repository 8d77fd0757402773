"""The decider, one behaviour of the plan language at a time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import botocore.loaders
import pytest

from cpe.decider import Outcome
from cpe.decider.activities import MAX_HANDBACKS
from cpe.decider.fold import MEANINGS
from cpe.plan import Plan, load_plan, parse_plan
from tests.unit.histories import RUN_ID, HistoryBuilder

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


def test_the_original_plan_from_start_to_end() -> None:
    history = HistoryBuilder(JOB)
    first = history.decide(ORIGINAL)
    assert first.facts == ()
    (decision,) = first.decisions
    assert decision["scheduleActivityTaskDecisionAttributes"] == {
        "activityId": "ValidateAssetStep",
        "activityType": {"name": "ValidateAsset", "version": "v2"},
        "taskList": {"name": "ValidateAsset-v2"},
        "input": json.dumps(JOB, separators=(",", ":")),
        "heartbeatTimeout": "60",
        "scheduleToStartTimeout": "43200",
        "scheduleToCloseTimeout": "518400",
        "startToCloseTimeout": "432000",
    }
    assert types(first.announcements) == ["ACTIVITY_SCHEDULED"]

    history.start("ValidateAssetStep")
    history.complete("ValidateAssetStep", {"duration": 5.3})
    second = history.decide(ORIGINAL)
    assert types(second.facts) == ["ACTIVITY_SCHEDULED", "ACTIVITY_COMPLETED"]
    assert scheduled(second) == {
        "TranscodeAssetStep": {**JOB, "input_asset_metadata": {"duration": 5.3}},
    }

    history.start("TranscodeAssetStep")
    history.complete("TranscodeAssetStep", {"outputs": []})
    third = history.decide(ORIGINAL)
    assert kinds(third) == ["CompleteWorkflowExecution"]
    assert third.closing is not None
    assert third.closing.type == "WORKFLOW_COMPLETED"
    assert third.closing.job_id == "job-1"


def test_a_scheduled_activity_is_reported_once_under_one_id() -> None:
    history = HistoryBuilder(JOB)
    announced = history.decide(ORIGINAL).announcements[0]
    history.complete("ValidateAssetStep", {})
    reported = history.decide(ORIGINAL).facts[0]
    assert reported.type == announced.type
    assert reported.event_id == announced.event_id


def test_facts_are_reported_again_until_an_answer_is_taken() -> None:
    history = HistoryBuilder(JOB)
    history.decide(ORIGINAL)
    history.complete("ValidateAssetStep", {})
    history.begin_decision()
    lost = history.outcome(ORIGINAL)
    history.add("DecisionTaskTimedOut", timeoutType="START_TO_CLOSE")
    again = history.decide(ORIGINAL)
    assert lost.decisions == again.decisions
    assert [event.event_id for event in lost.facts] == [event.event_id for event in again.facts]
    assert types(again.facts) == ["ACTIVITY_SCHEDULED", "ACTIVITY_COMPLETED"]
    history.complete("TranscodeAssetStep", {})
    assert types(history.decide(ORIGINAL).facts) == ["ACTIVITY_SCHEDULED", "ACTIVITY_COMPLETED"]


def test_events_that_come_while_deciding_are_reported_next_time() -> None:
    plan = make_plan("  - {name: A, activity: Act}\n  - {name: B, activity: Act}")
    history = HistoryBuilder()
    history.decide(plan)
    history.complete("A", {"value": 1})
    started = history.begin_decision()
    outcome = history.outcome(plan)
    history.complete("B", {"value": 2})
    history.answer(started, outcome)
    final = history.decide(plan)
    assert [event.activity and event.activity.activity_id for event in final.facts] == ["B"]
    assert history.closed == "CompleteWorkflowExecution"


@pytest.mark.parametrize(
    ("end", "event", "reason"),
    [
        ("fail", "ACTIVITY_FAILED", "S: BROKEN"),
        ("time_out", "ACTIVITY_TIMEOUT", "S: TIMEOUT_HEARTBEAT"),
        ("cancel", "ACTIVITY_CANCELED", "S: ACTIVITY_CANCELED"),
    ],
)
def test_a_failed_timed_out_or_cancelled_activity_is_a_failed_step(end: str, event: str, reason: str) -> None:
    plan = make_plan("  - {name: S, activity: Act}\n  - {name: N, activity: Act, requires: [[S, succeeded]]}")
    history = HistoryBuilder()
    history.decide(plan)
    getattr(history, end)("S")
    outcome = history.decide(plan)
    assert types(outcome.facts) == ["ACTIVITY_SCHEDULED", event]
    assert kinds(outcome) == ["FailWorkflowExecution"]
    assert outcome.closing is not None
    assert outcome.closing.details["reason"] == reason
    assert outcome.closing.details["failedSteps"][0]["step"] == "S"


@pytest.mark.parametrize(
    ("status", "ending", "ran"),
    [
        ("succeeded", "complete", True),
        ("succeeded", "fail", False),
        ("failed", "fail", True),
        ("failed", "complete", False),
        ("completed", "complete", True),
        ("completed", "fail", True),
        ("skipped", "complete", False),
    ],
)
def test_a_step_runs_if_its_requirement_ended_as_required_and_is_skipped_otherwise(
    status: str, ending: str, ran: bool
) -> None:
    plan = make_plan(
        f"  - {{name: S, activity: Act}}\n  - {{name: N, activity: Act, requires: [[S, {status}]]}}"
    )
    history = HistoryBuilder()
    history.decide(plan)
    if ending == "complete":
        history.complete("S", {"value": 1})
    else:
        history.fail("S")
    outcome = history.decide(plan)
    assert ("N" in scheduled(outcome)) is ran
    if not ran:
        assert history.closed == (
            "CompleteWorkflowExecution" if ending == "complete" else "FailWorkflowExecution"
        )


def test_a_plain_name_requires_completed() -> None:
    plan = make_plan("  - {name: S, activity: Act}\n  - {name: N, activity: Act, requires: [S]}")
    history = HistoryBuilder()
    history.decide(plan)
    history.fail("S")
    assert scheduled(history.decide(plan)) == {"N": None}


def test_a_skipped_step_satisfies_completed_and_skipped() -> None:
    plan = make_plan(
        "  - {name: S, activity: Act}\n"
        "  - {name: Rescue, activity: Act, requires: [[S, failed]]}\n"
        "  - {name: After, activity: Act, requires: [Rescue]}\n"
        "  - {name: Instead, activity: Act, requires: [[Rescue, skipped]]}\n"
    )
    history = HistoryBuilder()
    history.decide(plan)
    history.complete("S", {"value": 1})
    assert scheduled(history.decide(plan)) == {"After": None, "Instead": None}


def test_a_handled_failure_lets_the_workflow_succeed() -> None:
    plan = make_plan(
        "  - {name: S, activity: Act}\n  - {name: Rescue, activity: Act, requires: [[S, failed]]}"
    )
    history = HistoryBuilder()
    history.decide(plan)
    history.fail("S")
    history.decide(plan)
    history.complete("Rescue", {"value": 1})
    history.decide(plan)
    assert history.closed == "CompleteWorkflowExecution"


def test_a_failure_whose_handler_may_still_run_does_not_end_the_workflow() -> None:
    plan = make_plan(
        "  - {name: S, activity: Act}\n  - {name: T, activity: Act}\n"
        "  - {name: Rescue, activity: Act, requires: [[S, failed], [T, succeeded]]}"
    )
    history = HistoryBuilder()
    history.decide(plan)
    history.fail("S")
    assert history.decide(plan).decisions == ()
    history.complete("T", {"value": 1})
    assert scheduled(history.decide(plan)) == {"Rescue": None}


def test_a_failure_whose_handler_was_skipped_ends_the_workflow() -> None:
    plan = make_plan(
        "  - {name: S, activity: Act}\n  - {name: T, activity: Act}\n"
        "  - {name: Rescue, activity: Act, requires: [[S, failed], [T, failed]]}"
    )
    history = HistoryBuilder()
    history.decide(plan)
    history.fail("S")
    history.decide(plan)
    history.complete("T", {"value": 1})
    history.decide(plan)
    assert history.closed == "FailWorkflowExecution"


def test_eval_computes_a_value_without_an_activity() -> None:
    plan = make_plan(
        "  - {name: S, activity: Act}\n"
        "  - name: V\n    requires: [S]\n    eval: '{\"twice\": {{S.value * 2}}}'\n"
        "  - {name: N, activity: Act, requires: [V], input: '{{V.twice}}'}"
    )
    history = HistoryBuilder()
    history.decide(plan)
    history.complete("S", {"value": 21})
    assert scheduled(history.decide(plan)) == {"N": 42}


def test_an_output_with_a_free_name_is_reached_by_index() -> None:
    plan = make_plan(
        "  - {name: S, activity: Act}\n  - {name: N, activity: Act, requires: [S], input: \"{{S['home-address']}}\"}",
        outputs="{ home-address: '$.addresses.home' }",
    )
    history = HistoryBuilder()
    history.decide(plan)
    history.complete("S", {"addresses": {"home": "Main St"}})
    assert scheduled(history.decide(plan)) == {"N": "Main St"}


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


def test_a_schedule_that_swf_refuses_fails_the_step_with_the_cause() -> None:
    history = HistoryBuilder(JOB)
    history.decide(ORIGINAL)
    history.refuse_schedule("ValidateAssetStep", "ACTIVITY_TYPE_DOES_NOT_EXIST")
    outcome = history.decide(ORIGINAL)
    assert types(outcome.facts) == ["ACTIVITY_FAILED"]
    assert history.closed == "FailWorkflowExecution"
    assert outcome.closing is not None
    assert outcome.closing.details["reason"] == "ValidateAssetStep: ACTIVITY_TYPE_DOES_NOT_EXIST"


def test_a_task_handed_back_by_a_stopped_worker_is_scheduled_again() -> None:
    plan = make_plan("  - {name: S, activity: Act, input: '[1]'}")
    history = HistoryBuilder()
    history.decide(plan)
    history.fail("S", reason="WORKER_STOPPED")
    outcome = history.decide(plan)
    assert scheduled(outcome) == {"S": [1]}
    handed_back = outcome.facts[-1]
    assert handed_back.type == "ACTIVITY_FAILED"
    assert handed_back.details["result"]["willRetry"] is True
    assert outcome.announcements[0].details == {"attempt": 2}
    history.complete("S", {"value": 1})
    history.decide(plan)
    assert history.closed == "CompleteWorkflowExecution"


def test_a_failed_activity_is_tried_again_after_its_interval() -> None:
    plan = make_plan("  - {name: S, activity: Act, input: '[1]', retry: {max_attempts: 3, interval: 5}}")
    history = HistoryBuilder()
    history.decide(plan)
    history.fail("S")
    waiting = history.decide(plan)
    assert kinds(waiting) == ["StartTimer"]
    assert waiting.facts[-1].details["result"]["willRetry"] is True
    assert history.timers == {"retry.S.1": 5}
    assert history.decide(plan).decisions == ()
    history.fire("retry.S.1")
    assert scheduled(history.decide(plan)) == {"S": [1]}
    history.time_out("S")
    timed_out = history.decide(plan)
    assert timed_out.facts[-1].details["willRetry"] is True
    assert history.timers == {"retry.S.2": 10}
    history.fire("retry.S.2")
    history.decide(plan)
    history.fail("S", reason="LAST")
    last = history.decide(plan)
    assert last.facts[-1].details["result"] == {
        "reason": "LAST",
        "details": "it broke",
        "attempt": 3,
        "willRetry": False,
    }
    assert history.closed == "FailWorkflowExecution"


def test_only_the_reasons_a_plan_names_are_tried_again() -> None:
    plan = make_plan("  - {name: S, activity: Act, retry: {interval: 0, on: [TIMEOUT_HEARTBEAT]}}")
    history = HistoryBuilder()
    history.decide(plan)
    history.time_out("S")
    assert scheduled(history.decide(plan)) == {"S": None}
    history.fail("S")
    history.decide(plan)
    assert history.closed == "FailWorkflowExecution"


def test_a_cancelled_activity_is_not_tried_again() -> None:
    plan = make_plan("  - {name: S, activity: Act, retry: {max_attempts: 9}}")
    history = HistoryBuilder()
    history.decide(plan)
    history.cancel("S")
    history.decide(plan)
    assert history.closed == "FailWorkflowExecution"


def test_a_timer_that_swf_refuses_does_not_hold_up_the_next_attempt() -> None:
    plan = make_plan("  - {name: S, activity: Act, retry: {interval: 5}}")
    history = HistoryBuilder()
    history.decide(plan)
    history.fail("S")
    history.decide(plan)
    history.add("StartTimerFailed", timerId="retry.S.1", cause="OPEN_TIMERS_LIMIT_EXCEEDED")
    assert scheduled(history.decide(plan)) == {"S": None}


def test_a_hand_back_does_not_count_as_an_attempt() -> None:
    plan = make_plan("  - {name: S, activity: Act, retry: {max_attempts: 2, interval: 0}}")
    history = HistoryBuilder()
    history.decide(plan)
    for reason in ("WORKER_STOPPED", "BROKEN", "WORKER_STOPPED"):
        history.fail("S", reason=reason)
        assert list(scheduled(history.decide(plan))) == ["S"]
    history.fail("S")
    history.decide(plan)
    assert history.closed == "FailWorkflowExecution"


def test_a_task_is_not_handed_back_for_ever() -> None:
    plan = make_plan("  - {name: S, activity: Act}")
    history = HistoryBuilder()
    history.decide(plan)
    for _ in range(MAX_HANDBACKS + 1):
        assert history.closed is None
        history.fail("S", reason="WORKER_STOPPED")
        history.decide(plan)
    assert history.closed == "FailWorkflowExecution"


def test_a_cancel_request_cancels_the_workflow() -> None:
    history = HistoryBuilder(JOB)
    history.decide(ORIGINAL)
    history.add("WorkflowExecutionCancelRequested")
    first = history.decide(ORIGINAL)
    assert kinds(first) == ["RecordMarker", "RequestCancelActivityTask"]
    assert first.closing is None
    history.cancel("ValidateAssetStep")
    outcome = history.decide(ORIGINAL)
    assert types(outcome.facts) == ["ACTIVITY_CANCELED"]
    assert kinds(outcome) == ["CancelWorkflowExecution"]
    assert outcome.closing is not None
    assert outcome.closing.type == "WORKFLOW_CANCELED"


def test_a_failure_cancels_what_still_runs_before_the_workflow_fails() -> None:
    plan = make_plan(
        "  - {name: A, activity: Act}\n  - {name: B, activity: Act}\n  - {name: C, activity: Act}\n"
        "  - {name: D, activity: Act, requires: [[C, failed]]}"
    )
    history = HistoryBuilder()
    history.decide(plan)
    history.fail("A", reason="BROKEN", details="it broke")
    first = history.decide(plan)
    assert kinds(first) == ["RecordMarker", "RequestCancelActivityTask", "RequestCancelActivityTask"]
    history.cancel("C")
    second = history.decide(plan)
    assert second.decisions == ()
    assert second.closing is None
    history.complete("B", {"value": 1})
    last = history.decide(plan)
    assert kinds(last) == ["FailWorkflowExecution"]
    assert last.closing is not None
    assert last.closing.details["reason"] == "A: BROKEN"
    assert [one["step"] for one in last.closing.details["failedSteps"]] == ["A"]


def test_a_closing_decided_in_a_lost_answer_is_decided_again() -> None:
    plan = make_plan("  - {name: A, activity: Act}\n  - {name: B, activity: Act}")
    history = HistoryBuilder()
    history.decide(plan)
    history.fail("A")
    history.begin_decision()
    lost = history.outcome(plan)
    history.add("DecisionTaskTimedOut", timeoutType="START_TO_CLOSE")
    history.complete("B", {"value": 1})
    again = history.decide(plan)
    assert kinds(lost) == ["RecordMarker", "RequestCancelActivityTask"]
    assert kinds(again) == ["FailWorkflowExecution"]


def test_every_event_carries_ids_and_the_history_s_time() -> None:
    history = HistoryBuilder(JOB)
    history.decide(ORIGINAL)
    history.complete("ValidateAssetStep", {})
    completed = history.decide(ORIGINAL).facts[-1]
    assert completed.time == 6.0
    assert completed.event_id == f"{RUN_ID}:6"
    assert completed.workflow is not None
    assert completed.workflow.run_id == RUN_ID


def test_every_event_type_of_swf_has_a_meaning() -> None:
    model = botocore.loaders.Loader().load_service_model("swf", "service-2")
    assert set(MEANINGS) == set(model["shapes"]["EventType"]["enum"])


def test_an_event_type_nobody_knows_changes_nothing() -> None:
    history = HistoryBuilder(JOB)
    history.add("SomethingNew", anything=1)
    assert list(scheduled(history.decide(ORIGINAL))) == ["ValidateAssetStep"]


def test_a_condition_that_does_not_hold_skips_its_step() -> None:
    plan = make_plan(
        "  - {name: S, activity: Act}\n"
        "  - {name: Large, activity: Act, requires: [S], when: '$.S.value > 10'}\n"
        "  - {name: Small, activity: Act, requires: [S], when: '$.S.value <= 10 and $__input__.go'}\n"
        "  - {name: Never, activity: Act, requires: [[Large, skipped]]}"
    )
    history = HistoryBuilder({"go": True})
    history.decide(plan)
    history.complete("S", {"value": 3})
    assert scheduled(history.decide(plan)) == {"Small": None, "Never": None}


@pytest.mark.parametrize("condition", ["$.S.nope > 1", "$.S.value", "1 / 0 > 1"])
def test_a_condition_that_cannot_be_evaluated_fails_its_step(condition: str) -> None:
    plan = make_plan(
        f"  - {{name: S, activity: Act}}\n  - {{name: N, activity: Act, requires: [S], when: '{condition}'}}"
    )
    history = HistoryBuilder()
    history.decide(plan)
    history.complete("S", {"value": 3})
    outcome = history.decide(plan)
    assert outcome.closing is not None
    assert outcome.closing.details["reason"] == "N: CONDITION_FAILED"


def test_wait_lets_time_pass_on_a_timer() -> None:
    plan = make_plan("  - {name: W, wait: 3600}\n  - {name: N, activity: Act, requires: [W]}")
    history = HistoryBuilder()
    assert kinds(history.decide(plan)) == ["StartTimer"]
    assert history.timers == {"wait.W": 3600}
    assert history.decide(plan).decisions == ()
    history.fire("wait.W")
    assert scheduled(history.decide(plan)) == {"N": None}


APPROVAL = (
    "  - {name: Ask, signal: approve, timeout: 60}\n"
    "  - {name: Go, activity: Act, requires: [[Ask, succeeded]], input: '{{Ask.by}}'}\n"
    "  - {name: Stop, activity: Act, requires: [[Ask, failed]]}"
)


def test_a_signal_s_input_is_the_outputs_of_the_step_that_waits_for_it() -> None:
    plan = make_plan(APPROVAL)
    history = HistoryBuilder()
    assert kinds(history.decide(plan)) == ["StartTimer"]
    history.add("WorkflowExecutionSignaled", signalName="other", input="{}")
    assert history.decide(plan).decisions == ()
    history.add("WorkflowExecutionSignaled", signalName="approve", input='{"by": "Ann"}')
    history.fire("signal.Ask")
    assert scheduled(history.decide(plan)) == {"Go": "Ann"}


def test_a_signal_that_comes_too_late_does_not_count() -> None:
    plan = make_plan(APPROVAL)
    history = HistoryBuilder()
    history.decide(plan)
    history.fire("signal.Ask")
    history.add("WorkflowExecutionSignaled", signalName="approve", input='{"by": "Ann"}')
    outcome = history.decide(plan)
    assert outcome.announcements[0].details["result"]["reason"] == "TIMEOUT_SIGNAL"
    assert list(scheduled(outcome)) == ["Stop"]


def test_a_signal_that_came_before_its_step_counts() -> None:
    plan = make_plan(APPROVAL)
    history = HistoryBuilder()
    history.add("WorkflowExecutionSignaled", signalName="approve", input='{"by": "Ann"}')
    assert scheduled(history.decide(plan)) == {"Go": "Ann"}


def test_a_signal_with_a_poisonous_input_fails_its_step() -> None:
    plan = make_plan(APPROVAL)
    history = HistoryBuilder()
    history.decide(plan)
    history.add("WorkflowExecutionSignaled", signalName="approve", input="{")
    outcome = history.decide(plan)
    assert outcome.announcements[0].details["result"]["reason"] == "SIGNAL_NOT_JSON"


def test_the_plan_s_result_is_the_workflow_s() -> None:
    plan = parse_plan(
        "name: P\nversion: 1\nactivities: [{ name: Act, version: 1, outputs_spec: { v: '$.v' } }]\n"
        "result: '{\"sum\": {{A.v + B.v}}}'\n"
        "steps: [{name: A, activity: Act}, {name: B, activity: Act}]"
    )
    history = HistoryBuilder()
    history.decide(plan)
    history.complete("A", {"v": 1})
    history.complete("B", {"v": 2})
    outcome = history.decide(plan)
    (decision,) = outcome.decisions
    assert decision["completeWorkflowExecutionDecisionAttributes"] == {"result": '{"sum":3}'}
    assert outcome.closing is not None
    assert outcome.closing.details == {"result": {"sum": 3}}


def test_a_result_that_cannot_be_made_fails_the_workflow() -> None:
    plan = parse_plan(
        "name: P\nversion: 1\nactivities: []\nresult: '{{A.x}}'\nsteps: [{name: A, eval: '{}'}]"
    )
    outcome = HistoryBuilder().decide(plan)
    assert kinds(outcome) == ["FailWorkflowExecution"]
    assert outcome.closing is not None
    assert outcome.closing.details["reason"] == "TEMPLATE_MISSING_VALUE"


def test_a_step_has_timeouts_and_a_priority_of_its_own() -> None:
    plan = make_plan("  - {name: S, activity: Act, timeouts: {heartbeat_timeout: 5}, priority: -3}")
    (decision,) = HistoryBuilder().decide(plan).decisions
    attributes = decision["scheduleActivityTaskDecisionAttributes"]
    assert attributes["heartbeatTimeout"] == "5"
    assert attributes["startToCloseTimeout"] == "432000"
    assert attributes["taskPriority"] == "-3"


def each_plan(keys: str = "", after: str = "") -> Plan:
    return make_plan(
        "  - name: E\n    activity: Act\n    for_each: '{{__input__.list}}'\n"
        f'{keys}    input: \'{{"n": {{{{item}}}}, "i": {{{{index}}}}}}\'\n' + after
    )


def test_for_each_runs_the_activity_for_each_item_and_lists_the_outputs_in_order() -> None:
    plan = each_plan(after="  - {name: N, activity: Act, requires: [E], input: '{{E}}'}")
    history = HistoryBuilder({"list": ["a", "b", "c"]})
    first = history.decide(plan)
    assert scheduled(first) == {
        "E[0]": {"n": "a", "i": 0},
        "E[1]": {"n": "b", "i": 1},
        "E[2]": {"n": "c", "i": 2},
    }
    assert first.announcements[0].activity is not None
    assert first.announcements[0].activity.name == "Act"
    for index in (2, 0, 1):
        history.complete(f"E[{index}]", {"value": index})
    assert scheduled(history.decide(plan)) == {"N": [{"value": 0}, {"value": 1}, {"value": 2}]}


def test_for_each_over_nothing_succeeds_with_nothing() -> None:
    plan = each_plan(after="  - {name: N, activity: Act, requires: [[E, succeeded]], input: '{{E}}'}")
    assert scheduled(HistoryBuilder({"list": []}).decide(plan)) == {"N": []}


def test_for_each_over_no_list_fails_its_step() -> None:
    outcome = HistoryBuilder({"list": {"a": 1}}).decide(each_plan())
    assert outcome.closing is not None
    assert outcome.closing.details["reason"] == "E: ITEMS_NOT_A_LIST"


def test_max_parallel_bounds_how_many_items_run_at_once() -> None:
    plan = each_plan("    max_parallel: 2\n")
    history = HistoryBuilder({"list": list(range(5))})
    assert list(scheduled(history.decide(plan))) == ["E[0]", "E[1]"]
    history.complete("E[1]", {"value": 1})
    assert list(scheduled(history.decide(plan))) == ["E[2]"]
    history.complete("E[0]", {"value": 1})
    history.complete("E[2]", {"value": 1})
    assert list(scheduled(history.decide(plan))) == ["E[3]", "E[4]"]


def test_an_item_that_fails_fails_the_step_once_the_others_are_cancelled() -> None:
    plan = each_plan(after="  - {name: Rescue, activity: Act, requires: [[E, failed]]}")
    history = HistoryBuilder({"list": [0, 1, 2]})
    history.decide(plan)
    history.fail("E[1]", reason="BROKEN", details="it broke")
    cancelling = history.decide(plan)
    assert kinds(cancelling) == ["RequestCancelActivityTask"] * 2
    history.cancel("E[0]")
    assert history.decide(plan).decisions == ()
    history.cancel("E[2]")
    assert list(scheduled(history.decide(plan))) == ["Rescue"]


def test_a_failed_for_each_names_the_item() -> None:
    history = HistoryBuilder({"list": [0, 1]})
    history.decide(each_plan())
    history.fail("E[1]", reason="BROKEN", details="it broke")
    history.decide(each_plan())
    history.cancel("E[0]")
    outcome = history.decide(each_plan())
    assert outcome.closing is not None
    assert outcome.closing.details["reason"] == "E: BROKEN"
    assert outcome.closing.details["details"] == "E[1]: it broke"


@pytest.mark.parametrize("tolerate", ["1", "'34%'"])
def test_some_failures_can_be_tolerated(tolerate: str) -> None:
    plan = each_plan(
        f"    tolerate: {tolerate}\n",
        after="  - {name: N, activity: Act, requires: [[E, succeeded]], input: '{{E}}'}",
    )
    history = HistoryBuilder({"list": [0, 1, 2]})
    history.decide(plan)
    history.fail("E[1]")
    assert history.decide(plan).decisions == ()
    history.complete("E[0]", {"value": 0})
    history.complete("E[2]", {"value": 2})
    assert scheduled(history.decide(plan)) == {"N": [{"value": 0}, None, {"value": 2}]}


def test_an_item_is_tried_again_as_the_step_says() -> None:
    plan = each_plan("    retry: {interval: 5}\n")
    history = HistoryBuilder({"list": [0, 1]})
    history.decide(plan)
    history.fail("E[1]")
    again = history.decide(plan)
    assert again.facts[-1].details["result"]["willRetry"] is True
    history.fire("retry.E[1].1")
    assert scheduled(history.decide(plan)) == {"E[1]": {"n": 1, "i": 1}}


def test_an_item_whose_input_cannot_be_made_fails_alone() -> None:
    plan = make_plan(
        "  - name: E\n    activity: Act\n    for_each: '{{__input__.list}}'\n    tolerate: 1\n    input: '{{item.x}}'\n"
    )
    history = HistoryBuilder({"list": [{"x": 1}, {}]})
    outcome = history.decide(plan)
    assert kinds(outcome) == ["RecordMarker", "ScheduleActivityTask"]
    assert outcome.announcements[0].activity is not None
    assert outcome.announcements[0].activity.activity_id == "E[1]"
    history.complete("E[0]", {"value": 1})
    history.decide(plan)
    assert history.closed == "CompleteWorkflowExecution"


def test_a_thousand_items_are_scheduled_within_the_limits_of_swf() -> None:
    plan = each_plan()
    history = HistoryBuilder({"list": list(range(1000))})
    most = 0
    while history.open_activities or not most:
        outcome = history.decide(plan)
        assert len(outcome.decisions) <= 101
        most = max(most, len(history.open_activities))
        if history.timers:
            (timer,) = history.timers
            history.fire(timer)
        else:
            for activity in history.open_activities[:200]:
                history.complete(activity, {"value": 1})
    assert most == 900
    history.decide(plan)
    assert history.closed == "CompleteWorkflowExecution"


def test_large_inputs_are_scheduled_a_request_at_a_time() -> None:
    steps = "".join(
        f"  - {{name: S{n}, activity: Act, input: '{{{{__input__.text}}}}'}}\n" for n in range(40)
    )
    plan = make_plan(steps)
    history = HistoryBuilder({"text": "x" * 30_000})
    first = history.decide(plan)
    assert len(scheduled(first)) == 16
    assert list(history.timers) == ["more.3"]
    history.fire("more.3")
    assert len(scheduled(history.decide(plan))) == 16
