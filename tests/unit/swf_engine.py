"""A local SWF's engine driven by hand: plain requests, and a clock that the test holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cpe.local.swf.engine import Engine
from cpe.local.swf.engine.changes import Change
from cpe.local.swf.engine.limits import Limits
from cpe.local.swf.paging import PageTokens
from cpe.local.swf.registry import Registry
from cpe.local.swf.store.memory import MemoryStore

DOMAIN = "media"
SECRET = b"s" * 32
START = 1_700_000_000.0

WORKFLOW_DEFAULTS: dict[str, Any] = {
    "defaultTaskList": {"name": "deciders"},
    "defaultExecutionStartToCloseTimeout": "3600",
    "defaultTaskStartToCloseTimeout": "60",
    "defaultChildPolicy": "TERMINATE",
}
ACTIVITY_DEFAULTS: dict[str, Any] = {
    "defaultTaskList": {"name": "workers"},
    "defaultTaskScheduleToStartTimeout": "100",
    "defaultTaskScheduleToCloseTimeout": "1000",
    "defaultTaskStartToCloseTimeout": "500",
    "defaultTaskHeartbeatTimeout": "50",
}


class Driver:
    """An engine with a domain, a workflow type "job" and an activity type "step", each of version "1".

    After every call what changed is saved, as whoever drives an engine must. `now` is the test's to move.
    """

    def __init__(self, *, limits: Limits | None = None) -> None:
        self.now = START
        self.store = MemoryStore()
        self.registry = Registry(PageTokens(SECRET))
        self.changes: list[Change] = []
        self.runs_begun = 0
        self._limits = limits
        self.registry.register_domain(
            {"name": DOMAIN, "workflowExecutionRetentionPeriodInDays": "7"}, self.now
        )
        self.register_workflow("job", **WORKFLOW_DEFAULTS)
        self.register_activity("step", **ACTIVITY_DEFAULTS)
        self.engine = self.another_engine()

    def another_engine(self) -> Engine:
        """Make an empty engine over the same registry and store."""
        return Engine(
            self.store,
            registry=self.registry,
            new_run_id=self._new_run_id,
            secret=SECRET,
            limits=self._limits,
        )

    def _new_run_id(self) -> str:
        self.runs_begun += 1
        return f"run-{self.runs_begun}"

    def register_workflow(self, name: str, version: str = "1", **defaults: Any) -> None:
        """Register a workflow type."""
        params = {"domain": DOMAIN, "name": name, "version": version, **defaults}
        self.registry.register_type("workflow", params, self.now)

    def register_activity(self, name: str, version: str = "1", **defaults: Any) -> None:
        """Register an activity type."""
        params = {"domain": DOMAIN, "name": name, "version": version, **defaults}
        self.registry.register_type("activity", params, self.now)

    def call(self, operation: str, **params: Any) -> Any:
        """Do an operation now, and save what it changed, fault or not."""
        try:
            return getattr(self.engine, operation)(params, self.now)
        finally:
            self.save()

    def save(self) -> None:
        """Save what changed."""
        changes = self.engine.take_changes()
        self.changes.extend(changes)
        self.store.save(changes)

    def pass_time(self, seconds: float) -> None:
        """Move the clock and let happen what is due."""
        self.now += seconds
        self.engine.advance(self.now)
        self.save()

    # Short names for what most tests do.

    def start(self, workflow_id: str = "w", **params: Any) -> str:
        """Start an execution; give its run id."""
        params = {"workflowType": {"name": "job", "version": "1"}, **params}
        answer = self.call("start_workflow_execution", domain=DOMAIN, workflowId=workflow_id, **params)
        return str(answer["runId"])

    def poll_decision(self, task_list: str = "deciders", **params: Any) -> dict[str, Any] | None:
        """Ask for a decision task."""
        params = {"domain": DOMAIN, "taskList": {"name": task_list}, **params}
        task: dict[str, Any] | None = self.call("poll_for_decision_task", **params)
        return task

    def poll_activity(self, task_list: str = "workers", **params: Any) -> dict[str, Any] | None:
        """Ask for an activity task."""
        params = {"domain": DOMAIN, "taskList": {"name": task_list}, **params}
        task: dict[str, Any] | None = self.call("poll_for_activity_task", **params)
        return task

    def decision_task(self, task_list: str = "deciders", **params: Any) -> dict[str, Any]:
        """Get the decision task that must be there."""
        task = self.poll_decision(task_list, **params)
        assert task is not None, "no decision task waits"
        return task

    def activity_task(self, task_list: str = "workers", **params: Any) -> dict[str, Any]:
        """Get the activity task that must be there."""
        task = self.poll_activity(task_list, **params)
        assert task is not None, "no activity task waits"
        return task

    def decide(self, *decisions: Mapping[str, Any], task_list: str = "deciders", **params: Any) -> None:
        """Get a decision task and answer it."""
        token = self.decision_task(task_list)["taskToken"]
        self.call("respond_decision_task_completed", taskToken=token, decisions=list(decisions), **params)

    def signal(self, workflow_id: str = "w", name: str = "s", **params: Any) -> None:
        """Signal an execution."""
        self.call(
            "signal_workflow_execution", domain=DOMAIN, workflowId=workflow_id, signalName=name, **params
        )

    def terminate(self, workflow_id: str = "w", **params: Any) -> None:
        """Terminate an execution."""
        self.call("terminate_workflow_execution", domain=DOMAIN, workflowId=workflow_id, **params)

    def history(self, run_id: str, workflow_id: str = "w", **params: Any) -> list[dict[str, Any]]:
        """Read a history, the first page of it."""
        execution = {"workflowId": workflow_id, "runId": run_id}
        answer = self.call("get_workflow_execution_history", domain=DOMAIN, execution=execution, **params)
        events: list[dict[str, Any]] = answer["events"]
        return events

    def types(self, run_id: str, workflow_id: str = "w") -> list[str]:
        """Name the types of a history's events."""
        return [event["eventType"] for event in self.history(run_id, workflow_id)]

    def last(self, run_id: str, event_type: str, workflow_id: str = "w") -> dict[str, Any]:
        """Give the attributes of the last event of a type."""
        found = [event for event in self.history(run_id, workflow_id) if event["eventType"] == event_type]
        assert found, f"no {event_type} in {self.types(run_id, workflow_id)}"
        return attributes(found[-1])

    def describe(self, run_id: str, workflow_id: str = "w") -> dict[str, Any]:
        """Describe an execution."""
        execution = {"workflowId": workflow_id, "runId": run_id}
        answer: dict[str, Any] = self.call("describe_workflow_execution", domain=DOMAIN, execution=execution)
        return answer


def attributes(event: Mapping[str, Any]) -> dict[str, Any]:
    """Give an event's attributes."""
    (name,) = (name for name in event if name.endswith("EventAttributes"))
    found: dict[str, Any] = event[name]
    return found


def decision(kind: str, **attributes: Any) -> dict[str, Any]:
    """Make a decision.

    Example:
        >>> decision("CancelTimer", timerId="t")
        {'decisionType': 'CancelTimer', 'cancelTimerDecisionAttributes': {'timerId': 't'}}
    """
    return {"decisionType": kind, f"{kind[0].lower()}{kind[1:]}DecisionAttributes": attributes}


def schedule(activity_id: str = "a", name: str = "step", **params: Any) -> dict[str, Any]:
    """Decide to schedule an activity task."""
    kind = {"name": name, "version": "1"}
    return decision("ScheduleActivityTask", activityType=kind, activityId=activity_id, **params)


def complete(result: str | None = None) -> dict[str, Any]:
    """Decide to complete the execution."""
    return decision("CompleteWorkflowExecution", **({} if result is None else {"result": result}))
