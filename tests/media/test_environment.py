"""The test environment for authors of activities, on the activity that the documentation shows."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from activities.media.progress import Progress
from activities.task.report import ProgressReport
from activities.task.stopwatch import Stopwatch
from cpe.activity import Activity, ActivityContext, JsonValue
from cpe.errors import ActivityCancelled, ActivityError, InvalidInput
from cpe.testing import ActivityEnvironment
from tests.media.word_count import CountWords

_INPUT: dict[str, Any] = {"input_asset": {"bucket": "texts", "file": "/a/text.txt"}}


def test_an_activity_of_ones_own(tmp_path: Path) -> None:
    environment = ActivityEnvironment(tmp_path)
    environment.storage.put("texts", "a/text.txt", b"one two\nthree\n")
    assert environment.run(CountWords(), _INPUT) == {"words": 3}
    assert environment.event_types == ["PREPARING", "PROGRESS", "PROGRESS"]
    assert environment.events[-1].result == {"done": 2}
    assert not environment.scratch.exists()


def test_its_failure(tmp_path: Path) -> None:
    environment = ActivityEnvironment(tmp_path)
    environment.storage.put("texts", "a/text.txt", b"one\0two")
    with pytest.raises(InvalidInput, match="Line 1") as caught:
        environment.run(CountWords(), _INPUT)
    assert caught.value.code == "NOT_A_TEXT"
    assert not environment.scratch.exists()


def test_its_cancellation(tmp_path: Path) -> None:
    environment = ActivityEnvironment(tmp_path)
    environment.cancellation.request()
    with pytest.raises(ActivityCancelled):
        environment.run(CountWords(), _INPUT)


def test_the_documentation_shows_what_is_tested() -> None:
    root = Path(__file__).parents[2]
    source = (root / "tests/media/word_count.py").read_text(encoding="utf-8")
    shown = source[source.index("from cpe.activity") :]
    assert shown in (root / "docs/activities.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("bucket", "key", "code"), [("none", "x", "BUCKET_NOT_FOUND"), ("texts", "none", "OBJECT_NOT_FOUND")]
)
def test_what_is_not_there(tmp_path: Path, bucket: str, key: str, code: str) -> None:
    storage = ActivityEnvironment(tmp_path).storage
    storage.make_bucket("texts")
    for ask in (storage.head, storage.get, lambda b, k: storage.read(b, k, length=1)):
        with pytest.raises(ActivityError) as caught:
            ask(bucket, key)
        assert caught.value.code == code


def test_a_part_of_an_object(tmp_path: Path) -> None:
    storage = ActivityEnvironment(tmp_path).storage
    storage.put("texts", "x", b"0123456789")
    assert (storage.read("texts", "/x", start=8, length=9), storage.head("texts", "x").size) == (b"89", 10)


def test_no_key_leaves_its_bucket(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="leaves its bucket"):
        ActivityEnvironment(tmp_path).storage.put("texts", "../x", b"")


class _ReturnsNoJson(Activity):
    def run(self, context: ActivityContext) -> JsonValue:
        return {"lock": threading.Lock()}  # type: ignore[dict-item] # that is what is wrong with it


def test_a_result_that_is_no_json(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        ActivityEnvironment(tmp_path).run(_ReturnsNoJson(), {})


def test_progress_is_reported_once_a_second_and_ends_at_100(tmp_path: Path) -> None:
    environment = ActivityEnvironment(tmp_path)
    times = iter([100.0, 100.5, 100.9, 101.0, 103.0])
    report = ProgressReport(environment.context({}), "x.mp4", 10.0, clock=lambda: next(times))
    for done in (1, 2, 3, 4, 10):
        report.update(Progress(done=done, percent=done * 10, speed=2.0, fps=50.0, eta=5.0))
    report.finish()
    results = [event.result for event in environment.events if event.result]
    assert [result["progress"] for result in results] == [10, 40, 100.0]
    assert results[-1] == {
        "output": "x.mp4",
        "duration": 10.0,
        "done": 10.0,
        "progress": 100.0,
        "speed": 2.0,
        "fps": 50.0,
        "eta": 0.0,
    }


def test_a_cancelled_task_reports_no_more(tmp_path: Path) -> None:
    environment = ActivityEnvironment(tmp_path)
    report = ProgressReport(environment.context({}), "x.mp4", None)
    environment.cancellation.request()
    with pytest.raises(ActivityCancelled):
        report.update(Progress(done=1, percent=0, speed=None, fps=None, eta=None))
    assert environment.events == []


def test_a_stopwatch_adds_up() -> None:
    times = iter([0.0, 1.5, 2.0, 2.25])
    stopwatch = Stopwatch("fetch", "encode", clock=lambda: next(times))
    for _ in range(2):
        with stopwatch.measure("encode"):
            pass
    assert stopwatch.seconds == {"fetch": 0.0, "encode": 1.75}


class Pages(Activity):
    """Goes on where the attempt before was."""

    def run(self, context: ActivityContext) -> JsonValue:
        begin: int = (context.last_heartbeat or {}).get("page", 0)
        for page in range(begin, 3):
            context.heartbeat({"page": page + 1})
        return begin


def test_an_attempt_after_one_that_was_lost(tmp_path: Path) -> None:
    environment = ActivityEnvironment(tmp_path)
    assert (environment.run(Pages(), {}), environment.heartbeat) == (0, {"page": 3})
    assert environment.run(Pages(), {}, last_heartbeat={"page": 2}) == 2


class Chatty(Activity):
    def run(self, context: ActivityContext) -> JsonValue:
        context.heartbeat(["x" * 3_000])
        return None


def test_a_heartbeat_says_little(tmp_path: Path) -> None:
    with pytest.raises(ActivityError, match="at most 2048") as caught:
        ActivityEnvironment(tmp_path).run(Chatty(), {})
    assert caught.value.code == "HEARTBEAT_TOO_LARGE"
