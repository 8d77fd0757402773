"""One thread at a time for each run."""

from __future__ import annotations

import threading

import pytest

from cpe.daemons.one_by_one import OneByOne

DEADLINE = 60.0


def test_a_run_is_dealt_with_by_one_and_others_meanwhile() -> None:
    gate, done = OneByOne(), []
    waiting, entered = threading.Event(), threading.Event()

    def second() -> None:
        waiting.set()
        with gate.of("r"):
            done.append("second")
            entered.set()

    thread = threading.Thread(target=second)
    with gate.of("r"):
        thread.start()
        assert waiting.wait(DEADLINE)
        with gate.of("other"):
            done.append("other")
        assert not entered.wait(0.05)
        done.append("first")
    thread.join(DEADLINE)
    assert done == ["other", "first", "second"]
    assert gate._runs == {}


def test_who_fails_lets_the_next_in() -> None:
    gate = OneByOne()
    with pytest.raises(ValueError, match="no"), gate.of("r"):
        raise ValueError("no")
    with gate.of("r"):
        assert list(gate._runs) == ["r"]
    assert gate._runs == {}
