"""An activity of one's own, step by step as ``docs/activities.md`` tells it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.acceptance.stack import PATIENCE, REPOSITORY, until

GUIDE = (REPOSITORY / "docs" / "activities.md").read_text("utf-8")
SECTION = GUIDE.split("\n## An activity of your own\n")[1].split("\n## ")[0]
HERE = SECTION.split("\n### Running it\n")[1].split("\n### ")[0]
ENVIRONMENT = {
    **{name: os.environ[name] for name in ("HOME", "TMPDIR") if name in os.environ},
    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    "PYTHONPATH": str(REPOSITORY),
}


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@contextlib.contextmanager
def running(command: str, folder: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["/bin/bash", "-c", f"exec {command}"],
            cwd=folder,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        until(lambda: _ended(process), what="the end")


def _ended(process: subprocess.Popen[bytes]) -> bool:
    """Ask for the end once more: at the second time nothing is waited for, and two at once count as one."""
    process.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(1)
    return process.poll() is not None


def shell(commands: str, folder: Path) -> str:
    done = subprocess.run(
        ["/bin/bash", "-euc", commands],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_from_the_class_to_a_job(tmp_path: Path) -> None:
    package = tmp_path / "my_package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "my_module.py").write_text(blocks(SECTION, "python")[0])
    config, plan = blocks(HERE, "yaml")
    (tmp_path / "cpe.yml").write_text(config)
    (tmp_path / "counting.yml").write_text(plan)
    up, job, again, worker = blocks(HERE, "sh")

    log = tmp_path / "up.log"
    with running(f"{up.strip()} --port 0", tmp_path, log) as stack:
        ready = tmp_path / ".cpe" / "environment.json"
        until(lambda: ready.exists() or stack.poll() is not None, what="the stack's start")
        told = shell(job, tmp_path)
        assert re.search(r'ACTIVITY_COMPLETED +Count +{"words": 3}', told), log.read_text()
        assert told.splitlines()[-1].endswith("WORKFLOW_COMPLETED")
        enter = job.splitlines()[0]
        assert shell(f"{enter}\n{again}", tmp_path).split() == ["{", '"words":', "3", "}"]
        alone = tmp_path / "worker.log"
        with running(f"bash -c '{enter}; exec {worker.strip()}'", tmp_path, alone):
            until(lambda: "daemon_started" in alone.read_text(), what="the worker's start")
