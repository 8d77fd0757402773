"""The decider: what it reports when, and what it makes of SWF's events."""

from __future__ import annotations

import json

import botocore.loaders

from cpe.decider.fold import MEANINGS
from tests.unit.decider_plans import JOB, ORIGINAL, kinds, make_plan, scheduled, types
from tests.unit.histories import RUN_ID, HistoryBuilder


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


def test_a_schedule_that_swf_refuses_is_tried_again_and_then_fails_the_step_with_the_cause() -> None:
    history = HistoryBuilder(JOB)
    history.refused["ValidateAssetStep"] = "ACTIVITY_TYPE_DOES_NOT_EXIST"
    history.decide(ORIGINAL)
    pauses = []
    for count in range(1, 6):
        assert kinds(history.decide(ORIGINAL)) == ["StartTimer"]
        pauses.append(history.timers[f"refused.ValidateAssetStep.{count}"])
        history.fire(f"refused.ValidateAssetStep.{count}")
        assert list(scheduled(history.decide(ORIGINAL))) == ["ValidateAssetStep"]
    assert pauses == [2, 4, 8, 16, 32]
    outcome = history.decide(ORIGINAL)
    assert types(outcome.announcements) == ["ACTIVITY_FAILED"]
    assert history.closed == "FailWorkflowExecution"
    assert outcome.closing is not None
    assert outcome.closing.details["reason"] == "ValidateAssetStep: ACTIVITY_TYPE_DOES_NOT_EXIST"


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
