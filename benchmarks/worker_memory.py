"""How much memory a worker takes beside FFmpeg: ``python -m benchmarks.worker_memory [--json]``.

`cpe-worker` and the local AWS run as processes of their own. TranscodeAsset makes a small video of inputs of
growing size: a film of a few seconds, followed by a box of MP4 that holds nothing. Uploads of the same sizes
are made by the storage that activities have, in a process of its own. What is measured is the most memory
that the process had in its life (``VmHWM``); the target is 120 MiB, whatever the size.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
import yaml
from rich.console import Console
from rich.table import Table

from activities.sample_clip import make_clip
from benchmarks.latency import wait_until_up
from benchmarks.swf_servers import ours

MOST = 120
SIZES = (1, 64, 512)
"""MiB of the inputs."""

_MIB = 1024 * 1024
_DOMAIN, _LIST = "Memory", "memory"
_TYPE: Any = {"name": "Memory", "version": "1"}
_ACTIVITY: Any = {"name": "TranscodeAsset", "version": "v2"}
_UPLOAD = """
import sys
from pathlib import Path
from cpe.activity import UploadOptions
from cpe.aws.s3 import S3Storage, transfer_manager
from cpe.aws.session import AwsSession
client = AwsSession().s3()
S3Storage(client, transfer_manager(client)).upload(Path(sys.argv[1]), "films", "uploaded", UploadOptions())
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def main() -> int:
    """Run the command line; status 1 when the target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.worker_memory", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="MiB of the inputs")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    rows = measure(options.sizes)
    met = all(row["worker"] <= MOST and row["upload"] <= MOST for row in rows)
    if options.json:
        print(json.dumps({"inputs": rows, "target": MOST, "met": met}, indent=2))
    else:
        table = Table("input, MiB", "worker, MiB", "upload of it, MiB", title=f"at most {MOST} MiB")
        for row in rows:
            table.add_row(f"{row['size']}", f"{row['worker']}", f"{row['upload']}")
        Console().print(table)
    return 0 if met else 1


def measure(sizes: list[int]) -> list[dict[str, Any]]:
    """Make a video of each input with a new worker, and upload the input."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        os.environ.update(
            AWS_ENDPOINT_URL=stack.enter_context(ours()),
            AWS_ACCESS_KEY_ID="local",
            AWS_SECRET_ACCESS_KEY="local",  # noqa: S106 - of an AWS that has no secrets
            AWS_DEFAULT_REGION="us-east-1",
        )
        boto3.client("s3").create_bucket(Bucket="films")
        _register()
        make_clip(folder / "clip.mp4", seconds=3, size="320x180")
        return [_row(size, folder) for size in sizes]


def _row(size: int, folder: Path) -> dict[str, Any]:
    film = folder / "film.mp4"
    film.write_bytes((folder / "clip.mp4").read_bytes())
    with film.open("ab") as file:
        filler = size * _MIB
        file.write(filler.to_bytes(4, "big") + b"free")
        file.truncate(file.tell() + filler - 8)
    boto3.client("s3").upload_file(str(film), "films", "film.mp4")
    done = subprocess.run(
        [sys.executable, "-c", _UPLOAD, film], check=True, capture_output=True, text=True, timeout=300
    )
    return {"size": size, "worker": _work(folder), "upload": int(done.stdout) // 1024}


def _work(folder: Path) -> int:
    """Let a new worker make a video; return the most MiB that it had."""
    settings = {**_ACTIVITY, "class": "activities.transcode_asset:TranscodeAsset"}
    (folder / "cpe.yml").write_text(yaml.safe_dump({"activities": [settings], "scratch": "scratch"}))
    log = folder / "cpe-worker.log"
    log.unlink(missing_ok=True)
    arguments = ["-D", _DOMAIN, "-A", _ACTIVITY["name"], "-V", _ACTIVITY["version"], "-T", _LIST, "-l", "."]
    worker = subprocess.Popen(
        [sys.executable, "-m", "cpe.cli.worker", *arguments, "-c", "cpe.yml"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    try:
        wait_until_up(worker, log)
        _transcode()
        status = Path(f"/proc/{worker.pid}/status").read_text(encoding="ascii")
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) // 1024
    finally:
        worker.kill()
        worker.wait()


def _register() -> None:
    swf = boto3.client("swf")
    swf.register_domain(name=_DOMAIN, workflowExecutionRetentionPeriodInDays="1")
    swf.register_activity_type(domain=_DOMAIN, **_ACTIVITY)
    swf.register_workflow_type(
        domain=_DOMAIN,
        **_TYPE,
        defaultTaskList={"name": "decide"},
        defaultTaskStartToCloseTimeout="60",
        defaultExecutionStartToCloseTimeout="3600",
        defaultChildPolicy="TERMINATE",
    )


def _transcode() -> None:
    """Schedule one task, and wait for its end."""
    swf = boto3.client("swf")
    output = {
        "type": "VIDEO",
        "bucket": "films",
        "file": "out.mp4",
        "preset": "320x240-generic",
    }
    asset = {"type": "VIDEO", "bucket": "films", "file": "film.mp4"}
    swf.start_workflow_execution(domain=_DOMAIN, workflowId="Bench.film", workflowType=_TYPE)
    task = swf.poll_for_decision_task(domain=_DOMAIN, taskList={"name": "decide"})
    swf.respond_decision_task_completed(
        taskToken=task["taskToken"],
        decisions=[
            {
                "decisionType": "ScheduleActivityTask",
                "scheduleActivityTaskDecisionAttributes": {
                    "activityType": _ACTIVITY,
                    "activityId": "film",
                    "taskList": {"name": _LIST},
                    "input": json.dumps({"input_asset": asset, "output_asset": output}),
                    "scheduleToStartTimeout": "60",
                    "startToCloseTimeout": "600",
                    "scheduleToCloseTimeout": "660",
                    "heartbeatTimeout": "60",
                },
            }
        ],
    )
    task = swf.poll_for_decision_task(domain=_DOMAIN, taskList={"name": "decide"})
    ended = task["events"][-3]
    if ended["eventType"] != "ActivityTaskCompleted":
        raise SystemExit(f"the video was not made: {ended}")
    swf.respond_decision_task_completed(
        taskToken=task["taskToken"], decisions=[{"decisionType": "CompleteWorkflowExecution"}]
    )


if __name__ == "__main__":
    sys.exit(main())
