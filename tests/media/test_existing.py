"""What becomes of outputs whose keys are taken."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt at a task: its job's run, and its id."""

    run_id: str = "run"
    activity_id: str = "Step"
    workflow_id: str = "ClientA.job"

    def run(
        self, environment: ActivityEnvironment, clip: Path, *outputs: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Make thumbnails; return what the result tells of them."""
        environment.storage.put("media-in", "clip", clip)
        asset = {"type": "VIDEO", "bucket": "media-in", "file": "clip"}
        context = environment.context(
            {"input_asset": asset, "output_assets": [{**_THUMB, **output} for output in outputs]}
        )
        task = replace(
            context.task, run_id=self.run_id, activity_id=self.activity_id, workflow_id=self.workflow_id
        )
        try:
            result: Any = TranscodeAsset().run(replace(context, task=task))
        finally:
            shutil.rmtree(environment.scratch)
        made: list[dict[str, Any]] = result["outputs"]
        return made


@pytest.mark.parametrize("again", [Attempt(), Attempt(run_id="the next run")], ids=["retry", "next run"])
@pytest.mark.parametrize("on_exists", ["fail", "skip"])
def test_what_an_attempt_stored_that_died_is_made_again(
    environment: ActivityEnvironment, clip: Path, on_exists: str, again: Attempt
) -> None:
    outputs: list[dict[str, Any]] = [
        {"file": "a.jpg", "on_exists": on_exists, "metadata": {"title": "mine"}},
        {"file": "t.jpg", "mode": "intervals", "intervals": 1, "on_exists": on_exists},
    ]
    first = Attempt().run(environment, clip, *outputs)
    # As if it had died between two uploads.
    environment.storage.delete("media-out", "t000002.jpg")
    second = again.run(environment, clip, *outputs)
    assert second == first
    assert not any("skipped" in output for output in second)
    kept = environment.storage.options["media-out", "a.jpg"].metadata
    assert kept == {"title": "mine", "cpe-task": kept["cpe-task"]}


@pytest.mark.parametrize(
    "other",
    [Attempt(activity_id="Other"), Attempt(activity_id="Step[1]"), Attempt(workflow_id="ClientA.other")],
    ids=["step", "item", "job"],
)
def test_what_another_task_stored_is_left(
    environment: ActivityEnvironment, clip: Path, other: Attempt
) -> None:
    Attempt().run(environment, clip, {"file": "a.jpg", "on_exists": "fail"})
    (output,) = other.run(environment, clip, {"file": "a.jpg", "on_exists": "skip"})
    assert output == {"bucket": "media-out", "key": "a.jpg", "skipped": True}
    with pytest.raises(ActivityError) as caught:
        other.run(environment, clip, {"file": "a.jpg", "on_exists": "fail"})
    assert caught.value.code == "OUTPUT_EXISTS"


def test_what_is_overwritten_anyway_bears_no_mark(environment: ActivityEnvironment, clip: Path) -> None:
    Attempt().run(environment, clip, {"file": "a.jpg", "metadata": {"title": "mine"}})
    assert environment.storage.options["media-out", "a.jpg"].metadata == {"title": "mine"}


@pytest.mark.parametrize(
    "metadata", [{"CPE-Task": "the job's"}, {"long": "x" * 2030}], ids=["its name", "its room"]
)
def test_a_jobs_own_metadata_goes_before_the_mark(
    environment: ActivityEnvironment, clip: Path, metadata: dict[str, str]
) -> None:
    output = {"file": "a.jpg", "on_exists": "skip", "metadata": metadata}
    Attempt().run(environment, clip, output)
    assert environment.storage.options["media-out", "a.jpg"].metadata == metadata
    assert Attempt().run(environment, clip, output)[0]["skipped"], "as somebody else's"


def test_an_object_that_takes_the_place_of_ones_own_is_left(
    environment: ActivityEnvironment, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = {"file": "a.jpg", "on_exists": "skip"}
    Attempt().run(environment, clip, output)
    storage = environment.storage
    upload = storage.upload

    def late(path: Path, bucket: str, key: str, options: UploadOptions) -> None:
        storage.put(bucket, key, b"another worker's")
        upload(path, bucket, key, options)

    monkeypatch.setattr(storage, "upload", late)
    assert Attempt().run(environment, clip, output)[0]["skipped"]
    assert storage.get("media-out", "a.jpg") == b"another worker's"


def test_one_that_is_removed_meanwhile_is_stored_anew(
    environment: ActivityEnvironment, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = {"file": "a.jpg", "on_exists": "fail"}
    first = Attempt().run(environment, clip, output)
    storage = environment.storage
    upload = storage.upload

    def late(path: Path, bucket: str, key: str, options: UploadOptions) -> None:
        if options.replaces is not None:
            storage.delete(bucket, key)
        upload(path, bucket, key, options)

    monkeypatch.setattr(storage, "upload", late)
    assert Attempt().run(environment, clip, output) == first
    assert storage.keys("media-out") == ["a.jpg"]


def test_a_store_that_forgot_the_parts_of_what_it_has_stored(
    environment: ActivityEnvironment, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = environment.storage
    upload = storage.upload

    def forgetful(path: Path, bucket: str, key: str, options: UploadOptions) -> None:
        upload(path, bucket, key, options)
        if options.replaces is None:
            raise ActivityError("there is no such upload", code="OBJECT_NOT_FOUND")

    monkeypatch.setattr(storage, "upload", forgetful)
    (output,) = Attempt().run(environment, clip, {"file": "a.jpg", "on_exists": "fail"})
    assert output["key"] == "a.jpg"
    with pytest.raises(ActivityError) as caught:
        Attempt().run(environment, clip, {"file": "b.jpg"})
    assert caught.value.code == "OBJECT_NOT_FOUND"
