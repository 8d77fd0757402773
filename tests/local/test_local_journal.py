"""A local AWS with a data directory goes on where it was."""

from __future__ import annotations

import json
import logging
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cpe.errors import ConfigError
from cpe.local.server import LocalAws
from cpe.local.swf.store.journal import FILE
from cpe.local.swf.store.schema import FORMAT
from tests.local.swf_world import DAY, DECISIONS, DOMAIN, WORK, World, activity, complete, timer, world_of


@contextmanager
def running(data: Path) -> Iterator[World]:
    """An SWF on this directory, until the block ends."""
    with LocalAws(data=data) as aws:
        yield World(aws.endpoint)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A directory with a furnished SWF in it."""
    with LocalAws(data=tmp_path / "data") as aws:
        world_of(aws)
    return tmp_path / "data"


def everything(world: World) -> dict[str, Any]:
    """What the visibility operations and histories tell."""
    since: dict[str, Any] = {"startTimeFilter": {"oldestDate": 0}}
    told: dict[str, Any] = {}
    for state, operation in (
        ("open", world.swf.list_open_workflow_executions),
        ("closed", world.swf.list_closed_workflow_executions),
    ):
        told[state] = operation(domain=DOMAIN, **since)["executionInfos"]
        for info in told[state]:
            execution = info["execution"]
            run_id, workflow_id = execution["runId"], execution["workflowId"]
            told[run_id] = (
                world.history(run_id, workflow_id),
                without_http(world.describe(run_id, workflow_id)),
            )
    told["domain"] = without_http(world.swf.describe_domain(name=DOMAIN))
    for kind in ("workflow", "activity"):
        for status in ("REGISTERED", "DEPRECATED"):
            listed = getattr(world.swf, f"list_{kind}_types")(domain=DOMAIN, registrationStatus=status)
            told[f"{kind} {status}"] = listed["typeInfos"]
    told["tasks"] = (world.pending_decisions(), world.pending_activities())
    return told


def without_http(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_everything_is_there_again(data: Path) -> None:
    with running(data) as world:
        world.register_activity_type("Old")
        world.swf.deprecate_activity_type(domain=DOMAIN, activityType={"name": "Old", "version": "1"})
        world.start("done", tagList=["x", "ü"])
        world.decide(complete("r" * 30_000))
        world.start("canceled")
        world.swf.terminate_workflow_execution(domain=DOMAIN, workflowId="canceled", reason="why")
        world.start("working", input="i" * 30_000)
        world.decide(activity("waits"), timer("t"))
        world.start("new")
        world.swf.signal_workflow_execution(domain=DOMAIN, workflowId="new", signalName="s", input="ü\0🎬")
        world.swf.request_cancel_workflow_execution(domain=DOMAIN, workflowId="working")
        before = everything(world)
    for _ in range(2):
        with running(data) as world:
            assert everything(world) == before


def test_tokens_stay_good(data: Path) -> None:
    with running(data) as world:
        run_id = world.start()
        decision_task = world.poll()
    with running(data) as world:
        world.respond(decision_task, activity())
        task = world.swf.poll_for_activity_task(domain=DOMAIN, taskList=WORK)
        first = world.swf.get_workflow_execution_history(
            domain=DOMAIN, execution={"workflowId": "order", "runId": run_id}, maximumPageSize=3
        )
    with running(data) as world:
        rest = world.swf.get_workflow_execution_history(
            domain=DOMAIN,
            execution={"workflowId": "order", "runId": run_id},
            maximumPageSize=1000,
            nextPageToken=first["nextPageToken"],
        )
        assert [event["eventId"] for event in rest["events"]] == [4, 5, 6]
        world.swf.respond_activity_task_completed(taskToken=task["taskToken"], result="r")
        with world.refused("UnknownResourceFault"):
            world.swf.respond_activity_task_completed(taskToken=task["taskToken"], result="r")
        world.decide(complete())
    with running(data) as world:
        assert world.status(run_id) == "COMPLETED"


def test_the_last_heartbeat_is_told_when_its_task_times_out(data: Path) -> None:
    with running(data) as world:
        run_id = world.start()
        world.decide(activity(heartbeatTimeout="60"))
        task = world.swf.poll_for_activity_task(domain=DOMAIN, taskList=WORK)
        world.swf.record_activity_task_heartbeat(taskToken=task["taskToken"], details="42 %")
    with running(data) as world:
        world.advance(61)
        timed_out = world.event("ActivityTaskTimedOut", run_id)
        assert (timed_out["timeoutType"], timed_out["details"]) == ("HEARTBEAT", "42 %")


def test_what_fell_due_meanwhile_has_happened(data: Path) -> None:
    with running(data) as world:
        run_id = world.start()
        world.decide(timer(seconds=1))
        started = world.history(run_id)[-1]["eventTimestamp"]
    deadline = time.monotonic() + 10
    while time.time() < started.timestamp() + 1:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with running(data) as world:
        assert world.pending_decisions() == 1
        fired = world.history(run_id)[5]
        assert fired["eventType"] == "TimerFired"
        assert (fired["eventTimestamp"] - started).total_seconds() == pytest.approx(1, abs=0.002)


def test_a_moved_clock_does_not_go_back_behind_what_is_open(data: Path) -> None:
    with running(data) as world:
        world.advance(30 * DAY)
        run_id = world.start()
    with running(data) as world:
        world.decide(complete())
        times = [event["eventTimestamp"] for event in world.history(run_id)]
        assert times == sorted(times)


def test_a_reset_empties_the_journal(data: Path) -> None:
    with LocalAws(data=data) as aws:
        world = World(aws.endpoint)
        world.start()
        aws.reset()
        assert world.swf.list_domains(registrationStatus="REGISTERED")["domainInfos"] == []
        world.furnish()
        world.start("after")
    with running(data) as world:
        assert [info["execution"]["workflowId"] for info in everything(world)["open"]] == ["after"]


def test_closed_executions_are_dropped_when_their_time_is_over(data: Path) -> None:
    def stored() -> int:
        database = sqlite3.connect(data / FILE)
        (count,) = database.execute("SELECT count(*) FROM events").fetchone()
        database.close()
        return int(count)

    with running(data) as world:
        run_id = world.start()
        world.decide(complete())
        assert stored() > 0
        world.advance(8 * DAY)
        with world.refused("UnknownResourceFault"):
            world.history(run_id)
    with running(data) as world:
        assert everything(world)["closed"] == []


def test_a_directory_serves_one_at_a_time(data: Path) -> None:
    with running(data), pytest.raises(ConfigError, match="is in use by process"):
        LocalAws(data=data).start()


def test_a_journal_cut_off_in_mid_record(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    with running(data) as world:
        run_id = world.start()
        kept = {path.name: path.read_bytes() for path in data.iterdir()}
        world.start("lost")
        kept_log, name = (data / f"{FILE}-wal").read_bytes(), f"{FILE}-wal"
    for path in data.iterdir():
        path.unlink()
    for file, content in kept.items():
        (data / file).write_bytes(content)
    (data / name).write_bytes(kept_log[: len(kept[name]) + 100])
    with caplog.at_level(logging.WARNING), running(data) as world:
        assert [info["execution"]["runId"] for info in everything(world)["open"]] == [run_id]
        assert len(world.history(run_id)) == 2
        world.start("again")
    assert re.search(r"ended in mid-record; its last \d+ bytes were dropped", caplog.text)


def cpe_local(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cpe.cli.main", "local", "--port", "0", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def newer(data: Path) -> None:
    database = sqlite3.connect(data / FILE)
    database.execute(f"PRAGMA user_version = {FORMAT + 1}")
    database.close()


def foreign(data: Path) -> None:
    (data / FILE).write_bytes(b"hello" * 1000)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [(newer, "was written by a newer version"), (foreign, "is not a journal of the local SWF")],
)
def test_the_command_says_what_is_wrong(data: Path, spoil: Callable[[Path], None], message: str) -> None:
    spoil(data)
    ended = cpe_local("--data", data)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert message in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_the_command_names_the_place_of_a_wrong_fault(tmp_path: Path) -> None:
    (tmp_path / "faults.json").write_text(json.dumps({"rules": [{"service": "swf", "kind": "boom"}]}))
    ended = cpe_local("--faults", "swf.*.lost=0.1", "--faults", tmp_path / "faults.json")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"{tmp_path}/faults.json: rules[0]: kind cannot be 'boom'" in ended.stderr


def test_decision_tasks_come_in_their_old_order(data: Path) -> None:
    with running(data) as world:
        for number in range(5):
            world.start(f"w{number}", taskPriority=str(number % 2))
    with running(data) as world:
        tasks = [
            world.swf.poll_for_decision_task(domain=DOMAIN, taskList=DECISIONS)["workflowExecution"][
                "workflowId"
            ]
            for _ in range(5)
        ]
        assert tasks == ["w1", "w3", "w0", "w2", "w4"]
