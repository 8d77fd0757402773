"""A worker dies after it has stored outputs that may not be overwritten: the next one takes them for its job's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from cpe.client import Client, JobStatus
from tests.acceptance.site import Site
from tests.acceptance.stack import PATIENCE, until
from tests.acceptance.worker_nursery import WorkerNursery

_HEARTBEAT = 60
"""Seconds after which SWF gives up a worker that is silent."""

_PLAN = """
name: Persistent
version: "1.0"
activities:
  - { name: TranscodeAsset, version: v2, outputs_spec: { outputs: "$.outputs" } }
result: '{{Step.outputs}}'
steps:
  - name: Step
    activity: TranscodeAsset
    retry: { max_attempts: 3, interval: 1, backoff: 1 }
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


def _order(folder: str) -> dict[str, Any]:
    common = {"bucket": "cpe-output", "metadata": {"title": "mine"}}
    video = {**common, "type": "VIDEO", "preset": "320x240-generic"}
    thumb = {**common, "type": "THUMB", "size": "-1:90"}
    return {
        "workflow": {
            "name": "Persistent",
            "version": "1.0",
            "domain": "SADomain",
            "taskList": "basic_transcode",
        },
        "input_asset": {"type": "VIDEO", "bucket": "cpe-input", "file": "clip.mp4"},
        "output_assets": [
            {**video, "file": f"{folder}/fail.mp4", "on_exists": "fail"},
            {**video, "file": f"{folder}/skip.mp4", "size": "160x90", "on_exists": "skip"},
            {**thumb, "file": f"{folder}/t.jpg", "mode": "intervals", "intervals": 1, "on_exists": "fail"},
        ],
    }


def test_outputs_of_a_worker_that_died_before_it_could_tell(own_site: Site, clip: Path) -> None:
    site = own_site
    site.upload(clip, "clip.mp4")
    client = Client.from_config(str(site.clients["Phoenix"]))
    nursery = WorkerNursery(site)
    try:
        worker = nursery.start()
        with site.faults("swf.RespondActivityTaskCompleted.error=1") as answers:
            job_id = client.start_job(_order("own"))
            until(answers, what="the worker's answer")
            stored = {key: _head(key) for key in site.outputs("own/")}
            nursery.kill(worker)
        assert len(stored) > 3
        site.advance(_HEARTBEAT + 1)
        nursery.start()
        state = client.job(job_id).wait(timeout=PATIENCE)
        other = client.job(client.start_job(_order("own"))).wait(timeout=PATIENCE)
    finally:
        nursery.close()
    assert state.status is JobStatus.COMPLETED, (state.reason, state.details)
    assert state.activities["Step"].attempt == 2
    assert sorted(output["key"] for output in state.result) == sorted(stored)
    assert not any("skipped" in output for output in state.result)
    for key, before in stored.items():
        now = _head(key)
        assert now["LastModified"] >= before["LastModified"]
        assert now["Metadata"] == before["Metadata"]
        assert now["Metadata"]["title"] == "mine"
    assert (other.status, other.reason) == (JobStatus.FAILED, "Step: OUTPUT_EXISTS")
    assert "Uploads" not in boto3.client("s3").list_multipart_uploads(Bucket="cpe-output")


def _head(key: str) -> dict[str, Any]:
    found: Any = boto3.client("s3").head_object(Bucket="cpe-output", Key=key)
    return dict(found)
