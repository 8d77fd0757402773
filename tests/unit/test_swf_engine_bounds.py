"""What an engine holds on to: what is open, and nothing of what is over."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from cpe.local.swf.engine import Engine
from cpe.local.swf.engine.changes import ExecutionFilter
from tests.unit.swf_engine import DOMAIN, Driver, complete, decision, schedule


def live(swf: Driver, workflow_id: str) -> None:
    """Live the whole life of an execution with an activity, timers and a heartbeat."""
    timers = [decision("StartTimer", timerId=f"t{n}", startToFireTimeout="99999999") for n in range(5)]
    swf.start(workflow_id)
    swf.decide(schedule(taskPriority="1"), schedule("unstarted"), *timers)
    token = swf.activity_task()["taskToken"]
    swf.call("record_activity_task_heartbeat", taskToken=token, details="d")
    swf.call("respond_activity_task_completed", taskToken=token)
    swf.decide(complete())
    swf.engine.take_ready()


def held(engine: Engine) -> dict[str, int]:
    """Count what an engine holds, by where."""
    world = engine._world
    return {
        "runs": len(world.runs) + len(world.numbered) + len(world.named),
        "deadlines": len(world.deadlines) + len(world.deadlines._heap),
        "queues": sum(len(q.heap) + len(q.waiting) for q in world.tasks._queues.values()),
        "lists": len(world.tasks._queues),
        "unsaved": len(world._recorded) + len(world._closed) + len(world._beats),
    }


def test_nothing_of_closed_executions_stays() -> None:
    swf = Driver()
    swf.start("open", taskList={"name": "elsewhere"})
    live(swf, "first")
    before = held(swf.engine)
    for number in range(300):
        live(swf, str(number))
    after = held(swf.engine)
    assert after["runs"] == before["runs"] == 3
    assert after["lists"] == before["lists"] == 1
    assert after["unsaved"] == 0
    assert after["deadlines"] <= 70, "what was dropped is swept out in time"
    assert after["queues"] == before["queues"] == 2


def test_heartbeats_leave_nothing_behind() -> None:
    swf = Driver()
    swf.start()
    swf.decide(schedule(heartbeatTimeout="10", startToCloseTimeout="NONE", scheduleToCloseTimeout="NONE"))
    token = swf.activity_task()["taskToken"]
    for _ in range(1000):
        swf.now += 1
        swf.call("record_activity_task_heartbeat", taskToken=token)
    assert held(swf.engine)["deadlines"] <= 6


def test_tasks_that_are_withdrawn_do_not_pile_up_in_their_list() -> None:
    swf = Driver()
    swf.start("first")
    swf.decide(schedule("waits"))
    for number in range(200):
        swf.start(f"w{number}")
        swf.decide(schedule())
        swf.terminate(f"w{number}")
    assert held(swf.engine)["queues"] < 100
    assert swf.activity_task()["activityId"] == "waits"


def calls_of(action: Callable[[], Any]) -> int:
    """Count the Python and C calls that an action makes."""
    count = 0

    def tally(_frame: Any, event: str, _arg: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(tally)
    try:
        action()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("closed", [False, True], ids=["open", "closed"])
def test_a_life_costs_the_same_however_many_executions_there_are(closed: bool) -> None:
    swf = Driver()
    live(swf, "warm-up")
    alone = calls_of(lambda: live(swf, "alone"))
    for number in range(2000):
        if closed:
            swf.start(f"w{number}")
            swf.decide(complete())
        else:
            swf.start(f"w{number}", taskList={"name": "elsewhere"})
    among_many = calls_of(lambda: live(swf, "among many"))
    assert among_many <= 1.1 * alone


def test_a_store_is_told_of_each_event_once() -> None:
    swf = Driver()
    live(swf, "w")
    ids = [event["eventId"] for change in swf.changes for event in getattr(change, "events", ())]
    (info,) = swf.store.closed_infos(DOMAIN, ExecutionFilter())
    history = swf.store.closed_history(DOMAIN, "w", info.run_id)
    assert history is not None
    assert ids == [*range(1, len(history) + 1), *range(1, len(history) + 1)], "added, and then closed"
