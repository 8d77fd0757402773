"""How an execution closes: by decision, by request, by time, by its own length."""

from __future__ import annotations

from typing import Any

import pytest

from cpe.local.swf.engine.limits import Limits
from cpe.local.swf.faults import SwfFault
from tests.unit.swf_engine import (
    DOMAIN,
    START,
    WORKFLOW_DEFAULTS,
    Driver,
    complete,
    decision,
    schedule,
)

CONTINUE = decision("ContinueAsNewWorkflowExecution", input="next", tagList=["n"])


@pytest.mark.parametrize(
    ("made", "event_type", "given", "status"),
    [
        pytest.param(
            complete("r"),
            "WorkflowExecutionCompleted",
            {"result": "r"},
            "COMPLETED",
            marks=pytest.mark.proves("CompleteWorkflowExecution", "WorkflowExecutionCompleted"),
        ),
        pytest.param(
            decision("FailWorkflowExecution", reason="r", details="d"),
            "WorkflowExecutionFailed",
            {"reason": "r", "details": "d"},
            "FAILED",
            marks=pytest.mark.proves("FailWorkflowExecution", "WorkflowExecutionFailed"),
        ),
        pytest.param(
            decision("CancelWorkflowExecution", details="d"),
            "WorkflowExecutionCanceled",
            {"details": "d"},
            "CANCELED",
            marks=pytest.mark.proves("CancelWorkflowExecution", "WorkflowExecutionCanceled"),
        ),
        pytest.param(
            {"decisionType": "CompleteWorkflowExecution"}, "WorkflowExecutionCompleted", {}, "COMPLETED"
        ),
    ],
)
def test_a_decision_closes(made: dict[str, Any], event_type: str, given: dict[str, str], status: str) -> None:
    swf = Driver()
    run_id = swf.start(tagList=["t"])
    swf.now += 5
    swf.decide(made)
    assert swf.last(run_id, event_type) == {**given, "decisionTaskCompletedEventId": 4}
    description = swf.describe(run_id)
    assert description["executionInfo"] == {
        "execution": {"workflowId": "w", "runId": run_id},
        "workflowType": {"name": "job", "version": "1"},
        "startTimestamp": START,
        "closeTimestamp": START + 5,
        "executionStatus": "CLOSED",
        "closeStatus": status,
        "cancelRequested": False,
        "tagList": ["t"],
    }
    assert description["executionConfiguration"]["taskList"] == {"name": "deciders"}
    assert set(description["openCounts"].values()) == {0}
    assert swf.engine.next_due() is None


@pytest.mark.parametrize(
    ("kind", "failed"),
    [
        pytest.param(
            "CompleteWorkflowExecution",
            "CompleteWorkflowExecutionFailed",
            marks=pytest.mark.proves(
                "CompleteWorkflowExecutionFailed", "CompleteWorkflowExecutionFailed:UNHANDLED_DECISION"
            ),
        ),
        pytest.param(
            "FailWorkflowExecution",
            "FailWorkflowExecutionFailed",
            marks=pytest.mark.proves(
                "FailWorkflowExecutionFailed", "FailWorkflowExecutionFailed:UNHANDLED_DECISION"
            ),
        ),
        pytest.param(
            "CancelWorkflowExecution",
            "CancelWorkflowExecutionFailed",
            marks=pytest.mark.proves(
                "CancelWorkflowExecutionFailed", "CancelWorkflowExecutionFailed:UNHANDLED_DECISION"
            ),
        ),
        pytest.param(
            "ContinueAsNewWorkflowExecution",
            "ContinueAsNewWorkflowExecutionFailed",
            marks=pytest.mark.proves(
                "ContinueAsNewWorkflowExecutionFailed",
                "ContinueAsNewWorkflowExecutionFailed:UNHANDLED_DECISION",
            ),
        ),
    ],
)
def test_nothing_closes_over_news_that_nobody_has_seen(kind: str, failed: str) -> None:
    swf = Driver()
    run_id = swf.start()
    task = swf.decision_task()
    swf.signal()
    swf.call("respond_decision_task_completed", taskToken=task["taskToken"], decisions=[decision(kind)])
    expected = {"cause": "UNHANDLED_DECISION", "decisionTaskCompletedEventId": 5}
    assert swf.last(run_id, failed) == expected
    swf.decide(decision(kind))
    assert swf.describe(run_id)["executionInfo"]["executionStatus"] == "CLOSED"


def test_what_other_decisions_of_the_same_answer_bring_about_is_no_news() -> None:
    swf = Driver()
    run_id = swf.start()
    swf.decide(schedule())
    swf.signal()
    cancel = decision("RequestCancelActivityTask", activityId="a")
    swf.decide(cancel, schedule("b", name="dance"), complete())
    assert swf.types(run_id)[-1] == "WorkflowExecutionCompleted"


def test_closing_ends_everything_that_waits() -> None:
    swf = Driver()
    swf.start()
    swf.decide(schedule("a"), schedule("b"), decision("StartTimer", timerId="t", startToFireTimeout="5"))
    token = swf.activity_task()["taskToken"]
    swf.signal()
    swf.decide(complete())
    assert swf.poll_activity() is None
    assert swf.engine.next_due() is None
    with pytest.raises(SwfFault, match="UnknownResourceFault"):
        swf.call("respond_activity_task_completed", taskToken=token)


@pytest.mark.proves("ContinueAsNewWorkflowExecution", "WorkflowExecutionContinuedAsNew")
def test_an_execution_continues_as_a_new_one_with_its_id() -> None:
    swf = Driver()
    old = swf.start(tagList=["o"], input="first", executionStartToCloseTimeout="77")
    swf.now += 10
    swf.decide(CONTINUE)
    configuration = {
        "input": "next",
        "tagList": ["n"],
        "workflowType": {"name": "job", "version": "1"},
        "executionStartToCloseTimeout": "3600",
        "taskStartToCloseTimeout": "60",
        "taskList": {"name": "deciders"},
        "childPolicy": "TERMINATE",
    }
    assert swf.last(old, "WorkflowExecutionContinuedAsNew") == {
        **configuration,
        "newExecutionRunId": "run-2",
        "decisionTaskCompletedEventId": 4,
    }
    assert swf.describe(old)["executionInfo"]["closeStatus"] == "CONTINUED_AS_NEW"
    assert swf.last("run-2", "WorkflowExecutionStarted") == {
        **configuration,
        "continuedExecutionRunId": old,
        "parentInitiatedEventId": 0,
    }
    assert swf.decision_task()["workflowExecution"] == {"workflowId": "w", "runId": "run-2"}
    assert swf.engine.next_due() == START + 10 + 60


def test_a_new_execution_may_be_of_another_version() -> None:
    swf = Driver()
    swf.register_workflow("job", "2", **WORKFLOW_DEFAULTS)
    swf.start()
    swf.decide(decision("ContinueAsNewWorkflowExecution", workflowTypeVersion="2", taskPriority="4"))
    started = swf.last("run-2", "WorkflowExecutionStarted")
    assert (started["workflowType"]["version"], started["taskPriority"]) == ("2", "4")


@pytest.mark.proves("ContinueAsNewWorkflowExecutionFailed:WORKFLOW_TYPE_DOES_NOT_EXIST")
def test_the_new_ones_type_must_exist() -> None:
    swf = Driver()
    run_id = swf.start()
    swf.decide(decision("ContinueAsNewWorkflowExecution", workflowTypeVersion="9"))
    expected = {"cause": "WORKFLOW_TYPE_DOES_NOT_EXIST", "decisionTaskCompletedEventId": 4}
    assert swf.last(run_id, "ContinueAsNewWorkflowExecutionFailed") == expected
    swf.decide(complete())


@pytest.mark.proves("ContinueAsNewWorkflowExecutionFailed:WORKFLOW_TYPE_DEPRECATED")
def test_the_new_ones_type_must_not_be_deprecated() -> None:
    swf = Driver()
    run_id = swf.start()
    kind = {"name": "job", "version": "1"}
    swf.registry.deprecate_type("workflow", {"domain": DOMAIN, "workflowType": kind}, swf.now)
    swf.decide(CONTINUE)
    cause = swf.last(run_id, "ContinueAsNewWorkflowExecutionFailed")["cause"]
    assert cause == "WORKFLOW_TYPE_DEPRECATED"


@pytest.mark.parametrize(
    ("missing", "cause"),
    [
        pytest.param(
            "defaultExecutionStartToCloseTimeout",
            "DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED",
            marks=pytest.mark.proves(
                "ContinueAsNewWorkflowExecutionFailed:DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED"
            ),
        ),
        pytest.param(
            "defaultTaskStartToCloseTimeout",
            "DEFAULT_TASK_START_TO_CLOSE_TIMEOUT_UNDEFINED",
            marks=pytest.mark.proves(
                "ContinueAsNewWorkflowExecutionFailed:DEFAULT_TASK_START_TO_CLOSE_TIMEOUT_UNDEFINED"
            ),
        ),
        pytest.param(
            "defaultTaskList",
            "DEFAULT_TASK_LIST_UNDEFINED",
            marks=pytest.mark.proves("ContinueAsNewWorkflowExecutionFailed:DEFAULT_TASK_LIST_UNDEFINED"),
        ),
        pytest.param(
            "defaultChildPolicy",
            "DEFAULT_CHILD_POLICY_UNDEFINED",
            marks=pytest.mark.proves("ContinueAsNewWorkflowExecutionFailed:DEFAULT_CHILD_POLICY_UNDEFINED"),
        ),
    ],
)
def test_the_new_one_needs_its_defaults(missing: str, cause: str) -> None:
    swf = Driver()
    rest = {name: value for name, value in WORKFLOW_DEFAULTS.items() if name != missing}
    swf.register_workflow("job", "bare", **rest)
    run_id = swf.start()
    swf.decide(decision("ContinueAsNewWorkflowExecution", workflowTypeVersion="bare"))
    assert swf.last(run_id, "ContinueAsNewWorkflowExecutionFailed")["cause"] == cause


@pytest.mark.proves("WorkflowExecutionTimedOut", "WorkflowExecutionTimedOut:START_TO_CLOSE")
def test_an_execution_times_out() -> None:
    swf = Driver()
    run_id = swf.start(executionStartToCloseTimeout="20", childPolicy="ABANDON")
    swf.pass_time(19.999)
    assert swf.describe(run_id)["executionInfo"]["executionStatus"] == "OPEN"
    swf.pass_time(10)
    expected = {"timeoutType": "START_TO_CLOSE", "childPolicy": "ABANDON"}
    assert swf.last(run_id, "WorkflowExecutionTimedOut") == expected
    info = swf.describe(run_id)["executionInfo"]
    assert (info["closeStatus"], info["closeTimestamp"]) == ("TIMED_OUT", START + 20)
    assert swf.poll_decision() is None


@pytest.mark.proves("TerminateWorkflowExecution", "WorkflowExecutionTerminated")
@pytest.mark.proves("WorkflowExecutionTerminated:OPERATOR_INITIATED")
def test_an_execution_is_terminated() -> None:
    swf = Driver()
    run_id = swf.start()
    swf.decide(schedule())
    swf.terminate(reason="r", details="d", childPolicy="ABANDON", runId=run_id)
    assert swf.last(run_id, "WorkflowExecutionTerminated") == {
        "reason": "r",
        "details": "d",
        "childPolicy": "ABANDON",
        "cause": "OPERATOR_INITIATED",
    }
    assert swf.poll_activity() is None
    assert swf.describe(run_id)["executionInfo"]["closeStatus"] == "TERMINATED"


@pytest.mark.proves("SignalWorkflowExecution", "WorkflowExecutionSignaled")
def test_a_signal_calls_the_decider() -> None:
    swf = Driver()
    run_id = swf.start()
    swf.decide()
    swf.signal(name="n", input="i", runId=run_id)
    expected = {"signalName": "n", "input": "i", "externalInitiatedEventId": 0}
    assert swf.last(run_id, "WorkflowExecutionSignaled") == expected
    assert swf.poll_decision() is not None


@pytest.mark.proves("RequestCancelWorkflowExecution", "WorkflowExecutionCancelRequested")
def test_a_request_to_cancel_calls_the_decider() -> None:
    swf = Driver()
    run_id = swf.start()
    swf.decide()
    swf.call("request_cancel_workflow_execution", domain=DOMAIN, workflowId="w")
    assert swf.last(run_id, "WorkflowExecutionCancelRequested") == {"externalInitiatedEventId": 0}
    assert swf.describe(run_id)["executionInfo"]["cancelRequested"] is True
    swf.decide(decision("CancelWorkflowExecution"))
    assert swf.describe(run_id)["executionInfo"]["cancelRequested"] is True


@pytest.mark.proves(
    "SignalWorkflowExecution:UnknownResourceFault",
    "RequestCancelWorkflowExecution:UnknownResourceFault",
    "TerminateWorkflowExecution:UnknownResourceFault",
)
@pytest.mark.parametrize(
    "operation",
    ["signal_workflow_execution", "request_cancel_workflow_execution", "terminate_workflow_execution"],
)
def test_only_an_open_execution_can_be_asked_for_something(operation: str) -> None:
    swf = Driver()
    run_id = swf.start()
    for named in (
        {"domain": "nowhere", "workflowId": "w"},
        {"domain": DOMAIN, "workflowId": "x"},
        {"domain": DOMAIN, "workflowId": "w", "runId": "another"},
    ):
        with pytest.raises(SwfFault, match="UnknownResourceFault"):
            swf.call(operation, **named, signalName="s")
    swf.decide(complete())
    with pytest.raises(SwfFault, match=r"workflowId=w, runId=run-1"):
        swf.call(operation, domain=DOMAIN, workflowId="w", runId=run_id, signalName="s")


@pytest.mark.proves("WorkflowExecutionTerminated:EVENT_LIMIT_EXCEEDED")
@pytest.mark.parametrize("limit", range(6, 16))
def test_a_history_has_so_many_events_and_the_last_says_so(limit: int) -> None:
    swf = Driver(limits=Limits(events=limit))
    run_id = swf.start()
    number = 0
    while (task := swf.poll_decision()) is not None:
        made = [schedule(f"a{number}"), decision("RecordMarker", markerName="m")]
        swf.call("respond_decision_task_completed", taskToken=task["taskToken"], decisions=made)
        activity = swf.poll_activity()
        if activity is not None:
            swf.call("respond_activity_task_completed", taskToken=activity["taskToken"])
        number += 1
    assert len(swf.types(run_id)) == limit
    expected = {"childPolicy": "TERMINATE", "cause": "EVENT_LIMIT_EXCEEDED"}
    assert swf.last(run_id, "WorkflowExecutionTerminated") == expected
    assert swf.poll_decision() is None
    assert swf.engine.next_due() is None


def test_a_full_history_can_still_be_closed_by_its_decider() -> None:
    swf = Driver(limits=Limits(events=5))
    run_id = swf.start()
    swf.decide(complete())
    assert swf.types(run_id)[-1] == "WorkflowExecutionCompleted"
    assert len(swf.types(run_id)) == 5
