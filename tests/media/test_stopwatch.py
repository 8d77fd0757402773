"""What a task's result tells of its time, and its events of videos that are made side by side."""

from __future__ import annotations

from activities.media.progress import Progress
from activities.task.joint_report import JointReport
from activities.task.stopwatch import Stopwatch
from cpe.testing import ActivityEnvironment


def test_a_second_of_a_part_counts_once() -> None:
    now = 0.0
    stopwatch = Stopwatch("fetch", "join", clock=lambda: now)
    with stopwatch.measure("fetch"):
        now = 1.0
        with stopwatch.measure("fetch"), stopwatch.measure("join"):
            now = 3.0
        now = 4.0
    now = 10.0
    with stopwatch.measure("fetch"):
        now = 10.5
    assert stopwatch.seconds == {"fetch": 4.5, "join": 2.0}


def test_a_playlist_is_as_far_as_its_renditions_together(environment: ActivityEnvironment) -> None:
    report = JointReport(environment.context({}), ["movie.m3u8"], 10.0, runs=2, each_whole=True)
    one = Progress(done=5.0, percent=50.0, speed=4.0, fps=100.0, eta=1.25)
    report.of(0)(one)
    report.finish()
    first, last = (event.result for event in environment.events)
    assert first is not None
    assert last is not None
    assert (first["done"], first["progress"], first["speed"], first["eta"]) == (2.5, 25.0, 2.0, 3.8)
    assert (last["done"], last["progress"]) == (10.0, 100.0)
