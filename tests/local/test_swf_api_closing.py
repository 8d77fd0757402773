"""How executions start and close, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.swf_world import (
    DECISIONS,
    DOMAIN,
    WORKFLOW,
    World,
    activity,
    attributes_of,
    complete,
    decision,
    timer,
)

CLOSING = {
    "CompleteWorkflowExecution": {"result": "r"},
    "FailWorkflowExecution": {"reason": "r", "details": "d"},
    "CancelWorkflowExecution": {"details": "d"},
    "ContinueAsNewWorkflowExecution": {"input": "i"},
}


@pytest.mark.proves("StartWorkflowExecution", "WorkflowExecutionStarted", "DecisionTaskScheduled")
def test_a_start_is_recorded_with_all_its_settings(world: World) -> None:
    run_id = world.start(
        input="two boxes",
        tagList=["red", "blue"],
        taskPriority="3",
        executionStartToCloseTimeout="100",
        taskStartToCloseTimeout="NONE",
        childPolicy="ABANDON",
        taskList={"name": "special"},
        lambdaRole="arn:aws:iam::123456789012:role/nobody",
    )
    started, scheduled = world.history(run_id)
    assert started["eventId"] == 1
    assert attributes_of(started) == {
        "input": "two boxes",
        "tagList": ["red", "blue"],
        "taskPriority": "3",
        "executionStartToCloseTimeout": "100",
        "taskStartToCloseTimeout": "NONE",
        "childPolicy": "ABANDON",
        "taskList": {"name": "special"},
        "workflowType": WORKFLOW,
        "parentInitiatedEventId": 0,
        "lambdaRole": "arn:aws:iam::123456789012:role/nobody",
    }
    assert attributes_of(scheduled) == {
        "taskList": {"name": "special"},
        "taskPriority": "3",
        "startToCloseTimeout": "NONE",
        "scheduleToStartTimeout": "NONE",
    }


def test_defaults_of_the_type_fill_what_is_not_said(world: World) -> None:
    started = world.event("WorkflowExecutionStarted", world.start())
    assert started["executionStartToCloseTimeout"] == "3600"
    assert started["taskStartToCloseTimeout"] == "30"
    assert started["childPolicy"] == "TERMINATE"
    assert started["taskList"] == DECISIONS


@pytest.mark.proves(
    "StartWorkflowExecution:UnknownResourceFault",
    "StartWorkflowExecution:TypeDeprecatedFault",
    "StartWorkflowExecution:WorkflowExecutionAlreadyStartedFault",
)
def test_what_cannot_be_started(world: World) -> None:
    world.start()
    with world.refused("WorkflowExecutionAlreadyStartedFault"):
        world.start()
    with world.refused("UnknownResourceFault", "Nothing"):
        world.start("other", workflowType={"name": "Nothing", "version": "1"})
    with world.refused("UnknownResourceFault", "nowhere"):
        world.swf.start_workflow_execution(domain="nowhere", workflowId="other", workflowType=WORKFLOW)
    world.swf.deprecate_workflow_type(domain=DOMAIN, workflowType=WORKFLOW)
    with world.refused("TypeDeprecatedFault"):
        world.start("other")


@pytest.mark.proves("StartWorkflowExecution:DefaultUndefinedFault")
@pytest.mark.parametrize(
    ("default", "setting"),
    [
        ("defaultTaskList", {"taskList": {"name": "special"}}),
        ("defaultChildPolicy", {"childPolicy": "ABANDON"}),
        ("defaultTaskStartToCloseTimeout", {"taskStartToCloseTimeout": "9"}),
        ("defaultExecutionStartToCloseTimeout", {"executionStartToCloseTimeout": "9"}),
    ],
)
def test_what_has_no_default_must_be_said(world: World, default: str, setting: dict[str, Any]) -> None:
    left_out: dict[str, Any] = {default: None}
    world.register_workflow_type("Bare", **left_out)
    bare = {"name": "Bare", "version": "1"}
    with world.refused("DefaultUndefinedFault"):
        world.start(workflowType=bare)
    assert world.status(world.start(workflowType=bare, **setting)) == "OPEN"


def test_a_closed_executions_id_can_be_used_again(world: World) -> None:
    first = world.start()
    world.decide(complete())
    second = world.start()
    assert first != second
    assert (world.status(first), world.status(second)) == ("COMPLETED", "OPEN")


@pytest.mark.proves(
    "CompleteWorkflowExecution",
    "FailWorkflowExecution",
    "CancelWorkflowExecution",
    "WorkflowExecutionCompleted",
    "WorkflowExecutionFailed",
    "WorkflowExecutionCanceled",
)
@pytest.mark.parametrize(
    ("kind", "event", "status"),
    [
        ("CompleteWorkflowExecution", "WorkflowExecutionCompleted", "COMPLETED"),
        ("FailWorkflowExecution", "WorkflowExecutionFailed", "FAILED"),
        ("CancelWorkflowExecution", "WorkflowExecutionCanceled", "CANCELED"),
    ],
)
def test_a_decision_closes_the_execution(world: World, kind: str, event: str, status: str) -> None:
    run_id = world.start()
    world.decide(decision(kind, **CLOSING[kind]))
    assert world.event(event, run_id) == {
        **CLOSING[kind],
        "eventId": 5,
        "decisionTaskCompletedEventId": 4,
    }
    info = world.describe(run_id)["executionInfo"]
    assert (info["executionStatus"], info["closeStatus"]) == ("CLOSED", status)
    assert info["closeTimestamp"] >= info["startTimestamp"]


@pytest.mark.proves(
    "CompleteWorkflowExecutionFailed",
    "CompleteWorkflowExecutionFailed:UNHANDLED_DECISION",
    "FailWorkflowExecutionFailed",
    "FailWorkflowExecutionFailed:UNHANDLED_DECISION",
    "CancelWorkflowExecutionFailed",
    "CancelWorkflowExecutionFailed:UNHANDLED_DECISION",
    "ContinueAsNewWorkflowExecutionFailed",
    "ContinueAsNewWorkflowExecutionFailed:UNHANDLED_DECISION",
)
@pytest.mark.parametrize("kind", list(CLOSING))
def test_news_that_the_decider_has_not_seen_keep_it_open(world: World, kind: str) -> None:
    run_id = world.start()
    task = world.poll()
    world.swf.signal_workflow_execution(domain=DOMAIN, workflowId="order", signalName="wait")
    world.respond(task, decision(kind, **CLOSING[kind]))
    failed = world.event(f"{kind}Failed", run_id)
    assert (failed["cause"], failed["decisionTaskCompletedEventId"]) == ("UNHANDLED_DECISION", 5)
    assert world.status(run_id) == "OPEN"
    again = world.poll()
    assert again["previousStartedEventId"] == 3
    world.respond(again, complete())
    assert world.status(run_id) == "COMPLETED"


def test_a_timer_that_fired_meanwhile_is_news_too(world: World) -> None:
    run_id = world.start()
    world.decide(timer(seconds=5))
    world.swf.signal_workflow_execution(domain=DOMAIN, workflowId="order", signalName="look")
    task = world.poll()
    world.advance(6)
    world.respond(task, complete())
    assert world.cause("CompleteWorkflowExecutionFailed", run_id) == "UNHANDLED_DECISION"


def test_closing_must_be_the_last_decision(world: World) -> None:
    run_id = world.start()
    task = world.poll()
    with world.refused("ValidationException", "last"):
        world.respond(task, complete(), activity())
    assert world.kinds(run_id)[-1] == "DecisionTaskStarted"
    world.respond(task, activity(), complete())
    assert world.status(run_id) == "COMPLETED"


@pytest.mark.proves("ContinueAsNewWorkflowExecution", "WorkflowExecutionContinuedAsNew")
def test_an_execution_goes_on_as_a_new_one(world: World) -> None:
    world.register_workflow_type(version="2")
    first = world.start(input="old", tagList=["old"], taskPriority="4")
    task = world.poll()
    world.respond(
        task,
        decision(
            "ContinueAsNewWorkflowExecution",
            input="new",
            tagList=["new"],
            workflowTypeVersion="2",
            taskList={"name": "second"},
            childPolicy="ABANDON",
            executionStartToCloseTimeout="77",
            taskStartToCloseTimeout="7",
            taskPriority="5",
        ),
    )
    continued = world.event("WorkflowExecutionContinuedAsNew", first)
    second = continued["newExecutionRunId"]
    assert second != first
    assert continued["workflowType"] == {"name": "Order", "version": "2"}
    assert continued["decisionTaskCompletedEventId"] == 4
    assert world.status(first) == "CONTINUED_AS_NEW"
    started = world.event("WorkflowExecutionStarted", second)
    assert started["continuedExecutionRunId"] == first
    for name, value in {
        "input": "new",
        "tagList": ["new"],
        "workflowType": {"name": "Order", "version": "2"},
        "taskList": {"name": "second"},
        "childPolicy": "ABANDON",
        "executionStartToCloseTimeout": "77",
        "taskStartToCloseTimeout": "7",
        "taskPriority": "5",
    }.items():
        assert started[name] == continued[name] == value
    assert world.decide(complete(), task_list="second")["workflowExecution"]["runId"] == second
    assert world.status(second) == "COMPLETED"


def continue_as(version: str) -> dict[str, Any]:
    return decision("ContinueAsNewWorkflowExecution", workflowTypeVersion=version)


@pytest.mark.proves(
    "ContinueAsNewWorkflowExecutionFailed:WORKFLOW_TYPE_DOES_NOT_EXIST",
    "ContinueAsNewWorkflowExecutionFailed:WORKFLOW_TYPE_DEPRECATED",
)
def test_it_goes_on_with_a_type_in_use_only(world: World) -> None:
    run_id = world.start()
    world.decide(continue_as("9"))
    assert world.cause("ContinueAsNewWorkflowExecutionFailed", run_id) == "WORKFLOW_TYPE_DOES_NOT_EXIST"
    world.register_workflow_type(version="2")
    world.swf.deprecate_workflow_type(domain=DOMAIN, workflowType={"name": "Order", "version": "2"})
    world.decide(continue_as("2"))
    assert attributes_of(world.history(run_id)[-2])["cause"] == "WORKFLOW_TYPE_DEPRECATED"
    assert world.status(run_id) == "OPEN"
    assert world.pending_decisions() == 1


@pytest.mark.proves(
    "ContinueAsNewWorkflowExecutionFailed:DEFAULT_TASK_LIST_UNDEFINED",
    "ContinueAsNewWorkflowExecutionFailed:DEFAULT_CHILD_POLICY_UNDEFINED",
    "ContinueAsNewWorkflowExecutionFailed:DEFAULT_TASK_START_TO_CLOSE_TIMEOUT_UNDEFINED",
    "ContinueAsNewWorkflowExecutionFailed:DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED",
)
@pytest.mark.parametrize(
    ("default", "cause"),
    [
        ("TaskList", "TASK_LIST"),
        ("ChildPolicy", "CHILD_POLICY"),
        ("TaskStartToCloseTimeout", "TASK_START_TO_CLOSE_TIMEOUT"),
        ("ExecutionStartToCloseTimeout", "EXECUTION_START_TO_CLOSE_TIMEOUT"),
    ],
)
def test_the_new_executions_type_has_defaults_or_the_decision_says_so(
    world: World, default: str, cause: str
) -> None:
    left_out: dict[str, Any] = {f"default{default}": None}
    world.register_workflow_type(version="2", **left_out)
    run_id = world.start()
    world.decide(continue_as("2"))
    assert world.cause("ContinueAsNewWorkflowExecutionFailed", run_id) == f"DEFAULT_{cause}_UNDEFINED"
    assert world.status(run_id) == "OPEN"


@pytest.mark.proves("WorkflowExecutionTimedOut", "WorkflowExecutionTimedOut:START_TO_CLOSE")
def test_an_execution_times_out_after_days(world: World) -> None:
    run_id = world.start(executionStartToCloseTimeout="259200")
    world.decide(activity())
    world.advance(259199)
    assert world.status(run_id) == "OPEN"
    world.advance(2)
    timed_out = world.event("WorkflowExecutionTimedOut", run_id)
    assert (timed_out["timeoutType"], timed_out["childPolicy"]) == ("START_TO_CLOSE", "TERMINATE")
    assert world.kinds(run_id)[-1] == "WorkflowExecutionTimedOut"
    assert world.status(run_id) == "TIMED_OUT"
    assert world.pending_activities() == 0


@pytest.mark.proves(
    "TerminateWorkflowExecution",
    "WorkflowExecutionTerminated",
    "WorkflowExecutionTerminated:OPERATOR_INITIATED",
)
def test_an_operator_terminates(world: World) -> None:
    run_id = world.start()
    task = world.poll()
    world.swf.terminate_workflow_execution(
        domain=DOMAIN, workflowId="order", reason="stop", details="now", childPolicy="ABANDON"
    )
    assert world.event("WorkflowExecutionTerminated", run_id) == {
        "eventId": 4,
        "reason": "stop",
        "details": "now",
        "childPolicy": "ABANDON",
        "cause": "OPERATOR_INITIATED",
    }
    assert world.status(run_id) == "TERMINATED"
    assert world.pending_decisions() == 0
    with world.refused("UnknownResourceFault"):
        world.respond(task, complete())


@pytest.mark.proves("TerminateWorkflowExecution:UnknownResourceFault")
def test_only_what_is_open_is_terminated(world: World) -> None:
    with world.refused("UnknownResourceFault", "order"):
        world.swf.terminate_workflow_execution(domain=DOMAIN, workflowId="order")
    run_id = world.start()
    with world.refused("UnknownResourceFault"):
        world.swf.terminate_workflow_execution(domain=DOMAIN, workflowId="order", runId="another")
    world.swf.terminate_workflow_execution(domain=DOMAIN, workflowId="order", runId=run_id)
    with world.refused("UnknownResourceFault"):
        world.swf.terminate_workflow_execution(domain=DOMAIN, workflowId="order", runId=run_id)


@pytest.mark.proves("WorkflowExecutionTerminated:EVENT_LIMIT_EXCEEDED")
def test_a_history_that_grows_too_long_ends_the_execution(world: World) -> None:
    run_id = world.start()
    markers = [decision("RecordMarker", markerName="m")] * 1000
    for _ in range(26):
        if world.status(run_id) != "OPEN":
            break
        world.decide(*markers)
        if world.status(run_id) == "OPEN":
            world.swf.signal_workflow_execution(domain=DOMAIN, workflowId="order", signalName="more")
    assert world.status(run_id) == "TERMINATED"
    events = world.history(run_id)
    assert [event["eventId"] for event in events] == list(range(1, len(events) + 1))
    assert len(events) == pytest.approx(25_000, abs=1)
    terminated = attributes_of(events[-1])
    assert terminated["cause"] == "EVENT_LIMIT_EXCEEDED"
