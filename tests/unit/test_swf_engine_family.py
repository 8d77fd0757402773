"""Parents and children, and what executions ask of each other."""

from __future__ import annotations

from typing import Any

import pytest

from cpe.local.swf.engine.limits import Limits
from tests.unit.swf_engine import DOMAIN, START, WORKFLOW_DEFAULTS, Driver, complete, decision

JOB = {"name": "job", "version": "1"}


def child(workflow_id: str = "c", **params: Any) -> dict[str, Any]:
    """Decide to start a child; its decision tasks go to the list "kids"."""
    given = {"workflowType": JOB, "taskList": {"name": "kids"}, **params}
    return decision("StartChildWorkflowExecution", workflowId=workflow_id, **given)


def family(**params: Any) -> tuple[Driver, str, str]:
    """Start a parent with a child; give the driver and both run ids."""
    swf = Driver()
    parent = swf.start(**params)
    swf.decide(child())
    return swf, parent, "run-2"


@pytest.mark.proves("StartChildWorkflowExecution", "StartChildWorkflowExecutionInitiated")
@pytest.mark.proves("ChildWorkflowExecutionStarted")
def test_a_child_starts_and_both_sides_know() -> None:
    swf = Driver()
    parent = swf.start()
    swf.decide(child(input="i", control="c", tagList=["t"], childPolicy="ABANDON", taskPriority="1"))
    configuration = {
        "input": "i",
        "tagList": ["t"],
        "workflowType": JOB,
        "executionStartToCloseTimeout": "3600",
        "taskStartToCloseTimeout": "60",
        "taskList": {"name": "kids"},
        "childPolicy": "ABANDON",
        "taskPriority": "1",
    }
    assert swf.last(parent, "StartChildWorkflowExecutionInitiated") == {
        **configuration,
        "workflowId": "c",
        "control": "c",
        "decisionTaskCompletedEventId": 4,
    }
    assert swf.last(parent, "ChildWorkflowExecutionStarted") == {
        "workflowExecution": {"workflowId": "c", "runId": "run-2"},
        "workflowType": JOB,
        "initiatedEventId": 5,
    }
    assert swf.last("run-2", "WorkflowExecutionStarted", "c") == {
        **configuration,
        "parentWorkflowExecution": {"workflowId": "w", "runId": parent},
        "parentInitiatedEventId": 5,
    }
    assert swf.describe("run-2", "c")["executionInfo"]["parent"] == {"workflowId": "w", "runId": parent}
    assert swf.describe(parent)["openCounts"]["openChildWorkflowExecutions"] == 1
    assert swf.poll_decision() is not None, "the parent is told that its child started"
    assert swf.poll_decision("kids") is not None


@pytest.mark.parametrize(
    ("made", "event_type", "told"),
    [
        pytest.param(
            complete("r"),
            "ChildWorkflowExecutionCompleted",
            {"result": "r"},
            marks=pytest.mark.proves("ChildWorkflowExecutionCompleted"),
        ),
        pytest.param(
            decision("FailWorkflowExecution", reason="r", details="d"),
            "ChildWorkflowExecutionFailed",
            {"reason": "r", "details": "d"},
            marks=pytest.mark.proves("ChildWorkflowExecutionFailed"),
        ),
        pytest.param(
            decision("CancelWorkflowExecution", details="d"),
            "ChildWorkflowExecutionCanceled",
            {"details": "d"},
            marks=pytest.mark.proves("ChildWorkflowExecutionCanceled"),
        ),
    ],
)
def test_the_parent_is_told_how_its_child_ended(
    made: dict[str, Any], event_type: str, told: dict[str, str]
) -> None:
    swf, parent, _ = family()
    swf.decide()
    swf.decide(made, task_list="kids")
    assert swf.last(parent, event_type) == {
        **told,
        "workflowExecution": {"workflowId": "c", "runId": "run-2"},
        "workflowType": JOB,
        "initiatedEventId": 5,
        "startedEventId": 6,
    }
    assert swf.describe(parent)["openCounts"]["openChildWorkflowExecutions"] == 0
    assert swf.poll_decision() is not None


@pytest.mark.proves("ChildWorkflowExecutionTerminated")
def test_the_parent_is_told_of_a_terminated_child() -> None:
    swf, parent, _ = family()
    swf.terminate("c", reason="because")
    assert swf.last(parent, "ChildWorkflowExecutionTerminated") == {
        "workflowExecution": {"workflowId": "c", "runId": "run-2"},
        "workflowType": JOB,
        "initiatedEventId": 5,
        "startedEventId": 6,
    }


@pytest.mark.proves("ChildWorkflowExecutionTimedOut", "ChildWorkflowExecutionTimedOut:START_TO_CLOSE")
def test_the_parent_is_told_of_a_child_that_timed_out() -> None:
    swf = Driver()
    parent = swf.start()
    swf.decide(child(executionStartToCloseTimeout="7"))
    swf.pass_time(8)
    assert swf.last(parent, "ChildWorkflowExecutionTimedOut")["timeoutType"] == "START_TO_CLOSE"
    told = swf.history(parent)[-1]
    assert told["eventTimestamp"] == START + 7


def test_a_child_that_continues_as_new_stays_the_parents_child() -> None:
    swf, parent, _ = family()
    swf.decide(decision("ContinueAsNewWorkflowExecution", taskList={"name": "kids"}), task_list="kids")
    started = swf.last("run-3", "WorkflowExecutionStarted", "c")
    assert started["parentWorkflowExecution"] == {"workflowId": "w", "runId": parent}
    assert started["parentInitiatedEventId"] == 5
    assert swf.describe(parent)["openCounts"]["openChildWorkflowExecutions"] == 1
    swf.decide(complete("late"), task_list="kids")
    assert swf.last(parent, "ChildWorkflowExecutionCompleted") == {
        "result": "late",
        "workflowExecution": {"workflowId": "c", "runId": "run-3"},
        "workflowType": JOB,
        "initiatedEventId": 5,
        "startedEventId": 6,
    }


def test_nobody_is_told_when_the_parent_has_closed() -> None:
    swf, parent, _ = family()
    swf.decide(complete())
    before = swf.types(parent)
    swf.decide(complete(), task_list="kids")
    assert swf.types(parent) == before


@pytest.mark.parametrize("made", [complete(), decision("ContinueAsNewWorkflowExecution")])
def test_children_outlive_a_parent_that_closes_by_itself(made: dict[str, Any]) -> None:
    swf, _, kid = family()
    swf.decide(made)
    assert swf.types(kid, "c") == ["WorkflowExecutionStarted", "DecisionTaskScheduled"]


def test_a_child_asked_for_in_the_answer_that_closes_starts_nevertheless() -> None:
    swf = Driver()
    parent = swf.start()
    swf.decide(child(), complete())
    assert swf.types(parent)[-1] == "WorkflowExecutionCompleted"
    assert swf.types("run-2", "c")[0] == "WorkflowExecutionStarted"


@pytest.mark.proves("WorkflowExecutionTerminated:CHILD_POLICY_APPLIED")
def test_the_policy_terminates_children_and_theirs() -> None:
    swf, parent, kid = family()
    swf.decide(child("g", taskList={"name": "grandkids"}), task_list="kids")
    swf.terminate()
    assert swf.types(parent)[-1] == "WorkflowExecutionTerminated"
    for run_id, workflow_id in ((kid, "c"), ("run-3", "g")):
        expected = {"childPolicy": "TERMINATE", "cause": "CHILD_POLICY_APPLIED"}
        assert swf.last(run_id, "WorkflowExecutionTerminated", workflow_id) == expected


def test_the_policy_holds_for_a_child_that_continued_as_new() -> None:
    swf, _, _ = family()
    swf.decide(decision("ContinueAsNewWorkflowExecution", taskList={"name": "kids"}), task_list="kids")
    swf.terminate()
    assert swf.types("run-3", "c")[-1] == "WorkflowExecutionTerminated"


@pytest.mark.proves("WorkflowExecutionCancelRequested:CHILD_POLICY_APPLIED")
def test_the_policy_requests_to_cancel_when_the_parent_times_out() -> None:
    swf, parent, kid = family(childPolicy="REQUEST_CANCEL", executionStartToCloseTimeout="9")
    swf.decide(task_list="kids")
    swf.pass_time(10)
    assert swf.types(parent)[-1] == "WorkflowExecutionTimedOut"
    assert swf.last(kid, "WorkflowExecutionCancelRequested", "c") == {
        "externalWorkflowExecution": {"workflowId": "w", "runId": parent},
        "externalInitiatedEventId": 0,
        "cause": "CHILD_POLICY_APPLIED",
    }
    assert swf.poll_decision("kids") is not None


def test_the_policy_given_with_the_termination_goes_first() -> None:
    swf, _, kid = family()
    swf.terminate(childPolicy="ABANDON")
    assert swf.types(kid, "c") == ["WorkflowExecutionStarted", "DecisionTaskScheduled"]


def test_a_thousand_generations_end_together() -> None:
    swf = Driver()
    swf.start("0", taskList={"name": "kids"})
    for number in range(1, 1000):
        token = None
        while token is None:  # parents are called as well, when their child started
            task = swf.decision_task("kids")
            if task["workflowExecution"]["workflowId"] == str(number - 1):
                token = task["taskToken"]
            else:
                swf.call("respond_decision_task_completed", taskToken=task["taskToken"])
        swf.call("respond_decision_task_completed", taskToken=token, decisions=[child(str(number))])
    swf.terminate("0")
    assert swf.engine.count_open_executions(DOMAIN) == 0


@pytest.mark.proves("StartChildWorkflowExecutionFailed")
@pytest.mark.proves("StartChildWorkflowExecutionFailed:WORKFLOW_TYPE_DOES_NOT_EXIST")
def test_a_childs_type_must_exist() -> None:
    swf = Driver()
    parent = swf.start()
    swf.decide(child(workflowType={"name": "dance", "version": "1"}, control="c"))
    assert swf.last(parent, "StartChildWorkflowExecutionFailed") == {
        "workflowId": "c",
        "workflowType": {"name": "dance", "version": "1"},
        "control": "c",
        "cause": "WORKFLOW_TYPE_DOES_NOT_EXIST",
        "initiatedEventId": 0,
        "decisionTaskCompletedEventId": 4,
    }
    assert swf.poll_decision() is not None


@pytest.mark.proves("StartChildWorkflowExecutionFailed:WORKFLOW_TYPE_DEPRECATED")
def test_a_childs_type_must_not_be_deprecated() -> None:
    swf = Driver()
    parent = swf.start()
    swf.registry.deprecate_type("workflow", {"domain": DOMAIN, "workflowType": JOB}, swf.now)
    swf.decide(child())
    failed = swf.last(parent, "StartChildWorkflowExecutionFailed")
    assert failed["cause"] == "WORKFLOW_TYPE_DEPRECATED"


@pytest.mark.proves("StartChildWorkflowExecutionFailed:WORKFLOW_ALREADY_RUNNING")
def test_a_childs_workflow_id_must_be_free() -> None:
    swf = Driver()
    parent = swf.start()
    swf.start("c", taskList={"name": "kids"})
    swf.decide(child(control="x"))
    assert swf.last(parent, "StartChildWorkflowExecutionFailed") == {
        "workflowId": "c",
        "workflowType": JOB,
        "control": "x",
        "cause": "WORKFLOW_ALREADY_RUNNING",
        "initiatedEventId": 5,
        "decisionTaskCompletedEventId": 4,
    }
    assert swf.describe(parent)["openCounts"]["openChildWorkflowExecutions"] == 0
    swf.terminate()
    assert swf.engine.open_execution(DOMAIN, "c") is not None, "it is not the parent's child"


@pytest.mark.proves("StartChildWorkflowExecutionFailed:OPEN_CHILDREN_LIMIT_EXCEEDED")
@pytest.mark.proves("StartChildWorkflowExecutionFailed:OPEN_WORKFLOWS_LIMIT_EXCEEDED")
@pytest.mark.parametrize(
    ("limits", "cause"),
    [
        (Limits(open_children=1), "OPEN_CHILDREN_LIMIT_EXCEEDED"),
        (Limits(open_executions=2), "OPEN_WORKFLOWS_LIMIT_EXCEEDED"),
    ],
)
def test_there_are_so_many_children(limits: Limits, cause: str) -> None:
    swf = Driver(limits=limits)
    parent = swf.start()
    swf.decide(child("one"))
    swf.decide(child("two"))
    failed = swf.last(parent, "StartChildWorkflowExecutionFailed")
    assert (failed["workflowId"], failed["cause"], failed["initiatedEventId"]) == ("two", cause, 0)


@pytest.mark.parametrize(
    ("missing", "cause"),
    [
        pytest.param(
            "defaultExecutionStartToCloseTimeout",
            "DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED",
            marks=pytest.mark.proves(
                "StartChildWorkflowExecutionFailed:DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED"
            ),
        ),
        pytest.param(
            "defaultTaskStartToCloseTimeout",
            "DEFAULT_TASK_START_TO_CLOSE_TIMEOUT_UNDEFINED",
            marks=pytest.mark.proves(
                "StartChildWorkflowExecutionFailed:DEFAULT_TASK_START_TO_CLOSE_TIMEOUT_UNDEFINED"
            ),
        ),
        pytest.param(
            "defaultTaskList",
            "DEFAULT_TASK_LIST_UNDEFINED",
            marks=pytest.mark.proves("StartChildWorkflowExecutionFailed:DEFAULT_TASK_LIST_UNDEFINED"),
        ),
        pytest.param(
            "defaultChildPolicy",
            "DEFAULT_CHILD_POLICY_UNDEFINED",
            marks=pytest.mark.proves("StartChildWorkflowExecutionFailed:DEFAULT_CHILD_POLICY_UNDEFINED"),
        ),
    ],
)
def test_a_child_needs_its_defaults(missing: str, cause: str) -> None:
    swf = Driver()
    rest = {name: value for name, value in WORKFLOW_DEFAULTS.items() if name != missing}
    swf.register_workflow("bare", **rest)
    parent = swf.start()
    kind = {"name": "bare", "version": "1"}
    swf.decide(decision("StartChildWorkflowExecution", workflowId="c", workflowType=kind))
    assert swf.last(parent, "StartChildWorkflowExecutionFailed")["cause"] == cause


@pytest.mark.proves("SignalExternalWorkflowExecution", "SignalExternalWorkflowExecutionInitiated")
@pytest.mark.proves("ExternalWorkflowExecutionSignaled")
def test_an_execution_signals_another() -> None:
    swf = Driver()
    source = swf.start()
    target = swf.start("t", taskList={"name": "other"})
    signal = {"workflowId": "t", "signalName": "s", "input": "i"}
    swf.decide(decision("SignalExternalWorkflowExecution", **signal, control="c"))
    assert swf.last(source, "SignalExternalWorkflowExecutionInitiated") == {
        **signal,
        "control": "c",
        "decisionTaskCompletedEventId": 4,
    }
    assert swf.last(target, "WorkflowExecutionSignaled", "t") == {
        "signalName": "s",
        "input": "i",
        "externalWorkflowExecution": {"workflowId": "w", "runId": source},
        "externalInitiatedEventId": 5,
    }
    assert swf.last(source, "ExternalWorkflowExecutionSignaled") == {
        "workflowExecution": {"workflowId": "t", "runId": target},
        "initiatedEventId": 5,
    }
    assert swf.poll_decision() is not None


def test_an_execution_signals_itself() -> None:
    swf = Driver()
    run_id = swf.start()
    swf.decide(decision("SignalExternalWorkflowExecution", workflowId="w", runId=run_id, signalName="s"))
    assert swf.types(run_id)[4:] == [
        "SignalExternalWorkflowExecutionInitiated",
        "WorkflowExecutionSignaled",
        "DecisionTaskScheduled",
        "ExternalWorkflowExecutionSignaled",
    ]


def test_a_signal_sent_with_the_last_breath_arrives() -> None:
    swf = Driver()
    source = swf.start()
    target = swf.start("t", taskList={"name": "other"})
    swf.decide(decision("SignalExternalWorkflowExecution", workflowId="t", signalName="s"), complete())
    assert "WorkflowExecutionSignaled" in swf.types(target, "t")
    assert swf.types(source)[-1] == "WorkflowExecutionCompleted"


@pytest.mark.proves("SignalExternalWorkflowExecutionFailed")
@pytest.mark.proves("SignalExternalWorkflowExecutionFailed:UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION")
@pytest.mark.parametrize("named", [{"workflowId": "nobody"}, {"workflowId": "w", "runId": "another"}])
def test_only_an_open_execution_can_be_signaled(named: dict[str, str]) -> None:
    swf = Driver()
    source = swf.start()
    swf.decide(decision("SignalExternalWorkflowExecution", **named, signalName="s", control="c"))
    assert swf.last(source, "SignalExternalWorkflowExecutionFailed") == {
        **named,
        "control": "c",
        "cause": "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION",
        "initiatedEventId": 5,
        "decisionTaskCompletedEventId": 4,
    }
    assert swf.poll_decision() is not None


@pytest.mark.proves(
    "RequestCancelExternalWorkflowExecution", "RequestCancelExternalWorkflowExecutionInitiated"
)
@pytest.mark.proves("ExternalWorkflowExecutionCancelRequested")
def test_an_execution_requests_that_another_be_canceled() -> None:
    swf = Driver()
    source = swf.start()
    target = swf.start("t", taskList={"name": "other"})
    request = {"workflowId": "t", "runId": target, "control": "c"}
    swf.decide(decision("RequestCancelExternalWorkflowExecution", **request))
    expected = {**request, "decisionTaskCompletedEventId": 4}
    assert swf.last(source, "RequestCancelExternalWorkflowExecutionInitiated") == expected
    assert swf.last(target, "WorkflowExecutionCancelRequested", "t") == {
        "externalWorkflowExecution": {"workflowId": "w", "runId": source},
        "externalInitiatedEventId": 5,
    }
    assert swf.last(source, "ExternalWorkflowExecutionCancelRequested") == {
        "workflowExecution": {"workflowId": "t", "runId": target},
        "initiatedEventId": 5,
    }


@pytest.mark.proves("RequestCancelExternalWorkflowExecutionFailed")
@pytest.mark.proves("RequestCancelExternalWorkflowExecutionFailed:UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION")
def test_only_an_open_execution_can_be_asked_to_cancel() -> None:
    swf = Driver()
    source = swf.start()
    swf.decide(decision("RequestCancelExternalWorkflowExecution", workflowId="nobody"))
    assert swf.last(source, "RequestCancelExternalWorkflowExecutionFailed") == {
        "workflowId": "nobody",
        "cause": "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION",
        "initiatedEventId": 5,
        "decisionTaskCompletedEventId": 4,
    }
    assert swf.poll_decision() is not None
