"""Every method of the client against running daemons."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cpe.aws.session import AwsSession
from cpe.client import (
    ActivityStatus,
    AnswerTimeout,
    AnswerUnread,
    Client,
    CommandRefused,
    JobState,
    JobStatus,
    SqliteStore,
    StoreFailed,
    Tracker,
)
from cpe.daemons.assembly import assemble_decider, assemble_inputpoller, assemble_worker
from cpe.errors import ConfigError
from cpe.local.server import LocalAws
from cpe.plan import parse_plan
from cpe.protocol import CommandType, EventType, decode_command
from tests.local.stage import Stage, running
from tests.local.test_commands import PLAN

SECONDS = 100.0


@pytest.fixture
def stage(local_aws: LocalAws, tmp_path: Path) -> Stage:
    stage = Stage(tmp_path)
    stage.settings = replace(stage.settings, domain=stage.domain)
    stage.hear_of_stops_soon()
    return stage


@pytest.fixture
def daemons(stage: Stage) -> Iterator[None]:
    aws = AwsSession(connections=20)
    plan = parse_plan(PLAN)
    with ExitStack() as opened:
        decider = assemble_decider(
            aws,
            stage.settings,
            plans={(plan.name, plan.version): plan},
            domain=stage.domain,
            task_list=stage.task_list,
        )
        worker = opened.enter_context(
            assemble_worker(aws, stage.settings, domain=stage.domain, activities=[("Work", "v1")])
        )
        opened.enter_context(running(decider, worker, assemble_inputpoller(aws, stage.settings)))
        yield


@pytest.fixture
def client(stage: Stage) -> Client:
    return client_of(stage)


def client_of(stage: Stage, **options: Any) -> Client:
    queues = stage.client
    defaults: dict[str, Any] = {"output_queue": queues.output_queue, "timeout": SECONDS}
    return Client(queues.name, queues.input_queue, **defaults | options)


def order(stage: Stage, second: str = "report", first: str = "report") -> dict[str, Any]:
    data: dict[str, Any] = stage.start_job("-", first={"do": first}, second={"do": second})["data"]
    return data


def until(client: Client, job_id: str, met: Callable[[JobState], bool]) -> JobState:
    for state in client.follow(job_id, timeout=SECONDS):
        if met(state):
            return state
    raise AssertionError(state)


def first_is(state: JobState, status: ActivityStatus) -> bool:
    return "First" in state.activities and state.activities["First"].status is status


def first_is_done(state: JobState) -> bool:
    return first_is(state, ActivityStatus.COMPLETED)


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(CommandRefused) as caught:
        call()
    assert str(caught.value)
    return caught.value.code


@pytest.mark.usefixtures("daemons")
def test_a_job_is_started_asked_about_signalled_and_done_again(stage: Stage, client: Client) -> None:
    job_id = client.start_job(order(stage), "j1", wait=True)
    job = client.job(job_id)
    until(client, job_id, first_is_done)

    report = job.status()
    assert (report.status, report.done, report.workflow_name) == (JobStatus.RUNNING, False, "Works")
    assert [(one.activity_id, one.status) for one in report.activities] == [
        ("First", ActivityStatus.COMPLETED)
    ]
    assert job.activities() == report.activities
    first = client.activity(job_id, "First")
    assert (first.name, first.version, first.attempt) == ("Work", "v1", 1)
    assert first.result is not None
    assert [one.job_id for one in client.list()] == ["j1"]
    assert list(client.list("CLOSED")) == []

    job.signal("approved", {"by": "Ann"})
    state = job.wait(SECONDS)
    assert state.status is JobStatus.COMPLETED

    run_id = job.retry("Second")
    assert run_id is not None
    assert run_id != state.run_id
    again = job.wait(SECONDS)
    assert (again.status, again.run_id) == (JobStatus.COMPLETED, run_id)
    assert again.activities["First"].run_id == state.run_id
    assert again.activities["Second"].run_id == run_id
    assert job.status().run_id == run_id


@pytest.mark.usefixtures("daemons")
def test_a_job_and_an_activity_are_cancelled(stage: Stage, client: Client) -> None:
    client.start_job(order(stage), "j1")
    until(client, "j1", first_is_done)
    client.cancel_job("j1", run_id=client.status("j1").run_id)
    assert client.job("j1").wait(SECONDS).status is JobStatus.CANCELED

    client.start_job(order(stage, first="wait"), "j2")
    until(client, "j2", lambda state: first_is(state, ActivityStatus.STARTED))
    client.job("j2").cancel_activity("First")
    until(client, "j2", lambda state: first_is(state, ActivityStatus.CANCELED))


@pytest.mark.usefixtures("daemons")
def test_a_refusal_has_the_stacks_code(stage: Stage, client: Client) -> None:
    assert code_of(lambda: client.status("none")) == "UNKNOWN_JOB"
    assert client.tracker.job("none") is None
    client.start_job(order(stage), "j1", wait=True)
    until(client, "j1", first_is_done)
    assert code_of(lambda: client.start_job(order(stage, "other"), "j1", wait=True)) == "JOB_EXISTS"
    assert code_of(lambda: client.retry("j1")) == "JOB_OPEN"
    assert code_of(lambda: client.activity("j1", "None")) == "UNKNOWN_ACTIVITY"
    assert code_of(lambda: client.cancel_activity("j1", "First")) == "ACTIVITY_NOT_RUNNING"
    assert code_of(lambda: client.signal("j1", "cpe.cancel_activity")) == "SIGNAL_RESERVED"
    client.signal("j1", "approved")
    client.job("j1").wait(SECONDS)
    assert code_of(lambda: client.cancel_job("j1")) == "JOB_CLOSED"
    assert code_of(lambda: client.retry("j1")) == "JOB_COMPLETED"
    assert code_of(lambda: client.retry("j1", ["Third"])) == "UNKNOWN_STEP"
    assert client.job("j1").state is not None
    assert client.job("j1").wait(0).status is JobStatus.COMPLETED


@pytest.mark.usefixtures("daemons")
def test_a_list_goes_on_over_pages(stage: Stage, client: Client) -> None:
    for number in range(5):
        client.start_job(order(stage), f"j{number}", wait=True)
    assert [job.job_id for job in client.list("OPEN", limit=2)] == ["j4", "j3", "j2", "j1", "j0"]


@pytest.mark.usefixtures("daemons")
def test_a_status_tells_a_tracker_what_it_never_heard(stage: Stage, client: Client) -> None:
    client.start_job(order(stage), "j1", wait=True)
    until(client, "j1", first_is_done)
    client.signal("j1", "approved")
    known = client.job("j1").wait(SECONDS)
    late = client_of(stage)
    late.status("j1")
    state = late.tracker.job("j1")
    assert state is not None
    assert (state.status, state.run_id, state.workflow_name) == (JobStatus.COMPLETED, known.run_id, "Works")
    assert {name: one.status for name, one in state.activities.items()} == {
        name: one.status for name, one in known.activities.items()
    }


@pytest.mark.usefixtures("daemons")
def test_answers_find_the_thread_that_asked_while_another_reads(stage: Stage, client: Client) -> None:
    client.start_job(order(stage), "j1", wait=True)
    heard: list[EventType] = []

    def read() -> None:
        heard.extend(event.type for event in client.events())

    reader = threading.Thread(target=read)
    reader.start()
    try:
        asked = [threading.Thread(target=client.status, args=("j1",)) for _ in range(4)]
        for thread in asked:
            thread.start()
        for thread in asked:
            thread.join(SECONDS)
        assert not any(thread.is_alive() for thread in asked)
    finally:
        client.stop()
        reader.join(2 * SECONDS)
    assert not reader.is_alive()
    assert heard.count(EventType.JOB_STATUS) == 4


@pytest.mark.usefixtures("daemons")
def test_answers_find_the_process_that_asked_by_the_store(stage: Stage, tmp_path: Path) -> None:
    with (
        closing(SqliteStore(tmp_path / "j.sqlite")) as one,
        closing(SqliteStore(tmp_path / "j.sqlite")) as two,
    ):
        reader = client_of(stage, tracker=Tracker(one))
        asker = client_of(stage, tracker=Tracker(two), output_queue=None)
        thread = threading.Thread(target=lambda: list(reader.events()))
        thread.start()
        try:
            asker.start_job(order(stage), "j1", wait=True)
            until(asker, "j1", first_is_done)
            assert asker.status("j1").status is JobStatus.RUNNING
            asker.signal("j1", "approved")
            assert asker.job("j1").wait(SECONDS).status is JobStatus.COMPLETED
        finally:
            reader.stop()
            thread.join(2 * SECONDS)
        assert not thread.is_alive()


def test_no_answer_in_time_is_an_error_and_the_command_is_sent(stage: Stage) -> None:
    client = client_of(stage, timeout=1.0)
    with pytest.raises(AnswerTimeout, match=r"GET_JOB_STATUS of job j1 was sent, .* within 1 s") as caught:
        client.status("j1")
    assert isinstance(caught.value, TimeoutError)
    assert (caught.value.code, caught.value.retryable) == ("ANSWER_TIMEOUT", True)
    assert (caught.value.command, caught.value.job_id) == ("GET_JOB_STATUS", "j1")
    assert stage.waiting_commands() == 1


@pytest.mark.usefixtures("daemons")
def test_a_job_whose_answer_the_store_does_not_take_in_is_known_all_the_same(
    stage: Stage, tmp_path: Path
) -> None:
    file = tmp_path / "j.sqlite"
    with closing(SqliteStore(file)) as store, closing(sqlite3.connect(file)) as database:
        client = client_of(stage, tracker=Tracker(store))
        database.execute("ALTER TABLE jobs RENAME TO hidden")
        with pytest.raises(AnswerUnread, match=r"START_JOB of job .* was sent, but its answer") as caught:
            client.start_job(order(stage), wait=True)
        lost = caught.value
        assert (lost.command, lost.code, lost.retryable) == ("START_JOB", "STORE_FAILED", True)
        assert isinstance(lost.__cause__, StoreFailed)
        database.execute("ALTER TABLE hidden RENAME TO jobs")
        until(client, lost.job_id, first_is_done)
        database.execute("ALTER TABLE answers RENAME TO hidden")
        with pytest.raises(AnswerUnread, match=f"SIGNAL_JOB of job {lost.job_id} ") as caught:
            client.signal(lost.job_id, "approved")
        assert caught.value.job_id == lost.job_id
        database.execute("ALTER TABLE hidden RENAME TO answers")
        assert client.job(lost.job_id).wait(SECONDS).status is JobStatus.COMPLETED


def test_a_job_that_was_not_answered_in_time_is_in_the_tracker(stage: Stage) -> None:
    client = client_of(stage, timeout=0.1)
    with pytest.raises(AnswerTimeout) as caught:
        client.start_job(order(stage), wait=True)
    state = client.job(caught.value.job_id).state
    assert state is not None
    assert state.status is JobStatus.REQUESTED


def test_a_queue_that_fails_while_an_answer_is_waited_for_takes_no_job_along(stage: Stage) -> None:
    client = client_of(stage, output_queue=f"{stage.client.output_queue}-absent")
    with pytest.raises(AnswerUnread) as caught:
        client.start_job(order(stage), wait=True)
    assert (caught.value.code, caught.value.retryable) == ("QUEUE_NOT_FOUND", False)
    (sent,) = stage.sqs.receive_message(QueueUrl=stage.client.input_queue)["Messages"]
    assert decode_command(sent["Body"]).job_id == caught.value.job_id


def test_a_client_that_was_stopped_waits_for_no_answer(stage: Stage) -> None:
    client = client_of(stage)
    client.stop()
    with pytest.raises(AnswerTimeout, match="was sent, but not answered before the client was stopped"):
        client.status("j1")


def test_a_client_that_only_sends_sends(stage: Stage) -> None:
    client = client_of(stage, output_queue=None)
    client.start_job(order(stage), "j1")
    client.cancel_job("j1", wait=False)
    client.cancel_activity("j1", "First", wait=False)
    client.signal("j1", "approved", wait=False)
    assert client.retry("j1", wait=False) is None
    assert client.send(CommandType.GET_JOB_STATUS, "j1")
    assert stage.waiting_commands() == 6
    with pytest.raises(ConfigError) as caught:
        client.status("j1")
    assert caught.value.code == "NO_OUTPUT_QUEUE"
    assert stage.waiting_commands() == 6
