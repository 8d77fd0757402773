"""What a decider keeps between decisions is bounded by what it takes of memory."""

from __future__ import annotations

import json

from cpe.daemons.walks import Walks, weight
from cpe.decider import Walk
from cpe.decider.fold import new_execution
from tests.unit.decider_plans import make_plan
from tests.unit.histories import HistoryBuilder

PLAN = make_plan("  - {name: A, activity: Act}\n  - {name: B, activity: Act, requires: [A]}\n")


def walk_of(run_id: str, result: object = 1) -> Walk:
    history = HistoryBuilder()
    history.decide(PLAN)
    history.complete("A", {"value": result})
    walk = Walk(PLAN, new_execution("ClientA.j1", run_id))
    walk.apply(history.events)
    walk.decide(now=1.0)
    return walk


def test_those_that_were_not_asked_for_longest_go_first() -> None:
    first, second, third = (walk_of(name) for name in ("r1", "r2", "r3"))
    walks = Walks(2 * weight(first))
    walks.put(first)
    walks.put(second)
    assert walks.take("r1") is first
    walks.put(first)
    walks.put(third)
    assert walks.take("r2") is None
    assert (walks.take("r1"), walks.take("r3"), len(walks)) == (first, third, 0)


def test_large_results_weigh() -> None:
    small, large = walk_of("r1"), walk_of("r2", "x" * 100_000)
    assert weight(large) - weight(small) > 100_000
    walks = Walks(weight(large))
    walks.put(small)
    walks.put(large)
    assert len(walks) == 1
    assert walks.take("r2") is large


def test_one_that_is_larger_than_all_may_be_is_not_kept() -> None:
    walk = walk_of("r1")
    walks = Walks(weight(walk) - 1)
    walks.put(walk)
    assert len(walks) == 0


def test_an_input_that_nobody_asks_for_any_more_does_not_weigh() -> None:
    plan = make_plan(
        "  - {name: A, activity: Act, input: '{{__input__}}'}\n  - {name: B, wait: 9, requires: [A]}\n"
    )
    text = "x" * 10_000
    history = HistoryBuilder(text)
    walk = Walk(plan, new_execution("ClientA.j1", "r1"))
    history.decide(plan)
    walk.apply(history.events)
    assert walk.execution.characters == 2 * len(json.dumps(text))
    history.complete("A", {"value": 1})
    walk.apply(history.events)
    assert walk.execution.characters < len(json.dumps(text)) + 100
