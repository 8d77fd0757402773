"""What becomes of outputs whose keys are taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from activities.transcode_asset import TranscodeAsset
from cpe.activity import UploadOptions
from cpe.errors import ActivityError
from cpe.testing import ActivityEnvironment

_THUMB = {"type": "THUMB", "bucket": "media-out", "size": "64:-1"}


def _run(environment: ActivityEnvironment, clip: Path, *outputs: dict[str, Any]) -> list[dict[str, Any]]:
    environment.storage.put("media-in", "clip", clip)
    asset = {"type": "VIDEO", "bucket": "media-in", "file": "clip"}
    result = environment.run(
        TranscodeAsset(),
        {"input_asset": asset, "output_assets": [{**_THUMB, **output} for output in outputs]},
    )
    made: list[dict[str, Any]] = result["outputs"]
    return made


def test_nothing_is_fetched_when_an_output_must_not_be_there(
    environment: ActivityEnvironment, clip: Path
) -> None:
    environment.storage.put("media-out", "b.jpg", b"old")
    with pytest.raises(ActivityError, match=r"s3://media-out/b\.jpg already") as caught:
        _run(environment, clip, {"file": "a.jpg"}, {"file": "b.jpg", "on_exists": "fail"})
    assert caught.value.code == "OUTPUT_EXISTS"
    assert environment.storage.keys("media-out") == ["b.jpg"]
    assert environment.event_types == []


def test_what_is_there_is_skipped(environment: ActivityEnvironment, clip: Path) -> None:
    environment.storage.put("media-out", "b.jpg", b"old")
    outputs = _run(
        environment,
        clip,
        {"file": "a.jpg", "on_exists": "skip"},
        {"file": "b.jpg", "on_exists": "skip"},
        {"file": "c.jpg", "on_exists": "fail"},
    )
    assert outputs[-1] == {"bucket": "media-out", "key": "b.jpg", "skipped": True}
    assert [output["key"] for output in outputs] == ["a.jpg", "c.jpg", "b.jpg"]
    assert "skipped" not in outputs[0]
    assert environment.storage.get("media-out", "b.jpg") == b"old"
    assert environment.storage.options["media-out", "a.jpg"].if_absent


def test_a_job_of_which_all_is_there_does_nothing(environment: ActivityEnvironment, clip: Path) -> None:
    environment.storage.put("media-out", "b.jpg", b"old")
    outputs = _run(environment, clip, {"file": "b.jpg", "on_exists": "skip"})
    assert outputs == [{"bucket": "media-out", "key": "b.jpg", "skipped": True}]
    assert environment.event_types == ["PREPARING", "FINISHING"]


def test_a_series_is_skipped_whole(environment: ActivityEnvironment, clip: Path) -> None:
    environment.storage.put("media-out", "t000002.jpg", b"old")
    series = {"file": "t.jpg", "mode": "intervals", "intervals": 1, "on_exists": "skip"}
    outputs = _run(environment, clip, series)
    assert [output.get("skipped") for output in outputs] == [True, True]
    assert environment.storage.keys("media-out") == ["t000002.jpg"]


def test_a_key_that_is_taken_meanwhile_is_left_too(
    environment: ActivityEnvironment, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = environment.storage
    upload = storage.upload

    def late(path: Path, bucket: str, key: str, options: UploadOptions) -> None:
        storage.put(bucket, key, b"another worker's")
        upload(path, bucket, key, options)

    monkeypatch.setattr(storage, "upload", late)
    (output,) = _run(environment, clip, {"file": "a.jpg", "on_exists": "skip"})
    assert output == {"bucket": "media-out", "key": "a.jpg", "skipped": True}
    assert storage.get("media-out", "a.jpg") == b"another worker's"
