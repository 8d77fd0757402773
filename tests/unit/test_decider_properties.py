"""The decider against a direct reading of the language's rules, over random plans and random outcomes."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from cpe.decider import Outcome
from cpe.plan import Plan, parse_plan
from tests.unit.histories import HistoryBuilder

STATUSES = ("completed", "succeeded", "failed", "skipped")
ENDINGS = ("complete", "fail", "time_out", "cancel", "poison")


@dataclass(frozen=True)
class Job:
    """A plan in the abstract: for each step what it requires, and how its activity will end if it runs."""

    requires: dict[str, dict[str, str]]
    endings: dict[str, str]

    def plan(self, order: list[str]) -> Plan:
        steps = [
            {
                "name": name,
                "activity": "Act",
                "requires": [list(pair) for pair in self.requires[name].items()],
            }
            for name in order
        ]
        activity = {"name": "Act", "version": "1", "outputs_spec": {"value": "$.value"}}
        return parse_plan(json.dumps({"name": "P", "version": "1", "activities": [activity], "steps": steps}))


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    names = [f"S{index}" for index in range(draw(st.integers(1, 8)))]
    requires: dict[str, dict[str, str]] = {}
    for index, name in enumerate(names):
        parents = draw(st.sets(st.sampled_from(names[:index]), max_size=3)) if index else set()
        requires[name] = {parent: draw(st.sampled_from(STATUSES)) for parent in sorted(parents)}
    return Job(requires, {name: draw(st.sampled_from(ENDINGS)) for name in names})


def interpret(job: Job) -> tuple[dict[str, str], set[str]]:
    """The rules read directly, as if every step could always run to its end.

    Returns each step's final status, and the failed steps that no step handles.
    """
    status: dict[str, str] = {}
    for name, requires in job.requires.items():
        accepted = all(wanted in ("completed", status[parent]) for parent, wanted in requires.items())
        if not accepted:
            status[name] = "skipped"
        else:
            status[name] = "succeeded" if job.endings[name] == "complete" else "failed"
    unhandled = {
        name
        for name in status
        if status[name] == "failed"
        and not any(
            requires.get(name) in ("failed", "completed") and status[other] != "skipped"
            for other, requires in job.requires.items()
        )
    }
    return status, unhandled


def end(history: HistoryBuilder, job: Job, name: str) -> None:
    ending = job.endings[name]
    if ending == "complete":
        history.complete(name, {"value": 1})
    elif ending == "poison":
        history.complete(name, raw="not JSON")
    else:
        getattr(history, ending)(name)


def play(job: Job, plan: Plan, chooser: random.Random) -> tuple[HistoryBuilder, list[Outcome]]:
    """Run to the end; activities end in a random order, sometimes several between two decisions."""
    history = HistoryBuilder()
    outcomes = [history.decide(plan)]
    while history.closed is None:
        assert history.open_activities, "nothing runs and the workflow is still open: it is stuck"
        for name in chooser.sample(history.open_activities, chooser.randint(1, len(history.open_activities))):
            end(history, job, name)
        outcomes.append(history.decide(plan))
    return history, outcomes


@settings(max_examples=150, deadline=None)
@given(jobs(), st.randoms(use_true_random=False))
def test_the_outcome_is_the_one_the_rules_predict(job: Job, chooser: random.Random) -> None:
    plan = job.plan(list(job.requires))
    history, outcomes = play(job, plan, chooser)
    status, unhandled = interpret(job)
    closing = outcomes[-1].closing
    assert closing is not None
    if unhandled:
        assert history.closed == "FailWorkflowExecution"
        failed = {one["step"] for one in closing.details["failedSteps"]}
        assert failed
        assert failed <= unhandled
    else:
        assert history.closed == "CompleteWorkflowExecution"
        ran = {
            event["activityTaskScheduledEventAttributes"]["activityId"]
            for event in history.events
            if event["eventType"] == "ActivityTaskScheduled"
        }
        assert ran == {name for name in status if status[name] != "skipped"}


@settings(max_examples=60, deadline=None)
@given(jobs(), st.randoms(use_true_random=False), st.integers())
def test_the_order_of_the_steps_in_the_file_never_matters(
    job: Job, shuffler: random.Random, seed: int
) -> None:
    names = list(job.requires)
    shuffler.shuffle(names)
    _, written = play(job, job.plan(list(job.requires)), random.Random(seed))
    _, shuffled = play(job, job.plan(names), random.Random(seed))
    assert written == shuffled


@settings(max_examples=60, deadline=None)
@given(jobs(), st.randoms(use_true_random=False))
def test_every_fact_is_published_at_least_once_and_under_one_id(job: Job, chooser: random.Random) -> None:
    history, outcomes = play(job, job.plan(list(job.requires)), chooser)
    published = [event for outcome in outcomes for event in (*outcome.facts, *outcome.announcements)]
    ids_by_fact: dict[tuple[str, str], set[str]] = {}
    for event in published:
        assert event.activity is not None
        ids_by_fact.setdefault((event.type, event.activity.activity_id), set()).add(event.event_id)
    swf_kinds = [raw["eventType"] for raw in history.events]
    for raw in history.events:
        if raw["eventType"] == "ActivityTaskScheduled":
            name = raw["activityTaskScheduledEventAttributes"]["activityId"]
            assert len(ids_by_fact["ACTIVITY_SCHEDULED", name]) == 1
    for kind, swf_kind in (
        ("ACTIVITY_COMPLETED", "ActivityTaskCompleted"),
        ("ACTIVITY_TIMEOUT", "ActivityTaskTimedOut"),
        ("ACTIVITY_CANCELED", "ActivityTaskCanceled"),
    ):
        assert sum(reported == kind for reported, _ in ids_by_fact) == swf_kinds.count(swf_kind)
