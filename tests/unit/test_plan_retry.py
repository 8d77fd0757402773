"""Retry policies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpe.plan import PlanRefused, RunActivity, parse_plan
from cpe.plan.retry import RetryPolicy

PLAN = """
name: P
version: 1
retry: {{ max_attempts: 5, interval: 1 }}
activities: [{{ name: Act, version: 1, retry: {{ interval: 20 }} }}, {{ name: Other, version: 1 }}]
steps:
  - {{ name: A, activity: Act, retry: {step} }}
  - {{ name: B, activity: Other }}
"""


def test_a_step_goes_over_its_activity_and_that_over_the_plan() -> None:
    a, b = parse_plan(PLAN.format(step="{ never: [X] }")).steps
    assert isinstance(a.work, RunActivity)
    assert isinstance(b.work, RunActivity)
    assert a.work.retry == RetryPolicy(max_attempts=5, interval=20, never=frozenset({"X"}))
    assert b.work.retry == RetryPolicy(max_attempts=5, interval=1)


def test_without_retry_there_is_one_attempt() -> None:
    assert not RetryPolicy.merged(None, None, None).wants("ANY", 1)


def test_on_and_never_choose_reasons() -> None:
    policy = RetryPolicy(max_attempts=3, on=frozenset({"A", "B"}), never=frozenset({"B"}))
    assert [policy.wants(reason, 1) for reason in "ABC"] == [True, False, False]
    assert [policy.wants("A", number) for number in (1, 2, 3)] == [True, True, False]


@given(
    interval=st.floats(0, 1e6),
    backoff=st.floats(1, 1e6),
    most=st.floats(0, 1e6),
    jitter=st.floats(0, 1),
    number=st.integers(1, 1000),
)
def test_a_delay_lies_between_its_bounds_and_is_the_same_every_time(
    interval: float, backoff: float, most: float, jitter: float, number: int
) -> None:
    policy = RetryPolicy(max_attempts=9, interval=interval, backoff=backoff, max_interval=most, jitter=jitter)
    delay = policy.delay(number, seed="run:step")
    assert 0 <= delay <= round(most)
    assert delay == policy.delay(number, seed="run:step")
    if number == 1:
        assert delay >= round(min(interval, most) * (1 - jitter)) - 1


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("{ max_attempts: 0 }", "WRONG_TYPE: max_attempts must be at least 1"),
        ("{ jitter: 2 }", "WRONG_TYPE: jitter must be at most 1"),
        ("{ attempts: 2 }", "UNKNOWN_KEY: unknown key 'attempts'; did you mean 'max_attempts'?"),
        ("3", "WRONG_TYPE: retry must be a mapping or nothing, not 3"),
    ],
)
def test_a_wrong_retry_is_refused(step: str, message: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        parse_plan(PLAN.format(step=step))
    assert message in str(refused.value)


def test_an_eval_is_not_tried_again() -> None:
    with pytest.raises(PlanRefused, match="STEP_KIND: 'retry' belongs to a step with 'activity'"):
        parse_plan(
            "name: P\nversion: 1\nactivities: []\nsteps: [{name: S, eval: '1', retry: {max_attempts: 2}}]"
        )
