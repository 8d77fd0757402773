"""A program that knows SWF and nothing of CPE runs against `cpe local`: one decider and one worker process."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance import swf_program
from tests.acceptance.stack import PATIENCE, REPOSITORY, until
from tests.acceptance.swf_program.shop import DECISIONS, DOMAIN, VERSION, WORK, connect, register, start
from tests.acceptance.swf_program.workflows import HOUR

EVER = {"oldestDate": 0}


class Shop:
    """The running program, seen from outside."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self.swf = connect()

    def advance(self, seconds: float) -> None:
        """Move the service's clock on."""
        request = urllib.request.Request(  # noqa: S310  # the scheme is the local endpoint's
            f"{self._endpoint}/cpe-local/clock",
            json.dumps({"advance": seconds}).encode(),
            {"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=PATIENCE).close()  # noqa: S310  # as above

    def kinds(self, workflow_id: str, run_id: str) -> list[str]:
        """Return the types of an execution's events, read in small pages."""
        pages = self.swf.get_paginator("get_workflow_execution_history").paginate(
            domain=DOMAIN, execution={"workflowId": workflow_id, "runId": run_id}, maximumPageSize=5
        )
        return [event["eventType"] for page in pages for event in page["events"]]

    def wait_for(self, kind: str, workflow_id: str, run_id: str, times: int = 1) -> None:
        """Wait until an execution has so many events of a type."""
        until(
            lambda: self.kinds(workflow_id, run_id).count(kind) >= times,
            what=f"{times} {kind} of {workflow_id}",
        )

    def close_of(self, workflow_id: str, run_id: str) -> dict[str, Any]:
        """Wait until an execution is closed; returns the attributes of its last event."""
        execution = {"workflowId": workflow_id, "runId": run_id}

        def last() -> Any:
            described = self.swf.describe_workflow_execution(domain=DOMAIN, execution=execution)
            if described["executionInfo"]["executionStatus"] == "OPEN":
                return None
            (event,) = self.swf.get_workflow_execution_history(
                domain=DOMAIN, execution=execution, reverseOrder=True, maximumPageSize=1
            )["events"]
            return event

        event = until(last, what=f"the end of {workflow_id}")
        kind = event["eventType"]
        attributes: dict[str, Any] = event[f"{kind[0].lower()}{kind[1:]}EventAttributes"]
        return {**attributes, "kind": kind.removeprefix("WorkflowExecution")}

    def result_of(self, workflow_id: str, run_id: str) -> Any:
        """Wait until an execution completed; returns its result."""
        end = self.close_of(workflow_id, run_id)
        assert end["kind"] == "Completed", end
        return json.loads(end["result"])

    def open_run(self, workflow_id: str) -> str:
        """Wait until there is an open execution with an id; returns its run id."""
        found = until(
            lambda: self.swf.list_open_workflow_executions(
                domain=DOMAIN, startTimeFilter=EVER, executionFilter={"workflowId": workflow_id}
            )["executionInfos"],
            what=f"the start of {workflow_id}",
        )
        return str(found[0]["execution"]["runId"])


@contextmanager
def running(*command: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Python module for a block; what it says goes to a file."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=log.parent,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        alive = process.poll() is None
        process.kill()
        process.wait()
        assert alive, f"{command} ended by itself: {log.read_text()}"


@pytest.fixture(scope="module")
def _shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        log = folder / "local.json"
        local = stack.enter_context(running("cpe.cli.main", "local", "--port", "0", "--json", log=log))
        until(
            lambda: log.read_text().endswith("\n") or local.poll() is not None, what="the start of cpe local"
        )
        announced = json.loads(log.read_text())
        for name, value in announced["environment"].items():
            patch.setenv(name, value)
        shop = Shop(announced["endpoint"])
        register(shop.swf)
        for program in ("decider", "worker"):
            module = f"{swf_program.__name__}.{program}"
            stack.enter_context(running(module, log=folder / f"{program}.log"))
        yield shop


@pytest.fixture
def shop(_shop: Shop) -> Shop:
    """The running shop; each test's workflows have ids of their own."""
    return _shop


def test_the_program_knows_nothing_of_cpe() -> None:
    for path in Path(swf_program.__file__).parent.glob("*.py"):
        imports = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Import)]
        froms = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
        names = [alias.name for node in imports for alias in node.names] + [
            node.module or "" for node in froms
        ]
        assert [name for name in names if name == "cpe" or name.startswith("cpe.")] == []


def test_an_activity_is_tried_again_hours_later(shop: Shop) -> None:
    run_id = start(shop.swf, "Deliver", "retry", {"failures": 2, "most_failures": 5})
    for wait in (1, 2):
        shop.wait_for("TimerStarted", "retry", run_id, wait)
        assert shop.kinds("retry", run_id).count("TimerFired") == wait - 1
        shop.advance(wait * HOUR)
    assert shop.result_of("retry", run_id) == {"result": "delivered", "waits": 2}


def test_a_workflow_fails_when_its_activity_does_too_often(shop: Shop) -> None:
    run_id = start(shop.swf, "Deliver", "hopeless", {"failures": 9, "most_failures": 1})
    shop.wait_for("TimerStarted", "hopeless", run_id)
    shop.advance(HOUR)
    end = shop.close_of("hopeless", run_id)
    assert (end["kind"], end["reason"], end["details"]) == ("Failed", "NO_ANSWER", "after 2 attempts")


def test_canceling_a_workflow_stops_its_running_activity(shop: Shop) -> None:
    run_id = start(shop.swf, "Produce", "long", {})
    shop.wait_for("ActivityTaskStarted", "long", run_id)
    shop.swf.request_cancel_workflow_execution(domain=DOMAIN, workflowId="long")
    end = shop.close_of("long", run_id)
    assert (end["kind"], end["details"]) == ("Canceled", "stopped cleanly")
    kinds = shop.kinds("long", run_id)
    for kind in ("ActivityTaskCancelRequested", "ActivityTaskCanceled", "TimerCanceled"):
        assert kind in kinds


def test_every_kind_of_time_out_is_told(shop: Shop) -> None:
    nobody, tell = {"name": "nobody"}, {"tell": "patience"}
    activities = {
        "unstarted": {"type": "Echo", "settings": {"taskList": nobody, "scheduleToStartTimeout": "60"}},
        "unclosed": {"type": "Echo", "settings": {"taskList": nobody, "scheduleToCloseTimeout": "90"}},
        "endless": {"type": "Silent", "order": tell, "settings": {"startToCloseTimeout": "120"}},
        "heartless": {"type": "Silent", "order": tell, "settings": {"heartbeatTimeout": "30"}},
    }
    run_id = start(shop.swf, "Patience", "patience", {"activities": activities})
    shop.wait_for("WorkflowExecutionSignaled", "patience", run_id, 2)
    where = {"domain": DOMAIN, "taskList": nobody}
    assert shop.swf.count_pending_activity_tasks(**where)["count"] == 2
    shop.advance(600)
    assert shop.result_of("patience", run_id) == {
        "unstarted": ["SCHEDULE_TO_START", None],
        "unclosed": ["SCHEDULE_TO_CLOSE", None],
        "endless": ["START_TO_CLOSE", "last words"],
        "heartless": ["HEARTBEAT", "last words"],
    }
    assert shop.swf.count_pending_activity_tasks(**where)["count"] == 0


def test_a_parent_hears_how_each_child_ended(shop: Shop) -> None:
    members = [
        {"id": f"child-{end}", "end": end} for end in ("complete", "fail", "cancel", "terminate", "wait")
    ]
    impossible = {"id": "child-impossible", "type": "Nothing", "end": "complete"}
    run_id = start(shop.swf, "Family", "parent", {"members": [*members, impossible]})
    shop.open_run("child-terminate")
    shop.swf.terminate_workflow_execution(domain=DOMAIN, workflowId="child-terminate")
    # What ends by itself has to do so before the day is over that ends the one that waits.
    for end in ("Completed", "Failed", "Canceled", "Terminated"):
        shop.wait_for(f"ChildWorkflowExecution{end}", "parent", run_id)
    shop.advance(25 * HOUR)
    assert shop.result_of("parent", run_id) == {
        "child-complete": "Completed",
        "child-fail": "Failed",
        "child-cancel": "Canceled",
        "child-terminate": "Terminated",
        "child-wait": "TimedOut",
        "child-impossible": "WORKFLOW_TYPE_DOES_NOT_EXIST",
    }


@pytest.mark.parametrize(
    ("policy", "end"), [("TERMINATE", "Terminated"), ("REQUEST_CANCEL", "Canceled"), ("ABANDON", None)]
)
def test_children_of_a_terminated_parent_go_by_its_policy(shop: Shop, policy: str, end: str | None) -> None:
    child = f"orphan-{policy}"
    order = {"members": [{"id": child, "end": "wait"}]}
    start(shop.swf, "Family", f"parent-{policy}", order, childPolicy=policy)
    run_id = shop.open_run(child)
    shop.swf.terminate_workflow_execution(domain=DOMAIN, workflowId=f"parent-{policy}")
    if policy == "ABANDON":
        assert shop.open_run(child) == run_id
        shop.swf.terminate_workflow_execution(domain=DOMAIN, workflowId=child, reason="enough")
        assert shop.close_of(child, run_id)["cause"] == "OPERATOR_INITIATED"
    else:
        assert shop.close_of(child, run_id)["kind"] == end


def test_signals_are_counted_across_executions(shop: Shop) -> None:
    first = start(shop.swf, "Counter", "counter", {"total": 0, "round": 1})
    for number in (1, 2, 3):
        shop.swf.signal_workflow_execution(
            domain=DOMAIN, workflowId="counter", signalName="add", input=str(number)
        )
    assert shop.close_of("counter", first)["kind"] == "ContinuedAsNew"
    second = shop.open_run("counter")
    assert second != first
    shop.wait_for("MarkerRecorded", "counter", second)
    shop.swf.signal_workflow_execution(domain=DOMAIN, workflowId="counter", signalName="add", input="10")
    shop.swf.signal_workflow_execution(domain=DOMAIN, workflowId="counter", signalName="stop")
    assert shop.result_of("counter", second) == {"total": 16, "rounds": 2}
    tagged = shop.swf.list_closed_workflow_executions(
        domain=DOMAIN, startTimeFilter=EVER, tagFilter={"tag": "continued"}
    )
    assert [info["execution"]["runId"] for info in tagged["executionInfos"]] == [second]


def test_workflows_signal_and_cancel_each_other(shop: Shop) -> None:
    counter = start(shop.swf, "Counter", "addressee", {"total": 0, "round": 1})
    member = start(shop.swf, "Member", "canceled", {"id": "canceled", "end": "wait"})
    letter = start(shop.swf, "Letter", "letter", {"to": "addressee", "text": "5", "cancel": "canceled"})
    assert sorted(shop.result_of("letter", letter)) == [
        ["ExternalWorkflowExecutionCancelRequested", None],
        ["ExternalWorkflowExecutionSignaled", None],
    ]
    assert shop.close_of("canceled", member)["kind"] == "Canceled"
    shop.swf.signal_workflow_execution(domain=DOMAIN, workflowId="addressee", signalName="stop")
    assert shop.result_of("addressee", counter) == {"total": 5, "rounds": 1}


def test_a_letter_to_nobody_comes_back(shop: Shop) -> None:
    letter = start(shop.swf, "Letter", "lost", {"to": "nobody", "text": "5", "cancel": "nobody"})
    assert sorted(shop.result_of("lost", letter)) == [
        ["RequestCancelExternalWorkflowExecutionFailed", "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"],
        ["SignalExternalWorkflowExecutionFailed", "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"],
    ]


def test_urgent_work_is_taken_first(shop: Shop) -> None:
    shelf = {"name": "shelf"}
    for name, priority in [("low", "-1"), ("high", "10"), ("middle", "5")]:
        start(shop.swf, "Member", f"priority-{name}", {"end": "wait"}, taskList=shelf, taskPriority=priority)
    assert shop.swf.count_pending_decision_tasks(domain=DOMAIN, taskList=shelf)["count"] == 3
    polled = [shop.swf.poll_for_decision_task(domain=DOMAIN, taskList=shelf) for _ in range(3)]
    ids = [task["workflowExecution"]["workflowId"] for task in polled]
    assert ids == ["priority-high", "priority-middle", "priority-low"]


def test_executions_are_listed_and_counted_by_tag(shop: Shop) -> None:
    shelf = {"name": "unread"}
    for number in range(7):
        order = {"end": "wait"}
        start(
            shop.swf, "Member", f"tagged-{number}", order, taskList=shelf, tagList=["blue", f"n-{number % 2}"]
        )

    def found(tag: str) -> list[str]:
        pages = shop.swf.get_paginator("list_open_workflow_executions").paginate(
            domain=DOMAIN, startTimeFilter=EVER, tagFilter={"tag": tag}, maximumPageSize=3, reverseOrder=True
        )
        return [info["execution"]["workflowId"] for page in pages for info in page["executionInfos"]]

    assert sorted(found("blue")) == [f"tagged-{number}" for number in range(7)]
    count = shop.swf.count_open_workflow_executions(
        domain=DOMAIN, startTimeFilter=EVER, tagFilter={"tag": "n-1"}
    )
    assert (count["count"], count["truncated"]) == (3, False)


def test_types_are_deprecated_and_deleted(shop: Shop) -> None:
    swf = shop.swf
    settings = {"defaultTaskList": DECISIONS, "defaultChildPolicy": "ABANDON"}
    kind = {"name": "Old", "version": VERSION}
    swf.register_workflow_type(domain=DOMAIN, **kind, **settings)
    with pytest.raises(swf.exceptions.TypeNotDeprecatedFault):
        swf.delete_workflow_type(domain=DOMAIN, workflowType=kind)
    with pytest.raises(swf.exceptions.DefaultUndefinedFault):
        start(swf, "Old", "old")
    swf.deprecate_workflow_type(domain=DOMAIN, workflowType=kind)
    with pytest.raises(swf.exceptions.TypeDeprecatedFault):
        start(swf, "Old", "old")
    swf.delete_workflow_type(domain=DOMAIN, workflowType=kind)
    with pytest.raises(swf.exceptions.UnknownResourceFault):
        start(swf, "Old", "old")
    swf.register_activity_type(domain=DOMAIN, **kind, defaultTaskList=WORK)
    swf.deprecate_activity_type(domain=DOMAIN, activityType=kind)
    listed = swf.list_activity_types(domain=DOMAIN, registrationStatus="DEPRECATED")
    assert [info["activityType"] for info in listed["typeInfos"]] == [kind]
    swf.delete_activity_type(domain=DOMAIN, activityType=kind)
    with pytest.raises(swf.exceptions.UnknownResourceFault):
        swf.describe_activity_type(domain=DOMAIN, activityType=kind)
