"""Child workflows over HTTP: how they start and end, and what becomes of them without their parent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.swf_world import DOMAIN, WORKFLOW, World, attributes_of, child, complete, decision

CHILDREN = "children"


def family(world: World, **settings: Any) -> tuple[str, str]:
    """Start an execution with one child; returns both run ids."""
    parent = world.start(**settings)
    world.decide(child())
    return parent, world.open_run("child")


@pytest.mark.proves(
    "StartChildWorkflowExecution",
    "StartChildWorkflowExecutionInitiated",
    "ChildWorkflowExecutionStarted",
    "ChildWorkflowExecutionCompleted",
)
def test_a_child_starts_completes_and_tells_its_parent(world: World) -> None:
    parent = world.start()
    settings: dict[str, Any] = {
        "input": "a box",
        "tagList": ["small"],
        "childPolicy": "ABANDON",
        "taskPriority": "2",
        "executionStartToCloseTimeout": "50",
        "taskStartToCloseTimeout": "5",
    }
    world.decide(child(control="mine", **settings))
    run_id = world.open_run("child")
    who = {"workflowId": "child", "runId": run_id}
    initiated = world.event("StartChildWorkflowExecutionInitiated", parent)
    said = {**settings, "control": "mine", "workflowId": "child", "workflowType": WORKFLOW}
    assert initiated == {
        **said,
        "taskList": {"name": CHILDREN},
        "eventId": 5,
        "decisionTaskCompletedEventId": 4,
    }
    assert world.event("ChildWorkflowExecutionStarted", parent) == {
        "eventId": 6,
        "workflowExecution": who,
        "workflowType": WORKFLOW,
        "initiatedEventId": 5,
    }
    assert world.pending_decisions() == 1
    started = world.event("WorkflowExecutionStarted", run_id, "child")
    assert started["parentWorkflowExecution"] == {"workflowId": "order", "runId": parent}
    assert started["parentInitiatedEventId"] == 5
    assert {name: started[name] for name in settings} == settings
    assert world.describe(run_id, "child")["executionInfo"]["parent"] == started["parentWorkflowExecution"]
    assert world.describe(parent)["openCounts"]["openChildWorkflowExecutions"] == 1
    world.decide(complete("packed"), task_list=CHILDREN)
    completed = world.event("ChildWorkflowExecutionCompleted", parent)
    assert completed.pop("eventId") > 6
    assert completed == {
        "workflowExecution": who,
        "workflowType": WORKFLOW,
        "result": "packed",
        "initiatedEventId": 5,
        "startedEventId": 6,
    }
    assert world.describe(parent)["openCounts"]["openChildWorkflowExecutions"] == 0


@pytest.mark.proves("ChildWorkflowExecutionFailed", "ChildWorkflowExecutionCanceled")
@pytest.mark.parametrize(
    ("kind", "event", "told"),
    [
        ("FailWorkflowExecution", "ChildWorkflowExecutionFailed", {"reason": "r", "details": "d"}),
        ("CancelWorkflowExecution", "ChildWorkflowExecutionCanceled", {"details": "d"}),
    ],
)
def test_a_parent_hears_how_its_child_ended(
    world: World, kind: str, event: str, told: dict[str, str]
) -> None:
    parent, _ = family(world)
    world.decide()
    world.decide(decision(kind, **told), task_list=CHILDREN)
    heard = world.event(event, parent)
    assert {name: heard[name] for name in told} == told
    assert (heard["initiatedEventId"], heard["startedEventId"]) == (5, 6)
    assert world.pending_decisions() == 1


@pytest.mark.proves("ChildWorkflowExecutionTerminated")
def test_a_parent_hears_that_its_child_was_terminated(world: World) -> None:
    parent, _ = family(world)
    world.swf.terminate_workflow_execution(domain=DOMAIN, workflowId="child")
    assert world.event("ChildWorkflowExecutionTerminated", parent)["startedEventId"] == 6


@pytest.mark.proves("ChildWorkflowExecutionTimedOut", "ChildWorkflowExecutionTimedOut:START_TO_CLOSE")
def test_a_parent_hears_that_its_childs_time_was_up(world: World) -> None:
    parent = world.start()
    world.decide(child(executionStartToCloseTimeout="50"))
    world.advance(51)
    assert world.event("ChildWorkflowExecutionTimedOut", parent)["timeoutType"] == "START_TO_CLOSE"


def test_a_child_that_goes_on_as_new_is_still_a_child(world: World) -> None:
    parent, first = family(world)
    world.decide(decision("ContinueAsNewWorkflowExecution", taskList={"name": CHILDREN}), task_list=CHILDREN)
    second = world.open_run("child")
    assert second != first
    started = world.event("WorkflowExecutionStarted", second, "child")
    assert started["parentWorkflowExecution"]["runId"] == parent
    assert "ChildWorkflowExecutionCompleted" not in world.kinds(parent)
    world.decide(complete("at last"), task_list=CHILDREN)
    assert world.event("ChildWorkflowExecutionCompleted", parent)["result"] == "at last"


@pytest.mark.proves(
    "WorkflowExecutionTerminated:CHILD_POLICY_APPLIED",
    "WorkflowExecutionCancelRequested:CHILD_POLICY_APPLIED",
)
@pytest.mark.parametrize("end", ["terminated", "timed out"])
@pytest.mark.parametrize("policy", ["TERMINATE", "REQUEST_CANCEL", "ABANDON"])
def test_the_child_policy_says_what_becomes_of_orphans(world: World, policy: str, end: str) -> None:
    _, run_id = family(world, childPolicy=policy, executionStartToCloseTimeout="10")
    if end == "terminated":
        world.swf.terminate_workflow_execution(domain=DOMAIN, workflowId="order")
    else:
        world.advance(11)
    match policy:
        case "TERMINATE":
            terminated = world.event("WorkflowExecutionTerminated", run_id, "child")
            assert terminated["cause"] == "CHILD_POLICY_APPLIED"
            assert world.status(run_id, "child") == "TERMINATED"
        case "REQUEST_CANCEL":
            requested = world.event("WorkflowExecutionCancelRequested", run_id, "child")
            assert requested["cause"] == "CHILD_POLICY_APPLIED"
            assert world.describe(run_id, "child")["executionInfo"]["cancelRequested"] is True
            assert world.pending_decisions(CHILDREN) == 1
        case _:
            assert world.kinds(run_id, "child") == ["WorkflowExecutionStarted", "DecisionTaskScheduled"]


def test_the_operator_may_choose_another_policy(world: World) -> None:
    _, run_id = family(world, childPolicy="TERMINATE")
    world.swf.terminate_workflow_execution(domain=DOMAIN, workflowId="order", childPolicy="ABANDON")
    assert world.status(run_id, "child") == "OPEN"


def test_grandchildren_go_with_their_parents(world: World) -> None:
    family(world)
    world.decide(child("grandchild"), task_list=CHILDREN)
    run_id = world.open_run("grandchild")
    world.swf.terminate_workflow_execution(domain=DOMAIN, workflowId="order")
    assert world.status(run_id, "grandchild") == "TERMINATED"


def test_a_parent_that_completes_leaves_its_children_alone(world: World) -> None:
    parent, run_id = family(world)
    world.decide(complete())
    assert (world.status(parent), world.status(run_id, "child")) == ("COMPLETED", "OPEN")
    world.decide(complete(), task_list=CHILDREN)
    assert world.status(run_id, "child") == "COMPLETED"
    assert world.kinds(parent)[-1] == "WorkflowExecutionCompleted"


@pytest.mark.proves(
    "StartChildWorkflowExecutionFailed", "StartChildWorkflowExecutionFailed:WORKFLOW_ALREADY_RUNNING"
)
def test_a_child_needs_an_id_of_its_own(world: World) -> None:
    run_id = world.start()
    world.decide(child("order", control="mine"))
    failed = world.event("StartChildWorkflowExecutionFailed", run_id)
    assert failed == {
        "eventId": 6,
        "workflowType": WORKFLOW,
        "cause": "WORKFLOW_ALREADY_RUNNING",
        "workflowId": "order",
        "control": "mine",
        "initiatedEventId": 5,
        "decisionTaskCompletedEventId": 4,
    }
    assert world.pending_decisions() == 1


@pytest.mark.proves(
    "StartChildWorkflowExecutionFailed:WORKFLOW_TYPE_DOES_NOT_EXIST",
    "StartChildWorkflowExecutionFailed:WORKFLOW_TYPE_DEPRECATED",
)
@pytest.mark.parametrize("deprecated", [False, True])
def test_a_child_is_of_a_type_in_use(world: World, deprecated: bool) -> None:
    kind = {"name": "Other", "version": "1"}
    if deprecated:
        world.register_workflow_type("Other")
        world.swf.deprecate_workflow_type(domain=DOMAIN, workflowType=kind)
    run_id = world.start()
    world.decide(child(workflowType=kind))
    failed = world.event("StartChildWorkflowExecutionFailed", run_id)
    assert failed["cause"] == ("WORKFLOW_TYPE_DEPRECATED" if deprecated else "WORKFLOW_TYPE_DOES_NOT_EXIST")
    assert (failed["initiatedEventId"], failed["decisionTaskCompletedEventId"]) == (0, 4)
    assert "StartChildWorkflowExecutionInitiated" not in world.kinds(run_id)


@pytest.mark.proves(
    "StartChildWorkflowExecutionFailed:DEFAULT_TASK_LIST_UNDEFINED",
    "StartChildWorkflowExecutionFailed:DEFAULT_CHILD_POLICY_UNDEFINED",
    "StartChildWorkflowExecutionFailed:DEFAULT_TASK_START_TO_CLOSE_TIMEOUT_UNDEFINED",
    "StartChildWorkflowExecutionFailed:DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED",
)
@pytest.mark.parametrize(
    ("default", "setting", "value", "cause"),
    [
        ("TaskList", "taskList", {"name": "a"}, "TASK_LIST"),
        ("ChildPolicy", "childPolicy", "ABANDON", "CHILD_POLICY"),
        ("TaskStartToCloseTimeout", "taskStartToCloseTimeout", "5", "TASK_START_TO_CLOSE_TIMEOUT"),
        (
            "ExecutionStartToCloseTimeout",
            "executionStartToCloseTimeout",
            "5",
            "EXECUTION_START_TO_CLOSE_TIMEOUT",
        ),
    ],
)
def test_what_has_no_default_must_be_said(
    world: World, default: str, setting: str, value: Any, cause: str
) -> None:
    left_out: dict[str, Any] = {f"default{default}": None}
    world.register_workflow_type("Bare", **left_out)
    bare = {"name": "Bare", "version": "1"}
    run_id = world.start()
    start = [
        decision("StartChildWorkflowExecution", workflowType=bare, workflowId=name, **more)
        for name, more in [("without", {}), ("with", {setting: value})]
    ]
    world.decide(*start)
    failed = world.event("StartChildWorkflowExecutionFailed", run_id)
    assert (failed["workflowId"], failed["cause"]) == ("without", f"DEFAULT_{cause}_UNDEFINED")
    assert world.event("ChildWorkflowExecutionStarted", run_id)["workflowExecution"]["workflowId"] == "with"


@pytest.mark.proves("StartChildWorkflowExecutionFailed:OPEN_CHILDREN_LIMIT_EXCEEDED")
def test_an_execution_has_a_thousand_open_children_at_most(world: World) -> None:
    run_id = world.start()
    world.decide(*(child(f"child-{number}") for number in range(1001)))
    failed = world.event("StartChildWorkflowExecutionFailed", run_id)
    assert (failed["workflowId"], failed["cause"]) == ("child-1000", "OPEN_CHILDREN_LIMIT_EXCEEDED")
    assert world.describe(run_id)["openCounts"]["openChildWorkflowExecutions"] == 1000


def test_a_child_in_a_deprecated_domain_fails(world: World) -> None:
    run_id = world.start()
    world.swf.deprecate_domain(name=DOMAIN)
    world.decide(child())
    assert attributes_of(world.history(run_id)[4])["cause"] == "WORKFLOW_TYPE_DEPRECATED"
