"""``kill -9`` of a worker, fifty times in mid-transcode: nothing is left running or lying about, no job is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from random import Random

import boto3
import pytest

from cpe.client import Client, JobStatus
from tests.acceptance.site import Site
from tests.acceptance.stack import REPOSITORY, run_python, until
from tests.acceptance.worker_nursery import WorkerNursery, encoding

KILLS = 50
SEED = 20151016
_HEARTBEAT = 20
"""Seconds, as the plan says, after which SWF gives up a worker that is silent."""

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
        return bool(encoding(site))

    nursery = WorkerNursery(site)
    try:
        for number in range(KILLS):
            worker = nursery.start()
            until(at_work, what=f"ffmpeg of worker {number}")
            # Waiting for nothing: the moment is what is tried.
            threading.Event().wait(random.uniform(0, 0.8))
            together = max(together, nursery.kill(worker))
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
