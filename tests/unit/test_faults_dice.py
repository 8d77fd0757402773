"""The n-th call of an operation meets the same faults in every run, however threads interleave."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from cpe.local.faults import FaultKind, FaultPlan, FaultRule, parse_faults
from cpe.local.faults.dice import Dice

CALLS = [("swf", "PollForDecisionTask"), ("sqs", "ReceiveMessage"), ("s3", "GetObject"), ("s3", "PutObject")]
RULES = (
    "swf.*.throttle=0.2 s3.GetObject.corrupt=0.5 *.*.latency=0.3,ms=1 *.*.lost=0.1,limit=5 sqs.*.error=0.25"
)


def fates(dice: Dice, order: list[tuple[str, str]]) -> dict[tuple[str, str], list[tuple[FaultRule, ...]]]:
    found: dict[tuple[str, str], list[tuple[FaultRule, ...]]] = {call: [] for call in CALLS}
    for call in order:
        found[call].append(dice.roll(*call))
    return found


def test_the_order_of_other_calls_does_not_matter() -> None:
    plan = parse_faults(f"seed=42 {RULES}")
    in_order = [call for call in CALLS for _ in range(200)]
    shuffled = in_order[:]
    Random(1).shuffle(shuffled)
    first, second = fates(Dice(plan), in_order), fates(Dice(plan), shuffled)
    assert first == second
    assert all(any(met) and not all(met) for met in first.values())
    other_seed = FaultPlan(seed=43, rules=plan.rules)
    assert fates(Dice(other_seed), in_order) != first


def test_threads_draw_the_same_fates_and_no_more() -> None:
    plan = parse_faults(f"seed=42 {RULES}")
    alone, together = Dice(plan), Dice(plan)
    expected = sorted(str(alone.roll("swf", "ListDomains")) for _ in range(2000))
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda _: together.roll("swf", "ListDomains"), range(2000)))
    assert sorted(map(str, drawn)) == expected
    assert together.counts() == alone.counts()


@pytest.mark.parametrize("probability", [0.0, 0.1, 0.5, 1.0])
def test_probabilities_are_kept(probability: float) -> None:
    dice = Dice(FaultPlan(rules=(FaultRule(service="sqs", kind=FaultKind.ERROR, probability=probability),)))
    for _ in range(4000):
        dice.roll("sqs", "SendMessage")
    (count,) = dice.counts()
    assert count.calls == 4000
    assert count.hits / 4000 == pytest.approx(probability, abs=0.03)


def test_a_limit_is_each_operations_own() -> None:
    dice = Dice(parse_faults("sqs.*.error=1,limit=3"))
    for operation in ("SendMessage", "ReceiveMessage"):
        met = [bool(dice.roll("sqs", operation)) for _ in range(5)]
        assert met == [True] * 3 + [False] * 2
    (count,) = dice.counts()
    assert (count.calls, count.hits) == (10, 6)


def test_the_first_rule_that_decides_is_the_last_that_counts() -> None:
    dice = Dice(parse_faults("*.*.latency=1,ms=1 swf.*.error=1,limit=1 swf.*.lost=1"))
    assert [rule.kind for rule in dice.roll("swf", "ListDomains")] == ["latency", "error"]
    assert [rule.kind for rule in dice.roll("swf", "ListDomains")] == ["latency", "lost"]
    assert [(count.calls, count.hits) for count in dice.counts()] == [(2, 2), (2, 1), (1, 1)]


@pytest.mark.parametrize(
    ("rule", "met"),
    [
        ("*.*.reset=1", ["swf", "sqs", "s3", "s3"]),
        ("s3.*.reset=1", ["s3", "s3"]),
        ("s3.PutObject.reset=1", ["s3"]),
        ("*.GetObject.reset=1", ["s3"]),
        ("*.*.corrupt=1", ["s3"]),
    ],
)
def test_whom_a_rule_concerns(rule: str, met: list[str]) -> None:
    dice = Dice(parse_faults(rule))
    assert [service for service, operation in CALLS if dice.roll(service, operation)] == met
