"""Properties of the decider over the whole plan language: random plans, random outcomes."""

from __future__ import annotations

import itertools
from dataclasses import replace

from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from cpe.decider import replay
from cpe.plan import Plan
from tests.unit.decider_agreement import assert_agreement
from tests.unit.histories import RUN_ID, WORKFLOW_ID
from tests.unit.plan_player import Played, Player
from tests.unit.plan_prediction import assert_as_predicted
from tests.unit.plan_specs import Job
from tests.unit.plan_strategies import jobs
from tests.unit.plan_wishes import Events, attributes_of, history_text

SEEDS = st.integers(0, 2**32)
PACE = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    # Without its explanations, which trace each line and take minutes.
    phases=[phase for phase in Phase if phase is not Phase.explain],
)

NEVER = 10**9
EVENTS_OF_AN_ATTEMPT = 40
"""An attempt is scheduled, started, ended, decided on, some of it in vain, and each pause before it is a timer."""


def assert_foreseen(job: Job, played: Played) -> None:
    """Hold what a job came to against what the language's rules say of it."""
    try:
        assert_as_predicted(job, played.end, played.record.inputs)
    except BaseException:
        note("\n".join(history_text(history.events) for history in played.runs))
        raise


@settings(PACE, max_examples=100)
@given(jobs(), SEEDS)
def test_each_decision_and_the_end_are_those_that_the_rules_want(job: Job, seed: int) -> None:
    played = Player(job, job.plan.plan(), seed).play()
    assert_foreseen(job, played)


@settings(PACE, max_examples=40)
@given(jobs(), SEEDS)
def test_activities_that_somebody_asks_to_stop_are_told_to(job: Job, seed: int) -> None:
    plan = job.plan.plan()
    played = Player(job, plan, seed, stops=True).play()
    for history, points in zip(played.runs, played.points, strict=True):
        assert_agreement(plan, history.events, points)


@settings(PACE, max_examples=60)
@given(jobs(), SEEDS, st.data())
def test_what_was_kept_between_decisions_makes_no_difference(
    job: Job, seed: int, data: st.DataObject
) -> None:
    plan = job.plan.plan()
    played = Player(job, plan, seed).play()
    for history, points in zip(played.runs, played.points, strict=True):
        some = data.draw(st.lists(st.sampled_from(points), unique=True, max_size=6), label="decided at")
        try:
            assert_agreement(plan, history.events, points)
            assert_agreement(plan, history.events, sorted(some))
            assert_agreement(plan, history.events, moments(history.events))
        except BaseException:
            note(history_text(history.events))
            raise


@settings(PACE, max_examples=60)
@given(jobs(), SEEDS, st.data())
def test_the_order_in_the_file_makes_no_difference(job: Job, seed: int, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(job.plan.steps))), label="order")
    plan, turned = job.plan.plan(), job.plan.plan(order)
    assert plan.digest == turned.digest or any(len(step.requires) > 1 for step in job.plan.steps)
    same = replace(turned, digest=plan.digest)
    played, again = (Player(job, one, seed).play() for one in (plan, same))
    assert [history.events for history in played.runs] == [history.events for history in again.runs]


@settings(PACE, max_examples=60)
@given(jobs(), SEEDS)
def test_every_history_is_decided_again_as_it_was(job: Job, seed: int) -> None:
    plan = with_continuing(job.plan.plan(), 30)
    played = Player(job, plan, seed, checks=False).play()
    for history in played.runs:
        differences = replay(plan, history.events, run_id=RUN_ID, workflow_id=WORKFLOW_ID)
        assert not differences, "\n".join(map(str, differences)) + "\n" + history_text(history.events)


@settings(PACE, max_examples=80)
@given(jobs(), SEEDS, SEEDS, st.integers(8, 40))
def test_continuing_as_new_runs_makes_no_difference(job: Job, seed: int, other: int, after: int) -> None:
    plan = job.plan.plan()
    runs = [
        Player(job, with_continuing(plan, most), chance, checks=False).play()
        for most, chance in ((NEVER, seed), (after, seed), (after, other))
    ]
    for played in runs:
        assert_foreseen(job, played)


@settings(PACE, max_examples=60)
@given(jobs(), SEEDS)
def test_decisions_are_few_and_no_timer_is_started_twice(job: Job, seed: int) -> None:
    played = Player(job, with_continuing(job.plan.plan(), NEVER), seed).play()
    (history,), (points,) = played.runs, played.points
    kinds = [event["eventType"] for event in history.events]
    started = [
        event["timerStartedEventAttributes"]["timerId"]
        for event in history.events
        if event["eventType"] == "TimerStarted"
    ]
    assert len(set(started)) == len(started)
    asked = kinds.count("DecisionTaskTimedOut")
    news = sum(not kind.startswith("DecisionTask") for kind in kinds)
    assert len(points) <= 1 + asked + news
    attempts = sum(len(inputs) for inputs in played.record.inputs.values())
    refusals = played.record.refusals.total() + played.record.timer_refusals.total()
    happened = attempts + refusals + len(job.plan.steps) + len(job.signals) + 2
    assert len(history.events) - 3 * asked <= EVENTS_OF_AN_ATTEMPT * happened


def moments(events: Events) -> list[int]:
    """All lengths of a history at which SWF might ask: not while it waits for an answer, or takes one in."""
    found, is_asked = [], False
    for event, after in itertools.pairwise(events):
        if event["eventType"] in ("DecisionTaskCompleted", "DecisionTaskTimedOut"):
            is_asked = False
        if not is_asked and "decisionTaskCompletedEventId" not in attributes_of(after):
            found.append(event["eventId"])
        if event["eventType"] == "DecisionTaskStarted":
            is_asked = True
    return found


def with_continuing(plan: Plan, after: int) -> Plan:
    """The plan, so that its runs continue after so many events."""
    return replace(plan, continue_after=after)
