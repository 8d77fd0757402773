"""Random decisions for few ids, so that they meet: most make sense, some contradict each other."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

WORKFLOW_IDS = ("a", "b", "c", "d")
LISTS = ("first", "second")
POLICIES = ("TERMINATE", "REQUEST_CANCEL", "ABANDON")
WORKFLOWS = ({"name": "Full", "version": "1"}, {"name": "Bare", "version": "1"})
ACTIVITIES = ({"name": "Full", "version": "1"}, {"name": "Bare", "version": "1"})
_IDS = ("x", "y", "z", "w")
_TIMEOUTS = ("NONE", "5", "50")

Decision = dict[str, Any]


def decision_lists() -> st.SearchStrategy[list[Decision]]:
    """Make the decisions of one answer: some, and at times one that closes."""
    ending: st.SearchStrategy[list[Decision]] = st.one_of(
        st.just([]), st.just([]), _closings().map(lambda closing: [closing])
    )
    in_order = st.tuples(st.lists(_steps(), min_size=1, max_size=5), ending).map(
        lambda both: both[0] + both[1]
    )
    return st.one_of(in_order, in_order, in_order, st.lists(_steps() | _closings(), max_size=3))


def task_list_settings() -> st.SearchStrategy[dict[str, Any]]:
    """Make what an answer may say of the next decision tasks: nothing, another list, or one for a while."""
    lists = st.sampled_from([{"name": name} for name in LISTS])
    nothing: st.SearchStrategy[dict[str, Any]] = st.just({})
    for_good = st.fixed_dictionaries({"taskList": lists})
    for_now = st.fixed_dictionaries({"taskList": lists, "taskListScheduleToStartTimeout": st.just("10")})
    return st.one_of(nothing, nothing, for_good, for_now)


def _decision(kind: str, attributes: dict[str, Any]) -> Decision:
    chosen = {name: value for name, value in attributes.items() if value is not None}
    return {"decisionType": kind, f"{kind[0].lower()}{kind[1:]}DecisionAttributes": chosen}


def _of(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Decision]:
    return st.fixed_dictionaries(fields).map(lambda attributes: _decision(kind, attributes))


def _maybe(*values: Any) -> st.SearchStrategy[Any]:
    return st.none() | st.sampled_from(values)


def _lists() -> st.SearchStrategy[Any]:
    return _maybe(*({"name": name} for name in LISTS))


def _steps() -> st.SearchStrategy[Decision]:
    ids, workflows = st.sampled_from(_IDS), st.sampled_from(WORKFLOW_IDS)
    return st.one_of(
        _of(
            "ScheduleActivityTask",
            activityType=st.sampled_from([*ACTIVITIES[:1] * 3, *ACTIVITIES, {"name": "No", "version": "1"}]),
            activityId=ids,
            taskList=_lists(),
            taskPriority=_maybe("-3", "0", "9"),
            scheduleToStartTimeout=_maybe(*_TIMEOUTS),
            scheduleToCloseTimeout=_maybe(*_TIMEOUTS),
            startToCloseTimeout=_maybe(*_TIMEOUTS),
            heartbeatTimeout=_maybe(*_TIMEOUTS),
        ),
        _of("RequestCancelActivityTask", activityId=ids),
        _of("StartTimer", timerId=ids, startToFireTimeout=st.sampled_from(["0", "3", "30"])),
        _of("CancelTimer", timerId=ids),
        _of("RecordMarker", markerName=ids),
        _of(
            "StartChildWorkflowExecution",
            workflowId=workflows,
            workflowType=st.sampled_from([*WORKFLOWS[:1] * 3, *WORKFLOWS, {"name": "No", "version": "1"}]),
            taskList=_lists(),
            childPolicy=_maybe(*POLICIES),
            executionStartToCloseTimeout=_maybe("20", "200"),
        ),
        _of("SignalExternalWorkflowExecution", workflowId=workflows, signalName=st.just("signal")),
        _of("RequestCancelExternalWorkflowExecution", workflowId=workflows),
        _of("ScheduleLambdaFunction", id=ids, name=st.just("function")),
    )


def _closings() -> st.SearchStrategy[Decision]:
    return st.one_of(
        _of("CompleteWorkflowExecution", result=_maybe("result")),
        _of("FailWorkflowExecution", reason=_maybe("reason")),
        _of("CancelWorkflowExecution", details=_maybe("details")),
        _of("ContinueAsNewWorkflowExecution", taskList=_lists(), workflowTypeVersion=_maybe("1", "2")),
    )
