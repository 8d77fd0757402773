"""Clients that load an SWF and keep a ledger of what it answered, to be held against its histories."""

from __future__ import annotations

import collections
import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from random import Random
from typing import Any

from tests.acceptance.stack import PATIENCE

DOMAIN = "media"
JOB = {"name": "Job", "version": "1"}
WORK = {"name": "Work", "version": "1"}


class Refused(Exception):
    """SWF said no."""


class Swf:
    """One connection to SWF, without an SDK's patience: whatever is not answered raises `OSError`."""

    def __init__(self, endpoint: str) -> None:
        self._connection = http.client.HTTPConnection(endpoint.removeprefix("http://"), timeout=PATIENCE)

    def __call__(self, operation: str, **params: Any) -> dict[str, Any]:
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"SimpleWorkflowService.{operation}",
        }
        try:
            self._connection.request("POST", "/", json.dumps(params), headers)
            answer = self._connection.getresponse()
            body = answer.read()
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        content: dict[str, Any] = json.loads(body or b"{}")
        if answer.status != 200:
            raise Refused(content["__type"].rpartition("#")[2])
        return content

    def close(self) -> None:
        self._connection.close()

    def history(self, workflow_id: str, run_id: str) -> list[dict[str, Any]]:
        execution = {"workflowId": workflow_id, "runId": run_id}
        events: list[dict[str, Any]] = []
        token: dict[str, Any] = {}
        while True:
            page = self("GetWorkflowExecutionHistory", domain=DOMAIN, execution=execution, **token)
            events += page["events"]
            if "nextPageToken" not in page:
                return events
            token = {"nextPageToken": page["nextPageToken"]}


class Ledger:
    """What was answered; every fact is a text that must stand in the history of its run."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self.answered = 0
        #: Of these, answers to decisions that complete an execution.
        self.completed = 0
        self.facts: dict[tuple[str, str], set[str]] = {}
        self.seen: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.touched: set[tuple[str, str]] = set()
        #: Tasks that were handed out and not yet answered: token to run, fact, and whether that was tried.
        self.held: dict[str, Held] = {}

    def started(self, workflow_id: str, run_id: str) -> None:
        self.tell((workflow_id, run_id), "WorkflowExecutionStarted")

    def tell(self, run: tuple[str, str], fact: str) -> None:
        with self._change:
            self.facts.setdefault(run, set()).add(fact)
            self.touched.add(run)
            self.answered += 1
            self._change.notify_all()

    def complete(self) -> None:
        with self._change:
            self.completed += 1
            self._change.notify_all()

    def hold(self, token: str, held: Held) -> None:
        self.tell(held.run, held.began)
        self.held[token] = held

    def runs(self) -> list[tuple[str, str]]:
        with self._change:
            return list(self.facts)

    def wait(self, answered: int, completed: int) -> None:
        """Wait until there are so many answers of both kinds."""

        def enough() -> bool:
            return self.answered >= answered and self.completed >= completed

        with self._change:
            assert self._change.wait_for(enough, timeout=PATIENCE)

    def check(self, swf: Swf, runs: set[tuple[str, str]]) -> None:
        """Nothing that was told is missing, and nothing that was seen has changed."""
        for run in runs:
            events = swf.history(*run)
            assert [event["eventId"] for event in events] == list(range(1, len(events) + 1))
            before = self.seen.get(run, [])
            assert events[: len(before)] == before
            missing = self.facts[run] - facts_of(events)
            assert not missing, f"{run} lacks {missing}"
            self.seen[run] = events


def facts_of(events: list[dict[str, Any]]) -> set[str]:
    """What a history tells, as the ledger has it."""
    facts: set[str] = set()
    for event in events:
        kind = event["eventType"]
        attributes = event[f"{kind[0].lower()}{kind[1:]}EventAttributes"]
        facts |= {kind, f"{kind} {event['eventId']}"}
        facts |= {str(attributes[key]) for key in ("signalName", "markerName", "result") if key in attributes}
    return facts


class Held:
    """A task in somebody's hands."""

    def __init__(self, kind: str, task: dict[str, Any], fact: str, answer: dict[str, Any]) -> None:
        execution = task["workflowExecution"]
        self.run = (execution["workflowId"], execution["runId"])
        self.began = f"{kind}TaskStarted {task['startedEventId']}"
        self.fact = fact
        self.operation = f"Respond{kind}TaskCompleted"
        self.answer = {"taskToken": task["taskToken"], **answer}
        self.tried = False


class Load:
    """Four clients of one server; each works until the server is gone."""

    def __init__(self, ledger: Ledger, endpoint: str, *, seed: int, number: int) -> None:
        self._ledger = ledger
        self._endpoint = endpoint
        self._seed = seed
        self._number = number
        self._count = 0
        self._errors: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._work, args=(turn,))
            for turn in (self._start, self._signal, self._decide, self._act)
        ]

    @contextmanager
    def running(self) -> Iterator[None]:
        """Ends when the server does; tells what went wrong otherwise."""
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            for thread in self._threads:
                thread.join(PATIENCE)
        assert self._errors == []
        assert not any(thread.is_alive() for thread in self._threads)

    def _work(self, turn: Callable[[Swf, Random], None]) -> None:
        random = Random(f"{self._seed} {self._number} {turn.__name__}")
        try:
            with closing(Swf(self._endpoint)) as swf:
                while True:
                    turn(swf, random)
        except OSError:
            return
        except BaseException as error:  # told by `running`
            self._errors.append(error)

    def _start(self, swf: Swf, random: Random) -> None:
        self._count += 1
        workflow_id = f"job-{self._number}-{self._count}"
        answer = swf("StartWorkflowExecution", domain=DOMAIN, workflowId=workflow_id, workflowType=JOB)
        self._ledger.started(workflow_id, answer["runId"])

    def _signal(self, swf: Swf, random: Random) -> None:
        runs = self._ledger.runs()[-20:]
        if not runs:
            return
        workflow_id, run_id = random.choice(runs)
        name = f"signal-{random.getrandbits(64)}"
        try:
            swf(
                "SignalWorkflowExecution",
                domain=DOMAIN,
                workflowId=workflow_id,
                runId=run_id,
                signalName=name,
            )
        except Refused as refused:
            assert str(refused) == "UnknownResourceFault"  # it has closed
        else:
            self._ledger.tell((workflow_id, run_id), name)

    def _decide(self, swf: Swf, random: Random) -> None:
        task = swf("PollForDecisionTask", domain=DOMAIN, taskList={"name": "decisions"})
        if "taskToken" not in task:
            return
        fact = f"marker-{random.getrandbits(64)}"
        decisions: list[dict[str, Any]] = [
            {"decisionType": "RecordMarker", "recordMarkerDecisionAttributes": {"markerName": fact}}
        ]
        kinds = collections.Counter(event["eventType"] for event in task["events"])
        if kinds["ActivityTaskCompleted"]:
            decisions.append({"decisionType": "CompleteWorkflowExecution"})
        elif not kinds["ActivityTaskScheduled"]:
            wanted = {"activityType": WORK, "activityId": "a"}
            decisions.append(
                {"decisionType": "ScheduleActivityTask", "scheduleActivityTaskDecisionAttributes": wanted}
            )
        held = Held("Decision", task, fact, {"decisions": decisions})
        self._ledger.hold(task["taskToken"], held)
        respond(swf, self._ledger, held)

    def _act(self, swf: Swf, random: Random) -> None:
        task = swf("PollForActivityTask", domain=DOMAIN, taskList={"name": "work"})
        if "taskToken" not in task:
            return
        fact = f"result-{random.getrandbits(64)}"
        held = Held("Activity", task, fact, {"result": fact})
        self._ledger.hold(task["taskToken"], held)
        swf("RecordActivityTaskHeartbeat", taskToken=task["taskToken"], details=fact)
        respond(swf, self._ledger, held)


def respond(swf: Swf, ledger: Ledger, held: Held) -> None:
    """Answer a task; a second try may find that the first was carried out."""
    again, held.tried = held.tried, True
    try:
        swf(held.operation, **held.answer)
    except Refused as refused:
        assert again, held.run
        assert str(refused) == "UnknownResourceFault"
    ledger.tell(held.run, held.fact)
    if {"decisionType": "CompleteWorkflowExecution"} in held.answer.get("decisions", ()):
        ledger.complete()
    del ledger.held[held.answer["taskToken"]]


def register(swf: Swf) -> None:
    swf("RegisterDomain", name=DOMAIN, workflowExecutionRetentionPeriodInDays="1")
    swf(
        "RegisterWorkflowType",
        domain=DOMAIN,
        **JOB,
        defaultTaskList={"name": "decisions"},
        defaultTaskStartToCloseTimeout="NONE",
        defaultExecutionStartToCloseTimeout="86400",
        defaultChildPolicy="TERMINATE",
    )
    timeouts = ("ScheduleToStart", "ScheduleToClose", "StartToClose")
    swf(
        "RegisterActivityType",
        domain=DOMAIN,
        **WORK,
        defaultTaskList={"name": "work"},
        defaultTaskHeartbeatTimeout="NONE",
        **{f"defaultTask{kind}Timeout": "NONE" for kind in timeouts},
    )
