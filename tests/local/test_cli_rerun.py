"""`cpe activity rerun`: one recorded task, in this process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from cpe.local.server import LocalAws
from tests.local.command_line import CommandLine
from tests.local.stage import Stage

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def line(local_aws: LocalAws, tmp_path: Path) -> Iterator[CommandLine]:
    """A job with four attempts at one activity; SWF and the client's queue are as they are before a rerun."""
    stage = Stage(tmp_path)
    stage.register_domain()
    stage.swf.register_activity_type(domain=stage.domain, name="Work", version="v1")
    stage.swf.register_workflow_type(domain=stage.domain, name="Alone", version="1.0")
    stage.swf.start_workflow_execution(
        domain=stage.domain,
        workflowId="ClientA.j1",
        workflowType={"name": "Alone", "version": "1.0"},
        taskList={"name": "alone"},
        taskStartToCloseTimeout="300",
        executionStartToCloseTimeout="3600",
        childPolicy="TERMINATE",
    )
    for what in ("crash", "refuse", "wait", "report"):
        schedule(stage, {"do": what})
        task = stage.swf.poll_for_activity_task(domain=stage.domain, taskList={"name": "work"})
        if what != "report":
            stage.swf.respond_activity_task_failed(taskToken=task["taskToken"], reason="UNKNOWN_PRESET")
    yield CommandLine(stage, tmp_path)
    structlog.reset_defaults()


def schedule(stage: Stage, what: dict[str, Any]) -> None:
    task = stage.swf.poll_for_decision_task(domain=stage.domain, taskList={"name": "alone"})
    stage.swf.respond_decision_task_completed(
        taskToken=task["taskToken"],
        decisions=[
            {
                "decisionType": "ScheduleActivityTask",
                "scheduleActivityTaskDecisionAttributes": {
                    "activityType": {"name": "Work", "version": "v1"},
                    "activityId": "Do",
                    "input": json.dumps(what),
                    "taskList": {"name": "work"},
                    "scheduleToStartTimeout": "60",
                    "scheduleToCloseTimeout": "600",
                    "startToCloseTimeout": "600",
                    "heartbeatTimeout": "600",
                },
            }
        ],
    )


def test_a_recorded_task_runs_here(line: CommandLine, tmp_path: Path) -> None:
    before = line.text("job", "history", "j1")
    done = line.run("activity", "rerun", "j1", "Do", "--yes")
    assert done.exit_code == 0, (done.output, done.exception)
    assert json.loads(done.stdout) == {"done": True, "settings": {"depth": 1}}
    assert done.stderr.splitlines() == [
        "preparing",
        'progress {"progress": 50.0}',
        'progress {"progress": 100.0}',
        "finishing",
    ]
    assert line.text("job", "history", "j1") == before
    assert line.stage.receive() == []
    assert [entry.name for entry in (tmp_path / "scratch").iterdir()] == [".gate"]


def test_an_earlier_attempt_and_its_failure(line: CommandLine) -> None:
    told = line.json("activity", "rerun", "j1", "Do", "--attempt", "2", "--yes", exit_code=1)
    assert told["activity"] == {
        "activityId": "Do",
        "activityType": {"name": "Work", "version": "v1"},
        "status": "FAILED",
        "attempt": 2,
        "result": None,
        "reason": "UNKNOWN_PRESET",
        "details": "no such preset",
    }
    done = line.run("activity", "rerun", "j1", "Do", "--attempt", "2", "--yes")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.endswith("FAILED UNKNOWN_PRESET: no such preset\n")
    assert "Traceback" not in done.stderr


def test_what_nobody_foresaw_is_told_with_its_place(line: CommandLine) -> None:
    done = line.run("activity", "rerun", "j1", "Do", "--attempt", "1", "--yes")
    assert (done.exit_code, done.stdout) == (1, "")
    log, end = done.stderr.splitlines()[-2:]
    raised = json.loads(log)
    assert raised["event"] == "task_raised"
    assert "tests/local/activities.py" in raised["exception"]
    assert end.startswith("FAILED ACTIVITY_FAILED: unexpected ")


def test_what_cannot_be_run(line: CommandLine) -> None:
    unknown = line.error("activity", "rerun", "j1", "Nope", "--yes")
    assert (unknown.code, "it scheduled: Do" in str(unknown)) == ("UNKNOWN_ACTIVITY", True)
    assert line.error("activity", "rerun", "j1", "Do", "--attempt", "5", "--yes").code == "UNKNOWN_ACTIVITY"
    asked = line.error("activity", "rerun", "j1", "Do")
    assert (asked.code, "--yes" in str(asked)) == ("NOT_CONFIRMED", True)
    document = json.loads(line.config.read_text())
    line.config.write_text(json.dumps({**document, "activities": []}))
    assert line.error("activity", "rerun", "j1", "Do", "--yes").code == "ACTIVITY_NOT_CONFIGURED"


def test_ctrl_c_asks_it_to_stop(line: CommandLine) -> None:
    command = ["activity", "rerun", "-c", str(line.config), "j1", "Do", "--attempt", "3", "--yes"]
    with subprocess.Popen(
        [sys.executable, "-c", WAITING, *command],
        cwd=REPOSITORY,
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline() == "it runs\n"
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=100)
        finally:
            process.kill()
    assert process.returncode == 1
    assert said == "CANCELED ACTIVITY_CANCELLED: the operator asked the activity to stop\n"


#: `cpe`, saying when the activity runs.
WAITING = """
import sys, threading
from tests.local.activities import STARTED
def tell():
    STARTED.acquire()
    print("it runs", file=sys.stderr, flush=True)
threading.Thread(target=tell, daemon=True).start()
from cpe.cli.main import main
main()
"""
