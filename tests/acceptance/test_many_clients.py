"""Many clients and two input pollers, as processes: a job starts once, and nobody reaches what is another's."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Any, Self

import boto3
import pytest

from cpe.config import Client
from cpe.protocol import Event, EventType, decode_event
from tests.acceptance.heard import Heard
from tests.acceptance.site import POLLERS, Site
from tests.acceptance.stack import PATIENCE, until
from tests.hostile import FORGERIES, bad_bodies, forgeries

pytestmark = pytest.mark.usefixtures("site")

EACH = 200
_BATCH = 10


class Raw(Heard):
    """A client that sends what bodies it likes, and reads whatever comes to its queue. A context manager."""

    def __init__(self, site: Site, name: str) -> None:
        super().__init__()
        queues = site.queues(name)
        self.client = Client(name=name, input_queue=queues["input"], output_queue=queues["output"])
        self._sqs = boto3.client("sqs")
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._read, name=name)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def send(self, *bodies: str) -> None:
        """Send commands, ten in a batch."""
        for start in range(0, len(bodies), _BATCH):
            batch = enumerate(bodies[start : start + _BATCH])
            answer = self._sqs.send_message_batch(
                QueueUrl=self.client.input_queue,
                Entries=[{"Id": str(number), "MessageBody": body} for number, body in batch],
            )
            assert not answer.get("Failed")

    def all_events(self, kind: EventType | None = None) -> list[Event]:
        """What was heard, of whatever job."""
        return [event for job_id in self.jobs() for event in self.heard(job_id, kind)]

    def wait_for(self, kind: EventType, count: int, seconds: float = PATIENCE) -> list[Event]:
        """Wait until there are so many events of a type."""

        def found() -> list[Event] | None:
            events = [
                event for events in self._events.values() for event in events.values() if event.type is kind
            ]
            return events if len(events) >= count else None

        return self.wait(found, f"{count} {kind}", seconds)

    def _read(self) -> None:
        queue = self.client.output_queue
        while not self._stopped.is_set():
            answer = self._sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=_BATCH, WaitTimeSeconds=1)
            for message in answer.get("Messages", []):
                self.take(decode_event(message["Body"]))
                self._sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def start_job(job_id: str, name: str = "Approved", version: str = "1.0", **data: Any) -> dict[str, Any]:
    """A START_JOB."""
    workflow = {"name": name, "version": version, "executionStartToCloseTimeout": 3600}
    return {"time": 1.5, "type": "START_JOB", "jobId": job_id, "data": {"workflow": workflow, **data}}


def approval(job_id: str) -> dict[str, Any]:
    """The SIGNAL_JOB that a job of the plan `Approved` waits for."""
    data = {"signal": "approve", "input": {"by": "Ann", "ok": True}}
    return {"time": 1, "type": "SIGNAL_JOB", "jobId": job_id, "data": data}


def bodies_of(*commands: dict[str, Any]) -> list[str]:
    return [json.dumps(command) for command in commands]


def executions(workflow_id: str) -> list[str]:
    """All runs that SWF knows of a workflow id, open and closed."""
    swf = boto3.client("swf")
    where: dict[str, Any] = {
        "domain": "SADomain",
        "executionFilter": {"workflowId": workflow_id},
        "startTimeFilter": {"oldestDate": datetime(1970, 1, 2, tzinfo=UTC)},
    }
    return [
        info["execution"]["runId"]
        for listed in (
            swf.list_open_workflow_executions(**where),
            swf.list_closed_workflow_executions(**where),
        )
        for info in listed["executionInfos"]
    ]


def runs_of(events: list[Event]) -> dict[str | None, set[str]]:
    """The runs that jobs were told to have."""
    runs: dict[str | None, set[str]] = {}
    for event in events:
        assert event.workflow is not None
        runs.setdefault(event.job_id, set()).add(event.workflow.run_id)
    return runs


def test_a_job_starts_once_however_often_its_command_comes_and_to_whom(site: Site) -> None:
    jobs = [f"once-{number}" for number in range(6)]
    commands = bodies_of(*(start_job(job_id, value=job_id) for job_id in jobs))
    others = bodies_of(*(start_job(job_id, value="another") for job_id in jobs))

    def answers() -> list[dict[str, Any]]:
        return [entry for entry in site.logged("command_answered") if entry["jobId"] in jobs]

    def all_answered_by(poller: str) -> bool:
        return {entry["jobId"] for entry in answers() if entry["name"] == poller} == set(jobs)

    with Raw(site, "Hasty") as hasty:
        thrice = commands * 3
        random.Random(7).shuffle(thrice)
        # What cannot be deleted comes again.
        with site.faults("sqs.DeleteMessageBatch.error=1"):
            hasty.send(*thrice)
            until(lambda: len(answers()) > len(thrice), what="commands that come again")
        # What another has taken comes again too, and that one answers it late.
        for poller in POLLERS:
            with site.alone(poller):
                hasty.send(*commands)
                until(partial(all_answered_by, poller), what=f"the answers of {poller}")
        drained(hasty)
        told = hasty.wait_for(EventType.WORKFLOW_SCHEDULED, len(jobs))
        runs = runs_of(told)
        assert runs.keys() == set(jobs)

        def refuse_others(count: int) -> None:
            hasty.send(*others)
            refused = hasty.wait_for(EventType.COMMAND_REJECTED, count)
            assert Counter(event.details["reason"] for event in refused) == {"JOB_EXISTS": count}

        refuse_others(len(jobs))
        hasty.send(*bodies_of(*map(approval, jobs)))
        assert all(hasty.closed(job_id).type is EventType.WORKFLOW_COMPLETED for job_id in jobs)

        # Once more after the job closed: the same answer, the same run.
        drained(hasty)
        before = len(answers())
        hasty.send(*commands)
        until(lambda: len(answers()) >= before + len(commands), what="the answers")
        refuse_others(2 * len(jobs))
        drained(hasty)
        assert runs_of(hasty.all_events(EventType.WORKFLOW_SCHEDULED)) == runs
        assert len(hasty.all_events(EventType.WORKFLOW_COMPLETED)) == len(jobs)
        assert len(hasty.all_events(EventType.COMMAND_REJECTED)) == 2 * len(jobs)
    assert {job_id: set(executions(f"Hasty.{job_id}")) for job_id in jobs} == runs
    assert all(len(executions(f"Hasty.{job_id}")) == 1 for job_id in jobs)


def test_forged_bodies_reach_nothing(site: Site) -> None:
    with Raw(site, "Mallory") as mallory, Raw(site, "Victim") as victim:
        victim.send(*bodies_of(start_job("secret"), start_job("two")))
        (run_id,) = runs_of(victim.wait_for(EventType.WORKFLOW_SCHEDULED, 2))["secret"]
        listing = {"time": 1, "type": "GET_JOB_LIST", "jobId": "mine", "data": {"limit": 1}}
        victim.send(json.dumps(listing))
        page = victim.event("mine", EventType.JOB_LIST).details["page"]
        assert page

        known = {"job_id": "secret", "run_id": run_id, "page": page, "step": "Ask", "signal": "approve"}
        forged = forgeries(start_job, victim.client, **known)
        assert len(forged) == FORGERIES
        # One more to be done, and it is the last: all were dealt with when all is answered.
        mallory.send(*forged, json.dumps(start_job("Victim")))

        def answers() -> list[Event]:
            answers = [event for event in mallory.all_events() if not _is_news(event)]
            return answers if len(answers) == FORGERIES + 1 else []

        ours = until(answers, what="all answers")
        victim.send(*bodies_of({**listing, "data": {}}))
        listed = victim.event("mine", EventType.JOB_LIST, number=2).details["jobs"]
        victim.send(*bodies_of(approval("secret"), approval("two")))
        closed = [victim.closed(job_id) for job_id in ("secret", "two")]
        drained(mallory, victim)
        heard = {event.job_id for event in victim.all_events()}
    assert {job["jobId"]: job["status"] for job in listed} == {"secret": "RUNNING", "two": "RUNNING"}
    # Nobody had cancelled, signalled or done them again: Ann's word is the first that they hear.
    assert [event.details["result"] for event in closed] == [{"by": "Ann", "value": 7}] * 2
    assert closed[0].workflow is not None
    assert (closed[0].workflow.run_id, executions("Victim.secret")) == (run_id, [run_id])
    assert heard == {"secret", "two", "mine"}
    assert len(victim.all_events(EventType.JOB_SIGNALED)) == 2
    assert not victim.all_events(EventType.COMMAND_REJECTED)
    for event in ours:
        if event.type is EventType.JOB_LIST:
            assert {job["workflowId"].split(".")[0] for job in event.details["jobs"]} <= {"Mallory"}
        elif event.type is EventType.WORKFLOW_SCHEDULED:
            assert event.workflow is not None
            assert event.workflow.workflow_id.startswith("Mallory.")
        else:
            assert event.type is EventType.COMMAND_REJECTED
            # The run that was asked for may be named; nothing else of it is known.
            assert run_id not in json.dumps(event.details).replace(f"run '{run_id}'", "")


def test_bad_bodies_among_good_ones(site: Site) -> None:
    def good_job(job_id: str, **data: Any) -> dict[str, Any]:
        return start_job(job_id, name="Again", version="2.0", **data)

    good = [f"good-{number}" for number in range(EACH)]
    bad = [body for body, _ in zip(bad_bodies(good_job), range(EACH), strict=False)]
    bodies = bodies_of(*(good_job(job_id, **{"try": {"value": job_id}}) for job_id in good))
    with Raw(site, "Careless") as careless:
        careless.send(*(body for pair in zip(bad, bodies, strict=True) for body in pair))
        refused = careless.wait_for(EventType.COMMAND_REJECTED, EACH)
        closed = careless.wait_for(EventType.WORKFLOW_COMPLETED, EACH)
        drained(careless)
        assert all(event.details["reason"] and event.details["details"] for event in refused)
        assert {event.job_id: event.details["result"] for event in closed} == {
            job_id: {"again": job_id} for job_id in good
        }
        counts = Counter(event.type for event in careless.all_events())
    assert counts[EventType.WORKFLOW_SCHEDULED] == counts[EventType.COMMAND_REJECTED] == EACH
    assert counts[EventType.WORKFLOW_FAILED] == 0
    assert not site.logged("command_failed")
    assert not site.logged("daemon_stopped")


def drained(*clients: Raw) -> None:
    """Wait until no command of a client waits or is being carried out, and it has heard all the answers."""
    sqs = boto3.client("sqs")

    def waiting() -> int:
        return sum(
            int(count)
            for client in clients
            for queue in (client.client.input_queue, client.client.output_queue)
            for count in sqs.get_queue_attributes(
                QueueUrl=queue,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                ],
            )["Attributes"].values()
        )

    until(lambda: waiting() == 0, what="the end of the commands")


def _is_news(event: Event) -> bool:
    """Tell whether an event says what happened to a job, rather than answers a command."""
    return event.workflow is not None and not event.type.is_answer and "input" not in event.details
