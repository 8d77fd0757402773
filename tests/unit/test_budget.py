"""What the tasks of a worker share: processors and memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from cpe.config import ActivitySettings
from cpe.daemons.budget import Budget
from cpe.daemons.slots import MOST_SLOTS, Room
from cpe.machine import Resources, measure, parse_bytes

GIB = 2**30
MACHINE = Resources(cores=4, memory=8 * GIB)


def never() -> bool:
    return False


def take(budget: Budget, need: Resources, then: Callable[[], object]) -> None:
    assert budget.take(need, stopped=never)
    then()


def activity(*, cpu: float | None = None, memory: int | None = None) -> ActivitySettings:
    return ActivitySettings(name="A", version="v1", class_name="m:A", cpu=cpu, memory=memory)


@pytest.mark.parametrize(
    ("cpu", "memory", "slots", "cores"),
    [
        (None, None, 1, 4),  # nobody said: it has the machine for itself
        (1, None, 4, 1),
        (0.5, None, 8, 1),
        (1, 4 * GIB, 2, 1),
        (None, GIB, 8, 1),
        (3, None, 1, 3),
        (16, None, 1, 4),  # more than there is: all of it
        (0.01, None, MOST_SLOTS, 1),
        (None, 100 * GIB, 1, 4),
    ],
)
def test_how_many_run_at_once(cpu: float | None, memory: int | None, slots: int, cores: int) -> None:
    room, one = Room(machine=MACHINE), activity(cpu=cpu, memory=memory)
    assert (room.slots_of(one), room.cores_of(one)) == (slots, cores)


def test_the_operator_has_the_last_word() -> None:
    room = Room(machine=MACHINE, concurrency=2)
    assert [room.slots_of(activity(cpu=cpu)) for cpu in (None, 1, 4)] == [2, 2, 2]
    assert room.cores_of(activity()) == 2


def test_what_does_not_fit_waits() -> None:
    budget = Budget(MACHINE)
    large, small = Resources(cores=3, memory=GIB), Resources(cores=1, memory=GIB)
    assert budget.take(large, stopped=never)
    assert budget.take(small, stopped=never)
    got = threading.Event()
    waiting = threading.Thread(target=take, args=(budget, small, got.set))
    waiting.start()
    assert not got.wait(0.05)
    budget.give_back(small)
    assert got.wait(60)
    waiting.join(60)


def test_memory_counts_too() -> None:
    budget = Budget(MACHINE)
    assert budget.take(Resources(cores=0, memory=8 * GIB), stopped=never)
    assert not budget.take(Resources(cores=0, memory=1), stopped=lambda: True)


def test_a_large_one_is_not_passed_by_small_ones_for_ever() -> None:
    budget = Budget(MACHINE)
    small, large = Resources(cores=1, memory=0), Resources(cores=4, memory=0)
    assert budget.take(small, stopped=never)
    order: list[str] = []
    first = threading.Thread(target=take, args=(budget, large, lambda: order.append("large")))
    first.start()
    while budget.take(small, stopped=lambda: bool(budget._waiting)):  # until the large one stands in line
        budget.give_back(small)
    second = threading.Thread(target=take, args=(budget, small, lambda: order.append("small")))
    second.start()
    budget.give_back(small)
    first.join(60)
    budget.give_back(large)
    second.join(60)
    assert order == ["large", "small"]


def test_thirds_add_up() -> None:
    budget, third = Budget(Resources(cores=1, memory=0)), Resources(cores=1 / 3, memory=0)
    assert budget.fits(third) == 3
    for _ in range(100):
        assert [budget.take(third, stopped=lambda: True) for _ in range(3)] == [True] * 3
        for _ in range(3):
            budget.give_back(third)


def test_a_container_has_what_it_is_given(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("100000 100000\n")
    (tmp_path / "memory.max").write_text(f"{GIB}\n")
    assert measure(tmp_path) == Resources(cores=1, memory=GIB)
    (tmp_path / "cpu.max").write_text("max 100000\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert measure(tmp_path) == measure(tmp_path / "none")


@pytest.mark.parametrize("text", ["", "0", "2 GiBs", "-1", "1.5G", "G", "two"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="is no size"):
        parse_bytes(text)
