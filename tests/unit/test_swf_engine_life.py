"""The life of an execution, from its start to its history."""

from __future__ import annotations

from tests.unit.swf_engine import START, Driver, complete, schedule


def test_one_activity_from_start_to_history() -> None:
    swf = Driver()
    run_id = swf.start(input="film")
    task = swf.decision_task(identity="decider-1")
    assert task["previousStartedEventId"] == 0
    assert [event["eventType"] for event in task["events"]] == [
        "WorkflowExecutionStarted",
        "DecisionTaskScheduled",
        "DecisionTaskStarted",
    ]
    swf.call("respond_decision_task_completed", taskToken=task["taskToken"], decisions=[schedule(input="i")])
    activity = swf.activity_task(identity="worker-1")
    assert activity["input"] == "i"
    swf.call("respond_activity_task_completed", taskToken=activity["taskToken"], result="r")
    swf.decide(complete("done"))
    assert swf.types(run_id) == [
        "WorkflowExecutionStarted",
        "DecisionTaskScheduled",
        "DecisionTaskStarted",
        "DecisionTaskCompleted",
        "ActivityTaskScheduled",
        "ActivityTaskStarted",
        "ActivityTaskCompleted",
        "DecisionTaskScheduled",
        "DecisionTaskStarted",
        "DecisionTaskCompleted",
        "WorkflowExecutionCompleted",
    ]
    events = swf.history(run_id)
    assert [event["eventId"] for event in events] == list(range(1, 12))
    assert {event["eventTimestamp"] for event in events} == {START}
    assert swf.last(run_id, "WorkflowExecutionCompleted") == {
        "result": "done",
        "decisionTaskCompletedEventId": 10,
    }
    assert swf.describe(run_id)["executionInfo"]["closeStatus"] == "COMPLETED"
