"""How videos are planned: by what there is to do, and what there is to do it with."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.media.outputs import parse_outputs
from activities.media.planner import MIB, LadderPlan, Machine, memory_of, plan_ladder
from activities.media.presets import preset_library
from activities.media.probe import VideoStream
from activities.media.video_output import VideoOutput
from activities.task.machine import this_machine

_SOURCE = VideoStream(
    index=0, codec="h264", width=1280, height=720, frame_rate=Fraction(25), time_base=Fraction(1, 12800)
)
_PLENTY = 64 * 1024 * MIB


def _ladder(*sizes: str) -> list[VideoOutput]:
    documents: list[tuple[str, dict[str, Any]]] = [
        (
            f"output {size}",
            {"type": "VIDEO", "bucket": "abc", "file": f"{size}.mp4", "preset": "720p-generic", "size": size},
        )
        for size in sizes
    ]
    return [one for one in parse_outputs(documents, preset_library()) if isinstance(one, VideoOutput)]


_FOUR = _ladder("1280x720", "854x480", "640x360", "426x240")


def _plan(outputs: list[VideoOutput], *, seconds: float, cores: int, memory: int = _PLENTY) -> LadderPlan:
    return plan_ladder(outputs, _SOURCE, seconds=seconds, machine=Machine(cores=cores, memory=memory))


def test_a_ladder_is_cut_into_as_many_segments_as_there_are_processors() -> None:
    assert _plan(_FOUR, seconds=40, cores=2) == LadderPlan(segments=2, at_once=2)
    assert _plan(_FOUR, seconds=40, cores=4) == LadderPlan(segments=4, at_once=4)
    assert _plan(_FOUR, seconds=40, cores=2).threads == 1


def test_one_processor_makes_all_in_one_run() -> None:
    assert _plan(_FOUR, seconds=4000, cores=1) == LadderPlan(segments=1, at_once=1)
    assert _plan(_FOUR, seconds=4000, cores=1).threads is None


def test_a_short_film_is_not_cut() -> None:
    assert _plan(_FOUR, seconds=10, cores=2).segments == 1
    assert _plan(_ladder("160x90"), seconds=60, cores=2).segments == 1


def test_a_long_film_gets_more_segments_so_that_none_is_waited_for_long() -> None:
    plan = _plan(_FOUR, seconds=7200, cores=4)
    assert plan == LadderPlan(segments=16, at_once=4)


def test_memory_bounds_what_is_made_at_once() -> None:
    assert _plan(_FOUR, seconds=400, cores=16, memory=3 * memory_of(_FOUR, _SOURCE)).at_once == 3
    assert _plan(_FOUR, seconds=400, cores=16, memory=MIB).segments == 1


@given(
    seconds=st.floats(0, 100_000),
    cores=st.integers(1, 128),
    memory=st.integers(1, 10**12),
    count=st.integers(1, 4),
)
def test_a_plan_can_always_be_kept(seconds: float, cores: int, memory: int, count: int) -> None:
    plan = _plan(_FOUR[:count], seconds=seconds, cores=cores, memory=memory)
    assert 1 <= plan.at_once <= cores
    assert plan.segments % plan.at_once == 0
    assert plan.segments == 1 or plan.segments * 8 <= seconds


def test_a_container_has_what_its_control_group_allows(tmp_path: Any) -> None:
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    (tmp_path / "memory.max").write_text(f"{1024 * MIB}\n")
    assert this_machine(cgroup=tmp_path) == Machine(cores=1, memory=1024 * MIB)


@pytest.mark.parametrize("text", ["max 100000\n", ""])
def test_what_is_not_bounded_is_the_machine_s(tmp_path: Any, text: str) -> None:
    (tmp_path / "cpu.max").write_text(text)
    assert this_machine(cgroup=tmp_path) == this_machine(cgroup=tmp_path / "none")
    assert this_machine(cores=1, cgroup=tmp_path).cores == 1
