"""A domain of a running local SWF, seen with boto3 as any program sees it."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cpe.local.server import LocalAws

DOMAIN = "proof"
WORKFLOW = {"name": "Order", "version": "1"}
ACTIVITY = {"name": "Pack", "version": "1"}
DECISIONS, WORK = {"name": "decisions"}, {"name": "work"}
DAY = 86400

#: What `register_workflow_type` and `register_activity_type` are given unless a test says otherwise.
WORKFLOW_DEFAULTS: Mapping[str, Any] = {
    "defaultTaskStartToCloseTimeout": "30",
    "defaultExecutionStartToCloseTimeout": "3600",
    "defaultTaskList": DECISIONS,
    "defaultChildPolicy": "TERMINATE",
}
ACTIVITY_DEFAULTS: Mapping[str, Any] = {
    "defaultTaskStartToCloseTimeout": "NONE",
    "defaultTaskHeartbeatTimeout": "NONE",
    "defaultTaskList": WORK,
    "defaultTaskScheduleToStartTimeout": "NONE",
    "defaultTaskScheduleToCloseTimeout": "NONE",
}


def decision(kind: str, **attributes: Any) -> dict[str, Any]:
    """Make a decision as RespondDecisionTaskCompleted takes it.

    Example:
        >>> decision("CancelTimer", timerId="t")
        {'decisionType': 'CancelTimer', 'cancelTimerDecisionAttributes': {'timerId': 't'}}
    """
    return {"decisionType": kind, f"{kind[0].lower()}{kind[1:]}DecisionAttributes": attributes}


def activity(activity_id: str = "a", **attributes: Any) -> dict[str, Any]:
    """Decide to schedule an activity of the usual type."""
    return decision("ScheduleActivityTask", activityType=ACTIVITY, activityId=activity_id, **attributes)


def timer(timer_id: str = "t", seconds: int = 60, **attributes: Any) -> dict[str, Any]:
    """Decide to start a timer."""
    return decision("StartTimer", timerId=timer_id, startToFireTimeout=str(seconds), **attributes)


def child(workflow_id: str = "child", **attributes: Any) -> dict[str, Any]:
    """Decide to start a child of the usual type, on a task list of its own."""
    settings = {"workflowType": WORKFLOW, "taskList": {"name": "children"}, **attributes}
    return decision("StartChildWorkflowExecution", workflowId=workflow_id, **settings)


def complete(result: str = "done") -> dict[str, Any]:
    """Decide to complete the execution."""
    return decision("CompleteWorkflowExecution", result=result)


def attributes_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of an event, whatever its type."""
    kind = event["eventType"]
    found = event.get(f"{kind[0].lower()}{kind[1:]}EventAttributes", {})
    assert isinstance(found, dict)
    return found


class World:
    """The domain, with one workflow type and one activity type, and short words for the usual calls."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        config = Config(read_timeout=70, retries={"total_max_attempts": 1}, max_pool_connections=20)
        self.swf: Any = boto3.client("swf", endpoint_url=endpoint, config=config)

    def furnish(self) -> World:
        """Register the domain and the two types."""
        self.swf.register_domain(name=DOMAIN, workflowExecutionRetentionPeriodInDays="7")
        self.register_workflow_type()
        self.register_activity_type()
        return self

    def register_workflow_type(self, name: str = "Order", version: str = "1", **defaults: Any) -> None:
        """Register a workflow type; a default that is None is left out."""
        chosen = _without_none({**WORKFLOW_DEFAULTS, **defaults})
        self.swf.register_workflow_type(domain=DOMAIN, name=name, version=version, **chosen)

    def register_activity_type(self, name: str = "Pack", version: str = "1", **defaults: Any) -> None:
        """Register an activity type; a default that is None is left out."""
        chosen = _without_none({**ACTIVITY_DEFAULTS, **defaults})
        self.swf.register_activity_type(domain=DOMAIN, name=name, version=version, **chosen)

    def advance(self, seconds: float) -> None:
        """Move the service's clock on."""
        self._post("/cpe-local/clock", {"advance": seconds})

    def _post(self, path: str, body: Any) -> None:
        request = urllib.request.Request(  # noqa: S310  # the scheme is the local endpoint's
            self._endpoint + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=60).close()  # noqa: S310  # as above

    def start(self, workflow_id: str = "order", **settings: Any) -> str:
        """Start an execution; returns its run id."""
        settings = {"workflowType": WORKFLOW, **settings}
        answer = self.swf.start_workflow_execution(domain=DOMAIN, workflowId=workflow_id, **settings)
        return str(answer["runId"])

    def poll(self, task_list: str = "decisions", **settings: Any) -> dict[str, Any]:
        """Take the decision task that must be there."""
        assert self.pending_decisions(task_list) > 0, f"no decision task on {task_list}"
        task = self.swf.poll_for_decision_task(domain=DOMAIN, taskList={"name": task_list}, **settings)
        assert task["taskToken"]
        return dict(task)

    def respond(self, task: Mapping[str, Any], *decisions: Mapping[str, Any], **settings: Any) -> None:
        """Answer a decision task."""
        token = task["taskToken"]
        self.swf.respond_decision_task_completed(taskToken=token, decisions=list(decisions), **settings)

    def decide(self, *decisions: Mapping[str, Any], task_list: str = "decisions") -> dict[str, Any]:
        """Take a decision task and answer it; returns the task."""
        task = self.poll(task_list)
        self.respond(task, *decisions)
        return task

    def take(self, task_list: str = "work", **settings: Any) -> dict[str, Any]:
        """Take the activity task that must be there."""
        assert self.pending_activities(task_list) > 0, f"no activity task on {task_list}"
        task = self.swf.poll_for_activity_task(domain=DOMAIN, taskList={"name": task_list}, **settings)
        assert task["taskToken"]
        return dict(task)

    def pending_decisions(self, task_list: str = "decisions") -> int:
        """Tell how many decision tasks wait."""
        answer = self.swf.count_pending_decision_tasks(domain=DOMAIN, taskList={"name": task_list})
        return int(answer["count"])

    def pending_activities(self, task_list: str = "work") -> int:
        """Tell how many activity tasks wait."""
        answer = self.swf.count_pending_activity_tasks(domain=DOMAIN, taskList={"name": task_list})
        return int(answer["count"])

    def history(self, run_id: str, workflow_id: str = "order") -> list[dict[str, Any]]:
        """Return all events of an execution."""
        pages = self.swf.get_paginator("get_workflow_execution_history")
        execution = {"workflowId": workflow_id, "runId": run_id}
        return [
            event for page in pages.paginate(domain=DOMAIN, execution=execution) for event in page["events"]
        ]

    def kinds(self, run_id: str, workflow_id: str = "order") -> list[str]:
        """Return the types of an execution's events."""
        return [event["eventType"] for event in self.history(run_id, workflow_id)]

    def event(self, kind: str, run_id: str, workflow_id: str = "order") -> dict[str, Any]:
        """Return the attributes of an execution's only event of a type, with its ``eventId``."""
        found = [event for event in self.history(run_id, workflow_id) if event["eventType"] == kind]
        assert len(found) == 1, f"{len(found)} events {kind} in {self.kinds(run_id, workflow_id)}"
        return {**attributes_of(found[0]), "eventId": found[0]["eventId"]}

    def cause(self, kind: str, run_id: str) -> str:
        """Return the cause that an execution's only event of a type tells."""
        return str(self.event(kind, run_id)["cause"])

    def describe(self, run_id: str, workflow_id: str = "order") -> dict[str, Any]:
        """Describe an execution."""
        execution = {"workflowId": workflow_id, "runId": run_id}
        return dict(self.swf.describe_workflow_execution(domain=DOMAIN, execution=execution))

    def status(self, run_id: str, workflow_id: str = "order") -> str:
        """Tell OPEN, or how an execution was closed."""
        info = self.describe(run_id, workflow_id)["executionInfo"]
        return str(info.get("closeStatus", info["executionStatus"]))

    def open_run(self, workflow_id: str) -> str:
        """Return the run id of the open execution with an id."""
        answer = self.swf.list_open_workflow_executions(
            domain=DOMAIN, startTimeFilter={"oldestDate": 0}, executionFilter={"workflowId": workflow_id}
        )
        (info,) = answer["executionInfos"]
        return str(info["execution"]["runId"])

    @contextmanager
    def refused(self, fault: str, *words: str) -> Iterator[None]:
        """Expect a fault as botocore raises it; its message says these words."""
        kind = getattr(self.swf.exceptions, fault, self.swf.exceptions.ClientError)
        with pytest.raises(kind) as caught:
            yield
        assert caught.value.response["Error"]["Code"] == fault
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
        for word in words:
            assert word in str(caught.value)


def ids(events: Iterable[Mapping[str, Any]]) -> list[int]:
    """Return the ids of events."""
    return [event["eventId"] for event in events]


def world_of(aws: LocalAws) -> World:
    """Return a furnished world of a local AWS."""
    return World(aws.endpoint).furnish()


def _without_none(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}
