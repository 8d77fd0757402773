"""Random use of an engine: steps that mean the same to any engine in the same state.

A step refers to tasks by their place among those handed out, so a list of steps can be played against several
engines, and shrinks well.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from cpe.local.swf.faults import SwfFault
from tests.unit.swf_engine import DOMAIN, Driver, complete, decision, schedule

IDS = ("a", "b", "c")
LISTS = ("deciders", "other", "sticky")

_ids = st.sampled_from(IDS)
_seconds = st.sampled_from(["0", "1", "5", "30"])
_policies = st.sampled_from(["TERMINATE", "REQUEST_CANCEL", "ABANDON"])
_priorities = st.sampled_from([{}, {"taskPriority": "0"}, {"taskPriority": "7"}])

_timeouts = st.fixed_dictionaries(
    {},
    optional={
        name: st.sampled_from(["NONE", "0", "3", "20"])
        for name in (
            "scheduleToStartTimeout",
            "scheduleToCloseTimeout",
            "startToCloseTimeout",
            "heartbeatTimeout",
        )
    },
)


def _child(workflow_id: str, task_list: str, policy: str) -> dict[str, Any]:
    return decision(
        "StartChildWorkflowExecution",
        workflowId=workflow_id,
        workflowType={"name": "job", "version": "1"},
        taskList={"name": task_list},
        childPolicy=policy,
    )


decisions = st.one_of(
    st.builds(lambda i, t, p: schedule(i, **t, **p), _ids, _timeouts, _priorities),
    st.builds(lambda i: schedule(i, name="unknown"), _ids),
    st.builds(lambda i: decision("RequestCancelActivityTask", activityId=i), _ids),
    st.builds(lambda i, s: decision("StartTimer", timerId=i, startToFireTimeout=s), _ids, _seconds),
    st.builds(lambda i: decision("CancelTimer", timerId=i), _ids),
    st.builds(lambda: decision("RecordMarker", markerName="m")),
    st.builds(_child, _ids, st.sampled_from(LISTS), _policies),
    st.builds(lambda i: decision("SignalExternalWorkflowExecution", workflowId=i, signalName="s"), _ids),
    st.builds(lambda i: decision("RequestCancelExternalWorkflowExecution", workflowId=i), _ids),
    st.builds(lambda: decision("ScheduleLambdaFunction", id="f", name="f")),
)
closings = st.one_of(
    st.just(complete("r")),
    st.just(decision("FailWorkflowExecution", reason="r")),
    st.just(decision("CancelWorkflowExecution")),
    st.just(decision("ContinueAsNewWorkflowExecution", input="again")),
)

_sticky = st.fixed_dictionaries(
    {"taskList": st.sampled_from([{"name": name} for name in LISTS])},
    optional={"taskListScheduleToStartTimeout": st.sampled_from(["NONE", "0", "2"])},
)
_answer_params: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}), st.just({}), _sticky, st.just({"executionContext": "x"})
)

Step = tuple[Any, ...]

_places = st.integers(0, 2)
_some = st.lists(decisions, min_size=1, max_size=4)
_seldom_closing = st.one_of(st.just([]), st.just([]), st.just([]), closings.map(lambda each: [each]))

# What makes an execution go on comes often; what ends it all, seldom.
_going_on = st.one_of(
    st.tuples(st.just("turn"), _some, st.just([]), st.just({})),
    st.tuples(st.just("turn"), _some, _seldom_closing, _answer_params),
    st.tuples(st.just("work"), st.sampled_from(["completed", "failed", "canceled"])),
    st.tuples(st.just("poll_decision")),
    st.tuples(st.just("poll_activity")),
    st.tuples(st.just("decide"), _places, _some, _seldom_closing, _answer_params),
    st.tuples(st.just("end"), _places, st.sampled_from(["completed", "failed", "canceled"])),
    st.tuples(st.just("heartbeat"), _places, st.sampled_from([None, "10 %", "20 %"])),
    st.tuples(st.just("pass"), st.sampled_from([0.0, 0.4, 1.0, 1.0, 4.0, 17.0, 61.0])),
    st.tuples(st.just("signal"), _ids),
    st.tuples(st.just("start"), _ids, st.sampled_from(LISTS), _policies, _priorities),
)
_ending = st.one_of(
    st.tuples(st.just("cancel"), _ids),
    st.tuples(st.just("terminate"), _ids),
    st.tuples(st.just("pass"), st.just(3600.0)),
)
_step = st.integers(0, 30).flatmap(lambda number: _ending if number == 0 else _going_on)


def steps(count: int) -> st.SearchStrategy[list[Step]]:
    """Make so many steps."""
    return st.lists(_step, min_size=count, max_size=count)


class Player:
    """Plays steps against one driver; what it saw stands in `seen`."""

    def __init__(self, swf: Driver) -> None:
        self.swf = swf
        self.decision_tokens: list[str] = []
        self.activity_tokens: list[str] = []
        self.seen: list[Any] = []

    def play(self, step: Step) -> None:
        """Do a step, and note what came of it; a fault is a result as well."""
        try:
            self.seen.append(getattr(self, f"_{step[0]}")(*step[1:]))
        except SwfFault as fault:
            self.seen.append((fault.name, fault.message))

    def _start(self, workflow_id: str, task_list: str, policy: str, priority: dict[str, str]) -> Any:
        where = {"name": task_list}
        return self.swf.start(workflow_id, taskList=where, childPolicy=policy, **priority)

    def _signal(self, workflow_id: str) -> None:
        self.swf.signal(workflow_id)

    def _cancel(self, workflow_id: str) -> None:
        self.swf.call("request_cancel_workflow_execution", domain=DOMAIN, workflowId=workflow_id)

    def _terminate(self, workflow_id: str) -> None:
        self.swf.terminate(workflow_id)

    def _poll_decision(self) -> Any:
        for task_list in LISTS:
            task = self.swf.poll_decision(task_list)
            if task is not None:
                self.decision_tokens.insert(0, task["taskToken"])
                return task
        return None

    def _turn(self, made: list[Any], closing: list[Any], params: dict[str, Any]) -> Any:
        task = self._poll_decision()
        if task is not None:
            self._decide(0, made, closing, params)
        return task

    def _work(self, how: str) -> Any:
        task = self._poll_activity()
        if task is not None:
            self._end(0, how)
        return task

    def _poll_activity(self) -> Any:
        task = self.swf.poll_activity()
        if task is not None:
            self.activity_tokens.insert(0, task["taskToken"])
        return task

    def _decide(self, place: int, made: list[Any], closing: list[Any], params: dict[str, Any]) -> None:
        if place < len(self.decision_tokens):
            token = self.decision_tokens[place]
            self.swf.call(
                "respond_decision_task_completed", taskToken=token, decisions=made + closing, **params
            )

    def _end(self, place: int, how: str) -> None:
        if place < len(self.activity_tokens):
            self.swf.call(f"respond_activity_task_{how}", taskToken=self.activity_tokens[place])

    def _heartbeat(self, place: int, details: str | None) -> Any:
        if place >= len(self.activity_tokens):
            return None
        given = {} if details is None else {"details": details}
        return self.swf.call("record_activity_task_heartbeat", taskToken=self.activity_tokens[place], **given)

    def _pass(self, seconds: float) -> Any:
        self.swf.pass_time(seconds)
        return self.swf.engine.next_due()
