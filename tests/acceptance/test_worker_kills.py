"""``kill -9`` of a worker, fifty times in mid-transcode: nothing is left running or lying about, no job is lost."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from random import Random

import boto3
import psutil
import pytest

from cpe.client import Client, JobStatus
from tests.acceptance.site import Site
from tests.acceptance.stack import REPOSITORY, run_python, standing_still, until

KILLS = 50
SEED = 20151016
_HEARTBEAT = 20
"""Seconds, as the plan says, after which SWF gives up a worker that is silent."""

_PROGRAM = Path(__file__).parent / "programs" / "worker_nursery.py"
_PLAN = """
name: Persistent
version: "1.0"
activities:
  - { name: TranscodeAsset, version: v2, outputs_spec: { outputs: "$.outputs" }, heartbeat_timeout: "20" }
result: '{{Step.outputs}}'
steps:
  - name: Step
    activity: TranscodeAsset
    retry: { max_attempts: 100, interval: 1, backoff: 1 }
    input: '{ "input_asset": {{__input__.input_asset}}, "output_assets": {{__input__.output_assets}} }'
"""


class Nursery:
    """Starts workers of TranscodeAsset, one after the other."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._log = site.log.open("ab")
        self._mother = subprocess.Popen(
            [sys.executable, _PROGRAM],
            cwd=site.folder,
            env={
                **os.environ,
                "PYTHONPATH": str(REPOSITORY),
                "TMPDIR": str(site.scratch),
                **site.environment,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            start_new_session=True,
        )
        assert self._read() == "ready"

    def start(self) -> int:
        """Start one; returns its process id."""
        assert self._mother.stdin is not None
        arguments = "-D SADomain -A TranscodeAsset -V v2 --cores 2 --concurrency 1"
        self._mother.stdin.write(f"{arguments}\n")
        self._mother.stdin.flush()
        return int(self._read())

    def close(self) -> None:
        with self._log, self._mother as mother:
            os.killpg(mother.pid, signal.SIGKILL)  # the last worker too

    def _read(self) -> str:
        assert self._mother.stdout is not None
        return self._mother.stdout.readline().strip()


@pytest.fixture
def own_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    plan = tmp_path / "persistent.yml"
    plan.write_text(_PLAN)
    with Site(tmp_path / "site", ["Phoenix"], workers={"TranscodeAsset": 0}, plans=[plan]).running() as site:
        for name, value in site.environment.items():
            monkeypatch.setenv(name, value)
        yield site


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A film that two segments are made of side by side, and the sound beside them."""
    path = tmp_path / "film.mp4"
    made = run_python(
        "-m", "activities.sample_clip", path, "--seconds", "17", "--size", "640x360", cwd=REPOSITORY
    )
    assert made.returncode == 0, made.stderr
    return path


def _working(site: Site) -> list[psutil.Process]:
    """All processes that work in the scratch directories of this site's workers."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if f"{site.scratch}{os.sep}" in process.cwd() and "worker-" in process.cwd():
                found.append(process)
    return found


def _encoding(site: Site) -> list[int]:
    """The process ids of the runs of ffmpeg."""
    found = []
    for process in _working(site):
        with contextlib.suppress(psutil.Error):
            if process.name().startswith("ffmpeg"):
                found.append(process.pid)
    return found


def _order(number: int) -> dict[str, object]:
    video = {"type": "VIDEO", "bucket": "cpe-output", "preset": "360p-16.9-generic"}
    outputs = [
        {**video, "file": f"phoenix/{number}/large.mp4"},
        {**video, "file": f"phoenix/{number}/small.mp4", "size": "320x180"},
    ]
    return {
        "workflow": {
            "name": "Persistent",
            "version": "1.0",
            "domain": "SADomain",
            "taskList": "basic_transcode",
        },
        "input_asset": {"type": "VIDEO", "bucket": "cpe-input", "file": "film.mp4"},
        "output_assets": outputs,
    }


@pytest.mark.timeout(900)
def test_fifty_kills_leave_nothing_and_lose_nothing(own_site: Site, film: Path) -> None:
    site, random = own_site, Random(SEED)
    site.upload(film, "film.mp4")
    client = Client.from_config(str(site.clients["Phoenix"]))
    swf, together = boto3.client("swf"), 0
    jobs: list[str] = []

    def open_jobs() -> int:
        # Whatever its clock says now, the oldest of them is not older than that.
        listed = swf.list_open_workflow_executions(
            domain="SADomain", startTimeFilter={"oldestDate": "2020-01-01"}
        )
        return len(listed["executionInfos"])

    def at_work() -> bool:
        # The last job may have been done just before its worker was killed.
        if open_jobs() == 0:
            jobs.append(client.start_job(_order(len(jobs)), wait=True))
        return bool(_encoding(site))

    nursery = Nursery(site)
    try:
        for number in range(KILLS):
            worker = nursery.start()
            until(at_work, what=f"ffmpeg of worker {number}")
            # Waiting for nothing: the moment is what is tried.
            threading.Event().wait(random.uniform(0, 0.8))
            running = _encoding(site)
            together = max(together, len(running))
            # What stands still does not end because it is done.
            with standing_still(*running):
                os.kill(worker, signal.SIGKILL)
                until(lambda: not _working(site), what="the end of all that the worker started")
            assert len(list(site.scratch.glob("*/worker-*"))) == 1, "but for what the next start removes"
            site.advance(_HEARTBEAT + 1)
        last = nursery.start()
        until(lambda: _lying(site) == {str(last)}, what="the sweep of the scratch directory")
        ends = [client.job(job_id).wait(timeout=300) for job_id in jobs]
        until(lambda: not site.leftovers(), what="the end of the last task")
    finally:
        nursery.close()
    assert together >= 2, "several runs of ffmpeg were killed with their worker at once"
    assert [end.status for end in ends] == [JobStatus.COMPLETED] * len(jobs)
    assert max(end.activities["Step"].attempt or 0 for end in ends) > 5
    made = [f"phoenix/{number}/{name}.mp4" for number in range(len(jobs)) for name in ("large", "small")]
    assert sorted(site.outputs("phoenix/")) == sorted(made)
    assert "Uploads" not in boto3.client("s3").list_multipart_uploads(Bucket="cpe-output")


def _lying(site: Site) -> set[str]:
    """The processes whose scratch directories there are."""
    return {path.name.split("-")[1] for path in site.scratch.glob("*/worker-*")}
