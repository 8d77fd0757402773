"""Executions found again over HTTP: described, read, listed, counted, and forgotten in time."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.local.swf_world import (
    ACTIVITY,
    DAY,
    DECISIONS,
    DOMAIN,
    WORKFLOW,
    World,
    activity,
    complete,
    decision,
    ids,
    timer,
)

EVER = {"oldestDate": 0}


def open_ids(world: World, **settings: Any) -> list[str]:
    settings = {"startTimeFilter": EVER, **settings}
    answer = world.swf.list_open_workflow_executions(domain=DOMAIN, **settings)
    return [info["execution"]["workflowId"] for info in answer["executionInfos"]]


def closed_ids(world: World, **settings: Any) -> list[str]:
    settings = settings if "closeTimeFilter" in settings else {"startTimeFilter": EVER, **settings}
    answer = world.swf.list_closed_workflow_executions(domain=DOMAIN, **settings)
    return [info["execution"]["workflowId"] for info in answer["executionInfos"]]


def open_count(world: World, **settings: Any) -> int:
    answer = world.swf.count_open_workflow_executions(domain=DOMAIN, startTimeFilter=EVER, **settings)
    assert answer["truncated"] is False
    return int(answer["count"])


def closed_count(world: World, **settings: Any) -> int:
    settings = settings if "closeTimeFilter" in settings else {"startTimeFilter": EVER, **settings}
    return int(world.swf.count_closed_workflow_executions(domain=DOMAIN, **settings)["count"])


@pytest.fixture
def crowd(world: World) -> World:
    """Three executions *a*, *b* and *c*, ten seconds apart; *b* is of another type; *a* and *b* have tags."""
    world.register_workflow_type("Refund")
    world.start("a", tagList=["red", "big"])
    world.advance(10)
    world.start("b", tagList=["red"], workflowType={"name": "Refund", "version": "1"})
    world.advance(10)
    world.start("c")
    return world


@pytest.fixture
def graveyard(crowd: World) -> World:
    """The same, closed in the order c, b, a: completed, failed and terminated; ten seconds apart."""
    tasks = {task["workflowExecution"]["workflowId"]: task for task in (crowd.poll() for _ in range(3))}
    crowd.respond(tasks["c"], complete())
    crowd.advance(10)
    crowd.respond(tasks["b"], decision("FailWorkflowExecution"))
    crowd.advance(10)
    crowd.swf.terminate_workflow_execution(domain=DOMAIN, workflowId="a")
    return crowd


@pytest.mark.proves("DescribeWorkflowExecution")
def test_an_open_execution_is_described(world: World) -> None:
    run_id = world.start(tagList=["red"], taskPriority="4")
    world.decide(activity("a"), activity("b"), timer())
    described = world.describe(run_id)
    info = described["executionInfo"]
    assert info["execution"] == {"workflowId": "order", "runId": run_id}
    assert info["workflowType"] == WORKFLOW
    assert (info["executionStatus"], info["cancelRequested"]) == ("OPEN", False)
    assert info["tagList"] == ["red"]
    assert "closeTimestamp" not in info
    assert described["executionConfiguration"] == {
        "taskStartToCloseTimeout": "30",
        "executionStartToCloseTimeout": "3600",
        "taskList": DECISIONS,
        "taskPriority": "4",
        "childPolicy": "TERMINATE",
    }
    assert described["openCounts"] == {
        "openActivityTasks": 2,
        "openDecisionTasks": 0,
        "openTimers": 1,
        "openChildWorkflowExecutions": 0,
        "openLambdaFunctions": 0,
    }
    scheduled = [e for e in world.history(run_id) if e["eventType"] == "ActivityTaskScheduled"]
    assert described["latestActivityTaskTimestamp"] == scheduled[-1]["eventTimestamp"]


def test_a_closed_execution_has_nothing_open(world: World) -> None:
    run_id = world.start()
    world.decide(activity(), timer(), complete())
    described = world.describe(run_id)
    assert set(described["openCounts"].values()) == {0}
    assert described["executionInfo"]["closeStatus"] == "COMPLETED"


@pytest.mark.proves(
    "DescribeWorkflowExecution:UnknownResourceFault", "GetWorkflowExecutionHistory:UnknownResourceFault"
)
@pytest.mark.parametrize("operation", ["describe_workflow_execution", "get_workflow_execution_history"])
def test_an_unknown_execution_is_not_found(world: World, operation: str) -> None:
    run_id = world.start()
    for workflow_id, run in [("order", "another"), ("nobody", run_id)]:
        with world.refused("UnknownResourceFault"):
            getattr(world.swf, operation)(domain=DOMAIN, execution={"workflowId": workflow_id, "runId": run})
    with world.refused("UnknownResourceFault", "nowhere"):
        getattr(world.swf, operation)(domain="nowhere", execution={"workflowId": "order", "runId": run_id})


@pytest.mark.proves("GetWorkflowExecutionHistory")
@pytest.mark.parametrize("closed", [False, True])
def test_a_history_is_read_page_by_page_in_both_orders(world: World, closed: bool) -> None:
    run_id = world.start()
    world.decide(
        *(decision("RecordMarker", markerName="m") for _ in range(15)), *([complete()] if closed else [])
    )
    count = 20 if closed else 19

    def pages(**settings: Any) -> list[list[int]]:
        reader = world.swf.get_paginator("get_workflow_execution_history").paginate(
            domain=DOMAIN, execution={"workflowId": "order", "runId": run_id}, maximumPageSize=8, **settings
        )
        return [ids(page["events"]) for page in reader]

    forwards = list(range(1, count + 1))
    assert pages() == [forwards[:8], forwards[8:16], forwards[16:]]
    backwards = forwards[::-1]
    assert pages(reverseOrder=True) == [backwards[:8], backwards[8:16], backwards[16:]]


def test_a_page_token_of_one_history_opens_no_other(world: World) -> None:
    first, second = world.start("first"), world.start("second")
    read = world.swf.get_workflow_execution_history
    token = read(domain=DOMAIN, execution={"workflowId": "first", "runId": first}, maximumPageSize=1)[
        "nextPageToken"
    ]
    with world.refused("ValidationException"):
        read(domain=DOMAIN, execution={"workflowId": "second", "runId": second}, nextPageToken=token)
    with world.refused("ValidationException"):
        read(domain=DOMAIN, execution={"workflowId": "first", "runId": first}, nextPageToken="forged")


@pytest.mark.proves("ListOpenWorkflowExecutions", "CountOpenWorkflowExecutions")
def test_open_executions_are_found_by_what_is_known_of_them(crowd: World) -> None:
    assert open_ids(crowd) == ["c", "b", "a"]
    assert open_ids(crowd, reverseOrder=True) == ["a", "b", "c"]
    for filters, found in [
        ({"executionFilter": {"workflowId": "b"}}, ["b"]),
        ({"typeFilter": {"name": "Refund"}}, ["b"]),
        ({"typeFilter": {"name": "Order", "version": "1"}}, ["c", "a"]),
        ({"typeFilter": {"name": "Order", "version": "2"}}, []),
        ({"tagFilter": {"tag": "red"}}, ["b", "a"]),
        ({"tagFilter": {"tag": "big"}}, ["a"]),
    ]:
        assert open_ids(crowd, **filters) == found
        assert open_count(crowd, **filters) == len(found)


def test_open_executions_are_found_by_their_time(crowd: World) -> None:
    infos = crowd.swf.list_open_workflow_executions(domain=DOMAIN, startTimeFilter=EVER)["executionInfos"]
    middle = infos[1]["startTimestamp"].timestamp()
    assert open_ids(crowd, startTimeFilter={"oldestDate": middle - 5}) == ["c", "b"]
    assert open_ids(crowd, startTimeFilter={"oldestDate": 0, "latestDate": middle + 5}) == ["b", "a"]
    assert open_ids(crowd, startTimeFilter={"oldestDate": time.time() + DAY}) == []


@pytest.mark.proves("ListClosedWorkflowExecutions", "CountClosedWorkflowExecutions")
def test_closed_executions_are_found_by_what_is_known_of_them(graveyard: World) -> None:
    assert open_ids(graveyard) == []
    assert closed_ids(graveyard) == ["c", "b", "a"]
    assert closed_ids(graveyard, closeTimeFilter=EVER) == ["a", "b", "c"]
    assert closed_ids(graveyard, closeTimeFilter=EVER, reverseOrder=True) == ["c", "b", "a"]
    for filters, found in [
        ({"executionFilter": {"workflowId": "b"}}, ["b"]),
        ({"typeFilter": {"name": "Refund"}}, ["b"]),
        ({"tagFilter": {"tag": "red"}}, ["b", "a"]),
        ({"closeStatusFilter": {"status": "TERMINATED"}}, ["a"]),
        ({"closeStatusFilter": {"status": "COMPLETED"}}, ["c"]),
        ({"closeStatusFilter": {"status": "CANCELED"}}, []),
    ]:
        assert closed_ids(graveyard, **filters) == found
        assert closed_count(graveyard, **filters) == len(found)


def test_closed_executions_are_found_by_both_their_times(graveyard: World) -> None:
    infos = graveyard.swf.list_closed_workflow_executions(domain=DOMAIN, startTimeFilter=EVER)[
        "executionInfos"
    ]
    b = infos[1]
    assert b["execution"]["workflowId"] == "b"
    closed = b["closeTimestamp"].timestamp()
    assert closed_ids(graveyard, closeTimeFilter={"oldestDate": closed - 5}) == ["a", "b"]
    assert closed_ids(graveyard, closeTimeFilter={"oldestDate": 0, "latestDate": closed + 5}) == ["b", "c"]
    assert closed_count(graveyard, closeTimeFilter={"oldestDate": closed - 5}) == 2


@pytest.mark.parametrize("closed", [False, True])
def test_lists_are_read_page_by_page(world: World, closed: bool) -> None:
    for number in range(5):
        world.start(f"order-{number}")
        world.advance(1)
        if closed:
            world.decide(complete())
    name = "list_closed_workflow_executions" if closed else "list_open_workflow_executions"
    for reverse in (False, True):
        pages = list(
            world.swf.get_paginator(name).paginate(
                domain=DOMAIN, startTimeFilter=EVER, maximumPageSize=2, reverseOrder=reverse
            )
        )
        assert [len(page["executionInfos"]) for page in pages] == [2, 2, 1]
        found = [info["execution"]["workflowId"] for page in pages for info in page["executionInfos"]]
        expected = [f"order-{number}" for number in range(5)]
        assert found == (expected if reverse else expected[::-1])


@pytest.mark.proves(
    "ListOpenWorkflowExecutions:UnknownResourceFault",
    "ListClosedWorkflowExecutions:UnknownResourceFault",
    "CountOpenWorkflowExecutions:UnknownResourceFault",
    "CountClosedWorkflowExecutions:UnknownResourceFault",
)
@pytest.mark.parametrize("operation", ["list_open", "list_closed", "count_open", "count_closed"])
def test_an_unknown_domain_has_no_executions(world: World, operation: str) -> None:
    with world.refused("UnknownResourceFault", "nowhere"):
        getattr(world.swf, f"{operation}_workflow_executions")(domain="nowhere", startTimeFilter=EVER)


@pytest.mark.parametrize("operation", ["list_closed", "count_closed"])
def test_closed_executions_are_asked_for_by_one_time(world: World, operation: str) -> None:
    ask = getattr(world.swf, f"{operation}_workflow_executions")
    with world.refused("ValidationException"):
        ask(domain=DOMAIN)
    with world.refused("ValidationException"):
        ask(domain=DOMAIN, startTimeFilter=EVER, closeTimeFilter=EVER)


@pytest.mark.parametrize("operation", ["list_open", "list_closed", "count_open", "count_closed"])
def test_executions_are_asked_for_by_one_filter(world: World, operation: str) -> None:
    with world.refused("ValidationException"):
        getattr(world.swf, f"{operation}_workflow_executions")(
            domain=DOMAIN, startTimeFilter=EVER, tagFilter={"tag": "a"}, typeFilter={"name": "b"}
        )


def test_a_closed_execution_is_kept_for_its_domains_days(world: World) -> None:
    run_id = world.start()
    world.decide(complete())
    world.advance(7 * DAY - 60)
    assert closed_ids(world) == ["order"]
    world.advance(120)
    assert closed_ids(world) == []
    assert closed_count(world) == 0
    with world.refused("UnknownResourceFault"):
        world.describe(run_id)


@pytest.mark.parametrize("days", ["0", "NONE"])
def test_a_domain_may_keep_nothing(world: World, days: str) -> None:
    world.swf.register_domain(name="brief", workflowExecutionRetentionPeriodInDays=days)
    world.swf.register_workflow_type(
        domain="brief",
        name="Order",
        version="1",
        defaultTaskList=DECISIONS,
        defaultChildPolicy="ABANDON",
        defaultTaskStartToCloseTimeout="9",
        defaultExecutionStartToCloseTimeout="9",
    )
    run_id = world.swf.start_workflow_execution(domain="brief", workflowId="order", workflowType=WORKFLOW)[
        "runId"
    ]
    world.swf.terminate_workflow_execution(domain="brief", workflowId="order")
    world.advance(1)
    closed = world.swf.list_closed_workflow_executions(domain="brief", startTimeFilter=EVER)
    assert closed["executionInfos"] == []
    with world.refused("UnknownResourceFault"):
        world.swf.describe_workflow_execution(
            domain="brief", execution={"workflowId": "order", "runId": run_id}
        )


def test_executions_of_a_deprecated_type_are_found(world: World) -> None:
    world.start()
    world.swf.deprecate_workflow_type(domain=DOMAIN, workflowType=WORKFLOW)
    world.swf.deprecate_activity_type(domain=DOMAIN, activityType=ACTIVITY)
    assert open_ids(world, typeFilter=WORKFLOW) == ["order"]
