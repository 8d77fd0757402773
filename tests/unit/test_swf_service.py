"""The service without HTTP: who is woken when, what time does, what is durable before anybody hears of it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from cpe.local.swf import service as timing
from cpe.local.swf.clock import Clock
from cpe.local.swf.engine.changes import Change
from cpe.local.swf.faults import SwfFault
from cpe.local.swf.model import operations
from cpe.local.swf.service import SwfService
from cpe.local.swf.shapes import Structure
from cpe.local.swf.store.memory import MemoryStore

DOMAIN = {"domain": "media"}
DECIDERS, WORKERS = {"name": "deciders"}, {"name": "workers"}
JOB, WORK = {"name": "Job", "version": "1"}, {"name": "Work", "version": "1"}
DAY = 86400.0
DEADLINE = 60.0


class GoneError(Exception):
    """The caller went."""


class Caller:
    """Somebody who waits until told to go."""

    def __init__(self) -> None:
        self.gone = False
        self.asked = threading.Semaphore(0)

    def check(self) -> None:
        self.asked.release()
        if self.gone:
            raise GoneError


class Client:
    """Calls the service with the usual names filled in."""

    def __init__(self, service: SwfService) -> None:
        self.service = service
        self.pool = ThreadPoolExecutor(max_workers=60)

    def __call__(self, operation: str, **params: Any) -> dict[str, Any]:
        answer = self.service.call(operation, params, Caller())
        shape = operations()[operation].output
        assert isinstance(shape, Structure) or not answer
        if isinstance(shape, Structure):
            problems: list[str] = []
            members = set(answer)
            shape.check(answer, None, problems)
            is_empty_poll = operation.startswith("Poll") and "taskToken" not in answer
            assert (problems == [] or is_empty_poll) and set(answer) == members
        return answer

    def start(self, workflow_id: str = "job", **more: Any) -> str:
        params = {"workflowId": workflow_id, "workflowType": JOB, **more}
        return str(self("StartWorkflowExecution", **DOMAIN, **params)["runId"])

    def poll(self, kind: str = "Decision", caller: Caller | None = None) -> Future[dict[str, Any]]:
        """Poll from a thread of its own."""
        params = {**DOMAIN, "taskList": DECIDERS if kind == "Decision" else WORKERS}
        return self.pool.submit(self.service.call, f"PollFor{kind}Task", params, caller or Caller())

    def waiting_poll(self, kind: str = "Decision", caller: Caller | None = None) -> Future[dict[str, Any]]:
        """Poll, and go on once the poller waits: it has looked for its caller before, and again since."""
        caller = caller or Caller()
        poll = self.poll(kind, caller)
        for _ in range(2):
            assert caller.asked.acquire(timeout=DEADLINE)
        return poll

    def event_types(self, run_id: str, workflow_id: str = "job") -> list[str]:
        execution = {"workflowId": workflow_id, "runId": run_id}
        history = self("GetWorkflowExecutionHistory", **DOMAIN, execution=execution)
        return [event["eventType"] for event in history["events"]]


@pytest.fixture(autouse=True)
def _short_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "TICK", 0.01)


def furnish(client: Client, days: str = "7") -> None:
    client("RegisterDomain", name="media", workflowExecutionRetentionPeriodInDays=days)
    client(
        "RegisterWorkflowType",
        **DOMAIN,
        **JOB,
        defaultTaskList=DECIDERS,
        defaultChildPolicy="TERMINATE",
        defaultTaskStartToCloseTimeout="60",
        defaultExecutionStartToCloseTimeout="3600",
    )


@contextlib.contextmanager
def client_of(store: MemoryStore, clock: Clock | None = None) -> Iterator[Client]:
    service = SwfService(store, clock)
    client = Client(service)
    try:
        yield client
    finally:
        service.close()
        client.pool.shutdown()


@pytest.fixture
def client() -> Iterator[Client]:
    with client_of(MemoryStore()) as client:
        furnish(client)
        yield client


def test_an_unknown_operation_is_refused(client: Client) -> None:
    with pytest.raises(SwfFault, match=r"^UnknownOperationException: "):
        client.service.call("StartLunch", {}, Caller())


def test_every_operation_has_somebody_who_answers(client: Client) -> None:
    for operation in operations():
        with pytest.raises(SwfFault, match=r"^ValidationException: .* must not be null"):
            client.service.call(operation, {}, Caller())
    assert set(client.service._handlers) == set(operations())


def test_a_waiting_poller_is_given_the_task_that_comes(client: Client) -> None:
    poll = client.waiting_poll()
    client.start()
    assert poll.result(DEADLINE)["workflowExecution"]["workflowId"] == "job"


def test_who_waited_longest_is_served_first(client: Client) -> None:
    polls = [client.waiting_poll() for _ in range(5)]
    for number, poll in enumerate(polls):
        client.start(f"job-{number}")
        assert poll.result(DEADLINE)["workflowExecution"]["workflowId"] == f"job-{number}"
        assert not any(later.done() for later in polls[number + 1 :])


def test_one_task_wakes_one_poller(client: Client) -> None:
    polls = [client.waiting_poll() for _ in range(3)]
    client.start()
    assert polls[0].result(DEADLINE)["taskToken"]
    client.service.end_polls()
    assert ["taskToken" in poll.result(DEADLINE) for poll in polls] == [True, False, False]


def test_pollers_of_other_lists_wait_on(client: Client) -> None:
    worker = client.waiting_poll("Activity")
    client.start()
    assert client.poll().result(DEADLINE)["taskToken"]
    assert not worker.done()


def test_a_poller_whose_caller_went_is_passed_over(client: Client) -> None:
    caller = Caller()
    gone, there = client.waiting_poll(caller=caller), client.waiting_poll()
    caller.gone = True
    client.start()
    assert there.result(DEADLINE)["taskToken"]
    with pytest.raises(GoneError):
        gone.result(DEADLINE)


def test_a_caller_who_went_before_its_turn_takes_nothing(client: Client) -> None:
    client.start()
    caller = Caller()
    caller.gone = True
    with pytest.raises(GoneError):
        client.poll(caller=caller).result(DEADLINE)
    assert client.poll().result(DEADLINE)["taskToken"]


def test_a_poll_ends_when_its_caller_goes(client: Client) -> None:
    caller = Caller()
    poll = client.waiting_poll(caller=caller)
    caller.gone = True
    with pytest.raises(GoneError):
        poll.result(DEADLINE)
    client.start()
    assert client.poll().result(DEADLINE)["taskToken"]


@pytest.mark.parametrize(
    ("kind", "empty"),
    [("Decision", {"startedEventId": 0, "previousStartedEventId": 0}), ("Activity", {"startedEventId": 0})],
)
def test_a_poll_that_waited_long_enough_brings_nothing(
    client: Client, monkeypatch: pytest.MonkeyPatch, kind: str, empty: dict[str, Any]
) -> None:
    monkeypatch.setattr(timing, "POLL_SECONDS", 0.05)
    assert client.poll(kind).result(DEADLINE) == empty


def test_polls_end_when_the_service_winds_up(client: Client) -> None:
    polls = [client.waiting_poll(), client.waiting_poll("Activity")]
    client.service.end_polls()
    assert not any("taskToken" in poll.result(DEADLINE) for poll in polls)
    client.start()
    assert "taskToken" not in client.poll().result(DEADLINE)


def test_a_poll_for_an_unknown_domain_does_not_wait(client: Client) -> None:
    with pytest.raises(SwfFault, match=r"^UnknownResourceFault: "):
        client("PollForDecisionTask", domain="nowhere", taskList=DECIDERS)


def test_fifty_pollers_share_five_hundred_tasks(client: Client) -> None:
    taken: list[str] = []

    def poll_on() -> None:
        while "taskToken" in (task := client("PollForDecisionTask", **DOMAIN, taskList=DECIDERS)):
            taken.append(task["workflowExecution"]["workflowId"])

    pollers = [client.pool.submit(poll_on) for _ in range(50)]
    for number in range(500):
        client.start(f"job-{number}")
    while client("CountPendingDecisionTasks", **DOMAIN, taskList=DECIDERS)["count"]:
        pass
    client.service.end_polls()
    for poller in pollers:
        poller.result(DEADLINE)
    assert sorted(taken) == sorted(f"job-{number}" for number in range(500))


def test_time_outs_of_days_take_no_time(client: Client) -> None:
    run_id = client.start(executionStartToCloseTimeout=str(int(30 * DAY)))
    before = client.service.now()
    assert client.service.advance(29 * DAY) - before == pytest.approx(29 * DAY, abs=60)
    assert client.event_types(run_id)[-1] == "DecisionTaskScheduled"
    client.service.advance(DAY)
    assert client.event_types(run_id)[-1] == "WorkflowExecutionTimedOut"
    assert client.service.clock_offset == 30 * DAY


def test_a_timer_wakes_a_poller_by_itself(client: Client) -> None:
    # What else runs on the machine only adds to the delay, so that one good round is enough.
    assert any(delay_of_a_timer(client, f"job-{number}") < 0.5 for number in range(20))


def delay_of_a_timer(client: Client, workflow_id: str) -> float:
    """Wait for a timer of one second in a poll; tell how late the task came."""
    client.start(workflow_id)
    decision = client("PollForDecisionTask", **DOMAIN, taskList=DECIDERS)
    timer = {"timerId": "t", "startToFireTimeout": "1"}
    client(
        "RespondDecisionTaskCompleted",
        taskToken=decision["taskToken"],
        decisions=[{"decisionType": "StartTimer", "startTimerDecisionAttributes": timer}],
    )
    task = client("PollForDecisionTask", **DOMAIN, taskList=DECIDERS)
    started, fired = (
        next(event["eventTimestamp"] for event in task["events"] if event["eventType"] == kind)
        for kind in ("TimerStarted", "TimerFired")
    )
    assert fired - started == pytest.approx(1.0)
    return float(client.service.now() - fired)


def test_time_does_not_go_back(client: Client) -> None:
    for seconds in (-1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="moved ahead"):
            client.service.advance(seconds)


def test_the_clock_never_goes_back_even_if_the_systems_does() -> None:
    times = iter([100.0, 90.0, 101.0])
    clock = Clock(system=lambda: next(times))
    assert [clock.now(), clock.now(), clock.now()] == [100.0, 100.0, 101.0]


def test_reset_forgets_everything_and_goes_back_to_today(client: Client) -> None:
    client.start()
    client.service.advance(30 * DAY)
    poll = client.waiting_poll("Activity")
    client.service.reset()
    assert "taskToken" not in poll.result(DEADLINE)
    assert client.service.clock_offset == 0
    assert client("ListDomains", registrationStatus="REGISTERED") == {"domainInfos": []}
    furnish(client)
    client.start()
    assert client.poll().result(DEADLINE)["taskToken"]


@pytest.mark.parametrize(("days", "kept"), [("1", 1), ("0", 0), ("NONE", 0)])
def test_closed_executions_are_kept_for_their_time(days: str, kept: int) -> None:
    with client_of(MemoryStore()) as client:
        furnish(client, days)
        run_id = client.start()
        client("TerminateWorkflowExecution", **DOMAIN, workflowId="job")
        ever = {"startTimeFilter": {"oldestDate": 0}}
        assert client("CountClosedWorkflowExecutions", **DOMAIN, **ever)["count"] == kept
        client.service.advance(DAY + 1)
        assert client("CountClosedWorkflowExecutions", **DOMAIN, **ever)["count"] == 0
        execution = {"workflowId": "job", "runId": run_id}
        for operation in ("DescribeWorkflowExecution", "GetWorkflowExecutionHistory"):
            with pytest.raises(SwfFault, match=r"^UnknownResourceFault: "):
                client(operation, **DOMAIN, execution=execution)


class FragileStore(MemoryStore):
    """A store on a disk that can be full; it saves later what it could not save then."""

    def __init__(self) -> None:
        super().__init__()
        self.full = False
        self.saved: list[Change] = []
        self._unsaved: list[Change] = []

    def save(self, changes: Sequence[Change]) -> None:
        self._unsaved += changes
        if self._unsaved and self.full:
            raise OSError("no space left on device")
        super().save(self._unsaved)
        self.saved += self._unsaved
        self._unsaved = []


def test_nobody_hears_of_what_is_not_saved() -> None:
    store = FragileStore()
    with client_of(store) as client:
        furnish(client)
        poll = client.waiting_poll()
        store.full = True
        for _ in range(2):
            with pytest.raises(OSError, match="no space left"):
                client.start()
            with pytest.raises(OSError, match="no space left"):
                client("CountPendingDecisionTasks", **DOMAIN, taskList=DECIDERS)
        assert not poll.done()
        store.full = False
        with pytest.raises(SwfFault, match=r"^WorkflowExecutionAlreadyStartedFault: "):
            client.start()
        assert poll.result(DEADLINE)["taskToken"]
        assert len(store.saved) == len({id(change) for change in store.saved})
