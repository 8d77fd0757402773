"""Decision tasks over HTTP: one at a time, with pages, time-outs and task lists of their own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.local.swf_world import (
    DECISIONS,
    DOMAIN,
    World,
    activity,
    attributes_of,
    complete,
    decision,
    ids,
    timer,
)


def signal(world: World, name: str = "hello") -> None:
    world.swf.signal_workflow_execution(domain=DOMAIN, workflowId="order", signalName=name)


@pytest.mark.proves(
    "PollForDecisionTask",
    "RespondDecisionTaskCompleted",
    "DecisionTaskScheduled",
    "DecisionTaskStarted",
    "DecisionTaskCompleted",
)
def test_a_decision_task_tells_the_history_and_is_answered(world: World) -> None:
    run_id = world.start()
    task = world.poll(identity="decider 1")
    assert task["workflowExecution"] == {"workflowId": "order", "runId": run_id}
    assert task["workflowType"] == {"name": "Order", "version": "1"}
    assert (task["startedEventId"], task["previousStartedEventId"]) == (3, 0)
    assert [event["eventType"] for event in task["events"]] == world.kinds(run_id)
    assert attributes_of(task["events"][2]) == {"identity": "decider 1", "scheduledEventId": 2}
    world.respond(task, executionContext="step 1")
    assert world.event("DecisionTaskCompleted", run_id) == {
        "eventId": 4,
        "executionContext": "step 1",
        "scheduledEventId": 2,
        "startedEventId": 3,
    }
    assert world.describe(run_id)["latestExecutionContext"] == "step 1"
    assert world.pending_decisions() == 0


def test_what_happens_during_a_decision_makes_one_more(world: World) -> None:
    run_id = world.start()
    task = world.poll()
    for name in "abc":
        signal(world, name)
    assert world.pending_decisions() == 0
    world.respond(task)
    assert world.kinds(run_id)[3:] == [
        *("WorkflowExecutionSignaled", "WorkflowExecutionSignaled", "WorkflowExecutionSignaled"),
        *("DecisionTaskCompleted", "DecisionTaskScheduled"),
    ]
    assert world.pending_decisions() == 1


def test_what_happens_while_a_decision_waits_makes_none(world: World) -> None:
    run_id = world.start()
    for name in "abc":
        signal(world, name)
    assert world.kinds(run_id).count("DecisionTaskScheduled") == 1
    assert [event["eventType"] for event in world.poll()["events"]].count("WorkflowExecutionSignaled") == 3


def test_previous_is_the_last_decision_that_was_completed(world: World) -> None:
    world.start()
    world.decide(timer("a", 1))
    signal(world)
    assert world.poll()["previousStartedEventId"] == 3
    world.advance(31)
    task = world.poll()
    assert task["previousStartedEventId"] == 3
    world.respond(task)


@pytest.mark.proves("DecisionTaskTimedOut", "DecisionTaskTimedOut:START_TO_CLOSE")
def test_a_decider_that_does_not_answer_loses_its_task(world: World) -> None:
    run_id = world.start(taskStartToCloseTimeout="10")
    task = world.poll()
    world.advance(11)
    assert world.event("DecisionTaskTimedOut", run_id) == {
        "eventId": 4,
        "timeoutType": "START_TO_CLOSE",
        "scheduledEventId": 2,
        "startedEventId": 3,
    }
    assert world.kinds(run_id)[-1] == "DecisionTaskScheduled"
    with world.refused("UnknownResourceFault"):
        world.respond(task, complete())
    world.decide(complete())
    assert world.status(run_id) == "COMPLETED"


@pytest.mark.proves("DecisionTaskTimedOut:SCHEDULE_TO_START")
def test_a_borrowed_task_list_is_given_back_when_nobody_polls_it(world: World) -> None:
    run_id = world.start()
    world.respond(world.poll(), taskList={"name": "sticky"}, taskListScheduleToStartTimeout="5")
    completed = world.event("DecisionTaskCompleted", run_id)
    assert completed["taskList"] == {"name": "sticky"}
    assert completed["taskListScheduleToStartTimeout"] == "5"
    signal(world)
    assert (world.pending_decisions("sticky"), world.pending_decisions()) == (1, 0)
    world.advance(6)
    timed_out = world.event("DecisionTaskTimedOut", run_id)
    assert (timed_out["timeoutType"], timed_out["startedEventId"]) == ("SCHEDULE_TO_START", 0)
    assert (world.pending_decisions("sticky"), world.pending_decisions()) == (0, 1)
    scheduled = attributes_of(world.history(run_id)[-1])
    assert scheduled["taskList"] == DECISIONS


def test_a_borrowed_task_list_is_given_back_when_its_decider_dies(world: World) -> None:
    world.start(taskStartToCloseTimeout="10")
    world.respond(world.poll(), taskList={"name": "sticky"}, taskListScheduleToStartTimeout="5")
    signal(world)
    world.poll("sticky")
    world.advance(11)
    assert (world.pending_decisions("sticky"), world.pending_decisions()) == (0, 1)


def test_a_borrowed_task_list_stays_while_it_is_polled(world: World) -> None:
    world.start()
    world.respond(world.poll(), taskList={"name": "sticky"}, taskListScheduleToStartTimeout="5")
    for _ in range(2):
        signal(world)
        world.decide(task_list="sticky")
        world.advance(60)


def test_a_task_list_is_changed_for_good(world: World) -> None:
    world.start()
    world.respond(world.poll(), taskList={"name": "second"})
    signal(world)
    world.advance(1000)
    world.decide(task_list="second")


@pytest.mark.proves("CountPendingDecisionTasks")
def test_pending_decisions_are_counted_by_task_list(world: World) -> None:
    for number in range(3):
        world.start(f"order-{number}")
    count = world.swf.count_pending_decision_tasks(domain=DOMAIN, taskList=DECISIONS)
    assert (count["count"], count["truncated"]) == (3, False)
    world.poll()
    assert world.pending_decisions() == 2
    assert world.pending_decisions("nobody's") == 0


def test_higher_priorities_are_decided_first_and_equals_in_turn(world: World) -> None:
    for name, priority in [("a", "0"), ("b", "-2147483648"), ("c", "2147483647"), ("d", "0")]:
        world.start(name, taskPriority=priority)
    assert [world.poll()["workflowExecution"]["workflowId"] for _ in range(4)] == ["c", "a", "d", "b"]


@pytest.mark.proves(
    "CountPendingDecisionTasks:UnknownResourceFault",
    "CountPendingActivityTasks:UnknownResourceFault",
    "PollForDecisionTask:UnknownResourceFault",
    "PollForActivityTask:UnknownResourceFault",
)
@pytest.mark.parametrize(
    "operation",
    [
        *("count_pending_decision_tasks", "count_pending_activity_tasks"),
        *("poll_for_decision_task", "poll_for_activity_task"),
    ],
)
def test_there_are_no_tasks_in_an_unknown_domain(world: World, operation: str) -> None:
    with world.refused("UnknownResourceFault", "nowhere"):
        getattr(world.swf, operation)(domain="nowhere", taskList=DECISIONS)


@pytest.mark.proves("RespondDecisionTaskCompleted:UnknownResourceFault")
def test_a_task_is_answered_once(world: World) -> None:
    run_id = world.start()
    task = world.decide(timer())
    with world.refused("UnknownResourceFault"):
        world.respond(task, timer("again"))
    assert world.kinds(run_id).count("TimerStarted") == 1


def test_an_activitys_token_answers_no_decision_task(world: World) -> None:
    world.start()
    world.decide(activity())
    token = world.take()["taskToken"]
    with pytest.raises(world.swf.exceptions.ClientError) as caught:
        world.swf.respond_decision_task_completed(taskToken=token, decisions=[])
    assert caught.value.response["Error"]["Code"] in {"UnknownResourceFault", "ValidationException"}


def test_pages_of_a_task_are_asked_for_by_polling_again(world: World) -> None:
    run_id = world.start()
    world.decide(*(decision("RecordMarker", markerName=f"m-{number}") for number in range(20)))
    signal(world)
    pages = [world.poll(maximumPageSize=10)]
    while token := pages[-1].get("nextPageToken"):
        pages.append(
            world.swf.poll_for_decision_task(
                domain=DOMAIN, taskList=DECISIONS, maximumPageSize=10, nextPageToken=token
            )
        )
    assert [len(page["events"]) for page in pages] == [10, 10, 7]
    assert ids(event for page in pages for event in page["events"]) == list(range(1, 28))
    assert len({page["taskToken"] for page in pages}) == 1
    assert world.kinds(run_id).count("DecisionTaskStarted") == 2
    world.respond(pages[0], complete())
    assert world.status(run_id) == "COMPLETED"


def test_a_task_tells_its_history_backwards_too(world: World) -> None:
    world.start()
    world.decide(*(decision("RecordMarker", markerName="m") for _ in range(5)))
    signal(world)
    task = world.poll(reverseOrder=True, maximumPageSize=4)
    assert ids(task["events"]) == [12, 11, 10, 9]


def test_a_task_starts_where_the_last_one_did(world: World) -> None:
    world.start()
    world.decide(timer())
    signal(world)
    task = world.poll(startAtPreviousStartedEvent=True)
    assert task["previousStartedEventId"] == 3
    assert ids(task["events"]) == [3, 4, 5, 6, 7, 8]


def test_a_poll_is_answered_the_moment_a_task_is_there(world: World) -> None:
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(world.swf.poll_for_decision_task, domain=DOMAIN, taskList=DECISIONS)
        world.start()
        task = waiting.result(timeout=60)
    assert task["workflowExecution"]["workflowId"] == "order"


def test_many_polls_share_many_tasks_without_a_double(world: World) -> None:
    with ThreadPoolExecutor(16) as threads:
        polls = [
            threads.submit(world.swf.poll_for_decision_task, domain=DOMAIN, taskList=DECISIONS)
            for _ in range(16)
        ]
        for number in range(16):
            world.start(f"order-{number}")
        tasks = [poll.result(timeout=60) for poll in polls]
    assert len({task["workflowExecution"]["workflowId"] for task in tasks}) == 16
