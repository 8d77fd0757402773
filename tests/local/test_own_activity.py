"""An activity of one's own, in a module outside of the package, in a real `cpe-worker`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
import yaml

from cpe.aws.session import AwsSession
from cpe.daemons.assembly import assemble_decider, assemble_inputpoller
from cpe.local.server import LocalAws
from cpe.plan import parse_plan
from tests.local.stage import Stage, advance, running, wait_for

REPOSITORY = Path(__file__).parents[2]
GUIDE = (REPOSITORY / "docs/activities.md").read_text("utf-8")

SENT = re.compile(r"page.*2.*heartbeat_sent")
"""What the worker's log says once SWF has the newest word."""

PLAN = """
name: Counting
version: "1.0"
activities:
  - { name: CountWords, version: v1, heartbeat_timeout: 60, outputs_spec: { all: "$" } }
retry: { max_attempts: 2, interval: 0, on: ["TIMEOUT_HEARTBEAT"] }
result: "{{Count.all}}"
steps:
  - name: Count
    activity: CountWords
    input: '{ "input_asset": {{__input__.input_asset}} }'
"""

#: An activity that comes no further than the second page until somebody kills its worker.
FRAGILE = '''
import threading

from cpe.activity import Activity, ActivityContext, JsonValue


class CountWords(Activity):
    """Counts pages, and remembers where it was."""

    def run(self, context: ActivityContext) -> JsonValue:
        begin = context.last_heartbeat["page"] if context.last_heartbeat else 0
        for page in range(begin, 4):
            if page == 2 and not begin:
                while not threading.Event().wait(0.05):
                    context.check()
            context.heartbeat({"page": page + 1})
            context.progress({"page": page + 1})
        return {"began": begin, "attempt": context.task.attempt}
'''


@pytest.fixture
def stage(local_aws: LocalAws, tmp_path: Path) -> Stage:
    stage = Stage(tmp_path)
    stage.settings = replace(stage.settings, domain=stage.domain)
    return stage


def configuration(stage: Stage, tmp_path: Path, module: str) -> Path:
    """Lay out a folder of somebody's own: a package and the worker's configuration."""
    (tmp_path / "my_package").mkdir()
    (tmp_path / "my_package/my_module.py").write_text(module)
    (activity,) = next(
        block["activities"]
        for block in map(yaml.safe_load, re.findall(r"```yaml\n(.*?)```", GUIDE, flags=re.DOTALL))
        if "activities" in block
    )
    queues = {"input": stage.client.input_queue, "output": stage.client.output_queue}
    path = tmp_path / "cpe.yml"
    path.write_text(
        yaml.safe_dump(
            {
                "clients": [{"name": stage.client.name, "queues": queues}],
                "activities": [{**activity, "defaultTaskHeartbeatTimeout": "3"}],
                "scratch": str(tmp_path / "scratch"),
            }
        )
    )
    return path


@contextmanager
def own_worker(stage: Stage, config: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [
        *(sys.executable, "-m", "cpe.cli.worker", "-D", stage.domain, "-c", str(config)),
        *("--activity", "CountWords", "--version", "v1", "--debug"),
    ]
    log = config.with_suffix(".log")
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=config.parent,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(lambda: "daemon_started" in log.read_text() or process.poll() is not None)
        yield process
    finally:
        process.kill()
        process.wait(10)


@contextmanager
def engine(stage: Stage) -> Iterator[None]:
    aws, plan = AwsSession(connections=20), parse_plan(PLAN)
    decider = assemble_decider(
        aws,
        stage.settings,
        plans={(plan.name, plan.version): plan},
        domain=stage.domain,
        task_list=stage.task_list,
    )
    with running(decider, assemble_inputpoller(aws, stage.settings)):
        yield


def test_the_guides_activity_in_a_real_worker(stage: Stage, tmp_path: Path) -> None:
    (module,) = [
        block
        for block in re.findall(r"```python\n(.*?)```", GUIDE, flags=re.DOTALL)
        if "class CountWords" in block
    ]
    assert len(module.split("class CountWords")[1].splitlines()) <= 21
    bucket = f"texts-{stage.domain.lower()}"
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="a/text.txt", Body=b"one two\nthree\n")
    config = configuration(stage, tmp_path, module)
    with engine(stage), own_worker(stage, config):
        asset = {"type": "DOC", "bucket": bucket, "file": "a/text.txt"}
        stage.send(stage.start_job("j1", "Counting", input_asset=asset))
        (completed,) = stage.event("WORKFLOW_COMPLETED")
    assert completed["data"]["result"] == {"words": 3}
    kinds = [event["type"] for event in stage.events]
    assert {"ACTIVITY_STARTED", "ACTIVITY_PREPARING", "ACTIVITY_PROGRESS"} <= set(kinds)


def test_an_attempt_goes_on_where_a_killed_worker_was(
    local_aws: LocalAws, stage: Stage, tmp_path: Path
) -> None:
    config = configuration(stage, tmp_path, textwrap.dedent(FRAGILE))
    with engine(stage):
        with own_worker(stage, config) as first:
            stage.send(stage.start_job("j1", "Counting", input_asset={"type": "DOC"}))
            stage.event("ACTIVITY_PROGRESS", 2)
            log = config.with_suffix(".log")
            wait_for(lambda: any(SENT.search(line) for line in log.read_text().splitlines()))
            first.kill()
            first.wait()
            advance(local_aws, 61)
        with own_worker(stage, config):
            (timeout,) = stage.event("ACTIVITY_TIMEOUT")
            (completed,) = stage.event("WORKFLOW_COMPLETED")
    told = timeout["data"]["activity"]
    assert (told["timeoutType"], told["heartbeat"], told["willRetry"]) == ("HEARTBEAT", {"page": 2}, True)
    assert completed["data"]["result"] == {"began": 2, "attempt": 2}
