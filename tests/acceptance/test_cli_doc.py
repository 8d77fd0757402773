"""The commands of ``docs/cli.md``, in their order, against a stack that transcodes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import boto3

from cpe.cli.activity import activity
from cpe.cli.dlq import dlq
from cpe.cli.job import job
from cpe.cli.protocol import protocol
from cpe.cli.workers import worker
from tests.acceptance.stack import PATIENCE, REPOSITORY, Stack, until

GUIDE = (REPOSITORY / "docs" / "cli.md").read_text("utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL) for line in block.splitlines()]


def test_the_commands_of_the_guide(stack: Stack, clip: Path, tmp_path: Path) -> None:
    stack.upload(clip, "input/video1.mp4")
    for job_id in ("clip-2", "clip-3", "clip-4"):
        open_for_ever(job_id)
    sqs = boto3.client("sqs")
    dead = sqs.get_queue_url(QueueName="cpe-ClientA-input-dead")["QueueUrl"]
    messages = [sqs.send_message(QueueUrl=dead, MessageBody=body)["MessageId"] for body in ("{", "[]")]
    for folder in ("client_example", "plans"):
        (tmp_path / folder).symlink_to(REPOSITORY / folder)
    for line in COMMANDS:
        command = line.replace("MESSAGE_ID", messages[0])
        if " tail " in command:
            out, code = interrupted(command, tmp_path)
            assert (code, "ClientA.clip-1  TranscodeAssetStep" in out) == (130, True), out
            continue
        done = run(command, tmp_path)
        if "job start" in command:
            until(lambda: run("cpe job show clip-1", tmp_path).returncode == 0, what="the job's start")
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        assert done.stdout or ">" in command, command
    assert run("cpe dlq list", tmp_path).stdout == "ClientA input: 0\nClientA output: 0\n"
    missing = run("cpe job show nope", tmp_path)
    assert (missing.returncode, missing.stdout) == (1, "")
    assert missing.stderr.startswith("cpe: UNKNOWN_JOB: there is no job ClientA.nope in domain SADomain")


def test_every_command_is_in_the_guide() -> None:
    shown = {tuple(line.split()[1:3]) for line in COMMANDS}
    for group in (job, activity, worker, dlq, protocol):
        assert {(group.name, name) for name in group.commands} <= shown


def open_for_ever(job_id: str) -> None:
    """Start a job on a task list that no decider serves."""
    boto3.client("swf").start_workflow_execution(
        domain="SADomain",
        workflowId=f"ClientA.{job_id}",
        workflowType={"name": "Transcode", "version": "1.0"},
        taskList={"name": "nobody"},
        executionStartToCloseTimeout="600",
        tagList=["ClientA", job_id],
    )


def shell(command: str) -> list[str]:
    return ["/bin/bash", "-c", re.sub(r"^cpe ", f"exec {sys.executable} -m cpe.cli.main ", command)]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(REPOSITORY)}


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        shell(command),
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def interrupted(command: str, folder: Path) -> tuple[str, int]:
    """Run a command until it has printed what is there, and end it as Ctrl-C does."""
    with subprocess.Popen(
        shell(command), cwd=folder, env=environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            lines = []
            for line in process.stdout:
                lines.append(line)
                if "ACTIVITY_COMPLETED" in line and "clip-1" in line and "Transcode" in line:
                    break
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    return "".join([*lines, rest]), process.returncode
